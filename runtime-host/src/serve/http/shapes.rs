//! What answers look like in JSON. Sessions, messages and events are as the runtime
//! writes them.

use crate::engine::{Began, TurnEnd};
use crate::host::{Accepted, Ended, TurnStatus, TurnView};
use everruns_core::typed_id::{MessageId, TurnId};
use serde_json::{Value, json};

/// What was accepted.
pub(super) fn accepted(turn: &Accepted) -> Value {
    match turn {
        Accepted::Began(turn) => running(&turn.began),
        Accepted::Queued(turn) => queued(turn.turn_id, turn.input_message_id),
    }
}

/// A turn that has begun.
pub(super) fn running(began: &Began) -> Value {
    json!({
        "turn_id": began.turn_id,
        "input_message_id": began.input_message_id,
        "sequence": began.sequence,
        "status": "running",
    })
}

/// A turn that waits to begin.
pub(super) fn queued(turn_id: TurnId, input_message_id: MessageId) -> Value {
    json!({
        "turn_id": turn_id,
        "input_message_id": input_message_id,
        "sequence": 0,
        "status": "queued",
    })
}

/// How a turn ended.
pub(super) fn ended(ended: &Ended) -> Value {
    let error = match &ended.end {
        TurnEnd::Failed(error) => Some(error),
        TurnEnd::Completed
        | TurnEnd::Cancelled
        | TurnEnd::WaitingForToolResults
        | TurnEnd::Parked => None,
    };
    json!({
        "turn_id": ended.turn_id,
        "outcome": outcome(&ended.end),
        "error": error,
        "tool_calls": ended.calls,
    })
}

/// How a turn ended, in a word.
pub(super) fn outcome(end: &TurnEnd) -> &'static str {
    match end {
        TurnEnd::Completed => "completed",
        TurnEnd::Failed(_) => "failed",
        TurnEnd::Cancelled => "cancelled",
        TurnEnd::WaitingForToolResults => "waiting_for_tool_results",
        TurnEnd::Parked => "parked",
    }
}

/// A turn that has not ended.
pub(super) fn turn_json(turn: &TurnView) -> Value {
    let status = match turn.status {
        TurnStatus::Queued => "queued",
        TurnStatus::Running => "running",
        TurnStatus::WaitingForToolResults => "waiting_for_tool_results",
        TurnStatus::EndNotStored => "end_not_stored",
    };
    json!({
        "turn_id": turn.turn_id,
        "session_id": turn.session_id,
        "input_message_id": turn.input_message_id,
        "status": status,
        "started_at": turn.started_at,
        "tool_calls": turn.calls,
        "problem": turn.problem,
    })
}
