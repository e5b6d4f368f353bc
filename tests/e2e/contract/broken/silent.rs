//! Servers that say of what they refuse that it was done, and of what they leave undone.

use super::fault::{Fault, accepts, does_nothing};
use mortise_proto::rpc::table::{
    agent_store_service::GET_AGENT, budget_checker_service::CHECK_BUDGETS, egress_service::SEND,
    event_emitter_service::EMIT, event_log_service::READ_EVENTS,
    harness_store_service::GET_HARNESS_CHAIN, image_artifact_store_service as images,
    image_resolver_service::RESOLVE_IMAGE, leased_resource_store_service as leased,
    llm_provider_store_service::GET_MODEL_WITH_PROVIDER, mcp_service as mcp,
    memory_store_service as memories, message_retriever_service as messages,
    outbound_tool_rate_limiter_service::CHECK_ORG,
    payment_authority_service::EXECUTE_MACHINE_PAYMENT, platform_store_service as platform,
    runtime_host_service as host, session_file_system_service as files,
    session_resource_registry_service as registry, session_schedule_store_service as schedules,
    session_sql_db_store_service as sql, session_storage_store_service as values,
    turn_queue_service::TAKE_TURN_REQUEST, user_connection_resolver_service as connections,
};

pub(super) fn faults() -> Vec<Fault> {
    [
        refused(),
        refused_by_the_platform(),
        malformed(),
        malformed_sessions(),
        undone(),
    ]
    .concat()
}

fn refused() -> Vec<Fault> {
    vec![
        accepts(
            "SES-10",
            "moves sessions that are not there",
            &host::SET_SESSION_STATUS,
        ),
        accepts(
            "SES-22",
            "sets statuses that are none",
            &host::SET_SESSION_STATUS,
        ),
        accepts("EVT-19", "takes events without what they need", &EMIT),
        accepts("FILE-19", "takes text for a folder", &files::WRITE_FILE),
        accepts("FILE-20", "takes text for the root", &files::WRITE_FILE),
        accepts("FILE-62", "takes files below a file", &files::WRITE_FILE),
        accepts(
            "FILE-64",
            "deletes what holds a read-only file",
            &files::DELETE_FILE,
        ),
        accepts(
            "FILE-43",
            "makes folders where a file is",
            &files::CREATE_DIRECTORY,
        ),
        accepts(
            "FILE-66",
            "seeds a file where a folder is",
            &files::SEED_INITIAL_FILE,
        ),
        accepts("IMG-11", "takes images that are cut", &images::CREATE_IMAGE),
        accepts(
            "MEM-21",
            "stores memories nowhere",
            &memories::CREATE_MEMORY,
        ),
        accepts(
            "REG-08",
            "takes entries without a state",
            &registry::REGISTER,
        ),
        accepts(
            "REG-16",
            "takes metadata that is no JSON",
            &registry::REGISTER,
        ),
        accepts(
            "SCHED-08",
            "takes a sixth schedule",
            &schedules::CREATE_SCHEDULE,
        ),
        accepts("SQL-05", "makes what is there", &sql::CREATE_DATABASE),
        accepts("SQL-06", "takes any name", &sql::CREATE_DATABASE),
        accepts(
            "SQL-18",
            "says of failed statements that they ran",
            &sql::SQL_EXECUTE,
        ),
        accepts(
            "SQL-20",
            "says of orphans that they are stored",
            &sql::SQL_EXECUTE,
        ),
        accepts(
            "SQL-32",
            "makes databases of no session",
            &sql::CREATE_DATABASE,
        ),
        accepts(
            "PAY-01",
            "says of what is too much that it is paid",
            &EXECUTE_MACHINE_PAYMENT,
        ),
        accepts(
            "PAY-06",
            "says of what is not named that it is paid",
            &EXECUTE_MACHINE_PAYMENT,
        ),
        accepts(
            "PAY-07",
            "says after the day's limit that it is paid",
            &EXECUTE_MACHINE_PAYMENT,
        ),
        accepts(
            "PAY-10",
            "says against a session's policy that it is paid",
            &EXECUTE_MACHINE_PAYMENT,
        ),
    ]
}

fn refused_by_the_platform() -> Vec<Fault> {
    vec![
        accepts(
            "PLAT-08",
            "takes names that are taken",
            &platform::CREATE_HARNESS,
        ),
        accepts(
            "PLAT-10",
            "takes any name of an agent",
            &platform::CREATE_AGENT,
        ),
        accepts(
            "PLAT-24",
            "waits for what is not there",
            &platform::WAIT_FOR_IDLE,
        ),
        accepts(
            "PLAT-33",
            "updates the channels of other apps",
            &platform::UPDATE_APP_CHANNEL,
        ),
        accepts(
            "PLAT-36",
            "changes what is built in",
            &platform::UPDATE_HARNESS,
        ),
        accepts(
            "PLAT-37",
            "takes parents that are none",
            &platform::UPDATE_HARNESS,
        ),
        accepts(
            "PLAT-38",
            "changes archived harnesses",
            &platform::UPDATE_HARNESS,
        ),
        accepts(
            "PLAT-40",
            "takes any name of a harness",
            &platform::CREATE_HARNESS,
        ),
        accepts(
            "PLAT-44",
            "makes sessions on what is archived",
            &platform::CREATE_SESSION,
        ),
        accepts(
            "PLAT-47",
            "takes parents that are not there",
            &platform::SET_SUBAGENT_METADATA,
        ),
        accepts(
            "PLAT-50",
            "sends to sessions that are not there",
            &platform::SEND_MESSAGE,
        ),
        accepts(
            "PLAT-57",
            "updates apps that are not there",
            &platform::UPDATE_APP,
        ),
        accepts("PLAT-58", "updates archived apps", &platform::UPDATE_APP),
        accepts("PLAT-58", "publishes archived apps", &platform::PUBLISH_APP),
        accepts(
            "PLAT-59",
            "makes apps on what is archived",
            &platform::CREATE_APP,
        ),
        accepts(
            "PLAT-64",
            "adds channels to no app",
            &platform::ADD_APP_CHANNEL,
        ),
        accepts(
            "AGENT-03",
            "updates agents that are not there",
            &platform::UPDATE_AGENT,
        ),
        accepts(
            "AGENT-04",
            "updates archived agents",
            &platform::UPDATE_AGENT,
        ),
        accepts(
            "AGENT-09",
            "takes names that agents have",
            &platform::CREATE_AGENT,
        ),
    ]
}

/// Ids that are none are taken for ids of nothing.
fn malformed() -> Vec<Fault> {
    vec![
        accepts("HAR-12", "takes any id of a harness", &GET_HARNESS_CHAIN),
        accepts("AGT-10", "takes any id of an agent", &GET_AGENT),
        accepts(
            "LLM-09",
            "takes any id of a model",
            &GET_MODEL_WITH_PROVIDER,
        ),
        accepts(
            "MSG-34",
            "takes any id of a message",
            &messages::GET_MESSAGE,
        ),
        accepts(
            "MSG-37",
            "takes filters that say nothing",
            &messages::LOAD_FILTERED_MESSAGES,
        ),
        accepts("IMG-15", "takes images in disorder", &images::CREATE_IMAGE),
        accepts("IMG-17", "takes any id of an image", &images::GET_IMAGE),
        accepts("IMG-18", "resolves what is no UUID", &RESOLVE_IMAGE),
        accepts(
            "CONN-09",
            "takes any id of a user",
            &connections::GET_CONNECTION_TOKEN_FOR_USER,
        ),
        accepts("MEM-22", "takes any id of a store", &memories::COUNT_ACTIVE),
        accepts(
            "PLAT-62",
            "takes channels of no type",
            &platform::ADD_APP_CHANNEL,
        ),
        accepts(
            "PLAT-72",
            "takes any id of a harness",
            &platform::GET_HARNESS,
        ),
        accepts(
            "PLAT-73",
            "takes any id of an agent",
            &platform::GET_AGENT_BY_ID,
        ),
        accepts("PLAT-74", "takes any id of an app", &platform::GET_APP),
        accepts(
            "PLAT-75",
            "takes any id of a session",
            &platform::GET_SESSION_BY_ID,
        ),
        accepts("BUD-07", "takes any id of an agent", &CHECK_BUDGETS),
        accepts("RATE-06", "takes any id of an org", &CHECK_ORG),
        accepts("PAY-09", "takes any payment", &EXECUTE_MACHINE_PAYMENT),
        accepts("EGR-13", "takes requests that say too little", &SEND),
    ]
}

fn malformed_sessions() -> Vec<Fault> {
    vec![
        accepts("KV-19", "sets values of no session", &values::SET_VALUE),
        accepts("KV-19", "reads values of no session", &values::GET_VALUE),
        accepts(
            "KV-19",
            "deletes values of no session",
            &values::DELETE_VALUE,
        ),
        accepts("KV-19", "lists keys of no session", &values::LIST_KEYS),
        accepts("KV-19", "sets secrets of no session", &values::SET_SECRET),
        accepts("KV-19", "reads secrets of no session", &values::GET_SECRET),
        accepts(
            "KV-19",
            "deletes secrets of no session",
            &values::DELETE_SECRET,
        ),
        accepts(
            "KV-19",
            "lists secrets of no session",
            &values::LIST_SECRETS,
        ),
        accepts("LOG-08", "reads the log of no session", &READ_EVENTS),
        accepts("FILE-71", "writes files of no session", &files::WRITE_FILE),
        accepts("FILE-71", "reads files of no session", &files::READ_FILE),
        accepts(
            "FILE-71",
            "deletes files of no session",
            &files::DELETE_FILE,
        ),
        accepts("SQL-30", "runs statements of no session", &sql::SQL_EXECUTE),
        accepts("SQL-30", "queries for no session", &sql::SQL_QUERY),
        accepts(
            "LEASE-15",
            "leases for no session",
            &leased::UPSERT_RESOURCE,
        ),
        accepts("REG-17", "registers for no session", &registry::REGISTER),
        accepts(
            "SCHED-17",
            "makes schedules of no session",
            &schedules::CREATE_SCHEDULE,
        ),
        accepts(
            "MCP-11",
            "lists servers of no session",
            &mcp::LIST_MCP_SERVERS,
        ),
        accepts("TURN-07", "takes turns of no session", &TAKE_TURN_REQUEST),
    ]
}

fn undone() -> Vec<Fault> {
    vec![
        does_nothing("KV-03", "sets no value", &values::SET_VALUE),
        does_nothing("KV-07", "sets no secret", &values::SET_SECRET),
        does_nothing("FILE-41", "seeds no file", &files::SEED_INITIAL_FILE),
        does_nothing("PLAT-16", "archives no session", &platform::DELETE_SESSION),
        does_nothing("PLAT-17", "sends no message", &platform::SEND_MESSAGE),
        does_nothing(
            "PLAT-31",
            "deletes no channel",
            &platform::DELETE_APP_CHANNEL,
        ),
        does_nothing("PLAT-49", "wakes no session", &platform::SEND_MESSAGE),
        does_nothing("PLAT-09", "archives no harness", &platform::DELETE_HARNESS),
        does_nothing("AGENT-05", "archives no agent", &platform::DELETE_AGENT),
    ]
}
