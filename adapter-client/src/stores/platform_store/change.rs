//! What others must know of changes.

use std::sync::Arc;

/// Called around every change: what was read before may not be so any more.
pub(crate) type OnChange = Arc<dyn Fn() + Send + Sync>;

/// A change under way. Says so when it begins, and again when it goes: a change whose
/// caller gave up, or whose answer was lost, may have happened all the same.
pub(super) struct Changing<'a>(Option<&'a OnChange>);

// === impl Changing ===

impl<'a> Changing<'a> {
    pub(super) fn begin(on_change: Option<&'a OnChange>) -> Self {
        let changing = Self(on_change);
        changing.tell();
        changing
    }

    fn tell(&self) {
        if let Some(on_change) = self.0 {
            on_change();
        }
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.tell();
    }
}
