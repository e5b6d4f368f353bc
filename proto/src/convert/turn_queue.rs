//! Turns that the storage asks for.

use chrono::{DateTime, Utc};
use everruns_core::typed_id::{MessageId, SessionId};

use super::{ConvertError, Result, id, timestamp, to_timestamp};
use crate::pb;

/// A turn that a stored message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TurnRequest {
    /// Where.
    pub session_id: SessionId,
    /// The user's message, which is stored.
    pub input_message_id: MessageId,
    /// The sequence number of the event that stored it.
    pub sequence: i64,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
}

impl From<TurnRequest> for pb::TurnRequest {
    fn from(request: TurnRequest) -> Self {
        let TurnRequest {
            session_id,
            input_message_id,
            sequence,
            requested_at,
        } = request;
        Self {
            session_id: session_id.to_string(),
            input_message_id: input_message_id.to_string(),
            sequence,
            requested_at: Some(to_timestamp(requested_at)),
        }
    }
}

impl TryFrom<pb::TurnRequest> for TurnRequest {
    type Error = ConvertError;

    fn try_from(wire: pb::TurnRequest) -> Result<Self> {
        Ok(Self {
            session_id: id("session_id", &wire.session_id)?,
            input_message_id: id("input_message_id", &wire.input_message_id)?,
            sequence: wire.sequence,
            requested_at: timestamp("requested_at", wire.requested_at)?,
        })
    }
}
