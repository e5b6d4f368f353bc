//! Stores a turn's end: the status first, so that a reader of the last event finds
//! an idle session, and of the events those that are not stored yet.

use super::TurnEnd;
use super::event_ids::{self, Answerer};
use crate::journal::{Ending, UnfinishedTurn};
use everruns_core::events::{
    self, Event, EventContext, EventData, EventRequest, OutputMessageCompletedData,
    SessionIdledData, TurnCancelledData, TurnCompletedData, TurnFailedData, TurnStartedData,
};
use everruns_core::message::Message;
use everruns_core::session::SessionStatus;
use everruns_core::traits::EventEmitter;
use everruns_core::typed_id::MessageId;
use everruns_core::{
    AgentLoopError, UserFacingError, UserFacingErrorContext, classify_runtime_error_message,
    user_facing_error_codes,
};
use everruns_runtime::{RuntimeHostAdapter, RuntimeSessionLifecycle};
use mortise_adapter_client::{GrpcHostAdapter, PhaseKind};
use mortise_proto::StoreError;
use std::collections::HashMap;
use tonic::Code;

/// What may be stored of an end already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndEvents {
    /// Nothing: the turn was under way until now.
    NotStored,
    /// Any part of it.
    MaybeStored,
}

/// Stores what is missing of a turn's end. Where the session has another turn by now, its
/// status and that it is idle are that turn's to say.
pub(super) async fn store_events(
    adapter: &GrpcHostAdapter,
    turn: &UnfinishedTurn,
    ending: &Ending,
    told: EndEvents,
    has_another: bool,
) -> Result<(), StoreError> {
    // The planner may have stored a part of an answer's end before it was aborted.
    let perhaps = told == EndEvents::MaybeStored || matches!(ending, Ending::Completed);
    let stored = if perhaps {
        own(events_since(adapter, turn).await?, turn)
    } else {
        Vec::new()
    };
    let is_stored = |kinds: &[&str]| {
        stored
            .iter()
            .any(|event| kinds.contains(&event.event_type.as_str()))
    };
    let (org_id, session_id) = (turn.state.org_id, turn.session_id());
    if !has_another {
        adapter
            .set_session_status(org_id, session_id, SessionStatus::Idle)
            .await?;
    }
    let phase = event_ids::of_turn(adapter, turn, Answerer::Turn);
    let phase = phase.phase(session_id, PhaseKind::Act);
    let ended = [
        events::TURN_COMPLETED,
        events::TURN_FAILED,
        events::TURN_CANCELLED,
    ];
    let told = async {
        if !is_stored(&ended) {
            store_turn_end(&phase, turn, ending, &stored).await?;
        }
        if !is_stored(&[events::SESSION_IDLED]) && !has_another {
            let idled = SessionIdledData {
                turn_id: turn.turn_id(),
                iterations: matches!(ending, Ending::Completed).then_some(turn.state.iteration),
                usage: turn.state.cumulative_usage.clone(),
            };
            phase.event_emitter().emit(of_turn(turn, idled)).await?;
        }
        Ok::<_, AgentLoopError>(())
    };
    let told = told.await;
    // What the phase has noted of a failure says more than what went through upstream.
    phase.finish_phase().await?;
    Ok(told?)
}

/// Says that a turn has begun, of one that ends before its first step: without it the end
/// would belong to nothing. It is stored once, also where another host has stored it.
pub(super) async fn store_start(
    adapter: &GrpcHostAdapter,
    turn: &UnfinishedTurn,
) -> Result<(), StoreError> {
    let phase = event_ids::of_turn(adapter, turn, Answerer::Turn);
    let phase = phase.phase(turn.session_id(), PhaseKind::Act);
    let started = TurnStartedData {
        turn_id: turn.turn_id(),
        input_message_id: turn.state.input_message_id,
        input_content: None,
    };
    let told = phase.event_emitter().emit(of_turn(turn, started)).await;
    phase.finish_phase().await?;
    told.map(drop).map_err(StoreError::from)
}

async fn store_turn_end(
    phase: &GrpcHostAdapter,
    turn: &UnfinishedTurn,
    ending: &Ending,
    stored: &[Event],
) -> Result<(), AgentLoopError> {
    let emitter = phase.event_emitter();
    match ending {
        Ending::Completed => emitter.emit(of_turn(turn, completed(turn))).await?,
        Ending::Cancelled { reason } => {
            let cancelled = TurnCancelledData {
                turn_id: turn.turn_id(),
                reason: reason.clone(),
                usage: turn.state.cumulative_usage.clone(),
            };
            emitter.emit(of_turn(turn, cancelled)).await?
        }
        Ending::Failed {
            error,
            shown,
            message_id,
        } => {
            let said = stored.iter().any(|event| {
                matches!(&event.data, EventData::OutputMessageCompleted(said)
                    if said.message.id == *message_id)
            });
            if !said {
                store_user_error(phase, turn, *message_id, shown, &shown.fallback_message())
                    .await?;
            }
            let mut failed = TurnFailedData {
                turn_id: turn.turn_id(),
                error: error.clone(),
                error_code: None,
                error_fields: None,
            };
            shown.apply_to_event_fields(&mut failed.error_code, &mut failed.error_fields);
            emitter.emit(of_turn(turn, failed)).await?
        }
    };
    Ok(())
}

/// Says in the conversation that something went wrong.
pub(super) async fn store_user_error(
    phase: &GrpcHostAdapter,
    turn: &UnfinishedTurn,
    message_id: MessageId,
    shown: &UserFacingError,
    text: &str,
) -> Result<(), AgentLoopError> {
    let mut message = Message::assistant(text);
    message.id = message_id;
    let mut metadata = HashMap::new();
    shown.apply_to_message_metadata(&mut metadata);
    message.metadata = Some(metadata);
    let said = OutputMessageCompletedData::new(message).with_user_facing_error(shown);
    phase.event_emitter().emit(of_turn(turn, said)).await?;
    Ok(())
}

/// The error that belongs to a text which upstream has chosen for the user: the one it
/// sees in the error, if that gives the same text.
pub(super) fn shown(error: &str, text: &str) -> UserFacingError {
    let classified = classify_runtime_error_message(error, &UserFacingErrorContext::default());
    if classified.fallback_message() == text {
        return classified;
    }
    UserFacingError::new(user_facing_error_codes::PROCESSING_ERROR)
}

/// The stored events of a session since a turn's message, where an adapter keeps events.
pub(super) async fn events_since(
    adapter: &GrpcHostAdapter,
    turn: &UnfinishedTurn,
) -> Result<Vec<Event>, AgentLoopError> {
    let Some(log) = adapter.event_log() else {
        return Ok(Vec::new());
    };
    log.read(turn.session_id(), turn.since_sequence).await
}

/// Those of them that are the turn's own.
pub(super) fn own(mut events: Vec<Event>, turn: &UnfinishedTurn) -> Vec<Event> {
    events.retain(|event| event.context.turn_id == Some(turn.turn_id()));
    events
}

/// How a turn has ended.
pub(super) fn reached(ending: &Ending) -> TurnEnd {
    match ending {
        Ending::Completed => TurnEnd::Completed,
        Ending::Failed { error, .. } => TurnEnd::Failed(error.clone()),
        Ending::Cancelled { .. } => TurnEnd::Cancelled,
    }
}

/// Runs the hooks that agents have for the end of a turn.
pub(super) async fn fire_turn_end_hooks(
    adapter: &GrpcHostAdapter,
    turn: &UnfinishedTurn,
    success: bool,
) {
    let state = &turn.state;
    RuntimeSessionLifecycle::new(adapter.clone(), state.org_id, state.session_id)
        .fire_turn_end_hooks(state.harness_id, state.agent_id, turn.turn_id(), success)
        .await;
}

/// Whether there is no session any more: then nothing is left to end.
pub(super) fn is_gone(error: &StoreError) -> bool {
    error.code == Code::NotFound
}

/// Whether an error says that the turn's session takes nothing any more.
pub(super) fn is_without_session(turn: &UnfinishedTurn, error: &StoreError) -> bool {
    error.gone_session() == Some(turn.session_id())
}

/// Whether an error says that another host has the turn's session by now.
pub(super) fn is_lost(turn: &UnfinishedTurn, error: &StoreError) -> bool {
    error.fenced_session() == Some(turn.session_id())
}

fn completed(turn: &UnfinishedTurn) -> TurnCompletedData {
    let state = &turn.state;
    let took = state
        .started_at
        .map(|started_at| chrono::Utc::now().signed_duration_since(started_at))
        .and_then(|took| u64::try_from(took.num_milliseconds()).ok());
    TurnCompletedData {
        turn_id: turn.turn_id(),
        iterations: state.iteration,
        duration_ms: took,
        usage: state.cumulative_usage.clone(),
        input_content: None,
        final_message_id: state.final_message_id,
        final_answer_preview: state.final_answer_preview.clone(),
        time_to_first_token_ms: state.time_to_first_token_ms,
        tool_call_count: Some(state.tool_call_count),
        llm_call_count: Some(state.llm_call_count),
        status: Some("completed".to_string()),
    }
}

fn of_turn(turn: &UnfinishedTurn, data: impl Into<EventData>) -> EventRequest {
    let context = EventContext::turn(turn.turn_id(), turn.state.input_message_id);
    EventRequest::new(turn.session_id(), context, data)
}
