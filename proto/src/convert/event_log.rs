//! Stored events. Sequence numbers start at 1; zero on the wire stands for an
//! ephemeral event, which upstream has without a sequence.

use everruns_core::events::Event;
use everruns_core::typed_id::EventId;

use super::event_emitter::{data_from_json, data_json, sequence_number};
use super::{
    ConvertError, Result, id, json_text, nested, optional_json, optional_nested, timestamp,
    to_timestamp,
};
use crate::pb;

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
