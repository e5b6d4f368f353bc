//! Single calls, each beside the health check of the same server in the same run: what is
//! asked most often with one caller and with many, and every change of a kind of its own
//! with many.

use crate::keyed::{self, Things};
use crate::wire::{Wire, context, context_of};
use crate::{CALLERS, TEXT, rate};
use futures::future::BoxFuture;
use mortise_proto::pb;
use mortise_proto::rpc::table;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::said;
use mortise_test_support::scenario::TestHost;
use prost::Message;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many callers there are where only one number of them is measured.
pub(crate) const MANY: usize = CALLERS[2];

/// A kind of call. It is told which caller makes it, and a number that never comes again.
pub(crate) struct Kind {
    name: &'static str,
    call: Arc<dyn Fn(usize, u64) -> BoxFuture<'static, ()> + Send + Sync>,
}

/// What calls are made with.
pub(crate) struct Stage {
    pub(crate) wire: Wire,
    /// One a caller.
    pub(crate) sessions: Vec<String>,
    /// What the sessions are of.
    harness_id: String,
    pub(crate) memory_store_id: String,
}

/// Measures and prints everything of a database.
pub(crate) async fn print_on(database: Database) {
    let host = TestHost::set_on(database).await;
    let stage = Arc::new(Stage::set(&host).await);
    println!("\n{database:?}: calls per second, and how many of a health check");
    print!("{:<20}", "callers");
    for callers in CALLERS {
        print!("{callers:>8}{:>7}{:>9}{:>8}", "ratio", "p99 ms", "CPU us");
    }
    println!();
    let floor = stage.health_check();
    let mut floors = Vec::new();
    for callers in CALLERS {
        floors.push(measured(&floor, callers).await.per_second);
    }
    for kind in [floor].into_iter().chain(often(&stage)) {
        print!("{:<20}", kind.name);
        for (callers, floor) in CALLERS.into_iter().zip(&floors) {
            let rate = measured(&kind, callers).await;
            print!("{:>8.0}{:>7.2}", rate.per_second, rate.per_second / floor);
            print!("{:>9.1}{:>8.0}", rate.p99_ms, rate.cpu_us);
        }
        println!();
    }
    println!("\n{database:?}: changes by {MANY} callers");
    print!("{:<28}{:>8}{:>7}", "", "/s", "ratio");
    println!("{:>9}{:>8}", "p99 ms", "CPU us");
    let things = Arc::new(Things::made(&host, &stage).await);
    let kinds = changes(&stage).into_iter().chain(platform_changes(&stage));
    for kind in kinds.chain(keyed::kinds(&stage, &things)) {
        let rate = measured(&kind, MANY).await;
        print!("{:<28}{:>8.0}", kind.name, rate.per_second);
        print!("{:>7.2}{:>9.1}", rate.per_second / floors[2], rate.p99_ms);
        println!("{:>8.0}", rate.cpu_us);
    }
}

async fn measured(kind: &Kind, callers: usize) -> crate::Rate {
    let (call, number) = (kind.call.clone(), AtomicU64::new(0));
    rate(callers, 1, move |caller| {
        call(caller, number.fetch_add(1, Ordering::Relaxed))
    })
    .await
}

// === impl Stage ===

impl Stage {
    async fn set(host: &TestHost) -> Self {
        let wire = Wire::connect(&host.endpoint).await;
        let mut sessions = Vec::new();
        for _ in 0..MANY {
            sessions.push(host.another_session().await.to_string());
        }
        let session = get_session(&wire, &sessions[0]).await.session.unwrap();
        let default_store = pb::GetOrCreateDefaultStoreRequest {
            context: context(),
            org_id: everruns_core::org_public_id_from_internal(1),
        };
        let store = &table::memory_store_service::GET_OR_CREATE_DEFAULT_STORE;
        let store = wire.call(store, default_store).await.store.unwrap();
        let stage = Self {
            wire,
            sessions,
            harness_id: session.harness_id,
            memory_store_id: store.id,
        };
        for caller in 0..MANY {
            stage.set_value(caller, "read".into()).await;
        }
        stage
    }

    fn health_check(&self) -> Kind {
        let wire = self.wire.clone();
        Kind {
            name: "health check",
            call: Arc::new(move |_, _| {
                let wire = wire.clone();
                Box::pin(async move { wire.health_check().await })
            }),
        }
    }

    /// Calls that belong together, and count as one, of a caller in its own session.
    pub(crate) fn task<Fut>(
        self: &Arc<Self>,
        name: &'static str,
        task: impl Fn(Arc<Self>, String, u64) -> Fut + Send + Sync + 'static,
    ) -> Kind
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.task_of_caller(name, move |stage, caller, number| {
            let session = stage.sessions[caller].clone();
            task(stage, session, number)
        })
    }

    /// The same where the number of the caller says more than its session.
    pub(crate) fn task_of_caller<Fut>(
        self: &Arc<Self>,
        name: &'static str,
        task: impl Fn(Arc<Self>, usize, u64) -> Fut + Send + Sync + 'static,
    ) -> Kind
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        let stage = self.clone();
        let call = move |caller, number| -> BoxFuture<'static, ()> {
            Box::pin(task(stage.clone(), caller, number))
        };
        Kind {
            name,
            call: Arc::new(call),
        }
    }

    /// A kind of call of one method, whose request is made anew each time.
    pub(crate) fn kind<Req, Rsp>(
        self: &Arc<Self>,
        rpc: &'static mortise_proto::Rpc<Req, Rsp>,
        request: impl Fn(&Self, &str, u64) -> Req + Send + Sync + 'static,
    ) -> Kind
    where
        Req: Message + Send + Sync + 'static,
        Rsp: Message + Default + Send + Sync + 'static,
    {
        let stage = self.clone();
        Kind {
            name: rpc.method.name,
            call: Arc::new(move |caller, number| {
                let request = request(&stage, &stage.sessions[caller], number);
                let answer = stage.wire.call(rpc, request);
                Box::pin(async move { drop(answer.await) })
            }),
        }
    }

    async fn set_value(&self, caller: usize, key: String) {
        set(&self.wire, set_value(&self.sessions[caller], key)).await;
    }
}

/// Stores a value.
pub(crate) async fn set(wire: &Wire, request: pb::SetValueRequest) {
    let set = &table::session_storage_store_service::SET_VALUE;
    wire.call(set, request).await;
}

async fn get_session(wire: &Wire, session_id: &str) -> pb::GetSessionResponse {
    let request = pb::GetSessionRequest {
        context: context_of(session_id),
        session_id: session_id.into(),
    };
    let get = &table::session_store_service::GET_SESSION;
    wire.call(get, request).await
}

pub(crate) fn set_value(session_id: &str, key: String) -> pb::SetValueRequest {
    pb::SetValueRequest {
        context: context_of(session_id),
        session_id: session_id.into(),
        key,
        value: "x".repeat(100),
    }
}

/// One of a hundred names.
pub(crate) fn name(number: u64) -> String {
    format!("name-{}", number % 100)
}

// === the kinds ===

/// What turns do most often.
fn often(stage: &Arc<Stage>) -> Vec<Kind> {
    vec![
        stage.kind(
            &table::session_storage_store_service::GET_VALUE,
            |_, session, _| pb::GetValueRequest {
                context: context_of(session),
                session_id: session.into(),
                key: "read".into(),
            },
        ),
        stage.kind(
            &table::session_store_service::GET_SESSION,
            |_, session, _| pb::GetSessionRequest {
                context: context_of(session),
                session_id: session.into(),
            },
        ),
        stage.kind(&table::event_emitter_service::EMIT, |_, session, _| {
            emit(session)
        }),
        stage.kind(
            &table::session_storage_store_service::SET_VALUE,
            |_, session, number| set_value(session, name(number)),
        ),
    ]
}

/// An event that leaves a message behind.
fn emit(session_id: &str) -> pb::EmitRequest {
    let event = said(session_id.parse().unwrap(), &"x".repeat(TEXT));
    pb::EmitRequest {
        context: context_of(session_id),
        event: Some(pb::NewEvent::try_from(&event).unwrap()),
        proposed_event_id: everruns_core::typed_id::EventId::new().to_string(),
        data_patch: None,
    }
}

/// Changes of what belongs to a session.
fn changes(stage: &Arc<Stage>) -> Vec<Kind> {
    vec![
        stage.kind(&table::event_emitter_service::EMIT, |_, session, _| {
            emit(session)
        }),
        stage.kind(
            &table::session_storage_store_service::SET_VALUE,
            |_, session, number| set_value(session, name(number)),
        ),
        stage.kind(
            &table::session_storage_store_service::DELETE_VALUE,
            |_, session, number| pb::DeleteValueRequest {
                context: context_of(session),
                session_id: session.into(),
                key: name(number),
            },
        ),
        stage.kind(
            &table::session_storage_store_service::SET_SECRET,
            |_, session, number| pb::SetSecretRequest {
                context: context_of(session),
                session_id: session.into(),
                name: name(number),
                value: "x".repeat(100),
            },
        ),
        stage.kind(
            &table::session_file_system_service::WRITE_FILE,
            |_, session, number| pb::WriteFileRequest {
                context: context_of(session),
                session_id: session.into(),
                path: format!("/notes/{}", name(number)),
                content: "x".repeat(1024),
                encoding: "text".into(),
            },
        ),
        stage.kind(
            &table::session_file_system_service::CREATE_DIRECTORY,
            |_, session, number| pb::CreateDirectoryRequest {
                context: context_of(session),
                session_id: session.into(),
                path: format!("/made/{}", name(number)),
            },
        ),
        stage.kind(
            &table::session_mutator_service::UPDATE_SESSION_TITLE,
            |_, session, number| pb::UpdateSessionTitleRequest {
                context: context_of(session),
                session_id: session.into(),
                title: name(number),
            },
        ),
        stage.kind(
            &table::runtime_host_service::SET_SESSION_STATUS,
            |_, session, number| pb::SetSessionStatusRequest {
                context: context_of(session),
                session_id: session.into(),
                status: match number % 2 {
                    0 => pb::SessionStatus::Active.into(),
                    _ => pb::SessionStatus::Idle.into(),
                },
            },
        ),
        stage.kind(
            &table::leased_resource_store_service::UPSERT_RESOURCE,
            |_, session, number| pb::UpsertResourceRequest {
                context: context_of(session),
                session_id: session.into(),
                provider: "bench".into(),
                resource_type: "sandbox".into(),
                external_id: name(number),
                lease_duration_seconds: 60,
                metadata_json: "{}".into(),
                ..pb::UpsertResourceRequest::default()
            },
        ),
        stage.kind(
            &table::session_resource_registry_service::REGISTER,
            |_, session, number| pb::RegisterRequest {
                context: context_of(session),
                session_id: session.into(),
                resource_id: name(number),
                kind: "bench".into(),
                display_name: "A resource".into(),
                status: pb::SessionResourceStatus::Active.into(),
                metadata_json: "{}".into(),
            },
        ),
    ]
}

/// Changes of what belongs to the org.
fn platform_changes(stage: &Arc<Stage>) -> Vec<Kind> {
    vec![
        stage.kind(
            &table::memory_store_service::CREATE_MEMORY,
            |stage, session, number| pb::CreateMemoryRequest {
                context: context_of(session),
                store_id: stage.memory_store_id.clone(),
                content: name(number),
                kind: pb::MemoryKind::Fact.into(),
                importance: 5,
                ..pb::CreateMemoryRequest::default()
            },
        ),
        stage.kind(
            &table::platform_store_service::CREATE_SESSION,
            |stage, session, _| pb::CreateSessionRequest {
                context: context_of(session),
                harness_id: stage.harness_id.clone(),
                ..pb::CreateSessionRequest::default()
            },
        ),
        stage.kind(
            &table::platform_store_service::SEND_MESSAGE,
            |_, session, _| pb::SendMessageRequest {
                context: context_of(session),
                session_id: session.into(),
                content: "x".repeat(100),
            },
        ),
    ]
}
