//! Unfinished turns and their tool calls, kept with the data of their sessions. Beyond the
//! upstream trait.
//!
//! Every change needs the fence of the session's lease: take the journal from
//! [`GrpcHostAdapter::fenced`](crate::GrpcHostAdapter::fenced). Errors are the contract's
//! own; `FENCED` says that the lease is lost.

use crate::stores::Remote;
use crate::stores::session_lease::malformed;
use bytes::Bytes;
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_proto::convert::turn_journal::{
    ClaimedToolCall, JournaledToolCall, JournaledTurn, ToolCallClaim, ToolCallSettlement,
};
use mortise_proto::convert::{list, optional_nested};
use mortise_proto::rpc::table::turn_journal_service::{
    CLAIM_TOOL_CALL, GET_TURN, LIST_TOOL_CALLS, LIST_TURNS, PUT_TURN, REMOVE_TURN, SETTLE_TOOL_CALL,
};
use mortise_proto::{StoreError, pb};

type Result<T> = std::result::Result<T, StoreError>;

/// The turn journal of an org.
#[derive(Debug, Clone)]
pub struct RemoteTurnJournal {
    pub(crate) remote: Remote,
}

// === impl RemoteTurnJournal ===

impl RemoteTurnJournal {
    /// Stores the record of a turn, over the one before. It is durable when this returns.
    pub async fn put(&self, session_id: SessionId, turn_id: TurnId, record: Bytes) -> Result<()> {
        let request = pb::PutTurnRequest {
            context: None,
            session_id: session_id.to_string(),
            turn_id: turn_id.to_string(),
            record,
        };
        self.remote.call(&PUT_TURN, request).await?;
        Ok(())
    }

    /// A turn with its record.
    pub async fn get(
        &self,
        session_id: SessionId,
        turn_id: TurnId,
    ) -> Result<Option<(JournaledTurn, Bytes)>> {
        let request = pb::GetTurnRequest {
            context: None,
            session_id: session_id.to_string(),
            turn_id: turn_id.to_string(),
        };
        let answer = self.remote.call(&GET_TURN, request).await?;
        let turn: Option<JournaledTurn> =
            optional_nested("turn", answer.turn).map_err(malformed(GET_TURN.method))?;
        Ok(turn.map(|turn| (turn, answer.record)))
    }

    /// Removes a turn that has ended, with its tool calls; whether it was there.
    pub async fn remove(&self, session_id: SessionId, turn_id: TurnId) -> Result<bool> {
        let request = pb::RemoveTurnRequest {
            context: None,
            session_id: session_id.to_string(),
            turn_id: turn_id.to_string(),
        };
        Ok(self.remote.call(&REMOVE_TURN, request).await?.removed)
    }

    /// The unfinished turns of a session or of the org, the oldest first; perhaps only
    /// those that another host may take over.
    pub async fn list(
        &self,
        session_id: Option<SessionId>,
        unleased_only: bool,
    ) -> Result<Vec<JournaledTurn>> {
        let request = pb::ListTurnsRequest {
            context: None,
            session_id: session_id.map(|session_id| session_id.to_string()),
            unleased_only,
        };
        let answers = self.remote.collect(&LIST_TURNS, request).await?;
        let turns = answers.into_iter().flat_map(|answer| answer.turns);
        list("turns", turns.collect()).map_err(malformed(LIST_TURNS.method))
    }

    /// Claims a tool call before the tool runs.
    pub async fn claim(
        &self,
        session_id: SessionId,
        claim: ToolCallClaim,
    ) -> Result<ClaimedToolCall> {
        let request = claim.into_wire(session_id);
        let answer = self.remote.call(&CLAIM_TOOL_CALL, request).await?;
        ClaimedToolCall::try_from(answer).map_err(malformed(CLAIM_TOOL_CALL.method))
    }

    /// Stores the result of a call that this side claimed; `false` if the claim is
    /// another's by now.
    pub async fn settle(
        &self,
        session_id: SessionId,
        settlement: ToolCallSettlement,
    ) -> Result<bool> {
        let request = settlement.into_wire(session_id);
        Ok(self.remote.call(&SETTLE_TOOL_CALL, request).await?.settled)
    }

    /// The tool calls of a turn in the order of their claims, or the one with this id.
    pub async fn tool_calls(
        &self,
        session_id: SessionId,
        turn_id: TurnId,
        tool_call_id: Option<&str>,
    ) -> Result<Vec<JournaledToolCall>> {
        let request = pb::ListToolCallsRequest {
            context: None,
            session_id: session_id.to_string(),
            turn_id: turn_id.to_string(),
            tool_call_id: tool_call_id.map(ToString::to_string),
        };
        let answers = self.remote.collect(&LIST_TOOL_CALLS, request).await?;
        let calls = answers.into_iter().flat_map(|answer| answer.calls);
        list("calls", calls.collect()).map_err(malformed(LIST_TOOL_CALLS.method))
    }
}
