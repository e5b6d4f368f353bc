//! What a driver learns of an answer and upstream has no place for: that it was cut.
//! Upstream writes the answer's events itself, and infers there how it ended.

use everruns_core::events::{EventData, EventRequest};
use serde_json::Value;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

tokio::task_local! {
    static CURRENT: Arc<Notes>;
}

/// The key of a message's metadata that says why the answer ended before it was whole:
/// `length`, `content_filter`, or what else the provider calls it.
pub const FINISH_REASON: &str = "finish_reason";

/// Notes on the answer that is being asked for.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    cut: Mutex<Option<&'static str>>,
}

// === impl Notes ===

impl Notes {
    /// Does work in which drivers note here.
    pub(crate) async fn of<T>(self: Arc<Self>, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    /// Writes into an event of the answer what is noted.
    pub(crate) fn write(&self, event: &mut EventRequest) {
        let Some(reason) = *self.lock() else {
            return;
        };
        if let EventData::LlmGeneration(generation) = &mut event.data {
            generation.metadata.finish_reasons = Some(vec![reason.into()]);
        }
        if let EventData::OutputMessageCompleted(said) = &mut event.data {
            let metadata = said.message.metadata.get_or_insert_default();
            metadata.insert(FINISH_REASON.into(), Value::String(reason.into()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<&'static str>> {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer begins: what was noted of one before is not about it.
pub(super) fn begin() {
    set(None);
}

/// The answer was cut.
pub(super) fn cut(reason: &'static str) {
    set(Some(reason));
}

/// There may be no listener.
fn set(cut: Option<&'static str>) {
    CURRENT
        .try_with(|notes| *notes.lock() = cut)
        .unwrap_or_default();
}
