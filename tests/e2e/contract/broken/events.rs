//! Faults of events and of the messages that follow from them.

use super::fault::{Fault, answer, ask, end, forgets, leaks};
use mortise_proto::StoreError;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use mortise_proto::rpc::table::event_log_service::READ_EVENTS;
use mortise_proto::rpc::table::message_retriever_service::{
    COUNT_MESSAGES, GET_MESSAGE, LOAD_FILTERED_MESSAGES, LOAD_MESSAGE_PAGE, LOAD_MESSAGES,
};
use std::sync::atomic::{AtomicI64, Ordering};

pub(super) fn faults() -> Vec<Fault> {
    [emitting(), reading()].concat()
}

fn emitting() -> Vec<Fault> {
    vec![
        answer("EVT-02", "gives every event one id", &EMIT, |_, answer| {
            answer.event_id = "event_00000000000000000000000000000001".into();
        }),
        answer("EVT-03", "numbers events backwards", &EMIT, |_, answer| {
            static NEXT: AtomicI64 = AtomicI64::new(i64::MAX / 2);
            answer.sequence = NEXT.fetch_sub(1, Ordering::Relaxed);
        }),
        answer(
            "EVT-04",
            "gives two events one number",
            &EMIT,
            |_, answer| answer.sequence = (answer.sequence + 1) / 2,
        ),
        end(
            "EVT-06",
            "refuses types that are not in upstream's list",
            &EMIT,
            |request, end| {
                let kind = request.event.as_ref().map(|event| event.r#type.as_str());
                match kind == Some("capability.usage") {
                    true => Err(StoreError::new(
                        ErrorReason::EventEmission,
                        "unknown event type",
                    )),
                    false => end,
                }
            },
        ),
        ask("VAL-05", "begins time in 1970", &EMIT, |request| {
            let ts = request.event.as_mut().and_then(|event| event.ts.as_mut());
            if let Some(ts) = ts.filter(|ts| ts.seconds < 0) {
                (ts.seconds, ts.nanos) = (0, 0);
            }
        }),
        ask(
            "VAL-06",
            "takes metadata that is no JSON for none",
            &EMIT,
            |request| {
                if let Some(event) = &mut request.event {
                    let is_json =
                        |text: &String| serde_json::from_str::<serde_json::Value>(text).is_ok();
                    event.metadata_json = event.metadata_json.take().filter(is_json);
                }
            },
        ),
        ask(
            "EVT-07",
            "drops the data of types that it does not know",
            &EMIT,
            |request| {
                if let Some(event) = &mut request.event
                    && !event.r#type.contains("message")
                    && !["turn.", "tool.", "session.", "reason.", "act.", "llm."]
                        .iter()
                        .any(|known| event.r#type.starts_with(known))
                {
                    event.data_json = "{}".into();
                }
            },
        ),
        end(
            "EVT-09",
            "refuses events that it would not store",
            &EMIT,
            |request, end| {
                let kind = request.event.as_ref().map(|event| event.r#type.clone());
                match kind.is_some_and(|kind| kind.ends_with(".delta")) {
                    true => Err(StoreError::new(
                        ErrorReason::EventEmission,
                        "ephemeral events are not stored",
                    )),
                    false => end,
                }
            },
        ),
        end(
            "EVT-11",
            "takes no event of more than 4 MiB",
            &EMIT,
            |request, end| {
                let size = request
                    .event
                    .as_ref()
                    .map_or(0, |event| event.data_json.len());
                match size > 4 * 1024 * 1024 {
                    true => Err(StoreError::too_large("the event", size, 4 * 1024 * 1024)),
                    false => end,
                }
            },
        ),
        ask("EVT-12", "loses the trace", &EMIT, |request| {
            let context = request
                .event
                .as_mut()
                .and_then(|event| event.context.as_mut());
            if let Some(context) = context {
                (context.trace_id, context.span_id) = (None, None);
            }
        }),
        answer(
            "EVT-29",
            "keeps data as values, not as the text that came",
            &READ_EVENTS,
            |_, answer| {
                for event in &mut answer.events {
                    let data: serde_json::Value = serde_json::from_str(&event.data_json).unwrap();
                    event.data_json = format!("{data:#}");
                }
            },
        ),
        end(
            "EVT-30",
            "acknowledges data that it cannot put together",
            &EMIT,
            |request, end| match end {
                Err(error) if error.reason == Some(ErrorReason::PatchBase) => {
                    let event_id = request.proposed_event_id.clone();
                    Ok(vec![pb::EmitResponse {
                        event_id,
                        sequence: 1,
                    }])
                }
                end => end,
            },
        ),
        end(
            "EVT-30",
            "has one error for everything that it does not take",
            &EMIT,
            |_, end| end.map_err(|error| StoreError::new(ErrorReason::InvalidField, error.message)),
        ),
        forgets(
            "EVT-31",
            "takes the whole event for another than its difference",
            &EMIT,
        ),
        forgets(
            "EVT-14",
            "stores an event twice when it is sent again",
            &EMIT,
        ),
        ask(
            "EVT-15",
            "puts its own time onto events",
            &EMIT,
            |request| {
                if let Some(event) = &mut request.event {
                    event.ts = Some(std::time::SystemTime::now().into());
                }
            },
        ),
        answer("EVT-15", "drops nanoseconds", &READ_EVENTS, |_, answer| {
            for ts in answer
                .events
                .iter_mut()
                .filter_map(|event| event.ts.as_mut())
            {
                ts.nanos -= ts.nanos % 1_000_000;
            }
        }),
    ]
}

fn reading() -> Vec<Fault> {
    vec![
        answer(
            "MSG-02",
            "gives a message another id",
            &GET_MESSAGE,
            |_, answer| {
                if let Some(message) = &mut answer.message {
                    message.id = format!("message_{}", uuid::Uuid::new_v4().simple());
                }
            },
        ),
        end(
            "MSG-03",
            "loads messages newest first",
            &LOAD_MESSAGES,
            |_, end| {
                let mut messages = end?;
                messages.reverse();
                for chunk in messages
                    .iter_mut()
                    .filter_map(|message| message.chunk.as_mut())
                {
                    chunk.messages.reverse();
                }
                Ok(messages)
            },
        ),
        end(
            "MSG-42",
            "moves a result next to its call",
            &LOAD_MESSAGES,
            |_, end| {
                let mut answers = end?;
                for chunk in answers
                    .iter_mut()
                    .filter_map(|answer| answer.chunk.as_mut())
                {
                    // The roles in the order of their numbers: users' messages first.
                    chunk.messages.sort_by_key(|message| message.role);
                }
                Ok(answers)
            },
        ),
        answer(
            "MSG-05",
            "counts one too many",
            &COUNT_MESSAGES,
            |_, answer| answer.count += 1,
        ),
        ask(
            "MSG-06",
            "begins a page one later",
            &LOAD_MESSAGE_PAGE,
            |request| request.offset += 1,
        ),
        ask(
            "MSG-08",
            "takes a limit of 0 for none",
            &LOAD_MESSAGE_PAGE,
            |request| {
                if request.limit == 0 {
                    request.limit = 100;
                }
            },
        ),
        ask(
            "MSG-10",
            "ignores a limit",
            &LOAD_FILTERED_MESSAGES,
            |request| request.limit = None,
        ),
        ask(
            "MSG-13",
            "leaves the end of a time range out",
            &LOAD_FILTERED_MESSAGES,
            |request| {
                for filter in &mut request.filters {
                    if let Some(pb::message_filter::Kind::TimeRange(range)) = &mut filter.kind
                        && let Some(to) = &mut range.to
                    {
                        to.seconds -= 1;
                    }
                }
            },
        ),
        ask(
            "MSG-17",
            "heeds the first filter alone",
            &LOAD_FILTERED_MESSAGES,
            |request| request.filters.truncate(1),
        ),
        end(
            "MSG-18",
            "counts after the limit",
            &LOAD_FILTERED_MESSAGES,
            |request, end| {
                let limit = request.limit.and_then(|limit| u64::try_from(limit).ok());
                let mut messages = end?;
                for message in &mut messages {
                    if let Some(pb::load_filtered_messages_response::Part::Matched(matched)) =
                        &mut message.part
                    {
                        *matched = limit.unwrap_or(*matched).min(*matched);
                    }
                }
                Ok(messages)
            },
        ),
        answer(
            "MSG-20",
            "reformats signatures",
            &GET_MESSAGE,
            |_, answer| {
                for message in answer.message.iter_mut() {
                    message.thinking_signature = message
                        .thinking_signature
                        .take()
                        .map(|text| text.trim().to_lowercase());
                }
            },
        ),
        answer(
            "MSG-21",
            "passes arguments through doubles",
            &GET_MESSAGE,
            |_, answer| {
                let messages = answer.message.iter_mut();
                for part in messages.flat_map(|message| &mut message.content) {
                    if let Some(pb::content_part::Kind::ToolCall(call)) = &mut part.kind {
                        call.arguments_json = call
                            .arguments_json
                            .replace("9007199254740993", "9007199254740992");
                    }
                }
            },
        ),
        answer(
            "MSG-28",
            "gives messages new ids at every load",
            &LOAD_MESSAGES,
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
        end(
            "MSG-31",
            "loads 100 messages at most",
            &LOAD_MESSAGES,
            |_, end| {
                let mut left = 100;
                let mut messages = end?;
                for chunk in messages
                    .iter_mut()
                    .filter_map(|message| message.chunk.as_mut())
                {
                    chunk.messages.truncate(left);
                    left -= chunk.messages.len();
                }
                Ok(messages)
            },
        ),
        answer(
            "MSG-32",
            "dates messages by their arrival",
            &GET_MESSAGE,
            |_, answer| {
                for message in answer.message.iter_mut() {
                    message.created_at = Some(std::time::SystemTime::now().into());
                }
            },
        ),
        leaks(
            "GEN-04",
            "loads messages of every org's sessions",
            &LOAD_MESSAGES,
        ),
    ]
}
