//! Servers that do a change twice: when it is sent again, when its caller has left, when it
//! comes several times at once. And servers that refuse it for good then.

use super::fault::{
    Fault, ask_of, encoded, fault, first_of, forgets, remembers_late, stays_under_way, whole,
};
use mortise_proto::pb;
use mortise_proto::rpc::table::{
    event_emitter_service as emitter, image_artifact_store_service as images,
    leased_resource_store_service as leased, memory_store_service as memories,
    payment_authority_service as payments, platform_store_service as platform,
    runtime_host_service as host, session_file_system_service as files,
    session_mutator_service as mutator, session_resource_registry_service as registry,
    session_schedule_store_service as schedules, session_sql_db_store_service as sql,
    session_storage_store_service as values, turn_queue_service as turns,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

pub(super) fn faults() -> Vec<Fault> {
    [
        again(),
        platforms(),
        late(),
        stuck(),
        vec![taken_for_stored()],
    ]
    .concat()
}

fn again() -> Vec<Fault> {
    vec![
        forgets("KV-15", "sets a value again", &values::SET_VALUE),
        forgets("KV-15", "sets a secret again", &values::SET_SECRET),
        forgets("KV-15", "deletes a secret again", &values::DELETE_SECRET),
        forgets("SES-18", "moves a session again", &host::SET_SESSION_STATUS),
        forgets("FILE-73", "writes a file again", &files::WRITE_FILE),
        forgets(
            "FILE-73",
            "compares again",
            &files::WRITE_FILE_IF_CONTENT_MATCHES,
        ),
        forgets("FILE-73", "deletes a file again", &files::DELETE_FILE),
        forgets("FILE-73", "makes a folder again", &files::CREATE_DIRECTORY),
        forgets("FILE-73", "seeds a file again", &files::SEED_INITIAL_FILE),
        forgets("IMG-09", "stores an image again", &images::CREATE_IMAGE),
        forgets("MEM-18", "forgets a memory again", &memories::FORGET),
        forgets("SQL-24", "makes a database again", &sql::CREATE_DATABASE),
        forgets("SQL-24", "deletes a database again", &sql::DELETE_DATABASE),
        forgets("LEASE-10", "leases again", &leased::UPSERT_RESOURCE),
        forgets("LEASE-10", "releases again", &leased::RELEASE_RESOURCE),
        forgets("REG-11", "registers again", &registry::REGISTER),
        forgets("REG-11", "sets a state again", &registry::UPDATE_STATUS),
        forgets("REG-11", "drops an entry again", &registry::DEREGISTER),
        forgets(
            "SCHED-13",
            "makes a schedule again",
            &schedules::CREATE_SCHEDULE,
        ),
        forgets(
            "SCHED-13",
            "cancels a schedule again",
            &schedules::CANCEL_SCHEDULE,
        ),
        forgets("PAY-03", "pays again", &payments::EXECUTE_MACHINE_PAYMENT),
        forgets("TURN-04", "takes a turn again", &turns::TAKE_TURN_REQUEST),
        ask_of(
            "EVT-27",
            "remembers events for their stream alone",
            &emitter::EMIT_STREAM,
            |server, request: &mut pb::EmitStreamRequest| {
                let context = request.context.get_or_insert_default();
                context.request_id = format!("{} {}", server.connection, context.request_id);
            },
        ),
    ]
}

fn platforms() -> Vec<Fault> {
    vec![
        forgets(
            "PLAT-66",
            "updates a harness again",
            &platform::UPDATE_HARNESS,
        ),
        forgets("PLAT-66", "copies a harness again", &platform::COPY_HARNESS),
        forgets("PLAT-67", "makes an agent again", &platform::CREATE_AGENT),
        forgets("PLAT-67", "updates an agent again", &platform::UPDATE_AGENT),
        forgets("PLAT-68", "makes an app again", &platform::CREATE_APP),
        forgets("PLAT-68", "updates an app again", &platform::UPDATE_APP),
        forgets("PLAT-68", "publishes an app again", &platform::PUBLISH_APP),
        forgets("PLAT-68", "destroys an app again", &platform::DESTROY_APP),
        forgets(
            "PLAT-68",
            "adds a channel again",
            &platform::ADD_APP_CHANNEL,
        ),
        forgets(
            "PLAT-68",
            "updates a channel again",
            &platform::UPDATE_APP_CHANNEL,
        ),
        forgets(
            "PLAT-68",
            "deletes a channel again",
            &platform::DELETE_APP_CHANNEL,
        ),
        forgets(
            "PLAT-69",
            "makes a session again",
            &platform::CREATE_SESSION,
        ),
        forgets(
            "PLAT-69",
            "describes a subagent again",
            &platform::SET_SUBAGENT_METADATA,
        ),
        forgets("PLAT-69", "sends a message again", &platform::SEND_MESSAGE),
        forgets(
            "PLAT-71",
            "undoes a later update",
            &platform::UPDATE_HARNESS,
        ),
    ]
}

/// The answer is remembered outside of the transaction of the change.
fn late() -> Vec<Fault> {
    vec![
        remembers_late(
            "WIRE-14",
            "deletes once for each of eight",
            &values::DELETE_VALUE,
        ),
        remembers_late(
            "WIRE-14",
            "makes agents once for each of eight",
            &platform::CREATE_AGENT,
        ),
        remembers_late(
            "KV-16",
            "deletes what was deleted unheard",
            &values::DELETE_VALUE,
        ),
        remembers_late(
            "KV-16",
            "deletes secrets that were deleted unheard",
            &values::DELETE_SECRET,
        ),
        remembers_late("EVT-21", "stores what was stored unheard", &emitter::EMIT),
        remembers_late("EVT-22", "stores each copy of an event", &emitter::EMIT),
        remembers_late(
            "FILE-74",
            "compares with what was written unheard",
            &files::WRITE_FILE_IF_CONTENT_MATCHES,
        ),
        remembers_late(
            "FILE-74",
            "deletes what was deleted unheard",
            &files::DELETE_FILE,
        ),
        remembers_late(
            "MEM-19",
            "makes what was made unheard",
            &memories::CREATE_MEMORY,
        ),
        remembers_late(
            "MEM-19",
            "forgets what was forgotten unheard",
            &memories::FORGET,
        ),
        remembers_late(
            "SQL-25",
            "runs statements that ran unheard",
            &sql::SQL_EXECUTE,
        ),
        remembers_late(
            "SQL-25",
            "deletes what was deleted unheard",
            &sql::DELETE_DATABASE,
        ),
        remembers_late(
            "REG-12",
            "drops what was dropped unheard",
            &registry::DEREGISTER,
        ),
        remembers_late(
            "SCHED-14",
            "schedules what was unheard",
            &schedules::CREATE_SCHEDULE,
        ),
        remembers_late(
            "PLAT-53",
            "sends what was sent unheard",
            &platform::SEND_MESSAGE,
        ),
        remembers_late(
            "PLAT-70",
            "makes what was made unheard",
            &platform::CREATE_HARNESS,
        ),
        remembers_late(
            "PLAT-70",
            "makes agents that were unheard",
            &platform::CREATE_AGENT,
        ),
        remembers_late(
            "PLAT-70",
            "adds what was added unheard",
            &platform::ADD_APP_CHANNEL,
        ),
        remembers_late(
            "PAY-04",
            "pays what was paid unheard",
            &payments::EXECUTE_MACHINE_PAYMENT,
        ),
        remembers_late(
            "TURN-04",
            "takes what was taken unheard",
            &turns::TAKE_TURN_REQUEST,
        ),
    ]
}

/// A change whose caller left counts as under way for ever.
fn stuck() -> Vec<Fault> {
    vec![
        stays_under_way(
            "SES-19",
            "names no session again",
            &mutator::UPDATE_SESSION_TITLE,
        ),
        stays_under_way(
            "SES-19",
            "moves no session again",
            &host::SET_SESSION_STATUS,
        ),
        stays_under_way("LEASE-11", "leases nothing again", &leased::UPSERT_RESOURCE),
        stays_under_way(
            "LEASE-11",
            "releases nothing again",
            &leased::RELEASE_RESOURCE,
        ),
        stays_under_way("REG-12", "registers nothing again", &registry::REGISTER),
        stays_under_way("FILE-74", "writes no file again", &files::WRITE_FILE),
        stays_under_way(
            "PAY-04",
            "pays nothing again",
            &payments::EXECUTE_MACHINE_PAYMENT,
        ),
    ]
}

/// An upload whose caller left is remembered as stored.
fn taken_for_stored() -> Fault {
    let begun: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    fault(
        "IMG-10",
        "takes an upload that broke off for one that is stored",
        images::CREATE_IMAGE.method.path,
        move |server, request| {
            let begun = begun.clone();
            async move {
                let request = whole(request).await;
                let first: pb::CreateImageRequest = first_of(request.body());
                let id = first.context.unwrap_or_default().request_id;
                match begun.lock().unwrap().insert(id) {
                    true => {}
                    false => return encoded(Ok(vec![pb::CreateImageResponse::default()])),
                }
                server.pass(request).await
            }
        },
    )
}
