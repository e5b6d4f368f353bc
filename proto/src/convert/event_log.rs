//! Stored events. Sequence numbers start at 1; zero on the wire stands for an
//! ephemeral event, which upstream has without a sequence.

use chrono::{DateTime, Utc};
use everruns_core::events::Event;
use everruns_core::typed_id::{EventId, TurnId};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use super::event_emitter::{data_from_json, data_json, sequence_number};
use super::open_value::{is_open_value, is_payload};
use super::{
    ConvertError, Result, id, json_text, nested, optional_json, optional_nested, timestamp,
    to_timestamp,
};
use crate::pb;

/// A stored event as it came from a log. Whatever it holds, it can be passed on and shown:
/// what cannot be read costs this event alone.
///
/// As JSON it looks like upstream's [`Event`]. Its payload is the stored JSON; one that is
/// no payload within the contract's bounds is the string that it is stored as.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedEvent(pb::Event);

// === impl LoggedEvent ===

impl LoggedEvent {
    /// The event, for code that needs its meaning. A payload that its type does not allow is
    /// [`everruns_core::events::EventData::Unsupported`].
    pub fn typed(&self) -> Result<Event> {
        self.0.clone().try_into()
    }

    /// The event as it travels.
    #[must_use]
    pub fn into_wire(self) -> pb::Event {
        self.0
    }

    /// Its type, such as `turn.started`.
    #[must_use]
    pub fn event_type(&self) -> &str {
        &self.0.r#type
    }

    /// Its place in the session; an ephemeral event has none.
    #[must_use]
    pub fn sequence(&self) -> Option<i64> {
        Some(self.0.sequence).filter(|sequence| *sequence > 0)
    }

    /// The turn that it belongs to.
    #[must_use]
    pub fn turn_id(&self) -> Option<TurnId> {
        self.0.context.as_ref()?.turn_id.as_ref()?.parse().ok()
    }
}

impl From<pb::Event> for LoggedEvent {
    fn from(wire: pb::Event) -> Self {
        Self(wire)
    }
}

impl Serialize for LoggedEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let pb::Event {
            id,
            r#type,
            ts,
            session_id,
            context,
            data_json,
            metadata_json,
            tags,
            sequence: _,
        } = &self.0;
        let ts: Option<DateTime<Utc>> = timestamp("ts", *ts).ok();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", id)?;
        map.serialize_entry("type", r#type)?;
        map.serialize_entry("ts", &ts)?;
        map.serialize_entry("session_id", session_id)?;
        map.serialize_entry("context", &shown_context(context.as_ref()))?;
        map.serialize_entry("data", &shown(data_json, is_payload(data_json)))?;
        if let Some(text) = metadata_json {
            map.serialize_entry("metadata", &shown(text, is_open_value(text)))?;
        }
        if let Some(tags) = tags {
            map.serialize_entry("tags", &tags.values)?;
        }
        if let Some(sequence) = self.sequence() {
            map.serialize_entry("sequence", &sequence)?;
        }
        map.end()
    }
}

/// A JSON text as JSON, if it is within the contract's bounds, else as a string.
fn shown(text: &str, is_within_bounds: bool) -> Value {
    let value = if is_within_bounds {
        serde_json::from_str(text).ok()
    } else {
        None
    };
    value.unwrap_or_else(|| Value::String(text.to_string()))
}

fn shown_context(context: Option<&pb::EventContext>) -> serde_json::Map<String, Value> {
    let Some(pb::EventContext {
        turn_id,
        input_message_id,
        exec_id,
        trace_id,
        span_id,
        parent_span_id,
    }) = context
    else {
        return serde_json::Map::new();
    };
    let fields = [
        ("turn_id", turn_id),
        ("input_message_id", input_message_id),
        ("exec_id", exec_id),
        ("trace_id", trace_id),
        ("span_id", span_id),
        ("parent_span_id", parent_span_id),
    ];
    let given = fields.into_iter().filter_map(|(name, value)| {
        let value = value.as_ref()?;
        Some((name.to_string(), Value::String(value.clone())))
    });
    given.collect()
}

/// The event that a server stores for a new one. Its JSON is passed on as it came.
#[must_use]
pub fn stored(event: pb::NewEvent, id: EventId, sequence: i64) -> pb::Event {
    let pb::NewEvent {
        r#type,
        ts,
        session_id,
        context,
        data_json,
        metadata_json,
        tags,
    } = event;
    pb::Event {
        id: id.to_string(),
        r#type,
        ts,
        session_id,
        context,
        data_json,
        metadata_json,
        tags,
        sequence,
    }
}

impl TryFrom<Event> for pb::Event {
    type Error = ConvertError;

    fn try_from(event: Event) -> Result<Self> {
        let Event {
            id,
            event_type,
            ts,
            session_id,
            context,
            data,
            metadata,
            tags,
            sequence,
        } = event;
        Ok(Self {
            id: id.to_string(),
            r#type: event_type,
            ts: Some(to_timestamp(ts)),
            session_id: session_id.to_string(),
            context: Some(context.into()),
            data_json: data_json(&data)?,
            metadata_json: metadata.as_ref().map(json_text),
            tags: tags.map(Into::into),
            sequence: sequence.map_or(0, i64::from),
        })
    }
}

impl TryFrom<pb::Event> for Event {
    type Error = ConvertError;

    fn try_from(wire: pb::Event) -> Result<Self> {
        Ok(Self {
            id: id("id", &wire.id)?,
            ts: timestamp("ts", wire.ts)?,
            session_id: id("session_id", &wire.session_id)?,
            context: nested("context", wire.context)?,
            data: data_from_json(&wire.r#type, &wire.data_json)?,
            metadata: optional_json("metadata_json", wire.metadata_json.as_deref())?,
            tags: optional_nested("tags", wire.tags)?,
            sequence: sequence_number(wire.sequence)?,
            event_type: wire.r#type,
        })
    }
}
