//! The request ids of the events that a turn stores at most once.
//!
//! A host that is killed, or that another one takes for dead, may have sent events that
//! its adapter stores only after the turn has gone on elsewhere: the stored events do not
//! show them yet, and the step is taken again. Its events then have the same request ids,
//! so each is stored once: that the turn has begun, the result of each tool call, the end.

use crate::journal::UnfinishedTurn;
use everruns_core::events::{self, EventData, EventRequest};
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_adapter_client::{EventIds, GrpcHostAdapter};
use std::sync::Arc;
use uuid::Uuid;

/// Who answers the tool calls of an iteration. Models may use the ids of calls again in
/// the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answerer {
    /// The turn: it runs the tools.
    Turn,
    /// The application.
    Application,
}

/// What tells an event of a turn from all others.
#[derive(Debug, Clone, Copy)]
struct Names {
    session_id: SessionId,
    turn_id: TurnId,
    iteration: u32,
    answerer: Answerer,
}

/// The adapter, whose events of this turn are stored once.
pub(crate) fn of_turn(
    adapter: &GrpcHostAdapter,
    turn: &UnfinishedTurn,
    answerer: Answerer,
) -> GrpcHostAdapter {
    let names = Names {
        session_id: turn.session_id(),
        turn_id: turn.turn_id(),
        iteration: turn.state.iteration,
        answerer,
    };
    let ids: EventIds = Arc::new(move |event| names.request_id(event));
    adapter.clone().with_event_ids(ids)
}

/// The adapter, whose messages are stored once.
pub(crate) fn of_messages(adapter: &GrpcHostAdapter) -> GrpcHostAdapter {
    let ids: EventIds = Arc::new(of_message);
    adapter.clone().with_event_ids(ids)
}

// === impl Names ===

impl Names {
    fn request_id(self, event: &EventRequest) -> Option<Uuid> {
        if let Some(id) = of_message(event) {
            return Some(id);
        }
        let is_own =
            event.session_id == self.session_id && event.context.turn_id == Some(self.turn_id);
        if !is_own {
            return None;
        }
        let name = match event.event_type.as_str() {
            started @ (events::SESSION_ACTIVATED | events::TURN_STARTED) => started.into(),
            // A turn has one end, whichever.
            events::TURN_COMPLETED | events::TURN_FAILED | events::TURN_CANCELLED => "end".into(),
            events::SESSION_IDLED => events::SESSION_IDLED.into(),
            _ => self.of_calls(event)?,
        };
        Some(Uuid::new_v5(&self.turn_id.uuid(), name.as_bytes()))
    }

    /// The name of an event about tool calls.
    fn of_calls(self, event: &EventRequest) -> Option<String> {
        let calls = if let EventData::ToolCompleted(completed) = &event.data {
            vec![completed.tool_call_id.as_str()]
        } else if let EventData::ToolCallRequested(requested) = &event.data {
            requested
                .tool_calls
                .iter()
                .map(|call| call.id.as_str())
                .collect()
        } else {
            return None;
        };
        let (iteration, answerer) = (self.iteration, self.answerer);
        Some(format!(
            "{} {iteration} {answerer:?} {calls:?}",
            event.event_type
        ))
    }
}

/// A message has one event.
fn of_message(event: &EventRequest) -> Option<Uuid> {
    let message_id = if let EventData::InputMessage(said) = &event.data {
        said.message.id
    } else if let EventData::OutputMessageCompleted(said) = &event.data {
        said.message.id
    } else {
        return None;
    };
    let name = format!("{} {}", event.session_id, event.event_type);
    Some(Uuid::new_v5(&message_id.uuid(), name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use everruns_core::events::{
        EventContext, SessionIdledData, ToolCompletedData, TurnCancelledData, TurnFailedData,
    };
    use everruns_core::typed_id::MessageId;

    fn names(iteration: u32) -> Names {
        Names {
            session_id: SessionId::from_seed(1),
            turn_id: TurnId::from_seed(2),
            iteration,
            answerer: Answerer::Turn,
        }
    }

    fn of(turn_id: TurnId, data: impl Into<EventData>) -> EventRequest {
        let context = EventContext::turn(turn_id, MessageId::new());
        EventRequest::new(SessionId::from_seed(1), context, data)
    }

    /// Two ends of one turn are one event, and so are two results of one call; the same
    /// call of another iteration, another event and another turn are not.
    #[test]
    fn what_a_turn_stores_once_has_one_id() {
        let (own, other) = (TurnId::from_seed(2), TurnId::from_seed(3));
        let failed = |turn_id| TurnFailedData {
            turn_id,
            error: "broken".into(),
            error_code: None,
            error_fields: None,
        };
        let cancelled = TurnCancelledData {
            turn_id: own,
            reason: None,
            usage: None,
        };
        let end = names(1).request_id(&of(own, failed(own)));
        assert!(end.is_some());
        assert_eq!(end, names(2).request_id(&of(own, cancelled)));
        assert_eq!(names(1).request_id(&of(other, failed(other))), None);
        let idled = SessionIdledData {
            turn_id: own,
            iterations: None,
            usage: None,
        };
        assert_ne!(end, names(1).request_id(&of(own, idled)));
        let result = |text: &str| {
            let content = vec![everruns_core::message::ContentPart::text(text)];
            of(
                own,
                ToolCompletedData::success("call_0".into(), "add".into(), content, None),
            )
        };
        let first = names(1).request_id(&result("3"));
        assert!(first.is_some());
        assert_eq!(first, names(1).request_id(&result("4")));
        assert_ne!(first, names(2).request_id(&result("3")));
    }
}
