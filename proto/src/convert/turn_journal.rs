//! Unfinished turns and their tool calls, as the storage keeps them.

use chrono::{DateTime, Utc};
use everruns_core::typed_id::{SessionId, TurnId};
use serde_json::Value;
use std::fmt;
use std::num::NonZeroU64;
use uuid::Uuid;

use super::session_lease::{fence, name, text};
use super::{
    ConvertError, Result, id, json_text, optional_timestamp, required, secret_json, timestamp,
    to_timestamp, uuid, wire_enum,
};
use crate::{StoreError, pb};

pub use crate::pb::ToolCallStatus;

/// The longest record of a turn, in bytes.
pub const RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;

const NAME_BYTES_MAX: usize = 512;

/// An unfinished turn, without its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournaledTurn {
    /// Of which session.
    pub session_id: SessionId,
    /// Which turn.
    pub turn_id: TurnId,
    /// Under which it was stored last.
    pub fence: NonZeroU64,
    /// When it was stored first.
    pub created_at: DateTime<Utc>,
    /// When it was stored last.
    pub updated_at: DateTime<Utc>,
}

/// A tool call that was claimed.
#[derive(Clone, PartialEq)]
pub struct JournaledToolCall {
    /// Unique in its turn.
    pub tool_call_id: String,
    /// Which tool.
    pub tool_name: String,
    /// A digest of its arguments.
    pub args_fingerprint: String,
    /// How far it got.
    pub status: ToolCallStatus,
    /// Under which it was claimed last.
    pub fence: NonZeroU64,
    /// What it returned.
    pub result: Option<Value>,
    /// When it was claimed last.
    pub claimed_at: DateTime<Utc>,
    /// When it was settled.
    pub settled_at: Option<DateTime<Utc>>,
}

/// Which tool call is to be claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCallClaim {
    /// The turn that asks for it.
    pub turn_id: TurnId,
    /// Unique in its turn.
    pub tool_call_id: String,
    /// Which tool.
    pub tool_name: String,
    /// A digest of its arguments.
    pub args_fingerprint: String,
    /// Whether a call that is claimed and not settled is claimed again.
    pub retake: bool,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedToolCall {
    /// Settles the call, if the caller made the claim. It then runs the tool.
    pub claim_token: Option<Uuid>,
    /// The call as it is stored now.
    pub call: JournaledToolCall,
}

/// The result of a tool call.
#[derive(Clone, PartialEq)]
pub struct ToolCallSettlement {
    /// The turn that asked for it.
    pub turn_id: TurnId,
    /// Unique in its turn.
    pub tool_call_id: String,
    /// What the claim was answered with.
    pub claim_token: Uuid,
    /// Settled or interrupted.
    pub status: ToolCallStatus,
    /// What the tool returned.
    pub result: Option<Value>,
}

// === impl JournaledTurn ===

impl From<JournaledTurn> for pb::JournaledTurn {
    fn from(turn: JournaledTurn) -> Self {
        let JournaledTurn {
            session_id,
            turn_id,
            fence,
            created_at,
            updated_at,
        } = turn;
        Self {
            session_id: session_id.to_string(),
            turn_id: turn_id.to_string(),
            fence: fence.get(),
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
        }
    }
}

impl TryFrom<pb::JournaledTurn> for JournaledTurn {
    type Error = ConvertError;

    fn try_from(wire: pb::JournaledTurn) -> Result<Self> {
        Ok(Self {
            session_id: id("session_id", &wire.session_id)?,
            turn_id: id("turn_id", &wire.turn_id)?,
            fence: fence("fence", wire.fence)?,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
        })
    }
}

/// Refuses a record that is too long.
pub fn check_record(record: &[u8]) -> std::result::Result<(), StoreError> {
    match record.len() > RECORD_BYTES_MAX {
        true => Err(StoreError::too_large(
            "the record of the turn",
            record.len(),
            RECORD_BYTES_MAX,
        )),
        false => Ok(()),
    }
}

// === impl JournaledToolCall ===

impl JournaledToolCall {
    /// Whether it is not known if the tool ran, seen from a lease with this fence: it was
    /// claimed under an earlier one and never settled.
    #[must_use]
    pub fn is_in_doubt(&self, fence: NonZeroU64) -> bool {
        self.status == ToolCallStatus::Running && self.fence < fence
    }
}

impl From<JournaledToolCall> for pb::JournaledToolCall {
    fn from(call: JournaledToolCall) -> Self {
        let JournaledToolCall {
            tool_call_id,
            tool_name,
            args_fingerprint,
            status,
            fence,
            result,
            claimed_at,
            settled_at,
        } = call;
        Self {
            tool_call_id,
            tool_name,
            args_fingerprint,
            status: status.into(),
            fence: fence.get(),
            result_json: result.as_ref().map(json_text),
            claimed_at: Some(to_timestamp(claimed_at)),
            settled_at: settled_at.map(to_timestamp),
        }
    }
}

impl TryFrom<pb::JournaledToolCall> for JournaledToolCall {
    type Error = ConvertError;

    fn try_from(wire: pb::JournaledToolCall) -> Result<Self> {
        Ok(Self {
            tool_call_id: wire.tool_call_id,
            tool_name: wire.tool_name,
            args_fingerprint: wire.args_fingerprint,
            status: wire_enum("status", wire.status)?,
            fence: fence("fence", wire.fence)?,
            result: secret_result(wire.result_json.as_deref())?,
            claimed_at: timestamp("claimed_at", wire.claimed_at)?,
            settled_at: optional_timestamp("settled_at", wire.settled_at)?,
        })
    }
}

impl fmt::Debug for JournaledToolCall {
    /// Without the result: it holds what tools returned.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournaledToolCall")
            .field("tool_call_id", &self.tool_call_id)
            .field("tool_name", &self.tool_name)
            .field("status", &self.status)
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}

// === impl ToolCallClaim ===

impl ToolCallClaim {
    /// The claim as it goes to the wire.
    #[must_use]
    pub fn into_wire(self, session_id: SessionId) -> pb::ClaimToolCallRequest {
        let Self {
            turn_id,
            tool_call_id,
            tool_name,
            args_fingerprint,
            retake,
        } = self;
        pb::ClaimToolCallRequest {
            context: None,
            session_id: session_id.to_string(),
            turn_id: turn_id.to_string(),
            tool_call_id,
            tool_name,
            args_fingerprint,
            retake,
        }
    }
}

impl TryFrom<pb::ClaimToolCallRequest> for ToolCallClaim {
    type Error = ConvertError;

    fn try_from(wire: pb::ClaimToolCallRequest) -> Result<Self> {
        Ok(Self {
            turn_id: id("turn_id", &wire.turn_id)?,
            tool_call_id: tool_call_id(wire.tool_call_id)?,
            tool_name: name("tool_name", wire.tool_name, NAME_BYTES_MAX)?,
            args_fingerprint: text("args_fingerprint", wire.args_fingerprint, NAME_BYTES_MAX)?,
            retake: wire.retake,
        })
    }
}

/// The model's id of a tool call.
pub fn tool_call_id(value: String) -> Result<String> {
    name("tool_call_id", value, NAME_BYTES_MAX)
}

/// What a tool returned; no error repeats it.
fn secret_result(text: Option<&str>) -> Result<Option<Value>> {
    text.map(|text| secret_json("result_json", text))
        .transpose()
}

// === impl ClaimedToolCall ===

impl From<ClaimedToolCall> for pb::ClaimToolCallResponse {
    fn from(claimed: ClaimedToolCall) -> Self {
        let ClaimedToolCall { claim_token, call } = claimed;
        Self {
            claimed: claim_token.is_some(),
            claim_token: claim_token
                .map(|token| token.to_string())
                .unwrap_or_default(),
            call: Some(call.into()),
        }
    }
}

impl TryFrom<pb::ClaimToolCallResponse> for ClaimedToolCall {
    type Error = ConvertError;

    fn try_from(wire: pb::ClaimToolCallResponse) -> Result<Self> {
        let claim_token = match wire.claimed {
            true => Some(uuid("claim_token", &wire.claim_token)?),
            false => None,
        };
        let call = JournaledToolCall::try_from(required("call", wire.call)?);
        Ok(Self {
            claim_token,
            call: call.map_err(|error| error.within("call"))?,
        })
    }
}

// === impl ToolCallSettlement ===

impl ToolCallSettlement {
    /// The settlement as it goes to the wire.
    #[must_use]
    pub fn into_wire(self, session_id: SessionId) -> pb::SettleToolCallRequest {
        let Self {
            turn_id,
            tool_call_id,
            claim_token,
            status,
            result,
        } = self;
        pb::SettleToolCallRequest {
            context: None,
            session_id: session_id.to_string(),
            turn_id: turn_id.to_string(),
            tool_call_id,
            claim_token: claim_token.to_string(),
            status: status.into(),
            result_json: result.as_ref().map(json_text),
        }
    }
}

impl TryFrom<pb::SettleToolCallRequest> for ToolCallSettlement {
    type Error = ConvertError;

    fn try_from(wire: pb::SettleToolCallRequest) -> Result<Self> {
        let status = wire_enum("status", wire.status)?;
        if status == ToolCallStatus::Running {
            return Err(ConvertError::new(
                "status",
                "is RUNNING; send SETTLED or INTERRUPTED",
            ));
        }
        let result = secret_result(wire.result_json.as_deref())?;
        if status == ToolCallStatus::Settled && result.is_none() {
            return Err(ConvertError::new(
                "result_json",
                "is missing; send the result of the call that is settled",
            ));
        }
        Ok(Self {
            turn_id: id("turn_id", &wire.turn_id)?,
            tool_call_id: tool_call_id(wire.tool_call_id)?,
            claim_token: uuid("claim_token", &wire.claim_token)?,
            status,
            result,
        })
    }
}

impl fmt::Debug for ToolCallSettlement {
    /// Without the result: it holds what tools returned.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolCallSettlement")
            .field("turn_id", &self.turn_id)
            .field("tool_call_id", &self.tool_call_id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
