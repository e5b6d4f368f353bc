//! Events as rules emit them, and messages as events carry them.

use crate::check::{Outcome, that};
use crate::context::{Cx, fresh_id};
use mortise_proto::pb;
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use prost_types::Timestamp;
use serde_json::{Value, json};

/// 2026-01-02T03:04:00Z.
const MINUTE: i64 = 1_767_323_040;

/// A second of one fixed minute, with nanoseconds that a careless store loses.
pub(crate) fn moment(second: u8) -> Timestamp {
    Timestamp {
        seconds: MINUTE + i64::from(second),
        nanos: 123_456_789,
    }
}

/// The same, as it stands in JSON.
pub(crate) fn moment_text(second: u8) -> String {
    format!("2026-01-02T03:04:{second:02}.123456789Z")
}

/// An event, with its data as JSON text.
pub(crate) fn event_of(session: &str, kind: &str, data_json: &str) -> pb::NewEvent {
    pb::NewEvent {
        r#type: kind.into(),
        ts: Some(moment(0)),
        session_id: session.into(),
        context: Some(pb::EventContext::default()),
        data_json: data_json.into(),
        metadata_json: None,
        tags: None,
    }
}

pub(crate) fn event(session: &str, kind: &str, data: &Value) -> pb::NewEvent {
    event_of(session, kind, &data.to_string())
}

pub(crate) fn emitting(event: pb::NewEvent) -> pb::EmitRequest {
    pb::EmitRequest {
        context: None,
        event: Some(event),
        proposed_event_id: String::new(),
        data_patch: None,
    }
}

/// Emits an event; its id and sequence number.
pub(crate) async fn emit(cx: &Cx, event: pb::NewEvent) -> Outcome<pb::EmitResponse> {
    cx.call(&EMIT, emitting(event)).await
}

/// A user's message.
pub(crate) fn user_message(id: &str, text: &str, second: u8) -> Value {
    json!({
        "id": id,
        "role": "user",
        "content": [{"type": "text", "text": text}],
        "created_at": moment_text(second),
    })
}

/// An event that leaves a message behind as it is.
pub(crate) fn input(session: &str, message: &Value) -> pb::NewEvent {
    event(session, "input.message", &json!({ "message": message }))
}

/// Says something in a session; the id of the message.
pub(crate) async fn say(cx: &Cx, session: &str, text: &str, second: u8) -> Outcome<String> {
    let id = fresh_id("message");
    emit(cx, input(session, &user_message(&id, text, second))).await?;
    Ok(id)
}

/// An id has its type's form.
pub(crate) fn well_formed(what: &str, prefix: &str, id: &str) -> Outcome {
    let digits = id
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'));
    let holds = digits.is_some_and(|digits| {
        digits.len() == 32
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    that(
        what,
        &format!("`{prefix}_` and 32 hex digits in lower case"),
        holds,
        id,
    )
}
