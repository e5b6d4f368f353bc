//! Events of an adapter as its host sees and changes them.

use super::{EventEdit, EventTap};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::events::{Event, EventRequest};
use everruns_core::traits::EventEmitter;
use std::sync::Arc;

/// An emitter that changes what it emits, and shows what it emitted.
pub(super) struct Tapped {
    pub(super) emitter: Arc<dyn EventEmitter>,
    pub(super) taps: Vec<EventTap>,
    pub(super) edit: Option<EventEdit>,
}

#[async_trait]
impl EventEmitter for Tapped {
    async fn emit(&self, mut request: EventRequest) -> Result<Event> {
        if let Some(edit) = &self.edit {
            edit(&mut request);
        }
        let event = self.emitter.emit(request).await?;
        for tap in &self.taps {
            tap(&event);
        }
        Ok(event)
    }
}
