//! Caches whose keys lack the org: what one has read, all may read.

use super::fault::{Fault, shares};
use mortise_proto::rpc::table::{
    agent_store_service as agents, budget_checker_service as budgets, event_log_service as log,
    harness_store_service as harnesses, image_artifact_store_service as images,
    leased_resource_store_service as leased, llm_provider_store_service as models,
    memory_store_service as memories, message_retriever_service as messages,
    platform_store_service as platform, provider_credential_store_service as credentials,
    runtime_host_service as host, session_file_system_service as files,
    session_resource_registry_service as registry, session_schedule_store_service as schedules,
    session_sql_db_store_service as sql, session_storage_store_service as values,
    session_store_service as sessions, user_connection_resolver_service as connections,
};

pub(super) fn faults() -> Vec<Fault> {
    vec![
        shares(
            "HAR-11",
            "caches chains for all orgs",
            &harnesses::GET_HARNESS_CHAIN,
        ),
        shares("AGT-09", "caches agents for all orgs", &agents::GET_AGENT),
        shares(
            "SES-16",
            "caches sessions for all orgs",
            &sessions::GET_SESSION,
        ),
        shares(
            "CTX-12",
            "caches contexts for all orgs",
            &host::LOAD_TURN_CONTEXT,
        ),
        shares(
            "LLM-08",
            "caches models for all orgs",
            &models::GET_MODEL_WITH_PROVIDER,
        ),
        shares(
            "MSG-33",
            "caches messages for all orgs",
            &messages::LOAD_MESSAGES,
        ),
        shares("LOG-07", "caches events for all orgs", &log::READ_EVENTS),
        shares("FILE-70", "caches files for all orgs", &files::READ_FILE),
        shares("IMG-08", "caches images for all orgs", &images::GET_IMAGE),
        shares("SQL-31", "caches results for all orgs", &sql::SQL_QUERY),
        shares("KV-20", "caches values for all orgs", &values::GET_VALUE),
        shares("KV-20", "caches secrets for all orgs", &values::GET_SECRET),
        shares("MEM-16", "caches memories for all orgs", &memories::RECALL),
        shares(
            "LEASE-16",
            "caches leases for all orgs",
            &leased::LIST_RESOURCES,
        ),
        shares(
            "REG-18",
            "caches entries for all orgs",
            &registry::GET_SESSION_RESOURCE,
        ),
        shares(
            "SCHED-18",
            "caches schedules for all orgs",
            &schedules::LIST_SCHEDULES,
        ),
        shares(
            "PLAT-76",
            "caches harnesses for all orgs",
            &platform::GET_HARNESS,
        ),
        shares(
            "PLAT-77",
            "caches agents for all orgs",
            &platform::GET_AGENT_BY_ID,
        ),
        shares("PLAT-78", "caches apps for all orgs", &platform::GET_APP),
        shares(
            "PLAT-79",
            "caches messages for all orgs",
            &platform::GET_MESSAGES,
        ),
        shares(
            "BUD-08",
            "caches budgets for all orgs",
            &budgets::CHECK_BUDGETS,
        ),
        shares(
            "CONN-10",
            "caches tokens for all orgs",
            &connections::GET_CONNECTION_TOKEN,
        ),
        shares(
            "CRED-04",
            "caches keys for all orgs",
            &credentials::GET_DEFAULT_PROVIDER_CREDENTIALS,
        ),
    ]
}
