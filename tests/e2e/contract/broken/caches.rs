//! Servers of several processes, each with a cache of its own that it empties when it
//! changes something itself; and servers that never empty theirs.

use super::fault::{Fault, caches, end_of, keeps};
use mortise_proto::pb;
use mortise_proto::rpc::table::{
    agent_store_service as agents, budget_checker_service::CHECK_BUDGETS,
    event_emitter_service::EMIT, event_log_service::READ_EVENTS,
    harness_store_service::GET_HARNESS_CHAIN, leased_resource_store_service as leased,
    llm_provider_store_service::GET_MODEL_WITH_PROVIDER, message_retriever_service as messages,
    platform_store_service as platform,
    provider_credential_store_service::GET_DEFAULT_PROVIDER_CREDENTIALS,
    runtime_host_service as host, session_file_system_service as files,
    session_mutator_service::UPDATE_SESSION_TITLE, session_resource_registry_service as registry,
    session_schedule_store_service::COUNT_ACTIVE_SCHEDULES, session_sql_db_store_service as sql,
    session_storage_store_service as values, session_store_service::GET_SESSION,
    test_seed_service as seed, user_connection_resolver_service as connections,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

pub(super) fn faults() -> Vec<Fault> {
    [of_connections(), for_good(), vec![lagging()]].concat()
}

fn of_connections() -> Vec<Fault> {
    vec![
        caches(
            "KV-21",
            "caches values",
            &values::GET_VALUE,
            &values::SET_VALUE,
        ),
        caches(
            "FILE-59",
            "caches files",
            &files::READ_FILE,
            &files::WRITE_FILE,
        ),
        caches(
            "FILE-59",
            "caches descriptions",
            &files::STAT_FILE,
            &files::WRITE_FILE,
        ),
        caches(
            "SQL-28",
            "caches results",
            &sql::SQL_QUERY,
            &sql::SQL_EXECUTE,
        ),
        caches(
            "LEASE-17",
            "caches leases",
            &leased::LIST_RESOURCES,
            &leased::UPSERT_RESOURCE,
        ),
        caches(
            "REG-19",
            "caches entries",
            &registry::GET_SESSION_RESOURCE,
            &registry::REGISTER,
        ),
        caches("MSG-30", "caches messages", &messages::LOAD_MESSAGES, &EMIT),
        caches("MSG-30", "caches counts", &messages::COUNT_MESSAGES, &EMIT),
        caches(
            "SES-04",
            "caches sessions",
            &GET_SESSION,
            &UPDATE_SESSION_TITLE,
        ),
        caches(
            "PLAT-84",
            "caches agents",
            &platform::GET_AGENT_BY_ID,
            &platform::UPDATE_AGENT,
        ),
        caches(
            "BUD-09",
            "caches budgets",
            &CHECK_BUDGETS,
            &seed::PUT_BUDGET,
        ),
        caches(
            "CONN-11",
            "caches tokens",
            &connections::GET_CONNECTION_TOKEN,
            &seed::PUT_CONNECTION,
        ),
        caches(
            "CRED-05",
            "caches keys",
            &GET_DEFAULT_PROVIDER_CREDENTIALS,
            &seed::PUT_PROVIDER_CREDENTIAL,
        ),
    ]
}

fn for_good() -> Vec<Fault> {
    vec![
        keeps("HAR-09", "keeps chains for good", &GET_HARNESS_CHAIN),
        keeps("PLAT-43", "keeps chains for good", &GET_HARNESS_CHAIN),
        keeps("AGT-08", "keeps agents for good", &agents::GET_AGENT),
        keeps("AGENT-06", "keeps agents for good", &agents::GET_AGENT),
        keeps("LLM-07", "keeps models for good", &GET_MODEL_WITH_PROVIDER),
        keeps("SES-08", "keeps sessions for good", &GET_SESSION),
        keeps(
            "CTX-04",
            "keeps contexts for good",
            &host::LOAD_TURN_CONTEXT,
        ),
        keeps(
            "PLAT-14",
            "keeps sessions for good",
            &platform::GET_SESSION_BY_ID,
        ),
        keeps("PLAT-30", "keeps apps for good", &platform::GET_APP),
        keeps(
            "REG-04",
            "keeps entries for good",
            &registry::GET_SESSION_RESOURCE,
        ),
        keeps(
            "LEASE-08",
            "keeps entries for good",
            &registry::GET_SESSION_RESOURCE,
        ),
        keeps("SCHED-07", "keeps counts for good", &COUNT_ACTIVE_SCHEDULES),
    ]
}

/// Each connection reads the log as it was when it read before.
fn lagging() -> Fault {
    const RULE: (&str, &str) = ("LOG-05", "reads the log as of the read before");
    type Seen = Arc<Mutex<HashMap<(usize, String), i64>>>;
    let (seen, own) = (Seen::default(), Seen::default());
    let read = own.clone();
    let emitting = end_of(
        RULE.0,
        RULE.1,
        &EMIT,
        move |server, asked: &pb::EmitRequest, end| {
            let session = asked.event.clone().unwrap_or_default().session_id;
            if let Some(answer) = end.as_ref().ok().and_then(|answers| answers.first()) {
                let key = (server.connection, session);
                own.lock().unwrap().insert(key, answer.sequence);
            }
            end
        },
    );
    emitting.and(end_of(
        RULE.0,
        RULE.1,
        &READ_EVENTS,
        move |server, asked: &pb::ReadEventsRequest, end| {
            let key = (server.connection, asked.session_id.clone());
            let mut answers = end?;
            let events = answers.iter().flat_map(|answer| &answer.events);
            let last = events.map(|event| event.sequence).max().unwrap_or_default();
            let before = seen
                .lock()
                .unwrap()
                .insert(key.clone(), last)
                .unwrap_or_default();
            let own = read.lock().unwrap().get(&key).copied().unwrap_or_default();
            for answer in &mut answers {
                answer
                    .events
                    .retain(|event| event.sequence <= before.max(own));
            }
            Ok(answers)
        },
    ))
}
