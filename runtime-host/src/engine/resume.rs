//! Where an interrupted turn really stands: the journal holds the step that was about to
//! be taken, and the stored events how far it got.

mod calls;

use super::ending::{events_since, own};
use crate::journal::{Ending, NextStep, UnfinishedTurn};
use everruns_core::AgentLoopError;
use everruns_core::UserFacingError;
use everruns_core::atoms::ActInput;
use everruns_core::events::{self, Event, EventData, OutputMessageCompletedData};
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::session::SessionStatus;
use everruns_core::typed_id::{MessageId, TurnId};
use everruns_core::user_facing_error_codes;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::GrpcHostAdapter;
use std::collections::HashSet;

/// Why a turn ends that another host's has overtaken.
const TAKEN_OVER: &str = "another host took the session over; see the turns after this one";

/// The turn with the step that it can go on with; `None` where nothing of it is stored,
/// or another turn answers its message.
pub(super) async fn reconcile_with(
    adapter: &GrpcHostAdapter,
    mut turn: UnfinishedTurn,
) -> Result<Option<UnfinishedTurn>, AgentLoopError> {
    if matches!(turn.next, NextStep::Input) && !is_own(adapter, &turn).await? {
        return Ok(None);
    }
    let all = events_since(adapter, &turn).await?;
    let unread = has_unread(&all, turn.turn_id());
    let overtaken = is_overtaken(&all, turn.turn_id());
    let events = own(all, &turn);
    if let Some(ending) = events.iter().rev().find_map(ending_of) {
        turn.next = NextStep::End(ending);
        return Ok(Some(turn));
    }
    if overtaken {
        turn.next = NextStep::End(Ending::failed(TAKEN_OVER));
        return Ok(Some(turn));
    }
    if matches!(turn.next, NextStep::Reason)
        && let Some(said) = calls::unplanned(&events, &turn)
    {
        calls::plan(adapter, &mut turn, &events, said).await?;
    }
    let next = turn.next.clone();
    turn.next = match next {
        NextStep::Input if has(&events, events::TURN_STARTED) => NextStep::Reason,
        NextStep::Input => NextStep::Input,
        NextStep::Reason => match last_answer(&events) {
            // What the state knows of was answered before this step.
            Some(said) if !unread && turn.state.final_message_id != Some(said.message.id) => {
                turn.state.final_message_id = Some(said.message.id);
                NextStep::End(ending_with(said))
            }
            Some(_) | None => NextStep::Reason,
        },
        NextStep::Act {
            input,
            previous_response_id,
        } => NextStep::Act {
            input: Box::new(without_results(*input, &answered(&events))),
            previous_response_id,
        },
        NextStep::ToolResults {
            calls,
            answered: before,
        } => results_so_far(calls, before, &answered(&events)),
        NextStep::End(ending) => NextStep::End(ending),
    };
    let runs = matches!(turn.next, NextStep::Reason | NextStep::Act { .. });
    if runs {
        let (org_id, session_id) = (turn.state.org_id, turn.session_id());
        adapter
            .set_session_status(org_id, session_id, SessionStatus::Active)
            .await?;
    }
    Ok(Some(turn))
}

/// Whether another turn has begun after this one. On one host that cannot be; another host
/// had the session meanwhile, and its turn has read this one's message.
fn is_overtaken(events: &[Event], turn_id: TurnId) -> bool {
    let mut started = events.iter().filter_map(|event| {
        let EventData::TurnStarted(started) = &event.data else {
            return None;
        };
        Some(started.turn_id)
    });
    started.any(|started| started == turn_id) && started.next().is_some()
}

/// Whether the turn's message is stored and no other turn has begun to answer it.
async fn is_own(adapter: &GrpcHostAdapter, turn: &UnfinishedTurn) -> Result<bool, AgentLoopError> {
    let (session_id, message_id) = (turn.session_id(), turn.state.input_message_id);
    let message = adapter.message_store().get(session_id, message_id).await?;
    if message.is_none() {
        return Ok(false);
    }
    let Some(log) = adapter.event_log() else {
        return Ok(true);
    };
    let events = log.read(session_id, turn.since_sequence).await?;
    Ok(!events.iter().any(|event| {
        matches!(&event.data, EventData::TurnStarted(started)
            if started.input_message_id == message_id && started.turn_id != turn.turn_id())
    }))
}

/// The end that an event tells of. What else it holds is stored already.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "no other event ends a turn, whatever is to come"
)]
fn ending_of(event: &Event) -> Option<Ending> {
    match &event.data {
        EventData::TurnCompleted(_) => Some(Ending::Completed),
        EventData::TurnCancelled(cancelled) => Some(Ending::Cancelled {
            reason: cancelled.reason.clone(),
        }),
        EventData::TurnFailed(failed) => Some(Ending::Failed {
            error: failed.error.clone(),
            shown: UserFacingError::new(
                failed
                    .error_code
                    .as_deref()
                    .unwrap_or(user_facing_error_codes::PROCESSING_ERROR),
            ),
            message_id: MessageId::new(),
        }),
        _ => None,
    }
}

/// The end of a turn whose last words are stored.
fn ending_with(said: &OutputMessageCompletedData) -> Ending {
    match &said.error_code {
        None => Ending::Completed,
        Some(code) => Ending::Failed {
            error: "calling the model failed".into(),
            shown: UserFacingError::new(code),
            message_id: said.message.id,
        },
    }
}

/// What the model said last, since it was last asked, if that was an answer without
/// calls of tools: then the turn only lacks its end.
fn last_answer(events: &[Event]) -> Option<&OutputMessageCompletedData> {
    last_said(events).filter(|said| !said.message.has_tool_calls())
}

/// What the model said last, since it was last asked.
fn last_said(events: &[Event]) -> Option<&OutputMessageCompletedData> {
    let asked = events
        .iter()
        .rposition(|event| event.event_type == events::REASON_STARTED)?;
    let mut since = events.get(asked..)?.iter().rev();
    since.find_map(|event| {
        if let EventData::OutputMessageCompleted(said) = &event.data {
            Some(said)
        } else {
            None
        }
    })
}

/// Whether a message was stored since the turn last asked the model.
fn has_unread(events: &[Event], turn_id: TurnId) -> bool {
    let asked = events.iter().rposition(|event| {
        event.event_type == events::REASON_STARTED && event.context.turn_id == Some(turn_id)
    });
    let since = asked.and_then(|asked| events.get(asked..));
    since.is_some_and(|since| has(since, events::INPUT_MESSAGE))
}

fn has(events: &[Event], event_type: &str) -> bool {
    events.iter().any(|event| event.event_type == event_type)
}

/// The calls that have a result.
fn answered(events: &[Event]) -> HashSet<String> {
    let ids = events.iter().filter_map(|event| {
        if let EventData::ToolCompleted(done) = &event.data {
            Some(done.tool_call_id.clone())
        } else {
            None
        }
    });
    ids.collect()
}

/// A tool that has run is not run again.
fn without_results(mut input: ActInput, answered: &HashSet<String>) -> ActInput {
    input.tool_calls.retain(|call| !answered.contains(&call.id));
    input
}

fn results_so_far(
    mut calls: Vec<everruns_core::ToolCall>,
    mut before: Vec<String>,
    answered: &HashSet<String>,
) -> NextStep {
    calls.retain(|call| {
        let done = answered.contains(&call.id);
        if done {
            before.push(call.id.clone());
        }
        !done
    });
    if calls.is_empty() {
        return NextStep::Reason;
    }
    NextStep::ToolResults {
        calls,
        answered: before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everruns_core::events::{EventContext, EventRequest, InputMessageData, ReasonStartedData};
    use everruns_core::message::Message;
    use everruns_core::typed_id::{EventId, HarnessId, SessionId};

    /// A message that was stored after the turn last asked the model is not taken for
    /// answered by what the model said then; one before it is.
    #[test]
    fn what_came_since_the_model_was_asked_is_unread() {
        let (session_id, turn_id) = (SessionId::new(), TurnId::new());
        let input_message_id = MessageId::new();
        let stored = |context: EventContext, data: EventData| {
            EventRequest::new(session_id, context, data).into_event(EventId::new(), 7)
        };
        let asked = |turn_id| {
            let context = EventContext::turn(turn_id, input_message_id);
            let data = ReasonStartedData {
                harness_id: HarnessId::new(),
                agent_id: None,
                metadata: None,
            };
            stored(context, data.into())
        };
        let said = || {
            let data = InputMessageData::new(Message::user("and Oslo?"));
            stored(EventContext::empty(), data.into())
        };
        assert!(has_unread(&[asked(turn_id), said()], turn_id));
        assert!(has_unread(
            &[asked(turn_id), said(), asked(TurnId::new())],
            turn_id
        ));
        assert!(!has_unread(&[said(), asked(turn_id)], turn_id));
        assert!(!has_unread(&[said()], turn_id));
    }
}
