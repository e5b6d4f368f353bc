//! Unfinished turns, kept with the data.

use super::SessionFence;
use async_trait::async_trait;
use bytes::Bytes;
use everruns_core::typed_id::SessionId;
use everruns_core::typed_id::TurnId;
use mortise_proto::StoreError;
use mortise_proto::convert::turn_journal::ClaimedToolCall;
use mortise_proto::convert::turn_journal::JournaledToolCall;
use mortise_proto::convert::turn_journal::JournaledTurn;
use mortise_proto::convert::turn_journal::ToolCallClaim;
use mortise_proto::convert::turn_journal::ToolCallSettlement;

/// The unfinished turns of one org's sessions, and their tool calls; see
/// `turn_journal.proto`. Every change is made under `fence`, which is of the same session.
#[async_trait]
pub trait TurnJournals: Send + Sync {
    /// Stores the record of a turn, over the one before.
    async fn put(
        &self,
        fence: SessionFence,
        turn_id: TurnId,
        record: Bytes,
    ) -> Result<(), StoreError>;

    /// A turn with its record.
    async fn get(
        &self,
        session_id: SessionId,
        turn_id: TurnId,
    ) -> Result<Option<(JournaledTurn, Bytes)>, StoreError>;

    /// Removes a turn and its tool calls, and says whether the turn was there.
    async fn remove(&self, fence: SessionFence, turn_id: TurnId) -> Result<bool, StoreError>;

    /// The turns of a session or of all, in the order in which they were first stored;
    /// perhaps only those whose session is not leased now.
    async fn list(
        &self,
        session_id: Option<SessionId>,
        unleased_only: bool,
    ) -> Result<Vec<JournaledTurn>, StoreError>;

    /// Claims a tool call. Of several callers exactly one makes the claim.
    async fn claim(
        &self,
        fence: SessionFence,
        claim: ToolCallClaim,
    ) -> Result<ClaimedToolCall, StoreError>;

    /// Stores the result of a claimed call; `false` if the claim is another's by now, or
    /// the call is settled.
    async fn settle(
        &self,
        fence: SessionFence,
        settlement: ToolCallSettlement,
    ) -> Result<bool, StoreError>;

    /// The tool calls of a turn in the order in which they were first claimed, or the one
    /// with this id.
    async fn tool_calls(
        &self,
        session_id: SessionId,
        turn_id: TurnId,
        tool_call_id: Option<&str>,
    ) -> Result<Vec<JournaledToolCall>, StoreError>;
}
