//! `EventEmitter` over `EventEmitterService.Emit`: one event, awaited. A phase
//! sends its events on a stream instead; see `phase/emitter.rs`.

use super::Remote;
use crate::call_error::CallError;
use crate::mesh::call::context;
use async_trait::async_trait;
use everruns_core::events::{Event, EventRequest};
use everruns_core::traits::EventEmitter;
use everruns_core::typed_id::EventId;
use mortise_proto::convert::event_emitter::event_from_ack;
use mortise_proto::convert::id;
use mortise_proto::convert::open_value::OpenValues;
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use mortise_proto::{StoreError, pb};

impl Remote {
    /// Emits an event, with the error as its server stated it.
    pub(crate) async fn emit_event(&self, request: EventRequest) -> Result<Event, StoreError> {
        let mut context = context(EMIT.method, &self.org);
        let request_id = self.org.request_ids.of_event(&request);
        context.request_id = request_id.to_string();
        let sent = pb::EmitRequest {
            context: Some(context),
            event: Some(draft(&request)?),
            proposed_event_id: EventId::from_uuid(request_id).to_string(),
            data_patch: None,
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
        Ok(self.emit_event(request).await.map_err(CallError)?)
    }
}

/// The wire form of an event, if every server could store it and every host read it.
/// Otherwise nothing is sent, and nothing else comes of sending it again.
pub(crate) fn draft(request: &EventRequest) -> Result<pb::NewEvent, StoreError> {
    let event = pb::NewEvent::try_from(request).map_err(|error| error.within("event"))?;
    let checked = event.check_values();
    checked.map_err(|error| error.within("event"))?;
    Ok(event)
}

/// Whether upstream ends the turn when this event cannot be stored. It logs and
/// goes on for every other.
pub(crate) fn is_fatal(event_type: &str) -> bool {
    event_type == everruns_core::events::OUTPUT_MESSAGE_COMPLETED
}
