//! The changes that need something to be there first: what is made and removed again counts
//! once, as both calls together, and bears both names.

use crate::calls::{Kind, MANY, Stage, name};
use crate::wire::{context, context_of};
use everruns_core::payment::PaymentRail;
use everruns_core::typed_id::{PaymentAccountId, TurnId};
use mortise_proto::convert::payment_authority::{LedgerAccount, LedgerPolicy, PolicySubject};
use mortise_proto::pb;
use mortise_proto::pb::create_image_request::Part;
use mortise_proto::rpc::table;
use mortise_test_support::scenario::TestHost;
use std::sync::Arc;

/// The path of the file that is written where its content matches.
const MATCHED: &str = "/matched.txt";

/// A database of each session, with one table.
const DATABASE: &str = "bench";

/// So long is the longest lease.
const LEASE_MS: u64 = 600_000;

/// What the changes are made of.
pub(crate) struct Things {
    /// Sessions with a lease, one a caller, with its fence.
    leased: Vec<(String, u64)>,
}

// === impl Things ===

impl Things {
    /// Makes what has to be there.
    pub(crate) async fn made(host: &TestHost, stage: &Stage) -> Self {
        allow_payments(host).await;
        let mut leased = Vec::new();
        for session in &stage.sessions {
            let write = &table::session_file_system_service::WRITE_FILE;
            let file = pb::WriteFileRequest {
                context: context_of(session),
                session_id: session.clone(),
                path: MATCHED.into(),
                content: text(),
                encoding: "text".into(),
            };
            stage.wire.call(write, file).await;
            let create = &table::session_sql_db_store_service::CREATE_DATABASE;
            let database = pb::CreateDatabaseRequest {
                context: context_of(session),
                session_id: session.clone(),
                name: DATABASE.into(),
            };
            stage.wire.call(create, database).await;
            execute(
                stage,
                session,
                "CREATE TABLE t (n INTEGER PRIMARY KEY, x TEXT)",
            )
            .await;
            let other = host.another_session().await.to_string();
            let fence = acquire(stage, &other).await;
            leased.push((other, fence));
        }
        assert_eq!(leased.len(), MANY);
        Self { leased }
    }

    /// The context of a change under the lease of a caller's session, and that session.
    fn leased(&self, caller: usize) -> (Option<pb::CallContext>, String) {
        let (session, fence) = self.leased[caller].clone();
        let context = context_of(&session).map(|context| pb::CallContext { fence, ..context });
        (context, session)
    }
}

fn text() -> String {
    "x".repeat(1024)
}

/// Lets every session of the org pay from one account.
async fn allow_payments(host: &TestHost) {
    let account = LedgerAccount {
        id: PaymentAccountId::new(),
        rail: PaymentRail::X402Base,
        label: "wallet".into(),
        balance_usd: 1e9,
    };
    let policy = LedgerPolicy {
        subject: PolicySubject::Org,
        account_id: account.id,
        allowed_capabilities: Vec::new(),
        allowed_operations: Vec::new(),
        allowed_hosts: Vec::new(),
        max_amount_usd_per_request: None,
        max_amount_usd_per_day: None,
    };
    let seed = host.adapter.test_seed().unwrap();
    let put = seed.put_payment_policy(policy, Some(account));
    put.await.unwrap();
}

/// Acquires the lease of a session, again where this holder has it, and says its fence.
async fn acquire(stage: &Stage, session: &str) -> u64 {
    let request = pb::AcquireLeaseRequest {
        context: context_of(session),
        session_id: session.into(),
        holder: "bench".into(),
        address: String::new(),
        ttl_ms: LEASE_MS,
    };
    let acquire = &table::session_lease_service::ACQUIRE_LEASE;
    let answer = stage.wire.call(acquire, request).await;
    answer.lease.unwrap().fence
}

async fn execute(stage: &Stage, session: &str, sql: &str) {
    let request = pb::SqlExecuteRequest {
        context: context_of(session),
        session_id: session.into(),
        database_name: DATABASE.into(),
        sql: sql.into(),
    };
    let execute = &table::session_sql_db_store_service::SQL_EXECUTE;
    stage.wire.call(execute, request).await;
}

// === the kinds ===

/// Every one.
pub(crate) fn kinds(stage: &Arc<Stage>, things: &Arc<Things>) -> Vec<Kind> {
    let mut kinds = files(stage);
    kinds.extend(records(stage));
    kinds.extend(sql(stage));
    kinds.extend(journal(stage, things));
    kinds.extend(of_the_org(stage));
    kinds.push(stage.task("AcquireLease", |stage, session, _| async move {
        acquire(&stage, &session).await;
    }));
    kinds
}

fn files(stage: &Arc<Stage>) -> Vec<Kind> {
    use table::session_file_system_service as files;
    vec![
        stage.kind(&files::WRITE_FILE_IF_CONTENT_MATCHES, |_, session, _| {
            pb::WriteFileIfContentMatchesRequest {
                context: context_of(session),
                session_id: session.into(),
                path: MATCHED.into(),
                expected_content: text(),
                expected_encoding: "text".into(),
                content: text(),
                encoding: "text".into(),
            }
        }),
        stage.task(
            "WriteFile, DeleteFile",
            |stage, session, number| async move {
                let path = format!("/gone/{}", name(number));
                let written = pb::WriteFileRequest {
                    context: context_of(&session),
                    session_id: session.clone(),
                    path: path.clone(),
                    content: text(),
                    encoding: "text".into(),
                };
                stage.wire.call(&files::WRITE_FILE, written).await;
                let deleted = pb::DeleteFileRequest {
                    context: context_of(&session),
                    session_id: session,
                    path,
                    recursive: false,
                };
                stage.wire.call(&files::DELETE_FILE, deleted).await;
            },
        ),
        stage.kind(&files::SEED_INITIAL_FILE, |_, session, number| {
            pb::SeedInitialFileRequest {
                context: context_of(session),
                session_id: session.into(),
                file: Some(pb::InitialFile {
                    path: format!("/seeded/{}", name(number)),
                    content: text(),
                    encoding: "text".into(),
                    is_readonly: false,
                }),
            }
        }),
    ]
}

fn records(stage: &Arc<Stage>) -> Vec<Kind> {
    use table::{session_schedule_store_service as schedules, session_storage_store_service as kv};
    vec![
        stage.task(
            "SetSecret, DeleteSecret",
            |stage, session, number| async move {
                let set = pb::SetSecretRequest {
                    context: context_of(&session),
                    session_id: session.clone(),
                    name: name(number),
                    value: "x".repeat(100),
                };
                stage.wire.call(&kv::SET_SECRET, set).await;
                let deleted = pb::DeleteSecretRequest {
                    context: context_of(&session),
                    session_id: session,
                    name: name(number),
                };
                stage.wire.call(&kv::DELETE_SECRET, deleted).await;
            },
        ),
        stage.task(
            "CreateSchedule, Cancel",
            |stage, session, number| async move {
                let create = pb::CreateScheduleRequest {
                    context: context_of(&session),
                    session_id: session.clone(),
                    description: name(number),
                    cron_expression: Some("0 3 * * *".into()),
                    scheduled_at: None,
                    timezone: "UTC".into(),
                };
                let made = stage.wire.call(&schedules::CREATE_SCHEDULE, create).await;
                let cancel = pb::CancelScheduleRequest {
                    context: context_of(&session),
                    session_id: session,
                    schedule_id: made.schedule.unwrap().id,
                };
                stage.wire.call(&schedules::CANCEL_SCHEDULE, cancel).await;
            },
        ),
        stage.kind(
            &table::budget_checker_service::CHECK_BUDGETS,
            |_, session, _| pb::CheckBudgetsRequest {
                context: context_of(session),
                session_id: session.into(),
                agent_id: None,
            },
        ),
        stage.kind(
            &table::payment_authority_service::EXECUTE_MACHINE_PAYMENT,
            |_, session, _| pb::ExecuteMachinePaymentRequest {
                context: context_of(session),
                session_id: session.into(),
                agent_id: None,
                payment: Some(pb::MachinePaymentRequest {
                    capability: "bench".into(),
                    operation: "buy".into(),
                    method: pb::PaymentMethod::Post.into(),
                    url: "https://shop.example.com/item".into(),
                    body_json: None,
                    max_amount_usd: 0.01,
                    rail_preference: Vec::new(),
                    metadata_json: "{}".into(),
                }),
            },
        ),
    ]
}

fn sql(stage: &Arc<Stage>) -> Vec<Kind> {
    use table::session_sql_db_store_service as sql;
    vec![
        stage.task("SqlExecute", |stage, session, number| async move {
            let row = number % 100;
            let insert = format!("INSERT OR REPLACE INTO t VALUES ({row}, 'x')");
            execute(&stage, &session, &insert).await;
        }),
        stage.task(
            "CreateDatabase, Delete",
            |stage, session, number| async move {
                let name = format!("b{}", number % 4);
                let create = pb::CreateDatabaseRequest {
                    context: context_of(&session),
                    session_id: session.clone(),
                    name: name.clone(),
                };
                stage.wire.call(&sql::CREATE_DATABASE, create).await;
                let delete = pb::DeleteDatabaseRequest {
                    context: context_of(&session),
                    session_id: session,
                    name,
                };
                stage.wire.call(&sql::DELETE_DATABASE, delete).await;
            },
        ),
    ]
}

fn journal(stage: &Arc<Stage>, things: &Arc<Things>) -> Vec<Kind> {
    use table::turn_journal_service as journal;
    let (turns, calls) = (things.clone(), things.clone());
    vec![
        stage.task_of_caller("PutTurn, RemoveTurn", move |stage, caller, _| {
            let things = turns.clone();
            async move {
                let turn_id = TurnId::new().to_string();
                let (context, session_id) = things.leased(caller);
                let put = pb::PutTurnRequest {
                    context,
                    session_id,
                    turn_id: turn_id.clone(),
                    record: text().into(),
                };
                stage.wire.call(&journal::PUT_TURN, put).await;
                let (context, session_id) = things.leased(caller);
                let remove = pb::RemoveTurnRequest {
                    context,
                    session_id,
                    turn_id,
                };
                stage.wire.call(&journal::REMOVE_TURN, remove).await;
            }
        }),
        stage.task_of_caller("ClaimToolCall, Settle", move |stage, caller, number| {
            let things = calls.clone();
            async move {
                let turn_id = TurnId::new().to_string();
                let (context, session_id) = things.leased(caller);
                let claim = pb::ClaimToolCallRequest {
                    context,
                    session_id,
                    turn_id: turn_id.clone(),
                    tool_call_id: name(number),
                    tool_name: "read_file".into(),
                    args_fingerprint: "0".repeat(64),
                    retake: false,
                };
                let claimed = stage.wire.call(&journal::CLAIM_TOOL_CALL, claim).await;
                let (context, session_id) = things.leased(caller);
                let settle = pb::SettleToolCallRequest {
                    context,
                    session_id,
                    turn_id,
                    tool_call_id: name(number),
                    claim_token: claimed.claim_token,
                    status: pb::ToolCallStatus::Settled.into(),
                    result_json: Some("{}".into()),
                };
                stage.wire.call(&journal::SETTLE_TOOL_CALL, settle).await;
            }
        }),
    ]
}

fn of_the_org(stage: &Arc<Stage>) -> Vec<Kind> {
    use table::{memory_store_service as memories, platform_store_service as platform};
    vec![
        stage.task(
            "CreateMemory, Forget",
            |stage, session, number| async move {
                let create = pb::CreateMemoryRequest {
                    context: context_of(&session),
                    store_id: stage.memory_store_id.clone(),
                    content: name(number),
                    kind: pb::MemoryKind::Fact.into(),
                    importance: 5,
                    ..pb::CreateMemoryRequest::default()
                };
                let made = stage.wire.call(&memories::CREATE_MEMORY, create).await;
                let forget = pb::ForgetRequest {
                    context: context_of(&session),
                    store_id: stage.memory_store_id.clone(),
                    memory_id: made.memory.unwrap().id,
                };
                stage.wire.call(&memories::FORGET, forget).await;
            },
        ),
        stage.task("CreateAgent, DeleteAgent", |stage, session, _| async move {
            let create = pb::CreateAgentRequest {
                context: context_of(&session),
                name: format!("bench-{}", uuid::Uuid::now_v7()),
                ..pb::CreateAgentRequest::default()
            };
            let made = stage.wire.call(&platform::CREATE_AGENT, create).await;
            let delete = pb::DeleteAgentRequest {
                context: context_of(&session),
                agent_id: made.agent.unwrap().id,
            };
            stage.wire.call(&platform::DELETE_AGENT, delete).await;
        }),
        stage.task("CreateImage", |stage, _, number| async move {
            let bytes = vec![7; 16 * 1024];
            let part = |context, part| pb::CreateImageRequest {
                context,
                part: Some(part),
            };
            let header = Part::Header(pb::NewImage {
                filename: name(number),
                content_type: "image/png".into(),
                metadata_json: "{}".into(),
                size_bytes: bytes.len() as u64,
            });
            let parts = vec![
                part(context(), header),
                part(None, Part::Chunk(bytes.into())),
            ];
            let create = &table::image_artifact_store_service::CREATE_IMAGE;
            stage.wire.upload(create, parts).await;
        }),
    ]
}
