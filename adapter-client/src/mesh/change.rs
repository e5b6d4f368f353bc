//! The request ids of changes that have one from their caller: sent again, by this process
//! or by another one, they are the same change and happen once.

use everruns_core::events::EventRequest;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// The request id of an event; `None` gives it a fresh one. The same id is the same event,
/// whatever else differs: the server stores the first and answers every further one with
/// it. Called in the middle of a turn: it must not block.
pub type EventIds = Arc<dyn Fn(&EventRequest) -> Option<Uuid> + Send + Sync>;

/// Where the request ids of an adapter's changes come from.
#[derive(Clone, Default)]
pub(crate) struct RequestIds {
    /// Of events.
    pub(crate) events: Option<EventIds>,
    /// Of every other change.
    pub(crate) change: Option<Uuid>,
}

// === impl RequestIds ===

impl RequestIds {
    /// The request id of an event, which is also the id that is proposed for it: a server
    /// that takes it has nothing else to remember.
    pub(crate) fn of_event(&self, event: &EventRequest) -> Uuid {
        let id = self.events.as_ref().and_then(|ids| ids(event));
        id.unwrap_or_else(Uuid::now_v7)
    }

    /// The request id of any other change.
    pub(crate) fn of_change(&self) -> String {
        self.change.unwrap_or_else(Uuid::now_v7).to_string()
    }
}

impl fmt::Debug for RequestIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestIds")
            .field("events", &self.events.is_some())
            .field("change", &self.change)
            .finish()
    }
}
