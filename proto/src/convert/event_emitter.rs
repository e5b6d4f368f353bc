//! Events that have no id yet, and what their acknowledgement makes of them.
//!
//! The payload travels as JSON text and is read by the event's type. A type that
//! upstream does not know comes back as [`EventData::Unsupported`] with its JSON
//! untouched, and can be sent again.

use everruns_core::events::{
    Event, EventContext, EventData, EventRequest, OUTPUT_MESSAGE_DELTA, REASON_THINKING_DELTA,
    TOOL_OUTPUT_DELTA, VOICE_INPUT_TRANSCRIPT_DELTA, VOICE_OUTPUT_TRANSCRIPT_DELTA,
    deserialize_event_data,
};
use everruns_core::typed_id::EventId;

use super::open_value::{flattened, is_payload};
use super::{
    ConvertError, Result, id, json_text, nested, optional_id, optional_json, optional_nested,
    secret_json, timestamp, to_timestamp,
};
use crate::pb;

/// Whether events of this type are passed on but need not be stored.
#[must_use]
pub fn is_ephemeral(event_type: &str) -> bool {
    [
        OUTPUT_MESSAGE_DELTA,
        REASON_THINKING_DELTA,
        TOOL_OUTPUT_DELTA,
        VOICE_INPUT_TRANSCRIPT_DELTA,
        VOICE_OUTPUT_TRANSCRIPT_DELTA,
    ]
    .contains(&event_type)
}

/// The event that an acknowledged request has become. The acknowledgement of an
/// ephemeral event has sequence 0, the event then has none.
pub fn event_from_ack(request: EventRequest, event_id: EventId, sequence: i64) -> Result<Event> {
    let EventRequest {
        event_type,
        ts,
        session_id,
        context,
        data,
        metadata,
        tags,
    } = request;
    Ok(Event {
        id: event_id,
        event_type,
        ts,
        session_id,
        context,
        data,
        metadata,
        tags,
        sequence: sequence_number(sequence)?,
    })
}

/// A sequence number, which upstream keeps in 32 bits. Zero on the wire is none.
pub(crate) fn sequence_number(sequence: i64) -> Result<Option<i32>> {
    match i32::try_from(sequence) {
        Ok(0) => Ok(None),
        Ok(number @ 1..) => Ok(Some(number)),
        Ok(i32::MIN..0) | Err(_) => Err(ConvertError::new(
            "sequence",
            format!(
                "is {sequence}; send 1 to {}, or 0 for an ephemeral event",
                i32::MAX
            ),
        )),
    }
}

/// The payload of an event, as it is stored.
pub(crate) fn data_json(data: &EventData) -> Result<String> {
    if let EventData::Unsupported {
        event_type: _,
        data,
    } = data
    {
        // Upstream refuses to write what it could not read.
        return Ok(json_text(data));
    }
    let unwritten = |error| ConvertError::new("data_json", format!("cannot be written: {error}"));
    let text = serde_json::to_string(data).map_err(unwritten)?;
    // A record of what a model was given holds messages six levels deep. Those from before
    // the bound must not keep their session from its next turn.
    if matches!(data, EventData::LlmGeneration(_)) && !is_payload(&text) {
        let value = serde_json::to_value(data).map_err(unwritten)?;
        return Ok(json_text(&flattened(value)));
    }
    Ok(text)
}

/// The payload of an event, by its type.
pub(crate) fn data_from_json(event_type: &str, text: &str) -> Result<EventData> {
    // Upstream's own deserialiser of the payload guesses the variant from the
    // fields: `session.idled` would come back as `output.message.started`.
    Ok(deserialize_event_data(
        event_type,
        secret_json("data_json", text)?,
    ))
}

// === EventContext ===

impl From<EventContext> for pb::EventContext {
    fn from(context: EventContext) -> Self {
        let EventContext {
            turn_id,
            input_message_id,
            exec_id,
            trace_id,
            span_id,
            parent_span_id,
        } = context;
        Self {
            turn_id: turn_id.map(|id| id.to_string()),
            input_message_id: input_message_id.map(|id| id.to_string()),
            exec_id: exec_id.map(|id| id.to_string()),
            trace_id,
            span_id,
            parent_span_id,
        }
    }
}

impl TryFrom<pb::EventContext> for EventContext {
    type Error = ConvertError;

    fn try_from(wire: pb::EventContext) -> Result<Self> {
        Ok(Self {
            turn_id: optional_id("turn_id", wire.turn_id.as_deref())?,
            input_message_id: optional_id("input_message_id", wire.input_message_id.as_deref())?,
            exec_id: optional_id("exec_id", wire.exec_id.as_deref())?,
            trace_id: wire.trace_id,
            span_id: wire.span_id,
            parent_span_id: wire.parent_span_id,
        })
    }
}

// === EventTags ===

impl From<Vec<String>> for pb::EventTags {
    fn from(values: Vec<String>) -> Self {
        Self { values }
    }
}

impl TryFrom<pb::EventTags> for Vec<String> {
    type Error = ConvertError;

    fn try_from(wire: pb::EventTags) -> Result<Self> {
        Ok(wire.values)
    }
}

// === EventRequest ===

impl TryFrom<&EventRequest> for pb::NewEvent {
    type Error = ConvertError;

    /// Borrows, because the emitter still needs the request when the
    /// acknowledgement comes.
    fn try_from(request: &EventRequest) -> Result<Self> {
        let EventRequest {
            event_type,
            ts,
            session_id,
            context,
            data,
            metadata,
            tags,
        } = request;
        Ok(Self {
            r#type: event_type.clone(),
            ts: Some(to_timestamp(*ts)),
            session_id: session_id.to_string(),
            context: Some(context.clone().into()),
            data_json: data_json(data)?,
            metadata_json: metadata.as_ref().map(json_text),
            tags: tags.clone().map(Into::into),
        })
    }
}

impl TryFrom<EventRequest> for pb::NewEvent {
    type Error = ConvertError;

    fn try_from(request: EventRequest) -> Result<Self> {
        Self::try_from(&request)
    }
}

impl TryFrom<pb::NewEvent> for EventRequest {
    type Error = ConvertError;

    fn try_from(wire: pb::NewEvent) -> Result<Self> {
        Ok(Self {
            ts: timestamp("ts", wire.ts)?,
            session_id: id("session_id", &wire.session_id)?,
            context: nested("context", wire.context)?,
            data: data_from_json(&wire.r#type, &wire.data_json)?,
            metadata: optional_json("metadata_json", wire.metadata_json.as_deref())?,
            tags: optional_nested("tags", wire.tags)?,
            event_type: wire.r#type,
        })
    }
}
