//! Valid changes of every method that takes notice of fences, and reads that would show
//! them. Each change is about something that is there, so that only the fence is wrong.

mod platform;

pub(super) use platform::platform;

use super::takeover::of_turn;
use crate::check::{Outcome, present, skipped};
use crate::context::{Cx, described, fresh_id};
use crate::rules::events::{emitting, input, user_message};
use crate::rules::payment_authority::{allow, payment as paying};
use crate::rules::probes::Probe;
use mortise_proto::pb::{self, ledger_policy};
use mortise_proto::rpc::table::{
    event_emitter_service as emitter, event_log_service as log,
    leased_resource_store_service as leased, memory_store_service as memory,
    message_retriever_service as messages, payment_authority_service as payment,
    runtime_host_service as host, session_file_system_service as file,
    session_mutator_service as mutator, session_resource_registry_service as registry,
    session_schedule_store_service as schedule, session_sql_db_store_service as sql,
    session_storage_store_service as storage, session_store_service as sessions,
};

/// What is to be refused, and what shows that it was.
pub(super) struct Prepared {
    /// In an order in which all of them can be done.
    pub(super) changes: Vec<Probe>,
    pub(super) reads: Vec<Probe>,
}

pub(super) async fn events(cx: Cx, session: String) -> Outcome<Prepared> {
    cx.call(&emitter::EMIT, emitting(of_turn(&session, 0)))
        .await?;
    let reading = pb::ReadEventsRequest {
        session_id: session.clone(),
        ..Default::default()
    };
    let loading = pb::LoadMessagesRequest {
        context: None,
        session_id: session.clone(),
    };
    let said = input(&session, &user_message(&fresh_id("message"), "x", 1));
    Ok(Prepared {
        changes: vec![
            Probe::of(emitter::EMIT.method, &emitting(of_turn(&session, 1))),
            Probe::of(emitter::EMIT.method, &emitting(said)),
        ],
        reads: vec![
            Probe::of(log::READ_EVENTS.method, &reading),
            Probe::of(messages::LOAD_MESSAGES.method, &loading),
        ],
    })
}

fn reading_the_session(session: &str) -> Vec<Probe> {
    let request = pb::GetSessionRequest {
        context: None,
        session_id: session.into(),
    };
    vec![Probe::of(sessions::GET_SESSION.method, &request)]
}

pub(super) async fn status(_: Cx, session: String) -> Outcome<Prepared> {
    let request = pb::SetSessionStatusRequest {
        context: None,
        session_id: session.clone(),
        status: pb::SessionStatus::Active.into(),
    };
    Ok(Prepared {
        changes: vec![Probe::of(host::SET_SESSION_STATUS.method, &request)],
        reads: reading_the_session(&session),
    })
}

pub(super) async fn title(_: Cx, session: String) -> Outcome<Prepared> {
    let request = pb::UpdateSessionTitleRequest {
        context: None,
        session_id: session.clone(),
        title: "Taken over".into(),
    };
    Ok(Prepared {
        changes: vec![Probe::of(mutator::UPDATE_SESSION_TITLE.method, &request)],
        reads: reading_the_session(&session),
    })
}

pub(super) async fn files(cx: Cx, session: String) -> Outcome<Prepared> {
    let writing = |path: &str, content: &str| pb::WriteFileRequest {
        context: None,
        session_id: session.clone(),
        path: path.into(),
        content: content.into(),
        encoding: "text".into(),
    };
    for path in ["/kept.txt", "/gone.txt"] {
        cx.call(&file::WRITE_FILE, writing(path, "one")).await?;
    }
    let comparing = pb::WriteFileIfContentMatchesRequest {
        context: None,
        session_id: session.clone(),
        path: "/kept.txt".into(),
        expected_content: "one".into(),
        expected_encoding: "text".into(),
        content: "two".into(),
        encoding: "text".into(),
    };
    let deletion = pb::DeleteFileRequest {
        context: None,
        session_id: session.clone(),
        path: "/gone.txt".into(),
        recursive: false,
    };
    let directory = pb::CreateDirectoryRequest {
        context: None,
        session_id: session.clone(),
        path: "/made".into(),
    };
    let seeding = pb::SeedInitialFileRequest {
        context: None,
        session_id: session.clone(),
        file: Some(pb::InitialFile {
            path: "/seeded.txt".into(),
            content: "one".into(),
            encoding: "text".into(),
            is_readonly: false,
        }),
    };
    let listing = pb::ListDirectoryRequest {
        context: None,
        session_id: session.clone(),
        path: "/".into(),
    };
    let reading = pb::ReadFileRequest {
        context: None,
        session_id: session.clone(),
        path: "/kept.txt".into(),
    };
    Ok(Prepared {
        changes: vec![
            Probe::of(file::WRITE_FILE.method, &writing("/new.txt", "one")),
            Probe::of(file::WRITE_FILE_IF_CONTENT_MATCHES.method, &comparing),
            Probe::of(file::DELETE_FILE.method, &deletion),
            Probe::of(file::CREATE_DIRECTORY.method, &directory),
            Probe::of(file::SEED_INITIAL_FILE.method, &seeding),
        ],
        reads: vec![
            Probe::of(file::LIST_DIRECTORY.method, &listing),
            Probe::of(file::READ_FILE.method, &reading),
        ],
    })
}

pub(super) async fn values(cx: Cx, session: String) -> Outcome<Prepared> {
    let setting = |key: &str, value: &str| pb::SetValueRequest {
        context: None,
        session_id: session.clone(),
        key: key.into(),
        value: value.into(),
    };
    cx.call(&storage::SET_VALUE, setting("kept", "one")).await?;
    let secret = pb::SetSecretRequest {
        context: None,
        session_id: session.clone(),
        name: "kept".into(),
        value: "one".into(),
    };
    // Without a key to encrypt with, a server refuses secrets.
    drop(cx.attempt(&storage::SET_SECRET, secret.clone()).await);
    let deletion = pb::DeleteValueRequest {
        context: None,
        session_id: session.clone(),
        key: "kept".into(),
    };
    let secret_deletion = pb::DeleteSecretRequest {
        context: None,
        session_id: session.clone(),
        name: "kept".into(),
    };
    let new_secret = pb::SetSecretRequest {
        name: "new".into(),
        ..secret
    };
    let keys = pb::ListKeysRequest {
        context: None,
        session_id: session.clone(),
    };
    let secrets = pb::ListSecretsRequest {
        context: None,
        session_id: session.clone(),
    };
    Ok(Prepared {
        changes: vec![
            Probe::of(storage::SET_VALUE.method, &setting("new", "one")),
            Probe::of(storage::DELETE_VALUE.method, &deletion),
            Probe::of(storage::SET_SECRET.method, &new_secret),
            Probe::of(storage::DELETE_SECRET.method, &secret_deletion),
        ],
        reads: vec![
            Probe::of(storage::LIST_KEYS.method, &keys),
            Probe::of(storage::LIST_SECRETS.method, &secrets),
        ],
    })
}

pub(super) async fn databases(cx: Cx, session: String) -> Outcome<Prepared> {
    let executing = |sql: &str| pb::SqlExecuteRequest {
        context: None,
        session_id: session.clone(),
        database_name: "kept".into(),
        sql: sql.into(),
    };
    let making = "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)";
    cx.call(&sql::SQL_EXECUTE, executing(making)).await?;
    let creation = pb::CreateDatabaseRequest {
        context: None,
        session_id: session.clone(),
        name: "new".into(),
    };
    let deletion = pb::DeleteDatabaseRequest {
        context: None,
        session_id: session.clone(),
        name: "kept".into(),
    };
    let query = pb::SqlQueryRequest {
        context: None,
        session_id: session.clone(),
        database_name: "kept".into(),
        sql: "SELECT count(*) FROM t".into(),
    };
    let listing = pb::ListDatabasesRequest {
        context: None,
        session_id: session.clone(),
    };
    Ok(Prepared {
        changes: vec![
            Probe::of(sql::CREATE_DATABASE.method, &creation),
            Probe::of(
                sql::SQL_EXECUTE.method,
                &executing("INSERT INTO t VALUES (2)"),
            ),
            Probe::of(sql::DELETE_DATABASE.method, &deletion),
        ],
        reads: vec![
            Probe::of(sql::LIST_DATABASES.method, &listing),
            Probe::of(sql::SQL_QUERY.method, &query),
        ],
    })
}

pub(super) async fn leased_resources(cx: Cx, session: String) -> Outcome<Prepared> {
    let leasing = |external_id: &str| pb::UpsertResourceRequest {
        context: None,
        session_id: session.clone(),
        provider: "daytona".into(),
        resource_type: "sandbox".into(),
        external_id: external_id.into(),
        display_name: None,
        owner_user_id: None,
        lease_duration_seconds: 3_600,
        metadata_json: "{}".into(),
    };
    cx.call(&leased::UPSERT_RESOURCE, leasing("kept")).await?;
    let releasing = pb::ReleaseResourceRequest {
        context: None,
        session_id: session.clone(),
        provider: "daytona".into(),
        resource_type: "sandbox".into(),
        external_id: "kept".into(),
    };
    let listing = pb::ListResourcesRequest {
        context: None,
        session_id: session.clone(),
    };
    Ok(Prepared {
        changes: vec![
            Probe::of(leased::UPSERT_RESOURCE.method, &leasing("new")),
            Probe::of(leased::RELEASE_RESOURCE.method, &releasing),
        ],
        reads: vec![Probe::of(leased::LIST_RESOURCES.method, &listing)],
    })
}

pub(super) async fn resources(cx: Cx, session: String) -> Outcome<Prepared> {
    let registering = |resource_id: &str| pb::RegisterRequest {
        context: None,
        session_id: session.clone(),
        resource_id: resource_id.into(),
        kind: "subagent".into(),
        display_name: "A helper".into(),
        status: pb::SessionResourceStatus::Active.into(),
        metadata_json: "{}".into(),
    };
    cx.call(&registry::REGISTER, registering("kept")).await?;
    let status = pb::UpdateStatusRequest {
        context: None,
        session_id: session.clone(),
        resource_id: "kept".into(),
        status: pb::SessionResourceStatus::Released.into(),
    };
    let removal = pb::DeregisterRequest {
        context: None,
        session_id: session.clone(),
        resource_id: "kept".into(),
    };
    let listing = pb::ListSessionResourcesRequest {
        session_id: session.clone(),
        ..Default::default()
    };
    Ok(Prepared {
        changes: vec![
            Probe::of(registry::REGISTER.method, &registering("new")),
            Probe::of(registry::UPDATE_STATUS.method, &status),
            Probe::of(registry::DEREGISTER.method, &removal),
        ],
        reads: vec![Probe::of(registry::LIST_SESSION_RESOURCES.method, &listing)],
    })
}

pub(super) async fn schedules(cx: Cx, session: String) -> Outcome<Prepared> {
    let creation = pb::CreateScheduleRequest {
        context: None,
        session_id: session.clone(),
        description: "Water the plants".into(),
        cron_expression: Some("0 9 * * *".into()),
        scheduled_at: None,
        timezone: "UTC".into(),
    };
    let created = cx
        .call(&schedule::CREATE_SCHEDULE, creation.clone())
        .await?;
    let created = present("CreateScheduleResponse.schedule", created.schedule)?;
    let cancellation = pb::CancelScheduleRequest {
        context: None,
        session_id: session.clone(),
        schedule_id: created.id,
    };
    let listing = pb::ListSchedulesRequest {
        context: None,
        session_id: session.clone(),
    };
    Ok(Prepared {
        changes: vec![
            Probe::of(schedule::CREATE_SCHEDULE.method, &creation),
            Probe::of(schedule::CANCEL_SCHEDULE.method, &cancellation),
        ],
        reads: vec![Probe::of(schedule::LIST_SCHEDULES.method, &listing)],
    })
}

/// A payment of nothing: it takes the way of every other.
pub(super) async fn payments(cx: Cx, session: String) -> Outcome<Prepared> {
    let subject = ledger_policy::Subject::SessionId(session.clone());
    allow(&cx, subject, 10.0, |_| {}).await?;
    let request = paying(&session, 0.0);
    if let Err(error) = cx
        .attempt(&payment::EXECUTE_MACHINE_PAYMENT, request.clone())
        .await
    {
        let why = described(&error);
        return skipped(format!("the server cannot pay: {why}"));
    }
    Ok(Prepared {
        changes: vec![Probe::of(payment::EXECUTE_MACHINE_PAYMENT.method, &request)],
        reads: Vec::new(),
    })
}

pub(super) async fn memories(cx: Cx, _: String) -> Outcome<Prepared> {
    let request = pb::GetOrCreateDefaultStoreRequest {
        context: None,
        org_id: cx.org_public_id(),
    };
    let made = cx
        .call(&memory::GET_OR_CREATE_DEFAULT_STORE, request.clone())
        .await?;
    let store_id = present("GetOrCreateDefaultStore.store", made.store)?.id;
    let creation = pb::CreateMemoryRequest {
        store_id: store_id.clone(),
        content: "kept".into(),
        kind: pb::MemoryKind::Fact.into(),
        importance: 5,
        tags: vec![cx.name("fence")],
        ..Default::default()
    };
    let kept = cx
        .call(&memory::CREATE_MEMORY, creation.clone())
        .await?
        .memory;
    let forgetting = pb::ForgetRequest {
        context: None,
        store_id,
        memory_id: present("CreateMemory.memory", kept)?.id,
    };
    Ok(Prepared {
        changes: vec![
            Probe::of(memory::GET_OR_CREATE_DEFAULT_STORE.method, &request),
            Probe::of(memory::CREATE_MEMORY.method, &creation),
            Probe::of(memory::FORGET.method, &forgetting),
        ],
        reads: Vec::new(),
    })
}

/// The parts of a small image's upload.
pub(super) fn image() -> Vec<pb::CreateImageRequest> {
    use pb::create_image_request::Part;
    let header = pb::NewImage {
        filename: "plot.png".into(),
        content_type: "image/png".into(),
        metadata_json: "{}".into(),
        size_bytes: 4,
    };
    let parts = [Part::Header(header), Part::Chunk(vec![1, 2, 3, 4].into())];
    let request = |part| pb::CreateImageRequest {
        context: None,
        part: Some(part),
    };
    parts.map(request).to_vec()
}
