//! Servers that read first and write later, so that of changes at the same time one is
//! lost, done twice, or granted to several.

use super::fault::{Fault, answer, in_two_steps};
use super::races_of_records;
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::{
    event_emitter_service::EMIT,
    event_log_service::READ_EVENTS,
    leased_resource_store_service::{LIST_RESOURCES, UPSERT_RESOURCE},
    memory_store_service::{FORGET, GET_OR_CREATE_DEFAULT_STORE},
    outbound_tool_rate_limiter_service::CHECK_ORG,
    payment_authority_service::EXECUTE_MACHINE_PAYMENT,
    session_file_system_service::{CREATE_DIRECTORY, STAT_FILE, WRITE_FILE},
    session_resource_registry_service::{GET_SESSION_RESOURCE, REGISTER},
    session_schedule_store_service::{COUNT_ACTIVE_SCHEDULES, CREATE_SCHEDULE},
    session_sql_db_store_service as sql,
    session_storage_store_service::{LIST_KEYS, SET_VALUE},
    turn_queue_service::TAKE_TURN_REQUEST,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// What a server has noted of all its callers.
type Noted = Arc<Mutex<BTreeSet<String>>>;

pub(super) fn faults() -> Vec<Fault> {
    let own = vec![
        numbers(),
        one_document(),
        one_default(),
        forgotten_by_all(),
        one_maker(),
        lost_addition(),
        two_leases(),
        two_files(),
        one_folder(),
        mixed_entry(),
        sixth_schedule(),
        taken_by_all(),
        one_call_more(),
        overdrawn(),
    ];
    [own, races_of_records::faults()].concat()
}

/// The same caller, for a call of the server's own.
pub(super) fn own(context: &Option<pb::CallContext>) -> Option<pb::CallContext> {
    let mut context = context.clone().unwrap_or_default();
    context.request_id = uuid::Uuid::new_v4().to_string();
    Some(context)
}

fn numbers() -> Fault {
    in_two_steps(
        "EVT-17",
        "numbers events by the last that it has read",
        &EMIT,
        |server, asked: pb::EmitRequest, _| async move {
            let request = pb::ReadEventsRequest {
                context: own(&asked.context),
                session_id: asked.event.unwrap_or_default().session_id,
                ..Default::default()
            };
            let answers = server.call(&READ_EVENTS, request).await.unwrap_or_default();
            let events = answers.into_iter().flat_map(|answer| answer.events);
            Ok(events.last().map_or(0, |event| event.sequence))
        },
        |server, asked, last| async move {
            let stored = server.one(&EMIT, asked).await?;
            let sequence = if stored.sequence == 0 { 0 } else { last + 1 };
            Ok(pb::EmitResponse { sequence, ..stored })
        },
    )
}

fn one_document() -> Fault {
    const RULE: (&str, &str) = ("KV-17", "keeps a session's values in one document");
    let documents: Arc<Mutex<HashMap<String, BTreeSet<String>>>> = Arc::default();
    let (read, written, listed) = (documents.clone(), documents.clone(), documents);
    let setting = in_two_steps(
        RULE.0,
        RULE.1,
        &SET_VALUE,
        move |_, asked: pb::SetValueRequest, _| {
            let document = read.lock().unwrap().get(&asked.session_id).cloned();
            async move { Ok(document.unwrap_or_default()) }
        },
        move |server, asked, mut document: BTreeSet<String>| {
            document.insert(asked.key.clone());
            let session = asked.session_id.clone();
            written.lock().unwrap().insert(session, document);
            async move { server.one(&SET_VALUE, asked).await }
        },
    );
    setting.and(answer(RULE.0, RULE.1, &LIST_KEYS, move |asked, answer| {
        let documents = listed.lock().unwrap();
        let document = documents.get(&asked.session_id);
        answer
            .keys
            .retain(|key| document.is_some_and(|document| document.contains(&key.key)));
    }))
}

fn one_default() -> Fault {
    let stores: Arc<Mutex<HashMap<String, String>>> = Arc::default();
    let made = stores.clone();
    in_two_steps(
        "MEM-02",
        "makes a default store for each that finds none",
        &GET_OR_CREATE_DEFAULT_STORE,
        move |_, asked: pb::GetOrCreateDefaultStoreRequest, _| {
            let found = stores.lock().unwrap().get(&asked.org_id).cloned();
            async move { Ok(found) }
        },
        move |server, asked, found: Option<String>| {
            let made = made.clone();
            async move {
                let org_id = asked.org_id.clone();
                let mut answer = server.one(&GET_OR_CREATE_DEFAULT_STORE, asked).await?;
                let id = found.unwrap_or_else(|| format!("mst_{}", uuid::Uuid::new_v4().simple()));
                made.lock().unwrap().insert(org_id, id.clone());
                if let Some(store) = &mut answer.store {
                    store.id = id;
                }
                Ok(answer)
            }
        },
    )
}

fn forgotten_by_all() -> Fault {
    let noted = Noted::default();
    let known = noted.clone();
    in_two_steps(
        "MEM-20",
        "looks whether a memory is there, and forgets it later",
        &FORGET,
        move |_, asked: pb::ForgetRequest, _| {
            let is_gone = known.lock().unwrap().contains(&asked.memory_id);
            async move { Ok(is_gone) }
        },
        move |server, asked, is_gone| {
            noted.lock().unwrap().insert(asked.memory_id.clone());
            async move {
                server.one(&FORGET, asked).await?;
                Ok(pb::ForgetResponse {
                    forgotten: !is_gone,
                })
            }
        },
    )
}

fn one_maker() -> Fault {
    in_two_steps(
        "SQL-26",
        "looks whether a database is there, and makes it later",
        &sql::CREATE_DATABASE,
        |server, asked: pb::CreateDatabaseRequest, _| async move {
            let request = pb::GetDatabaseRequest {
                context: own(&asked.context),
                session_id: asked.session_id,
                name: asked.name,
            };
            Ok(server.one(&sql::GET_DATABASE, request).await?.database)
        },
        |server, asked, found| async move {
            let made = server.one(&sql::CREATE_DATABASE, asked).await;
            match (made, found) {
                (Err(error), None)
                    if error.reason == Some(ErrorReason::SqlDatabaseAlreadyExists) =>
                {
                    Ok(pb::CreateDatabaseResponse::default())
                }
                (made, _) => made,
            }
        },
    )
}

fn lost_addition() -> Fault {
    const ADDITION: &str = "UPDATE t SET n = n + 1";
    in_two_steps(
        "SQL-27",
        "runs statements on what it read before, and stores what comes of them",
        &sql::SQL_EXECUTE,
        |server, asked: pb::SqlExecuteRequest, _| async move {
            if asked.sql != ADDITION {
                return Ok(None);
            }
            let request = pb::SqlQueryRequest {
                context: own(&asked.context),
                session_id: asked.session_id,
                database_name: asked.database_name,
                sql: "SELECT n FROM t".into(),
            };
            let answers = server.call(&sql::SQL_QUERY, request).await?;
            let mut numbers = answers.into_iter().filter_map(|answer| match answer.part {
                Some(pb::sql_query_response::Part::Rows(rows)) => {
                    serde_json::from_str::<[i64; 1]>(&rows.rows.first()?.values_json).ok()
                }
                _ => None,
            });
            Ok(numbers.next().map(|[number]| number))
        },
        |server, mut asked, number: Option<i64>| async move {
            if let Some(number) = number {
                asked.sql = format!("UPDATE t SET n = {}", number + 1);
            }
            server.one(&sql::SQL_EXECUTE, asked).await
        },
    )
}

fn two_leases() -> Fault {
    in_two_steps(
        "LEASE-12",
        "looks for a lease, and makes one later under an id of its own",
        &UPSERT_RESOURCE,
        |server, asked: pb::UpsertResourceRequest, _| async move {
            let request = pb::ListResourcesRequest {
                context: own(&asked.context),
                session_id: asked.session_id,
            };
            let leases = server.one(&LIST_RESOURCES, request).await?.resources;
            let mut ids = leases.into_iter().map(|lease| lease.external_id);
            Ok(ids.any(|id| id == asked.external_id))
        },
        |server, asked, was_there| async move {
            let mut answer = server.one(&UPSERT_RESOURCE, asked).await?;
            if let Some(lease) = &mut answer.resource
                && !was_there
                && lease.created_at != lease.updated_at
            {
                lease.id = format!("resource_{}", uuid::Uuid::new_v4().simple());
            }
            Ok(answer)
        },
    )
}

fn two_files() -> Fault {
    in_two_steps(
        "FILE-53",
        "looks for a file, and makes one later under an id of its own",
        &WRITE_FILE,
        |server, asked: pb::WriteFileRequest, _| async move {
            let request = pb::StatFileRequest {
                context: own(&asked.context),
                session_id: asked.session_id,
                path: asked.path,
            };
            Ok(server.one(&STAT_FILE, request).await?.stat.is_some())
        },
        |server, asked, was_there| async move {
            let mut answer = server.one(&WRITE_FILE, asked).await?;
            let info = answer.file.as_mut().and_then(|file| file.info.as_mut());
            if let Some(info) = info
                && !was_there
                && info.created_at != info.updated_at
            {
                info.id = uuid::Uuid::new_v4().to_string();
            }
            Ok(answer)
        },
    )
}

fn one_folder() -> Fault {
    let made = Noted::default();
    let known = made.clone();
    let name = |asked: &pb::CreateDirectoryRequest| format!("{} {}", asked.session_id, asked.path);
    in_two_steps(
        "FILE-61",
        "looks for a folder, and fails to make one that came meanwhile",
        &CREATE_DIRECTORY,
        move |_, asked: pb::CreateDirectoryRequest, _| {
            let was_there = known.lock().unwrap().contains(&name(&asked));
            async move { Ok(was_there) }
        },
        move |server, asked, was_there| {
            let is_first = made.lock().unwrap().insert(name(&asked));
            async move {
                match was_there || is_first {
                    true => server.one(&CREATE_DIRECTORY, asked).await,
                    false => Err(StoreError::new(ErrorReason::Store, "duplicate key")),
                }
            }
        },
    )
}

/// Each stores its entry, reads what has come of it, and sets its metadata.
fn mixed_entry() -> Fault {
    in_two_steps(
        "REG-13",
        "stores names and metadata one after the other",
        &REGISTER,
        |server, asked: pb::RegisterRequest, _| async move { server.one(&REGISTER, asked).await },
        |server, asked, stored: pb::RegisterResponse| async move {
            let request = pb::GetSessionResourceRequest {
                context: own(&asked.context),
                session_id: asked.session_id.clone(),
                resource_id: asked.resource_id.clone(),
            };
            let entry = server.one(&GET_SESSION_RESOURCE, request).await?.entry;
            let display_name = entry.unwrap_or_default().display_name;
            if display_name == asked.display_name {
                return Ok(stored);
            }
            let context = own(&asked.context);
            let request = pb::RegisterRequest {
                context,
                display_name,
                ..asked
            };
            server.one(&REGISTER, request).await
        },
    )
}

fn sixth_schedule() -> Fault {
    in_two_steps(
        "SCHED-15",
        "counts schedules, and makes one more later",
        &CREATE_SCHEDULE,
        |server, asked: pb::CreateScheduleRequest, _| async move {
            let request = pb::CountActiveSchedulesRequest {
                context: own(&asked.context),
                session_id: asked.session_id,
            };
            Ok(server.one(&COUNT_ACTIVE_SCHEDULES, request).await?.count)
        },
        |server, asked, count| async move {
            let made = server.one(&CREATE_SCHEDULE, asked).await;
            match made {
                Err(_) if count < 5 => Ok(pb::CreateScheduleResponse::default()),
                made => made,
            }
        },
    )
}

fn taken_by_all() -> Fault {
    let taken = Noted::default();
    let known = taken.clone();
    in_two_steps(
        "TURN-03",
        "looks whether a turn is taken, and takes it later",
        &TAKE_TURN_REQUEST,
        move |_, asked: pb::TakeTurnRequestRequest, _| {
            let was_taken = known.lock().unwrap().contains(&asked.input_message_id);
            async move { Ok(was_taken) }
        },
        move |server, asked, was_taken| {
            taken.lock().unwrap().insert(asked.input_message_id.clone());
            async move {
                let mut answer = server.one(&TAKE_TURN_REQUEST, asked).await?;
                answer.taken |= !was_taken;
                Ok(answer)
            }
        },
    )
}

fn one_call_more() -> Fault {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    in_two_steps(
        "RATE-05",
        "reads the counter, and counts later",
        &CHECK_ORG,
        move |_, _: pb::CheckOrgRequest, _| {
            let count = calls.load(Ordering::SeqCst);
            async move { Ok(count) }
        },
        move |_, _, count| {
            counted.store(count + 1, Ordering::SeqCst);
            async move { Ok(pb::CheckOrgResponse { allowed: count < 3 }) }
        },
    )
}

fn overdrawn() -> Fault {
    in_two_steps(
        "PAY-05",
        "pays at the same time what is there once",
        &EXECUTE_MACHINE_PAYMENT,
        |_, _: pb::ExecuteMachinePaymentRequest, others| async move { Ok(others) },
        |server, asked, others| async move {
            match server.one(&EXECUTE_MACHINE_PAYMENT, asked).await {
                Err(error) if others && error.reason == Some(ErrorReason::ToolExecution) => {
                    Ok(pb::ExecuteMachinePaymentResponse {
                        payment: Some(pb::MachinePaymentResponse::default()),
                    })
                }
                end => end,
            }
        },
    )
}
