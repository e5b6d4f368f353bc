//! Faults of events and of messages that lose, mix or change what was said.

use super::fault::{Fault, answer, ask, end, instead};
use super::races::own;
use mortise_proto::StoreError;
use mortise_proto::pb::content_part::Kind;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use mortise_proto::rpc::table::event_log_service::READ_EVENTS;
use mortise_proto::rpc::table::message_retriever_service as messages;
use mortise_proto::rpc::table::session_schedule_store_service::LIST_SCHEDULES;
use serde_json::json;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

pub(super) fn faults() -> Vec<Fault> {
    [
        numbers(),
        logged(),
        one_by_one(),
        loaded(),
        unfiltered(),
        vec![all_together(), kept_refused()],
    ]
    .concat()
}

fn numbers() -> Vec<Fault> {
    vec![
        answer("EVT-01", "numbers events from 0 on", &EMIT, |_, answer| {
            answer.sequence -= 1
        }),
        answer(
            "EVT-05",
            "counts the events of all sessions",
            &EMIT,
            |_, answer| {
                static NEXT: AtomicI64 = AtomicI64::new(1);
                answer.sequence = NEXT.fetch_add(1, Ordering::SeqCst);
            },
        ),
        answer(
            "EVT-16",
            "numbers what it does not store",
            &EMIT,
            |_, answer| {
                answer.sequence = answer.sequence.max(1);
            },
        ),
        end(
            "EVT-23",
            "answers a second event as the first of its id",
            &EMIT,
            |asked, end| {
                let event_id = asked.proposed_event_id.clone();
                let first = pb::EmitResponse {
                    event_id,
                    sequence: 1,
                };
                Ok(end.unwrap_or_else(|_| vec![first]))
            },
        ),
    ]
}

fn logged() -> Vec<Fault> {
    let change = |rule, name, change: fn(&mut pb::Event)| {
        answer(rule, name, &READ_EVENTS, move |_, answer| {
            answer.events.iter_mut().for_each(change);
        })
    };
    vec![
        change("EVT-08", "takes look-alikes for turns", |event| {
            if event.r#type == "session.idled" {
                event.r#type = "turn.completed".into();
            }
        }),
        change("EVT-10", "loses what an answer cost", |event| {
            event.data_json = event.data_json.replace("4294967295", "2147483647");
        }),
        change("EVT-18", "takes metadata of null for none", |event| {
            let metadata = event.metadata_json.take();
            event.metadata_json = metadata.filter(|metadata| metadata != "null");
        }),
        answer(
            "LOG-01",
            "reads the log backwards",
            &READ_EVENTS,
            |_, answer| {
                answer.events.reverse();
            },
        ),
        end(
            "LOG-03",
            "fails for a session without events",
            &READ_EVENTS,
            |_, end| {
                let answers = end?;
                match answers.iter().all(|answer| answer.events.is_empty()) {
                    true => Err(StoreError::new(
                        ErrorReason::SessionNotFound,
                        "session not found",
                    )),
                    false => Ok(answers),
                }
            },
        ),
        end(
            "LOG-06",
            "reads 500 events at most",
            &READ_EVENTS,
            |_, end| {
                let (mut answers, mut left) = (end?, 500);
                for answer in &mut answers {
                    answer.events.truncate(left);
                    left -= answer.events.len();
                }
                Ok(answers)
            },
        ),
    ]
}

fn one_by_one() -> Vec<Fault> {
    let change = |rule, name, change: fn(&mut pb::Message)| {
        answer(rule, name, &messages::GET_MESSAGE, move |_, answer| {
            answer.message.iter_mut().for_each(change);
        })
    };
    vec![
        change("MSG-19", "loses who has said a message", |message| {
            message.external_actor = None;
        }),
        change("MSG-22", "sorts the calls of a message", |message| {
            message.content.sort_by_key(|part| match &part.kind {
                Some(Kind::ToolCall(call)) => call.id.clone(),
                _ => String::new(),
            });
        }),
        change("MSG-38", "ends text at a NUL", |message| {
            for part in &mut message.content {
                if let Some(Kind::Text(text)) = &mut part.kind {
                    let end = text.text.find('\0').unwrap_or(text.text.len());
                    text.text.truncate(end);
                }
            }
        }),
        change("MSG-39", "takes empty metadata for none", |message| {
            let metadata = message.metadata.take();
            message.metadata = metadata.filter(|map| !map.values_json.is_empty());
        }),
    ]
}

fn results(answer: &mut pb::LoadMessagesResponse) -> impl Iterator<Item = &mut pb::ToolResultPart> {
    let chunks = answer.chunk.iter_mut();
    let messages = chunks.flat_map(|chunk| &mut chunk.messages);
    let parts = messages.flat_map(|message| &mut message.content);
    parts.filter_map(|part| match &mut part.kind {
        Some(Kind::ToolResult(result)) => Some(result),
        _ => None,
    })
}

fn loaded() -> Vec<Fault> {
    vec![
        end(
            "MSG-01",
            "fails for a session without messages",
            &messages::LOAD_MESSAGES,
            |_, end| {
                let answers = end?;
                match answers.iter().all(|answer| answer.chunk.is_none()) {
                    true => Err(StoreError::new(
                        ErrorReason::SessionNotFound,
                        "session not found",
                    )),
                    false => Ok(answers),
                }
            },
        ),
        ask(
            "MSG-07",
            "has no page over the end",
            &messages::LOAD_MESSAGE_PAGE,
            |request| {
                if request.limit > 5 {
                    request.limit = 0;
                }
            },
        ),
        ask(
            "MSG-11",
            "takes a limit of 0 for none",
            &messages::LOAD_FILTERED_MESSAGES,
            |request| {
                request.limit = request.limit.filter(|limit| *limit != 0);
            },
        ),
        ask(
            "MSG-12",
            "drops none of the oldest",
            &messages::LOAD_FILTERED_MESSAGES,
            |request| {
                request.offset = None;
            },
        ),
        answer(
            "MSG-23",
            "loses which call a result is of",
            &messages::LOAD_MESSAGES,
            |_, answer| {
                results(answer).for_each(|result| result.tool_call_id.clear());
            },
        ),
        answer(
            "MSG-24",
            "takes a text for a number",
            &messages::LOAD_MESSAGES,
            |_, answer| {
                for result in results(answer) {
                    let json = result.result_json.take();
                    result.result_json = json.map(|json| json.replace("\"123\"", "123"));
                }
            },
        ),
        answer(
            "MSG-25",
            "loses why a tool failed",
            &messages::LOAD_MESSAGES,
            |_, answer| {
                results(answer).for_each(|result| result.error = None);
            },
        ),
        answer(
            "MSG-26",
            "loses the images of a result",
            &messages::LOAD_MESSAGES,
            |_, answer| {
                for message in answer
                    .chunk
                    .iter_mut()
                    .flat_map(|chunk| &mut chunk.messages)
                {
                    message.content.truncate(1);
                }
            },
        ),
        answer(
            "MSG-27",
            "loses a result's fingerprints",
            &messages::LOAD_MESSAGES,
            |_, answer| {
                for message in answer
                    .chunk
                    .iter_mut()
                    .flat_map(|chunk| &mut chunk.messages)
                {
                    if let Some(map) = &mut message.metadata {
                        map.values_json.retain(|key, _| key == "tool_name");
                    }
                }
            },
        ),
        answer(
            "MSG-40",
            "makes results anew",
            &messages::LOAD_MESSAGES,
            |_, answer| {
                for message in answer
                    .chunk
                    .iter_mut()
                    .flat_map(|chunk| &mut chunk.messages)
                {
                    message.id = format!("message_{}", uuid::Uuid::new_v4().simple());
                }
            },
        ),
    ]
}

/// A message is found by its id, in whichever session it was said.
fn all_together() -> Fault {
    const RULE: (&str, &str) = ("MSG-04", "finds the messages of every session");
    let sessions: Arc<Mutex<HashMap<String, String>>> = Arc::default();
    let said = sessions.clone();
    let emitting = ask(RULE.0, RULE.1, &EMIT, move |request| {
        let event = request.event.clone().unwrap_or_default();
        let data: serde_json::Value = serde_json::from_str(&event.data_json).unwrap_or_default();
        if let Some(id) = data["message"]["id"].as_str() {
            said.lock().unwrap().insert(id.into(), event.session_id);
        }
    });
    emitting.and(ask(
        RULE.0,
        RULE.1,
        &messages::GET_MESSAGE,
        move |request| {
            if let Some(session) = sessions.lock().unwrap().get(&request.message_id) {
                request.session_id.clone_from(session);
            }
        },
    ))
}

fn unfiltered() -> Vec<Fault> {
    let without = |rule, name| {
        ask(rule, name, &messages::LOAD_FILTERED_MESSAGES, |request| {
            request.filters.clear()
        })
    };
    vec![
        without("MSG-14", "does not look at times"),
        without("MSG-15", "does not look for words"),
        without("MSG-16", "finds what it does not look for"),
        without("MSG-36", "does not look at types"),
        end(
            "MSG-09",
            "finds nothing without a filter",
            &messages::LOAD_FILTERED_MESSAGES,
            {
                |asked, end| {
                    let mut answers = end?;
                    if asked.filters.is_empty() {
                        answers.truncate(1);
                    }
                    Ok(answers)
                }
            },
        ),
        answer("SCHED-11", "fires twice", &LIST_SCHEDULES, |_, answer| {
            for schedule in &mut answer.schedules {
                schedule.trigger_count *= 2;
            }
        }),
        answer(
            "SCHED-12",
            "stores twice what fires once",
            &READ_EVENTS,
            |_, answer| {
                let fired = answer
                    .events
                    .iter()
                    .filter(|event| event.r#type == "schedule.triggered");
                let again: Vec<_> = fired.cloned().collect();
                answer.events.extend(again);
            },
        ),
    ]
}

/// The message of an event is stored before the event is looked at.
fn kept_refused() -> Fault {
    instead(
        "EVT-13",
        "keeps the message of an event that it refuses",
        &EMIT,
        |server, asked: pb::EmitRequest| async move {
            let refused = match server.one(&EMIT, asked.clone()).await {
                Ok(stored) => return Ok(stored),
                Err(refused) => refused,
            };
            let event = asked.event.unwrap_or_default();
            if event.r#type == "input.message" {
                let message = json!({
                    "id": format!("message_{}", uuid::Uuid::new_v4().simple()),
                    "role": "user",
                    "content": [],
                    "created_at": "2026-01-02T03:04:05Z",
                });
                let data_json = json!({ "message": message }).to_string();
                let request = pb::EmitRequest {
                    context: own(&asked.context),
                    event: Some(pb::NewEvent { data_json, ..event }),
                    ..Default::default()
                };
                server.one(&EMIT, request).await?;
            }
            Err(refused)
        },
    )
}
