//! `mortise-host run`: one turn, from a question on the command line to an answer.

use crate::cli::render::{Renderer, json_note};
use crate::cli::summary::Summary;
use crate::engine::{LocalEngine, TurnEnd, TurnError};
use crate::local::demo;
use crate::local::embedded::{Embedded, EmbeddedError, SqlWorker};
use crate::registry::{self, Driver, DriverOptions, UnknownCapabilities};
use everruns_core::ModelWithProvider;
use everruns_core::error::AgentLoopError;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::message::Message;
use everruns_core::traits::{LlmProviderStore, SessionStore};
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::{
    AdapterConfig, ConfigError, ConnectError, Endpoint, GrpcHostAdapter, Mesh, MeshConfig,
    TlsIdentity,
};
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;
use tokio::runtime::Handle;

/// What to run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The user's message.
    pub question: String,
    /// An outside adapter; `None` starts the reference server in this process.
    pub adapter: Option<Endpoint>,
    /// Adapters that serve single stores, by store.
    pub routes: Vec<(String, Endpoint)>,
    /// How they are reached.
    pub reach: Reach,
    /// A conversation to go on with; `None` starts one.
    pub session: Option<SessionId>,
    /// The org, by the host's internal id.
    pub org_id: i64,
    /// Where the embedded server keeps its database.
    pub data: PathBuf,
    /// The model.
    pub model: ModelWithProvider,
    /// Whether events go out as JSON lines.
    pub json: bool,
    /// How the embedded server starts processes for SQL statements of sessions; `None`
    /// runs them in this one.
    pub sql_worker: Option<SqlWorker>,
    /// The arguments with which the conversation is continued, as a shell reads them.
    pub again: Vec<String>,
}

/// How adapters are reached, and how this side proves who it is.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Whether calls to adapters may cross a network in clear.
    pub insecure: bool,
    /// The file with the bearer token that they want.
    pub token_file: Option<PathBuf>,
    /// The CA of their certificates; `None`: those of the system.
    pub ca: Option<PathBuf>,
    /// The certificate that they want, and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Why there was no turn.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The embedded server did not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An adapter cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A capability that is not there.
    #[error(transparent)]
    Capabilities(#[from] UnknownCapabilities),
    /// The turn did not start.
    #[error(transparent)]
    Turn(#[from] TurnError),
    /// The adapter refused.
    #[error(transparent)]
    Adapter(#[from] AgentLoopError),
    /// The process was told to stop.
    #[error("interrupted; {0}")]
    Interrupted(String),
    /// There is no way to make a session there.
    #[error(
        "the adapter cannot create sessions (it does not offer TestSeedService); name an existing session with --session"
    )]
    NoSession,
}

// === impl RunOptions ===

impl RunOptions {
    /// The command that goes on with a conversation, at the same storage.
    fn next_command(&self, session_id: SessionId) -> String {
        let mut words = vec![format!("mortise-host run --session {session_id}")];
        words.extend(self.again.iter().cloned());
        words.push("\"...\"".into());
        words.join(" ")
    }
}

/// Runs one turn and shows it, until `stopped` resolves.
pub async fn run(
    options: RunOptions,
    stopped: impl Future<Output = ()>,
) -> Result<TurnEnd, RunError> {
    let embedded = match &options.adapter {
        Some(_) => None,
        None => Some(Embedded::start(&options.data, options.sql_worker.clone()).await?),
    };
    let endpoint = options
        .adapter
        .clone()
        .or(embedded.as_ref().map(Embedded::endpoint));
    let begun = OnceLock::new();
    let result = match endpoint {
        Some(endpoint) => tokio::select! {
            end = turn(&options, endpoint, embedded.is_some(), &begun) => end,
            () = stopped => Err(RunError::Interrupted(match begun.get() {
                Some(session_id) => format!(
                    "stored messages are kept, continue with: {}",
                    options.next_command(*session_id)
                ),
                None => "no conversation had begun".into(),
            })),
        },
        None => Err(RunError::NoSession),
    };
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    result
}

async fn turn(
    options: &RunOptions,
    endpoint: Endpoint,
    embedded: bool,
    begun: &OnceLock<SessionId>,
) -> Result<TurnEnd, RunError> {
    let renderer = Arc::new(Mutex::new(if options.json {
        Renderer::Json
    } else {
        Renderer::text()
    }));
    let shown = renderer.clone();
    let mesh = Mesh::new(mesh_config(endpoint, &options.routes, &options.reach))?;
    let adapter = mesh
        .adapter(options.org_id)
        .capability_registry(registry::capabilities(demo::CAPABILITIES)?)
        .driver_registry(registry::drivers(
            &[Driver::Simulator, Driver::Openai, Driver::Anthropic],
            DriverOptions::default(),
        ))
        .event_tap(Arc::new(move |event| {
            shown
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .event(event);
        }))
        .build()
        .await?;
    let session_id = session(options, &adapter, embedded).await?;
    let session_id = *begun.get_or_init(|| session_id);
    let note = |line: String, facts| {
        let renderer = renderer.lock().unwrap_or_else(PoisonError::into_inner);
        renderer.note(&line, &facts);
    };
    let model = adapter
        .provider_store(options.org_id)
        .get_default_model()
        .await?;
    let (line, facts) = introduction(session_id, model.as_ref());
    note(line, facts);

    let set_up = mesh.stats();
    let started = Instant::now();
    let engine = LocalEngine::new(adapter);
    let end = engine
        .run_turn(session_id, Message::user(&options.question))
        .await?;
    let summary = Summary::new(&mesh.stats(), &set_up, started.elapsed());
    let mut facts = summary.json();
    facts["session_id"] = json!(session_id);
    facts["ended"] = json!(match &end {
        TurnEnd::Completed => "completed",
        TurnEnd::Failed(_) => "failed",
        TurnEnd::Cancelled => "cancelled",
        TurnEnd::WaitingForToolResults => "waiting_for_tool_results",
        TurnEnd::Parked => "parked",
    });
    let again = options.next_command(session_id);
    note(
        format!("{}  continue with: {again}", summary.table()),
        json_note("summary", facts),
    );
    Ok(end)
}

/// One adapter for everything, but for the stores that are routed elsewhere. An
/// adapter is named after the store that it was named for.
fn mesh_config(endpoint: Endpoint, routes: &[(String, Endpoint)], reach: &Reach) -> MeshConfig {
    let mut config = MeshConfig::single(endpoint);
    config.runtime = Handle::try_current().ok();
    for (store, endpoint) in routes {
        let endpoint = endpoint.clone();
        config
            .adapters
            .insert(store.clone(), AdapterConfig::new(endpoint));
        config.routes.stores.insert(store.clone(), store.clone());
    }
    for adapter in config.adapters.values_mut() {
        adapter.is_insecure = reach.insecure;
        adapter.token_file.clone_from(&reach.token_file);
        adapter.tls.ca.clone_from(&reach.ca);
        let identity = reach.identity.clone();
        adapter.tls.identity = identity.map(|(cert, key)| TlsIdentity { cert, key });
    }
    config
}

/// The session to run in: the one that was named, or a new one of the demo agent.
async fn session(
    options: &RunOptions,
    adapter: &GrpcHostAdapter,
    embedded: bool,
) -> Result<SessionId, RunError> {
    let seed = adapter.test_seed();
    // An outside adapter keeps its platform as it is where a session is named.
    if let Some(seed) = seed
        .as_ref()
        .filter(|_| embedded || options.session.is_none())
    {
        demo::put_platform(seed, options.model.clone()).await?;
    }
    if let Some(session_id) = options.session {
        let store = adapter.session_store(options.org_id);
        let found = store.get_session(session_id).await?;
        return found
            .map(|session| session.id)
            .ok_or(RunError::Turn(TurnError::SessionNotFound(session_id)));
    }
    let seed = seed.ok_or(RunError::NoSession)?;
    Ok(demo::put_session(&seed, options.org_id).await?)
}

fn introduction(
    session_id: SessionId,
    model: Option<&ModelWithProvider>,
) -> (String, serde_json::Value) {
    let name = match model {
        Some(model) if model.provider_type == LlmProviderType::LlmSim => {
            "built-in simulator (no OPENAI_API_KEY or ANTHROPIC_API_KEY is set)".to_string()
        }
        Some(model) => format!("{} by {}", model.model, model.provider_type),
        None => "none is set".to_string(),
    };
    let facts = json!({ "session_id": session_id, "model": model.map(|model| &model.model) });
    (
        format!("{session_id}\nmodel: {name}\n"),
        json_note("session", facts),
    )
}
