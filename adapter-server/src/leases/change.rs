//! What of a change decides whether it needs a lease.

use crate::Scope;
use crate::extensions::SessionFence;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::session_lease::{comes_from_outside, is_turn_event};
use mortise_proto::rpc::{Fencing, Scoped};

/// A call of a method that takes notice of fences.
#[derive(Debug)]
pub(crate) struct Change {
    pub(super) org_id: i64,
    /// Under which its answer is remembered.
    pub(super) request_id: Option<String>,
    pub(super) fence: Option<SessionFence>,
    /// The session that it changes, if the method is one of a session's.
    target: Option<SessionId>,
    pub(super) is_turn_event: bool,
    /// It is accepted without a fence, whatever is said of others.
    pub(super) comes_from_outside: bool,
}

// === impl Change ===

impl Change {
    /// The change that a request asks for; `None` if its method ignores fences.
    pub(crate) fn of(scope: &Scope, request: &impl Scoped) -> Option<Self> {
        let target = match scope.method.fencing {
            Fencing::Ignored => return None,
            Fencing::Caller => None,
            // What is no session's id is refused by its handler.
            Fencing::Session => request.session_id().and_then(|id| id.parse().ok()),
        };
        let event = request.event();
        Some(Self {
            org_id: scope.org_id,
            request_id: scope.request_id.clone(),
            fence: scope.fence,
            target,
            is_turn_event: event.is_some_and(is_turn_event),
            comes_from_outside: event.is_some_and(|event| comes_from_outside(&event.r#type)),
        })
    }

    /// The session that is changed without its own fence.
    pub(super) fn unfenced_target(&self) -> Option<SessionId> {
        let own = self.fence.map(|fence| fence.session_id);
        self.target.filter(|target| own != Some(*target))
    }

    /// The sessions whose leases decide.
    pub(super) fn places(&self) -> impl Iterator<Item = (i64, SessionId)> {
        let own = self.fence.map(|fence| fence.session_id);
        let places = own.into_iter().chain(self.target);
        places.map(|session_id| (self.org_id, session_id))
    }
}
