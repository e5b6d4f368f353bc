//! Stores beyond the upstream trait that are about who drives a session: leases with
//! fences, and the turns that a lost host leaves behind.

use async_trait::async_trait;
use bytes::Bytes;
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_proto::StoreError;
use mortise_proto::convert::session_lease::{LeaseRequest, SessionLease};
use mortise_proto::convert::turn_journal::{
    ClaimedToolCall, JournaledToolCall, JournaledTurn, ToolCallClaim, ToolCallSettlement,
};
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

/// The unfinished turns of one org's sessions, and their tool calls; see
/// `turn_journal.proto`. Every change is made under `fence`, which is of the same session.
#[async_trait]
pub trait TurnJournals: Send + Sync {
    /// Stores the record of a turn, over the one before.
    async fn put(
        &self,
        fence: SessionFence,
        turn_id: TurnId,
        record: Bytes,
    ) -> Result<(), StoreError>;

    /// A turn with its record.
    async fn get(
        &self,
        session_id: SessionId,
        turn_id: TurnId,
    ) -> Result<Option<(JournaledTurn, Bytes)>, StoreError>;

    /// Removes a turn and its tool calls, and says whether the turn was there.
    async fn remove(&self, fence: SessionFence, turn_id: TurnId) -> Result<bool, StoreError>;

    /// The turns of a session or of all, in the order in which they were first stored;
    /// perhaps only those whose session is not leased now.
    async fn list(
        &self,
        session_id: Option<SessionId>,
        unleased_only: bool,
    ) -> Result<Vec<JournaledTurn>, StoreError>;

    /// Claims a tool call. Of several callers exactly one makes the claim.
    async fn claim(
        &self,
        fence: SessionFence,
        claim: ToolCallClaim,
    ) -> Result<ClaimedToolCall, StoreError>;

    /// Stores the result of a claimed call; `false` if the claim is another's by now, or
    /// the call is settled.
    async fn settle(
        &self,
        fence: SessionFence,
        settlement: ToolCallSettlement,
    ) -> Result<bool, StoreError>;

    /// The tool calls of a turn in the order in which they were first claimed, or the one
    /// with this id.
    async fn tool_calls(
        &self,
        session_id: SessionId,
        turn_id: TurnId,
        tool_call_id: Option<&str>,
    ) -> Result<Vec<JournaledToolCall>, StoreError>;
}
