//! Stores that forget to look at a fence: to them, a call has none.

use super::fault::{Fault, unfenced};
use mortise_proto::rpc::table::{
    event_emitter_service as emitter, image_artifact_store_service as images,
    leased_resource_store_service as leased, memory_store_service as memory,
    payment_authority_service as payments, platform_store_service as platform,
    runtime_host_service as host, session_file_system_service as files,
    session_mutator_service as mutator, session_resource_registry_service as registry,
    session_schedule_store_service as schedules, session_sql_db_store_service as sql,
    session_storage_store_service as storage,
};

pub(super) fn faults() -> Vec<Fault> {
    vec![
        unfenced(
            "LSE-30",
            "stores events whatever their fence",
            &emitter::EMIT,
        ),
        unfenced(
            "LSE-31",
            "sets the status whatever the fence",
            &host::SET_SESSION_STATUS,
        ),
        unfenced(
            "LSE-32",
            "sets the title whatever the fence",
            &mutator::UPDATE_SESSION_TITLE,
        ),
        unfenced(
            "LSE-33",
            "writes files whatever the fence",
            &files::WRITE_FILE,
        ),
        unfenced(
            "LSE-33",
            "compares contents and no fences",
            &files::WRITE_FILE_IF_CONTENT_MATCHES,
        ),
        unfenced(
            "LSE-33",
            "deletes files whatever the fence",
            &files::DELETE_FILE,
        ),
        unfenced(
            "LSE-33",
            "makes directories whatever the fence",
            &files::CREATE_DIRECTORY,
        ),
        unfenced(
            "LSE-33",
            "seeds files whatever the fence",
            &files::SEED_INITIAL_FILE,
        ),
        unfenced(
            "LSE-34",
            "sets values whatever the fence",
            &storage::SET_VALUE,
        ),
        unfenced(
            "LSE-34",
            "deletes values whatever the fence",
            &storage::DELETE_VALUE,
        ),
        unfenced(
            "LSE-34",
            "sets secrets whatever the fence",
            &storage::SET_SECRET,
        ),
        unfenced(
            "LSE-34",
            "deletes secrets whatever the fence",
            &storage::DELETE_SECRET,
        ),
        unfenced(
            "LSE-35",
            "makes databases whatever the fence",
            &sql::CREATE_DATABASE,
        ),
        unfenced(
            "LSE-35",
            "runs statements whatever the fence",
            &sql::SQL_EXECUTE,
        ),
        unfenced(
            "LSE-35",
            "deletes databases whatever the fence",
            &sql::DELETE_DATABASE,
        ),
        unfenced(
            "LSE-36",
            "leases resources whatever the fence",
            &leased::UPSERT_RESOURCE,
        ),
        unfenced(
            "LSE-36",
            "releases resources whatever the fence",
            &leased::RELEASE_RESOURCE,
        ),
        unfenced(
            "LSE-37",
            "registers resources whatever the fence",
            &registry::REGISTER,
        ),
        unfenced(
            "LSE-37",
            "sets states whatever the fence",
            &registry::UPDATE_STATUS,
        ),
        unfenced(
            "LSE-37",
            "drops resources whatever the fence",
            &registry::DEREGISTER,
        ),
        unfenced(
            "LSE-38",
            "makes schedules whatever the fence",
            &schedules::CREATE_SCHEDULE,
        ),
        unfenced(
            "LSE-38",
            "cancels schedules whatever the fence",
            &schedules::CANCEL_SCHEDULE,
        ),
        unfenced(
            "LSE-39",
            "pays whatever the fence",
            &payments::EXECUTE_MACHINE_PAYMENT,
        ),
        unfenced(
            "LSE-40",
            "sends messages whatever the fence",
            &platform::SEND_MESSAGE,
        ),
        unfenced(
            "LSE-40",
            "makes sessions whatever the fence",
            &platform::CREATE_SESSION,
        ),
        unfenced(
            "LSE-40",
            "deletes agents whatever the fence",
            &platform::DELETE_AGENT,
        ),
        unfenced(
            "LSE-41",
            "makes memories whatever the fence",
            &memory::CREATE_MEMORY,
        ),
        unfenced("LSE-41", "forgets whatever the fence", &memory::FORGET),
        unfenced(
            "LSE-42",
            "takes images whatever the fence",
            &images::CREATE_IMAGE,
        ),
    ]
}
