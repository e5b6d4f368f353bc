//! Faults of what is stored and of what is deleted.

use super::fault::{Fault, answer, ask, end};
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use mortise_proto::rpc::table::event_log_service::READ_EVENTS;
use mortise_proto::rpc::table::leased_resource_store_service::UPSERT_RESOURCE;
use mortise_proto::rpc::table::message_retriever_service::LOAD_MESSAGES;
use mortise_proto::rpc::table::platform_store_service::SEND_MESSAGE;
use mortise_proto::rpc::table::runtime_host_service::SET_SESSION_STATUS;
use mortise_proto::rpc::table::session_file_system_service::WRITE_FILE;
use mortise_proto::rpc::table::session_mutator_service::UPDATE_SESSION_TITLE;
use mortise_proto::rpc::table::session_resource_registry_service::REGISTER;
use mortise_proto::rpc::table::session_schedule_store_service::CREATE_SCHEDULE;
use mortise_proto::rpc::table::session_sql_db_store_service::CREATE_DATABASE;
use mortise_proto::rpc::table::session_storage_store_service::SET_VALUE;
use mortise_proto::{Rpc, StoreError};
use prost::Message;

pub(super) fn faults() -> Vec<Fault> {
    [values(), deleted()].concat()
}

fn values() -> Vec<Fault> {
    vec![
        end(
            "VAL-01",
            "takes no payload of more than 64 levels",
            &EMIT,
            |request, end| match depth(request) > 64 {
                true => Err(StoreError::invalid_field("event.data_json", "is too deep")),
                false => end,
            },
        ),
        answer(
            "VAL-01",
            "passes numbers through doubles",
            &READ_EVENTS,
            |_, answer| {
                for event in &mut answer.events {
                    let rounded = event
                        .data_json
                        .replace("18446744073709551615", "18446744073709551616");
                    event.data_json = rounded;
                }
            },
        ),
        ask(
            "VAL-02",
            "rounds integers beyond 64 bits",
            &EMIT,
            |request| {
                if let Some(event) = &mut request.event {
                    let rounded = event
                        .data_json
                        .replace("18446744073709551616", "18446744073709551615");
                    event.data_json = rounded;
                }
            },
        ),
        end(
            "VAL-02",
            "refuses without naming the field",
            &EMIT,
            |_, end| {
                end.map_err(|mut error| {
                    error.field = None;
                    error
                })
            },
        ),
        answer(
            "VAL-03",
            "cuts arguments that are deep",
            &LOAD_MESSAGES,
            |_, answer| {
                for part in parts(answer) {
                    if let Some(pb::content_part::Kind::ToolCall(call)) = &mut part.kind {
                        call.arguments_json = "{}".into();
                    }
                }
            },
        ),
        answer(
            "VAL-04",
            "takes every text that is JSON for JSON",
            &LOAD_MESSAGES,
            |_, answer| {
                for part in parts(answer) {
                    if let Some(pb::content_part::Kind::ToolResult(result)) = &mut part.kind {
                        result.result_json = Some("{\"big\":18446744073709552000}".into());
                    }
                }
            },
        ),
        ask("FILE-90", "composes names", &WRITE_FILE, |request| {
            request.path = request.path.replace("e\u{301}", "\u{e9}");
        }),
    ]
}

fn parts(answer: &mut pb::LoadMessagesResponse) -> impl Iterator<Item = &mut pb::ContentPart> {
    let messages = answer
        .chunk
        .iter_mut()
        .flat_map(|chunk| &mut chunk.messages);
    messages.flat_map(|message| &mut message.content)
}

fn depth(request: &pb::EmitRequest) -> usize {
    let data = request.event.as_ref().map(|event| event.data_json.as_str());
    data.unwrap_or_default().matches('[').count()
}

fn deleted() -> Vec<Fault> {
    vec![
        takes("DEL-01", "stores events of deleted sessions", &EMIT),
        end(
            "DEL-01",
            "says of a deleted session that a store failed",
            &EMIT,
            |_, end| match end {
                Err(error) if is_of_deleted(&error) => {
                    Err(StoreError::new(ErrorReason::Store, error.message))
                }
                end => end,
            },
        ),
        takes(
            "DEL-02",
            "delivers messages to deleted sessions",
            &SEND_MESSAGE,
        ),
        takes(
            "DEL-03",
            "sets the status of deleted sessions",
            &SET_SESSION_STATUS,
        ),
        takes("DEL-04", "renames deleted sessions", &UPDATE_SESSION_TITLE),
        takes("DEL-05", "writes files of deleted sessions", &WRITE_FILE),
        takes("DEL-06", "sets values of deleted sessions", &SET_VALUE),
        takes(
            "DEL-07",
            "schedules turns of deleted sessions",
            &CREATE_SCHEDULE,
        ),
        takes(
            "DEL-08",
            "registers resources of deleted sessions",
            &REGISTER,
        ),
        takes("DEL-09", "leases for deleted sessions", &UPSERT_RESOURCE),
        end(
            "DEL-10",
            "makes databases of deleted sessions",
            &CREATE_DATABASE,
            |_, end| Ok(end.unwrap_or_else(|_| vec![pb::CreateDatabaseResponse::default()])),
        ),
    ]
}

/// A server that takes a change to a deleted session, as far as its caller sees.
fn takes<Req, Rsp>(rule: &'static str, name: &'static str, rpc: &Rpc<Req, Rsp>) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    end(rule, name, rpc, |_, end| match end {
        Err(error) if is_of_deleted(&error) => Ok(vec![Rsp::default()]),
        end => end,
    })
}

fn is_of_deleted(error: &StoreError) -> bool {
    error.reason == Some(ErrorReason::SessionArchived)
}
