//! `EventEmitter` over `EventEmitterService.Emit`: one event, awaited. A phase
//! sends its events on a stream instead; see `phase/emitter.rs`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::events::{Event, EventRequest};
use everruns_core::traits::EventEmitter;
use mortise_proto::convert::event_emitter::event_from_ack;
use mortise_proto::convert::id;
use mortise_proto::convert::open_value::OpenValues;
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use mortise_proto::{StoreError, pb};

#[async_trait]
impl EventEmitter for Remote {
    async fn emit(&self, request: EventRequest) -> Result<Event, AgentLoopError> {
        let sent = pb::EmitRequest {
            context: None,
            event: Some(draft(&request)?),
            proposed_event_id: String::new(),
        };
        let answer = self.call(&EMIT, sent).await?;
        let event = id("event_id", &answer.event_id)
            .and_then(|event_id| event_from_ack(request, event_id, answer.sequence));
        event.map_err(malformed(EMIT.method))
    }
}

/// The wire form of an event, if every server could store it and every host read it.
pub(crate) fn draft(request: &EventRequest) -> Result<pb::NewEvent, StoreError> {
    let event = pb::NewEvent::try_from(request)?;
    let checked = event.check_values();
    checked.map_err(|error| error.within("event"))?;
    Ok(event)
}

/// Whether upstream ends the turn when this event cannot be stored. It logs and
/// goes on for every other.
pub(crate) fn is_fatal(event_type: &str) -> bool {
    event_type == everruns_core::events::OUTPUT_MESSAGE_COMPLETED
}
