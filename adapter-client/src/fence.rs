//! The lease that the changes of a turn are made under.

use everruns_core::typed_id::SessionId;
use mortise_proto::pb::CallContext;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The fence of a session's lease, for the stores of one turn. Cheap to clone; clones
/// share it.
#[derive(Debug, Clone)]
pub struct Fence {
    session_id: SessionId,
    /// 0 once the lease was released.
    fence: Arc<AtomicU64>,
}

// === impl Fence ===

impl Fence {
    /// The fence that a session's lease was granted with.
    #[must_use]
    pub fn new(session_id: SessionId, fence: NonZeroU64) -> Self {
        Self {
            session_id,
            fence: Arc::new(AtomicU64::new(fence.get())),
        }
    }

    /// The session that is leased.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// The fence, until the lease was released.
    #[must_use]
    pub fn get(&self) -> Option<NonZeroU64> {
        NonZeroU64::new(self.fence.load(Ordering::Acquire))
    }

    /// From now on changes carry no fence. Call it before the lease of a turn that has
    /// ended is released: what the turn has left running in the background goes on
    /// without a lease, as a person's changes do. Never call it when the lease was lost:
    /// the stale fence keeps what is left of the turn from writing.
    pub fn release(&self) {
        self.fence.store(0, Ordering::Release);
    }

    /// Adds the fence to a context, unless that names another session.
    pub(crate) fn add_to(&self, context: &mut CallContext) {
        let session_id = self.session_id.to_string();
        if let Some(fence) = self.get()
            && (context.session_id.is_empty() || context.session_id == session_id)
        {
            context.session_id = session_id;
            context.fence = fence.get();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fence travels with its own session alone, until it is released.
    #[test]
    fn a_fence_is_of_one_session() {
        let (session, other) = (SessionId::new(), SessionId::new());
        let fence = Fence::new(session, NonZeroU64::MIN);
        let sent = |session_id: String| {
            let mut context = CallContext {
                session_id,
                ..CallContext::default()
            };
            fence.add_to(&mut context);
            (context.session_id, context.fence)
        };
        for stated in [String::new(), session.to_string()] {
            assert_eq!(sent(stated), (session.to_string(), 1));
        }
        assert_eq!(sent(other.to_string()), (other.to_string(), 0));
        fence.clone().release();
        assert_eq!(sent(String::new()), (String::new(), 0));
    }
}
