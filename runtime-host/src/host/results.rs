//! Tool results from outside: each is stored as the tool's end, and with the last of
//! them the turn goes on.

use super::lanes::Manners;
use super::orgs::Link;
use super::{Host, Key, errors};
use crate::engine::Begin;
use crate::journal::{NextStep, UnfinishedTurn};
use everruns_core::AgentLoopError;
use everruns_core::ToolCall;
use everruns_core::events::{EventContext, EventRequest, ToolCompletedData};
use everruns_core::message::ContentPart;
use everruns_core::session::SessionStatus;
use everruns_core::tool_fingerprint::{tool_call_fingerprint, tool_error_fingerprint};
use everruns_core::traits::EventEmitter;
use everruns_core::typed_id::{SessionId, TurnId};
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::PhaseKind;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// How long results wait for a turn that is under way.
const SOON: Duration = Duration::from_secs(2);

/// What became of a tool call.
#[derive(Clone)]
pub struct ToolOutcome {
    /// The call.
    pub call_id: String,
    /// What the tool gave back, or why it failed.
    pub result: Result<Value, String>,
}

/// What a turn does after results were submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The turn.
    pub turn_id: TurnId,
    /// Whether it goes on.
    pub resumed: bool,
    /// The calls that it still waits for.
    pub waiting_for: Vec<String>,
}

// === impl Host ===

impl Host {
    /// Answers tool calls that a turn waits for: all of them are stored or none.
    pub async fn submit_tool_results(
        &self,
        org_id: i64,
        session_id: SessionId,
        outcomes: Vec<ToolOutcome>,
    ) -> Result<Submitted, HostError> {
        let (org_id, link) = self.org(org_id)?;
        let key = (org_id, session_id);
        if outcomes.is_empty() {
            return Err(HostError::invalid_field(
                "results",
                "is empty; send one or more",
            ));
        }
        self.session(&link, key).await?;
        let place = self.inner.lanes.enter(key, Manners::Wait)?;
        // A turn that has just asked for the calls is about to wait for them.
        let slot = timeout(SOON, place.slot()).await;
        let slot = slot.map_err(|_| waits_for_nothing(session_id))??;
        let turn = self.unfinished(key).await?;
        let turn = turn.filter(|turn| turn.waits_for().is_some());
        let mut turn = turn.ok_or_else(|| {
            let text = format!("no turn of session {session_id} waits for tool results");
            HostError::new(ErrorReason::NotWaiting, text)
        })?;
        let (calls, answered) = match turn.next.clone() {
            NextStep::ToolResults { calls, answered } => (calls, answered),
            NextStep::Input | NextStep::Reason | NextStep::Act { .. } | NextStep::End(_) => {
                (Vec::new(), Vec::new())
            }
        };
        let named = named(&calls, &answered, outcomes)?;
        store(&link, &turn, &named)
            .await
            .map_err(errors::of_store)?;

        let left: Vec<ToolCall> = calls
            .into_iter()
            .filter(|call| !named.iter().any(|(answered, _)| answered.id == call.id))
            .collect();
        let waiting_for: Vec<String> = left.iter().map(|call| call.id.clone()).collect();
        let turn_id = turn.turn_id();
        let resumed = left.is_empty();
        let mut answered = answered;
        answered.extend(named.into_iter().map(|(call, _)| call.id));
        turn.next = if resumed {
            NextStep::Reason
        } else {
            NextStep::ToolResults {
                calls: left,
                answered,
            }
        };
        let written = self.inner.journal.put(&turn).await;
        written.map_err(|error| errors::of_journal(&error))?;
        if resumed {
            let status = SessionStatus::Active;
            let set = link.adapter.set_session_status(org_id, session_id, status);
            set.await.map_err(errors::of_store)?;
            let begin = Begin::Resume(Box::new(turn));
            self.begin(slot, key, link, begin).await?;
        }
        Ok(Submitted {
            turn_id,
            resumed,
            waiting_for,
        })
    }

    /// What the journal holds of a session.
    pub(super) async fn unfinished(&self, key: Key) -> Result<Option<UnfinishedTurn>, HostError> {
        let (org_id, session_id) = key;
        let turn = self.inner.journal.get(org_id, session_id).await;
        turn.map_err(|error| errors::of_journal(&error))
    }
}

fn waits_for_nothing(session_id: SessionId) -> HostError {
    let text = format!("the turn of session {session_id} is under way and waits for nothing");
    HostError::new(ErrorReason::NotWaiting, text)
}

/// The call of each outcome.
fn named(
    calls: &[ToolCall],
    answered: &[String],
    outcomes: Vec<ToolOutcome>,
) -> Result<Vec<(ToolCall, ToolOutcome)>, HostError> {
    let mut named: Vec<(ToolCall, ToolOutcome)> = Vec::new();
    for (position, outcome) in outcomes.into_iter().enumerate() {
        let id = &outcome.call_id;
        let field = format!("results[{position}].tool_call_id");
        if named.iter().any(|(call, _)| call.id == *id) {
            return Err(HostError::invalid_field(
                field,
                format!("{id} is there twice"),
            ));
        }
        let found = calls.iter().find(|call| call.id == *id);
        let Some(call) = found else {
            let mut error = if answered.contains(id) {
                let text = format!("the tool call {id} has a result");
                HostError::new(ErrorReason::ToolCallAnswered, text)
            } else {
                let waits: Vec<_> = calls.iter().map(|call| call.id.as_str()).collect();
                let waits = waits.join(", ");
                let text = format!("no turn waits for a tool call {id:?}; it waits for: {waits}");
                HostError::new(ErrorReason::UnknownToolCall, text)
            };
            error.field = Some(field);
            return Err(error);
        };
        named.push((call.clone(), outcome));
    }
    Ok(named)
}

async fn store(
    link: &Link,
    turn: &UnfinishedTurn,
    named: &[(ToolCall, ToolOutcome)],
) -> Result<(), AgentLoopError> {
    let phase = link.adapter.phase(turn.session_id(), PhaseKind::Act);
    let emitter = phase.event_emitter();
    let context = EventContext::turn(turn.turn_id(), turn.state.input_message_id);
    for (call, outcome) in named {
        let data = completed(call, outcome);
        let done = EventRequest::new(turn.session_id(), context.clone(), data);
        emitter.emit(done).await?;
    }
    phase.finish_phase().await
}

/// The event as upstream writes it of a tool it has run itself.
fn completed(call: &ToolCall, outcome: &ToolOutcome) -> ToolCompletedData {
    let (id, name) = (call.id.clone(), call.name.clone());
    match &outcome.result {
        Ok(result) => {
            // A text as it is; in JSON it would reach the model with its quotes.
            let text = result.as_str().map(str::to_string);
            let text = text.unwrap_or_else(|| result.to_string());
            let content = vec![ContentPart::text(text)];
            ToolCompletedData::success(id, name, content, None)
        }
        Err(error) => {
            let result = tool_error_fingerprint(&name, "error", error);
            ToolCompletedData::failure(id, name, "error".into(), error.clone(), None)
                .with_fingerprints(tool_call_fingerprint(call), result)
        }
    }
}

/// What a tool gave back stays out of logs.
impl std::fmt::Debug for ToolOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolOutcome")
            .field("call_id", &self.call_id)
            .field("is_error", &self.result.is_err())
            .finish()
    }
}
