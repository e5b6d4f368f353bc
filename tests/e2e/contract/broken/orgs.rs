//! Servers that show one org what belongs to another, method by method.

use super::fault::{Fault, ask, leaks};
use mortise_proto::rpc::table::{
    agent_store_service as agents, budget_checker_service as budgets,
    event_emitter_service as emitter, event_log_service as log, harness_store_service as harnesses,
    image_artifact_store_service as images, image_resolver_service as resolver,
    leased_resource_store_service as leased, llm_provider_store_service as models,
    mcp_service as mcp, memory_store_service as memories, message_retriever_service as messages,
    outbound_tool_rate_limiter_service as limiter, payment_authority_service as payments,
    platform_store_service as platform, provider_credential_store_service as credentials,
    runtime_host_service as host, session_file_system_service as files,
    session_mutator_service as mutator, session_resource_registry_service as registry,
    session_schedule_store_service as schedules, session_sql_db_store_service as sql,
    session_storage_store_service as values, session_store_service as sessions,
    turn_queue_service as turns, user_connection_resolver_service as connections,
};

pub(super) fn faults() -> Vec<Fault> {
    [
        records(),
        histories(),
        workspaces(),
        stored(),
        secrets(),
        listed(),
        platforms(),
    ]
    .concat()
}

fn records() -> Vec<Fault> {
    vec![
        leaks(
            "HAR-11",
            "shows chains to every org",
            &harnesses::GET_HARNESS_CHAIN,
        ),
        leaks("AGT-09", "shows agents to every org", &agents::GET_AGENT),
        leaks(
            "SES-16",
            "shows sessions to every org",
            &sessions::GET_SESSION,
        ),
        leaks(
            "SES-16",
            "names sessions for every org",
            &mutator::UPDATE_SESSION_TITLE,
        ),
        leaks(
            "SES-16",
            "moves sessions for every org",
            &host::SET_SESSION_STATUS,
        ),
        leaks(
            "CTX-12",
            "loads contexts for every org",
            &host::LOAD_TURN_CONTEXT,
        ),
        leaks("CTX-12", "gives harnesses to every org", &host::GET_HARNESS),
        leaks("CTX-12", "gives agents to every org", &host::GET_AGENT),
        leaks(
            "LLM-08",
            "shows models to every org",
            &models::GET_MODEL_WITH_PROVIDER,
        ),
        leaks(
            "BUD-08",
            "shows budgets to every org",
            &budgets::CHECK_BUDGETS,
        ),
        leaks(
            "PAY-11",
            "pays for every org",
            &payments::EXECUTE_MACHINE_PAYMENT,
        ),
        leaks(
            "RATE-04",
            "has one counter for all orgs",
            &limiter::CHECK_ORG,
        ),
        leaks(
            "MCP-10",
            "lists servers to every org",
            &mcp::LIST_MCP_SERVERS,
        ),
        leaks("MCP-10", "connects every org", &mcp::RESOLVE_MCP_CONNECTION),
        leaks("MCP-10", "authorizes every org", &mcp::AUTHORIZE_MCP_SERVER),
        leaks(
            "TURN-08",
            "tells every org of turns",
            &turns::FOLLOW_TURN_REQUESTS,
        ),
        leaks(
            "TURN-08",
            "lets every org take turns",
            &turns::TAKE_TURN_REQUEST,
        ),
    ]
}

fn histories() -> Vec<Fault> {
    vec![
        leaks(
            "MSG-33",
            "gives a message to every org",
            &messages::GET_MESSAGE,
        ),
        leaks(
            "MSG-33",
            "loads messages for every org",
            &messages::LOAD_MESSAGES,
        ),
        leaks(
            "MSG-33",
            "loads pages for every org",
            &messages::LOAD_MESSAGE_PAGE,
        ),
        leaks(
            "MSG-33",
            "counts messages for every org",
            &messages::COUNT_MESSAGES,
        ),
        leaks(
            "MSG-33",
            "searches for every org",
            &messages::LOAD_FILTERED_MESSAGES,
        ),
        leaks("EVT-20", "stores events of every org", &emitter::EMIT),
        leaks("LOG-07", "reads events to every org", &log::READ_EVENTS),
        leaks("LOG-15", "lets every org follow", &log::FOLLOW_EVENTS),
    ]
}

fn workspaces() -> Vec<Fault> {
    vec![
        leaks("FILE-70", "reads files to every org", &files::READ_FILE),
        leaks("FILE-70", "describes files to every org", &files::STAT_FILE),
        leaks(
            "FILE-70",
            "lists files to every org",
            &files::LIST_DIRECTORY,
        ),
        leaks(
            "FILE-70",
            "searches files for every org",
            &files::GREP_FILES,
        ),
        leaks("FILE-70", "writes files for every org", &files::WRITE_FILE),
        leaks(
            "FILE-70",
            "compares for every org",
            &files::WRITE_FILE_IF_CONTENT_MATCHES,
        ),
        leaks(
            "FILE-70",
            "deletes files for every org",
            &files::DELETE_FILE,
        ),
        leaks(
            "FILE-70",
            "makes folders for every org",
            &files::CREATE_DIRECTORY,
        ),
        leaks(
            "FILE-70",
            "seeds files for every org",
            &files::SEED_INITIAL_FILE,
        ),
        leaks(
            "IMG-08",
            "describes images to every org",
            &images::GET_IMAGE_INFO,
        ),
        leaks(
            "IMG-08",
            "resolves images for every org",
            &resolver::RESOLVE_IMAGE,
        ),
        leaks(
            "SQL-31",
            "lists databases to every org",
            &sql::LIST_DATABASES,
        ),
        leaks("SQL-31", "shows databases to every org", &sql::GET_DATABASE),
        leaks("SQL-31", "queries for every org", &sql::SQL_QUERY),
        leaks("SQL-31", "shows tables to every org", &sql::SQL_SCHEMA),
        leaks("SQL-31", "runs statements of every org", &sql::SQL_EXECUTE),
        leaks(
            "SQL-31",
            "makes databases for every org",
            &sql::CREATE_DATABASE,
        ),
        leaks(
            "SQL-31",
            "deletes databases for every org",
            &sql::DELETE_DATABASE,
        ),
    ]
}

fn stored() -> Vec<Fault> {
    vec![
        leaks(
            "KV-20",
            "deletes values for every org",
            &values::DELETE_VALUE,
        ),
        leaks("KV-20", "lists keys to every org", &values::LIST_KEYS),
        leaks(
            "MEM-03",
            "has one store for all orgs",
            &memories::GET_OR_CREATE_DEFAULT_STORE,
        ),
        leaks("MEM-16", "recalls for every org", &memories::RECALL),
        leaks(
            "MEM-23",
            "shows stores to every org",
            &memories::GET_MEMORY_STORE,
        ),
        leaks(
            "MEM-23",
            "stores memories of every org",
            &memories::CREATE_MEMORY,
        ),
        leaks("MEM-23", "forgets for every org", &memories::FORGET),
        leaks(
            "MEM-23",
            "counts memories for every org",
            &memories::COUNT_ACTIVE,
        ),
        leaks(
            "LEASE-16",
            "lists leases to every org",
            &leased::LIST_RESOURCES,
        ),
        leaks("LEASE-16", "leases for every org", &leased::UPSERT_RESOURCE),
        leaks(
            "LEASE-16",
            "releases for every org",
            &leased::RELEASE_RESOURCE,
        ),
        leaks(
            "REG-18",
            "shows entries to every org",
            &registry::GET_SESSION_RESOURCE,
        ),
        leaks(
            "REG-18",
            "lists entries to every org",
            &registry::LIST_SESSION_RESOURCES,
        ),
        leaks(
            "REG-18",
            "sets states for every org",
            &registry::UPDATE_STATUS,
        ),
        leaks("REG-18", "registers for every org", &registry::REGISTER),
        leaks(
            "REG-18",
            "drops entries for every org",
            &registry::DEREGISTER,
        ),
        leaks(
            "SCHED-18",
            "lists schedules to every org",
            &schedules::LIST_SCHEDULES,
        ),
        leaks(
            "SCHED-18",
            "counts schedules for every org",
            &schedules::COUNT_ACTIVE_SCHEDULES,
        ),
        leaks(
            "SCHED-18",
            "cancels schedules for every org",
            &schedules::CANCEL_SCHEDULE,
        ),
        leaks(
            "SCHED-18",
            "makes schedules for every org",
            &schedules::CREATE_SCHEDULE,
        ),
    ]
}

fn secrets() -> Vec<Fault> {
    vec![
        leaks("KV-20", "reads secrets to every org", &values::GET_SECRET),
        leaks("KV-20", "sets secrets for every org", &values::SET_SECRET),
        leaks(
            "KV-20",
            "deletes secrets for every org",
            &values::DELETE_SECRET,
        ),
        leaks("KV-20", "lists secrets to every org", &values::LIST_SECRETS),
        leaks(
            "CRED-04",
            "has keys for every org",
            &credentials::GET_DEFAULT_PROVIDER_CREDENTIALS,
        ),
        leaks(
            "CONN-10",
            "gives tokens to every org",
            &connections::GET_CONNECTION_TOKEN,
        ),
        leaks(
            "CONN-10",
            "names users to every org",
            &connections::GET_CONNECTION_USER,
        ),
        leaks(
            "CONN-10",
            "gives metadata to every org",
            &connections::GET_CONNECTION_METADATA,
        ),
        leaks(
            "CONN-10",
            "gives a user's token to every org",
            &connections::GET_CONNECTION_TOKEN_FOR_USER,
        ),
    ]
}

fn listed() -> Vec<Fault> {
    vec![
        leaks(
            "PLAT-35",
            "lists harnesses to every org",
            &platform::LIST_HARNESSES,
        ),
        leaks(
            "PLAT-35",
            "lists agents to every org",
            &platform::LIST_AGENTS,
        ),
        leaks("PLAT-35", "lists apps to every org", &platform::LIST_APPS),
        leaks(
            "PLAT-35",
            "lists sessions to every org",
            &platform::LIST_SESSIONS,
        ),
    ]
}

fn platforms() -> Vec<Fault> {
    vec![
        leaks(
            "PLAT-76",
            "updates harnesses for every org",
            &platform::UPDATE_HARNESS,
        ),
        leaks(
            "PLAT-76",
            "copies harnesses for every org",
            &platform::COPY_HARNESS,
        ),
        leaks(
            "PLAT-76",
            "archives harnesses for every org",
            &platform::DELETE_HARNESS,
        ),
        leaks(
            "PLAT-77",
            "shows agents to every org",
            &platform::GET_AGENT_BY_ID,
        ),
        leaks(
            "PLAT-77",
            "updates agents for every org",
            &platform::UPDATE_AGENT,
        ),
        leaks(
            "PLAT-77",
            "archives agents for every org",
            &platform::DELETE_AGENT,
        ),
        ask(
            "PLAT-77",
            "does not look whose agent a session is made on",
            &platform::CREATE_SESSION,
            |request| request.agent_id = None,
        ),
        leaks("PLAT-78", "shows apps to every org", &platform::GET_APP),
        leaks(
            "PLAT-78",
            "updates apps for every org",
            &platform::UPDATE_APP,
        ),
        leaks(
            "PLAT-78",
            "publishes apps for every org",
            &platform::PUBLISH_APP,
        ),
        leaks(
            "PLAT-78",
            "retracts apps for every org",
            &platform::UNPUBLISH_APP,
        ),
        leaks(
            "PLAT-78",
            "adds channels for every org",
            &platform::ADD_APP_CHANNEL,
        ),
        leaks(
            "PLAT-78",
            "updates channels for every org",
            &platform::UPDATE_APP_CHANNEL,
        ),
        leaks(
            "PLAT-78",
            "deletes channels for every org",
            &platform::DELETE_APP_CHANNEL,
        ),
        leaks(
            "PLAT-78",
            "archives apps for every org",
            &platform::DELETE_APP,
        ),
        leaks(
            "PLAT-78",
            "destroys apps for every org",
            &platform::DESTROY_APP,
        ),
        leaks(
            "PLAT-79",
            "shows sessions to every org",
            &platform::GET_SESSION_BY_ID,
        ),
        leaks(
            "PLAT-79",
            "reads messages to every org",
            &platform::GET_MESSAGES,
        ),
        leaks(
            "PLAT-79",
            "reports to every org",
            &platform::GET_SESSION_CONTEXT_REPORT,
        ),
        leaks("PLAT-79", "waits for every org", &platform::WAIT_FOR_IDLE),
        leaks(
            "PLAT-79",
            "sends messages of every org",
            &platform::SEND_MESSAGE,
        ),
        leaks(
            "PLAT-79",
            "archives sessions for every org",
            &platform::DELETE_SESSION,
        ),
    ]
}
