//! Servers that keep in memory what has to outlast them. A restart is a note in a file: what
//! such a server has lost with its memory, it no longer answers from then on.

use super::fault::{Fault, ask_of, end_of, instead, loses};
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::{
    adapter_service::DESCRIBE, event_emitter_service::EMIT, memory_store_service as memories,
    platform_store_service as platform, session_file_system_service::READ_FILE,
    session_lease_service::ACQUIRE_LEASE, session_resource_registry_service::GET_SESSION_RESOURCE,
    session_storage_store_service as values, turn_journal_service as journal,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

pub(super) fn faults() -> Vec<Fault> {
    [lost(), changed(), vec![undeleted(), one_behind()]].concat()
}

fn lost() -> Vec<Fault> {
    vec![
        loses("CRASH-03", "keeps values in memory", &values::GET_VALUE),
        loses("CRASH-05", "keeps files in memory", &READ_FILE),
        loses("CRASH-07", "keeps memories in memory", &memories::FORGET),
        loses("CRASH-08", "keeps entries in memory", &GET_SESSION_RESOURCE),
        loses(
            "CRASH-09",
            "keeps harnesses in memory",
            &platform::GET_HARNESS,
        ),
        loses(
            "CRASH-09",
            "keeps messages in memory",
            &platform::GET_MESSAGES,
        ),
        loses("TJ-21", "keeps turns in memory", &journal::GET_TURN),
        loses(
            "TJ-21",
            "keeps tool calls in memory",
            &journal::LIST_TOOL_CALLS,
        ),
    ]
}

fn changed() -> Vec<Fault> {
    vec![
        end_of(
            "CRASH-01",
            "has another name each time",
            &DESCRIBE,
            |server, _, end| {
                let mut answers = end?;
                let names = answers
                    .iter_mut()
                    .filter_map(|answer| answer.server.as_mut());
                if server.was_restarted() {
                    names.for_each(|names| names.name.push_str("-2"));
                }
                Ok(answers)
            },
        ),
        ask_of(
            "CRASH-02",
            "remembers answers in memory",
            &values::DELETE_VALUE,
            |server, request| {
                if let Some(context) = &mut request.context
                    && server.was_restarted()
                {
                    context.request_id = format!("again {}", context.request_id);
                }
            },
        ),
        end_of(
            "CRASH-03",
            "makes a new key at each start",
            &values::GET_SECRET,
            |server, _, end| match server.was_restarted() {
                true => Err(StoreError::new(
                    ErrorReason::Store,
                    "the secret cannot be opened",
                )),
                false => end,
            },
        ),
        end_of(
            "CRASH-06",
            "numbers from 1 at each start",
            &EMIT,
            |server, _, end| {
                let mut answers = end?;
                if server.was_restarted() {
                    answers.iter_mut().for_each(|answer| answer.sequence = 1);
                }
                Ok(answers)
            },
        ),
        end_of(
            "CRASH-07",
            "makes a default store at each start",
            &memories::GET_OR_CREATE_DEFAULT_STORE,
            |server, _, end| {
                let mut answers = end?;
                let stores = answers
                    .iter_mut()
                    .filter_map(|answer| answer.store.as_mut());
                if server.was_restarted() {
                    stores
                        .for_each(|store| store.id = "mst_00000000000000000000000000000001".into());
                }
                Ok(answers)
            },
        ),
        end_of(
            "CRASH-09",
            "keeps in memory what is archived",
            &platform::GET_AGENT_BY_ID,
            |server, _, end| {
                let mut answers = end?;
                let agents = answers
                    .iter_mut()
                    .filter_map(|answer| answer.agent.as_mut());
                if server.was_restarted() {
                    agents.for_each(|agent| agent.status = pb::AgentStatus::Active.into());
                }
                Ok(answers)
            },
        ),
        end_of(
            "LSE-26",
            "counts fences from 1 at each start",
            &ACQUIRE_LEASE,
            |server, _, end| {
                let mut answers = end?;
                let leases = answers
                    .iter_mut()
                    .filter_map(|answer| answer.lease.as_mut());
                if server.was_restarted() {
                    leases.for_each(|lease| lease.fence = 1);
                }
                Ok(answers)
            },
        ),
    ]
}

/// A deletion is noted in memory, and would be made later.
fn undeleted() -> Fault {
    const RULE: (&str, &str) = ("CRASH-03", "notes deletions in memory");
    let deleted: Arc<Mutex<BTreeSet<(String, String)>>> = Arc::default();
    let noted = deleted.clone();
    let deleting = instead(
        RULE.0,
        RULE.1,
        &values::DELETE_VALUE,
        move |_, asked: pb::DeleteValueRequest| {
            noted.lock().unwrap().insert((asked.session_id, asked.key));
            async { Ok(pb::DeleteValueResponse { deleted: true }) }
        },
    );
    deleting.and(end_of(
        RULE.0,
        RULE.1,
        &values::GET_VALUE,
        move |server, asked: &pb::GetValueRequest, end| {
            let key = (asked.session_id.clone(), asked.key.clone());
            match deleted.lock().unwrap().contains(&key) && !server.was_restarted() {
                true => Ok(vec![pb::GetValueResponse::default()]),
                false => end,
            }
        },
    ))
}

/// A value is written when the next one of its key comes. The restart ends the writers.
fn one_behind() -> Fault {
    let held: Arc<Mutex<HashMap<(String, String), pb::SetValueRequest>>> = Arc::default();
    instead(
        "CRASH-04",
        "answers values that it has not written yet",
        &values::SET_VALUE,
        move |server, asked: pb::SetValueRequest| {
            let held = held.clone();
            async move {
                if server.was_restarted() {
                    return Err(StoreError::new(ErrorReason::Unavailable, "it is starting"));
                }
                let key = (asked.session_id.clone(), asked.key.clone());
                let before = held.lock().unwrap().insert(key, asked);
                if let Some(before) = before {
                    server.one(&values::SET_VALUE, before).await?;
                }
                Ok(pb::SetValueResponse {})
            }
        },
    )
}
