//! What answers look like in JSON. Sessions, messages and events are as the runtime
//! writes them.

use crate::engine::{Began, TurnEnd};
use crate::host::{Accepted, Ended, ModelView, TurnStatus, TurnView};
use everruns_core::typed_id::{MessageId, TurnId};
use everruns_core::{Agent, AgentCapabilityConfig, Harness};
use mortise_proto::HostError;
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

/// What a turn does, or how it ended, in a word.
pub(super) const TURN_STATUSES: &[(TurnStatus, &str)] = &[
    (TurnStatus::Queued, "queued"),
    (TurnStatus::Running, "running"),
    (
        TurnStatus::WaitingForToolResults,
        "waiting_for_tool_results",
    ),
    (TurnStatus::EndNotStored, "end_not_stored"),
    (TurnStatus::Completed, "completed"),
    (TurnStatus::Failed, "failed"),
    (TurnStatus::Cancelled, "cancelled"),
    (TurnStatus::Elsewhere, "elsewhere"),
];

/// Statuses with commas between them, of what there is.
pub(super) fn statuses<T: Copy>(known: &[(T, &str)], text: &str) -> Result<Vec<T>, HostError> {
    let words = text.split(',').filter(|_| !text.is_empty());
    let status = |word: &str| {
        let found = known.iter().find(|(_, name)| *name == word);
        found.map(|(status, _)| *status).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(_, name)| *name).collect();
            let problem = format!("holds {word:?}; send one or more of {}", names.join(", "));
            HostError::invalid_field("status", problem)
        })
    };
    words.map(status).collect()
}

/// The statuses of turns.
pub(super) fn turn_statuses(text: &str) -> Result<Vec<TurnStatus>, HostError> {
    statuses(TURN_STATUSES, text)
}

/// A turn.
pub(super) fn turn_json(turn: &TurnView) -> Value {
    let status = TURN_STATUSES
        .iter()
        .find(|(status, _)| *status == turn.status);
    let ended = turn.ended.as_ref();
    let sequence = |sequence: i64| Some(sequence).filter(|sequence| *sequence > 0);
    json!({
        "turn_id": turn.turn_id,
        "session_id": turn.session_id,
        "input_message_id": turn.input_message_id,
        "status": status.map(|(_, name)| *name),
        "started_at": turn.started_at,
        "tool_calls": turn.calls,
        "problem": turn.problem,
        "ended_at": ended.map(|ended| ended.at),
        "error": ended.and_then(|ended| ended.error.as_ref()),
        "usage": ended.and_then(|ended| ended.usage.as_ref()),
        "output_message_id": ended.and_then(|ended| ended.output_message_id),
        "llm_call_count": ended.and_then(|ended| ended.llm_call_count),
        "tool_call_count": ended.and_then(|ended| ended.tool_call_count),
        "first_sequence": sequence(turn.first_sequence),
        "last_sequence": ended.and_then(|ended| sequence(ended.sequence)),
    })
}

/// An agent, as a caller needs it to choose one.
pub(super) fn agent_json(agent: &Agent) -> Value {
    json!({
        "agent_id": agent.public_id,
        "name": agent.name,
        "display_name": agent.display_name,
        "description": agent.description,
        "tags": agent.tags,
        "default_model_id": agent.default_model_id,
        "capabilities": capabilities(&agent.capabilities),
        "status": agent.status,
        "created_at": agent.created_at,
        "updated_at": agent.updated_at,
    })
}

/// A harness, as a caller needs it to choose one.
pub(super) fn harness_json(harness: &Harness) -> Value {
    json!({
        "harness_id": harness.id,
        "name": harness.name,
        "display_name": harness.display_name,
        "description": harness.description,
        "parent_harness_id": harness.parent_harness_id,
        "tags": harness.tags,
        "default_model_id": harness.default_model_id,
        "capabilities": capabilities(&harness.capabilities),
        "is_built_in": harness.is_built_in,
        "status": harness.status,
        "created_at": harness.created_at,
        "updated_at": harness.updated_at,
    })
}

/// A model, without its key and address.
pub(super) fn model_json(view: &ModelView) -> Value {
    json!({
        "model_id": view.model_id,
        "name": view.model.model,
        "provider_type": view.model.provider_type,
        "is_default": view.is_default,
    })
}

fn capabilities(capabilities: &[AgentCapabilityConfig]) -> Vec<String> {
    let names = capabilities.iter();
    names.map(|one| one.capability_ref.to_string()).collect()
}
