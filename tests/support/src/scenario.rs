//! The demo turn, as far as tests share it.

use crate::database::Database;
use crate::fixtures::simulator;
use crate::in_process::{Server, mesh, reference_with, serve};
use everruns_core::ModelWithProvider;
use everruns_core::events::Event;
use everruns_core::message::Message;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::{Endpoint, GrpcHostAdapter, Mesh};
use mortise_reference::ReferenceConfig;
use mortise_runtime_host::engine::{EngineFactory, LocalEngine, TurnEnd};
use mortise_runtime_host::host::{Host, HostOptions, Registries};
use mortise_runtime_host::journal::MemoryJournal;
use mortise_runtime_host::local::demo;
use mortise_runtime_host::registry::{self, Driver, DriverOptions};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// How long a host of a test waits for its turns before it parks them.
const DRAIN: Duration = Duration::from_secs(1);

/// Events as they were emitted.
pub type Seen = Arc<Mutex<Vec<Event>>>;

/// A reference server in this process, seeded, and an adapter that can run turns.
pub struct TestHost {
    /// The adapter of org 1.
    pub adapter: GrpcHostAdapter,
    /// What it has emitted.
    pub seen: Seen,
    /// The mesh under it.
    pub mesh: Mesh,
    /// A session of the demo's agent.
    pub session_id: SessionId,
    /// Where the server listens.
    pub endpoint: Endpoint,
    _server: Server,
    _folder: TempDir,
}

impl TestHost {
    /// Sets it up on SQLite.
    pub async fn set() -> Self {
        Self::set_on(Database::Sqlite).await
    }

    /// Sets it up on a fresh database.
    pub async fn set_on(database: Database) -> Self {
        Self::set_with(database, |_config| {}).await
    }

    /// The same over a storage whose configuration the test changes.
    pub async fn set_with(database: Database, change: impl FnOnce(&mut ReferenceConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let reference = reference_with(database, folder.path(), change).await;
        let server = serve(reference).await;
        let mesh = mesh(&server.endpoint);
        let (adapter, seen) = host_adapter(&mesh).await;
        let session_id = seed(&adapter).await;
        Self {
            adapter,
            seen,
            mesh,
            session_id,
            endpoint: server.endpoint.clone(),
            _server: server,
            _folder: folder,
        }
    }

    /// Another session of the demo's agent.
    pub async fn another_session(&self) -> SessionId {
        let seed = self.adapter.test_seed().unwrap();
        let org_id = self.adapter.org_id();
        demo::put_session(&seed, org_id).await.unwrap()
    }
}

/// The adapter of org 1 with everything a turn needs, and the events it emits.
pub async fn host_adapter(mesh: &Mesh) -> (GrpcHostAdapter, Seen) {
    let seen = Seen::default();
    let tapped = seen.clone();
    let adapter = mesh
        .adapter(1)
        .capability_registry(registry::capabilities(demo::CAPABILITIES).unwrap())
        .driver_registry(registry::drivers(
            &[Driver::Simulator, Driver::Openai],
            DriverOptions::default(),
        ))
        .event_tap(Arc::new(move |event| {
            tapped.lock().unwrap().push(event.clone())
        }))
        .build()
        .await
        .unwrap();
    (adapter, seen)
}

/// Puts the demo's platform with a model into the server at an address.
pub async fn put_demo(endpoint: &Endpoint, model: ModelWithProvider) {
    let (adapter, _) = host_adapter(&mesh(endpoint)).await;
    let seed = adapter.test_seed().unwrap();
    demo::put_platform(&seed, model).await.unwrap();
}

/// Puts the demo's platform with the simulator and a session.
pub async fn seed(adapter: &GrpcHostAdapter) -> SessionId {
    seed_with(adapter, simulator()).await
}

/// Puts the demo's platform with a model and a session.
pub async fn seed_with(adapter: &GrpcHostAdapter, model: ModelWithProvider) -> SessionId {
    let seed = adapter.test_seed().unwrap();
    demo::put_platform(&seed, model).await.unwrap();
    demo::put_session(&seed, adapter.org_id()).await.unwrap()
}

/// Asks a question and runs the turn to its end.
pub async fn ask(adapter: &GrpcHostAdapter, session_id: SessionId, question: &str) -> TurnEnd {
    LocalEngine::new(adapter.clone())
        .run_turn(session_id, Message::user(question))
        .await
        .unwrap()
}

/// A host in this process, with the adapter's mesh and registries: it runs the turns that
/// the storage asks for until it is drained.
pub async fn serve_turns(adapter: &GrpcHostAdapter, engines: Arc<dyn EngineFactory>) -> Host {
    let registries = Registries {
        capabilities: adapter.capability_registry(),
        drivers: adapter.driver_registry(),
    };
    let options = HostOptions {
        orgs: vec![adapter.org_id()],
        engines,
        drain: DRAIN,
        ..HostOptions::default()
    };
    let journal = Arc::new(MemoryJournal::default());
    let host = Host::start(adapter.mesh(), registries, journal, options).await;
    host.unwrap()
}

/// The types of events, in order.
pub fn types(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect()
}

/// The text of the last answer.
pub fn last_text(messages: &[Message]) -> String {
    let parts = messages
        .last()
        .map(|message| message.content.clone())
        .unwrap_or_default();
    parts.iter().filter_map(|part| part.as_text()).collect()
}
