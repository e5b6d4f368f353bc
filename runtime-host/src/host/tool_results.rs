//! Tool results from outside: each is stored as the tool's end, and with the last of
//! them the turn goes on.

use super::leases::WhenHeld;
use super::org_connections::OrgConnection;
use super::session_queue::{BusyPolicy, TurnPermit};
use super::{Host, Key, errors};
use crate::engine::event_ids::{self, Answerer};
use crate::engine::{Begin, TurnError};
use crate::journal::{Ending, NextStep, UnfinishedTurn};
use everruns_core::ToolCall;
use everruns_core::events::{EventContext, EventRequest, ToolCompletedData};
use everruns_core::message::ContentPart;
use everruns_core::tool_fingerprint::{tool_call_fingerprint, tool_error_fingerprint};
use everruns_core::traits::EventEmitter;
use everruns_core::typed_id::{SessionId, TurnId};
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::PhaseKind;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// How long results wait for a turn that is under way.
const RESULT_WAIT: Duration = Duration::from_secs(2);

/// What became of a tool call.
#[derive(Clone)]
pub struct ToolOutcome {
    /// The call.
    pub call_id: String,
    /// What the tool gave back, or why it failed.
    pub result: Result<Value, String>,
}

/// What a turn does after results were submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    pub(super) async fn submit(
        &self,
        key: Key,
        outcomes: Vec<ToolOutcome>,
    ) -> Result<Submitted, HostError> {
        let (_, connection) = self.org(key.0)?;
        let session_id = key.1;
        if outcomes.is_empty() {
            return Err(HostError::invalid_field(
                "results",
                "is empty; send one or more",
            ));
        }
        self.session(&connection, key).await?;
        let ticket = self.inner.sessions.enter(key, BusyPolicy::Wait)?;
        // A turn that has just asked for the calls is about to wait for them.
        let leased = self.leased(key, connection, WhenHeld::Refuse);
        let head = timeout(RESULT_WAIT, ticket.short_permit(leased)).await;
        let (permit, connection) = head.map_err(|_| is_under_way(session_id))??;
        let work = self.clone().take_results(permit, key, connection, outcomes);
        self.run_detached(work).await
    }

    /// Stores results, and has the turn go on with the last of them. A call whose result
    /// is stored already, by a try that failed, keeps that one.
    async fn take_results(
        self,
        permit: TurnPermit,
        key: Key,
        connection: OrgConnection,
        outcomes: Vec<ToolOutcome>,
    ) -> Result<Submitted, HostError> {
        let left = connection.unfinished(key).await;
        let left = left.map_err(|error| errors::of_journal(&error))?;
        let left = left.ok_or_else(|| waits_for_nothing(key.1))?;
        let given = match &left.next {
            NextStep::ToolResults { calls, answered } => named(calls, answered, outcomes)?,
            // It has its results, and could not go on: now it does.
            NextStep::Input | NextStep::Reason | NextStep::Act { .. } | NextStep::End(_) => {
                Vec::new()
            }
        };
        let control = permit.control();
        let mut turn = match connection.engine.reconcile(left, &control).await {
            Ok(turn) => turn,
            Err(TurnError::NothingToResume) => return Err(waits_for_nothing(key.1)),
            Err(error) => return Err(errors::of_turn(error)),
        };
        let turn_id = turn.turn_id();
        let mut waiting_for = Vec::new();
        if let NextStep::ToolResults { calls, answered } = turn.next.clone() {
            let (given, calls) = split(given, calls);
            waiting_for = calls.iter().map(|call| call.id.clone()).collect();
            turn.next = next(calls, answered, &given);
            if waiting_for.is_empty() {
                permit.make_room()?;
            }
            if let Err(error) = self.store_results(&connection, &turn, &given).await {
                if error.reason == ErrorReason::SessionArchived {
                    // It waits for nothing any more.
                    let ending = Ending::Cancelled { reason: None };
                    let left = connection.engine.abandon(turn, ending).await;
                    left.map_err(errors::of_turn)?;
                }
                return Err(error);
            }
            let written = connection.journal.as_dyn().put(&turn).await;
            written.map_err(|error| errors::of_journal(&error))?;
        }
        let resumed = waiting_for.is_empty();
        if resumed {
            permit.make_room()?;
            let begin = Begin::Resume(Box::new(turn));
            // It goes on whether or not a caller waits.
            drop(timeout(RESULT_WAIT, self.begin_turn(permit, key, connection, begin)).await);
        }
        Ok(Submitted {
            turn_id,
            resumed,
            waiting_for,
        })
    }

    /// Stores all of them, or none where one is too large.
    async fn store_results(
        &self,
        connection: &OrgConnection,
        turn: &UnfinishedTurn,
        given: &[(ToolCall, ToolOutcome)],
    ) -> Result<(), HostError> {
        let context = EventContext::turn(turn.turn_id(), turn.state.input_message_id);
        let ends = given.iter().map(|(call, outcome)| {
            let data = completed(call, outcome);
            EventRequest::new(turn.session_id(), context.clone(), data)
        });
        let ends: Vec<EventRequest> = ends.collect();
        for end in &ends {
            self.check_size(turn.state.org_id, end)?;
        }
        let adapter = event_ids::of_turn(&connection.adapter, turn, Answerer::Application);
        let phase = adapter.phase(turn.session_id(), PhaseKind::Act);
        let emitter = phase.event_emitter();
        for end in ends {
            emitter.emit(end).await.map_err(errors::of_store)?;
        }
        Ok(phase.finish_phase().await?)
    }

    /// Refuses an event that its adapter would not take.
    pub(super) fn check_size(&self, org_id: i64, event: &EventRequest) -> Result<(), HostError> {
        Ok(self.mesh().check_event(org_id, event)?)
    }
}

fn is_under_way(session_id: SessionId) -> HostError {
    let text =
        format!("the turn of session {session_id} is running and does not wait for tool results");
    HostError::new(ErrorReason::NotWaiting, text)
}

fn waits_for_nothing(session_id: SessionId) -> HostError {
    let text = format!("no turn of session {session_id} waits for tool results");
    HostError::new(ErrorReason::NotWaiting, text)
}

/// The outcomes of calls without a result, and the calls that still have none then.
fn split(
    mut given: Vec<(ToolCall, ToolOutcome)>,
    mut calls: Vec<ToolCall>,
) -> (Vec<(ToolCall, ToolOutcome)>, Vec<ToolCall>) {
    given.retain(|(call, _)| calls.iter().any(|open| open.id == call.id));
    calls.retain(|open| !given.iter().any(|(call, _)| call.id == open.id));
    (given, calls)
}

/// What a turn does with these results.
fn next(
    calls: Vec<ToolCall>,
    mut answered: Vec<String>,
    given: &[(ToolCall, ToolOutcome)],
) -> NextStep {
    if calls.is_empty() {
        return NextStep::Reason;
    }
    answered.extend(given.iter().map(|(call, _)| call.id.clone()));
    NextStep::ToolResults { calls, answered }
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
                format!("{id} is in the request twice"),
            ));
        }
        let found = calls.iter().find(|call| call.id == *id);
        let Some(call) = found else {
            let mut error = if answered.contains(id) {
                let text = format!("the tool call {id} already has a result");
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
