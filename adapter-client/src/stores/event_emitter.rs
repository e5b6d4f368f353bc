//! `EventEmitter` over `EventEmitterService.Emit`: one event, awaited. A phase
//! sends its events on a stream instead; see `phase/emitter.rs`.

use super::Remote;
use async_trait::async_trait;
use everruns_core::events::{Event, EventRequest};
use everruns_core::traits::EventEmitter;
use mortise_proto::StoreError;
use mortise_proto::convert::event_emitter::event_from_ack;
use mortise_proto::convert::{ConvertError, id};
use mortise_proto::error::Outcome;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::event_emitter_service::EMIT;

impl Remote {
    /// Emits an event, with the error as its server stated it.
    pub(crate) async fn emit_event(&self, request: EventRequest) -> Result<Event, StoreError> {
        let sent = pb::EmitRequest {
            context: None,
            event: Some(draft(&request)?),
            proposed_event_id: String::new(),
        };
        let answer = self.call(&EMIT, sent).await?;
        let event = id("event_id", &answer.event_id)
            .and_then(|event_id| event_from_ack(request, event_id, answer.sequence));
        event.map_err(|error| error.malformed("the answer of EventEmitterService/Emit"))
    }
}

#[async_trait]
impl EventEmitter for Remote {
    async fn emit(&self, request: EventRequest) -> everruns_core::error::Result<Event> {
        Ok(self.emit_event(request).await?)
    }
}

/// The wire form of an event.
pub(crate) fn draft(request: &EventRequest) -> Result<pb::NewEvent, StoreError> {
    request.try_into().map_err(|error: ConvertError| {
        let text = format!("event {} cannot be sent: {error}", request.event_type);
        // Nothing was sent, and nothing else comes of sending it again.
        StoreError::new(ErrorReason::EventEmission, text).outcome(Outcome::NotApplied)
    })
}

/// Whether upstream ends the turn when this event cannot be stored. It logs and
/// goes on for every other.
pub(crate) fn is_fatal(event_type: &str) -> bool {
    event_type == everruns_core::events::OUTPUT_MESSAGE_COMPLETED
}
