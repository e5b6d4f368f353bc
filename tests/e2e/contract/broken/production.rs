//! Faults that production meets: callers that leave, long histories, changes of the clocks.

use super::fault::{Fault, ask, instead};
use mortise_proto::pb;
use mortise_proto::rpc::table::message_retriever_service::{COUNT_MESSAGES, LOAD_MESSAGES};
use mortise_proto::rpc::table::session_file_system_service::{CREATE_DIRECTORY, WRITE_FILE};
use mortise_proto::rpc::table::session_schedule_store_service::CREATE_SCHEDULE;
use mortise_proto::rpc::table::session_storage_store_service::SET_VALUE;

pub(super) fn faults() -> Vec<Fault> {
    [leaving(), growing(), clocks()].concat()
}

fn leaving() -> Vec<Fault> {
    let half = |value: &str| value[..value.len() / 2].to_string();
    vec![
        instead(
            "GEN-17",
            "writes a value in two halves and stops with its caller",
            &SET_VALUE,
            move |server, request| {
                let mut first = request.clone();
                first.value = half(&request.value);
                let context = first.context.get_or_insert_default();
                context.request_id = uuid::Uuid::new_v4().to_string();
                async move {
                    server.call(&SET_VALUE, first).await?;
                    let mut answers = server.call(&SET_VALUE, request).await?;
                    Ok(answers.remove(0))
                }
            },
        ),
        instead(
            "GEN-17",
            "makes the folder of a file by itself and stops with its caller",
            &WRITE_FILE,
            |server, request| {
                let mut context = request.context.clone().unwrap_or_default();
                context.request_id = uuid::Uuid::new_v4().to_string();
                let (folder, _) = request.path.rsplit_once('/').unwrap_or_default();
                let making = pb::CreateDirectoryRequest {
                    context: Some(context),
                    session_id: request.session_id.clone(),
                    path: folder.into(),
                };
                async move {
                    // There already for the second file.
                    drop(server.call(&CREATE_DIRECTORY, making).await);
                    let mut answers = server.call(&WRITE_FILE, request).await?;
                    Ok(answers.remove(0))
                }
            },
        ),
    ]
}

fn growing() -> Vec<Fault> {
    vec![instead(
        "MSG-41",
        "loads a history again and again to count many messages",
        &COUNT_MESSAGES,
        |server, request| async move {
            let loading = pb::LoadMessagesRequest {
                context: request.context.clone(),
                session_id: request.session_id.clone(),
            };
            let mut answers = server.call(&COUNT_MESSAGES, request).await?;
            let answer = answers.remove(0);
            // None with the 1,000 that the rule begins with, and some 18 with 10,000.
            for _ in 0..answer.count.saturating_sub(1_000) / 500 {
                server.call(&LOAD_MESSAGES, loading.clone()).await?;
            }
            Ok(answer)
        },
    )]
}

fn clocks() -> Vec<Fault> {
    vec![ask(
        "SCHED-19",
        "goes by winter time all the year",
        &CREATE_SCHEDULE,
        |request| {
            if request.timezone == "Europe/Berlin" {
                request.timezone = "Etc/GMT-1".into();
            }
        },
    )]
}
