//! Leases of sessions, with fences.

use async_trait::async_trait;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;
use mortise_proto::convert::session_lease::LeaseRequest;
use mortise_proto::convert::session_lease::SessionLease;
use std::num::NonZeroU64;
use std::time::Duration;
use tokio::sync::watch;

/// The fence that a change is made under, and the session whose lease it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFence {
    /// The session that is leased, which is not always the one that is changed.
    pub session_id: SessionId,
    /// The fence that its lease was granted with.
    pub fence: NonZeroU64,
}

/// The leases of one org's sessions; see `session_lease.proto`.
///
/// A grant is ordered with the changes of its session. An implementation checks
/// [`Scope::fence`](crate::Scope::fence) and [`AppendRequest::fence`](crate::AppendRequest)
/// in the transaction of each fenced change, and says so with
/// [`AdapterSource::checks_fences`](crate::AdapterSource::checks_fences).
#[async_trait]
pub trait SessionLeases: Send + Sync {
    /// Grants the lease, or says who has it ([`StoreError::held`]). The lease that it
    /// returns has the whole ttl left.
    async fn acquire(
        &self,
        session_id: SessionId,
        request: LeaseRequest,
    ) -> Result<SessionLease, StoreError>;

    /// Makes a lease run for `ttl` from now, or longer if it did; how long. One that has
    /// passed on or was released is refused ([`StoreError::fenced`]).
    async fn renew(
        &self,
        session_id: SessionId,
        fence: NonZeroU64,
        ttl: Duration,
    ) -> Result<Duration, StoreError>;

    /// Ends the lease, if it still has this fence.
    async fn release(&self, session_id: SessionId, fence: NonZeroU64) -> Result<(), StoreError>;

    /// The leases that run now: of one session, or of all.
    async fn running(&self, session_id: Option<SessionId>)
    -> Result<Vec<SessionLease>, StoreError>;

    /// Changes when a lease was granted or released. What another process does is not seen
    /// here: look now and then as well.
    fn subscribe(&self) -> watch::Receiver<u64>;
}
