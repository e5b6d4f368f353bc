//! Leases of sessions. Beyond the upstream trait.
//!
//! Errors are the contract's own: `HELD` says who has the lease
//! ([`StoreError::held_by`]), `FENCED` that it is lost ([`StoreError::fenced_session`]).

use crate::Fence;
use crate::stores::Remote;
use everruns_core::typed_id::SessionId;
use futures::{Stream, StreamExt};
use mortise_proto::convert::session_lease::{LeaseRequest, SessionLease, millis_left};
use mortise_proto::convert::{ConvertError, id, nested, optional_nested};
use mortise_proto::rpc::table::session_lease_service::{
    ACQUIRE_LEASE, FOLLOW_LEASES, RELEASE_LEASE, RENEW_LEASE,
};
use mortise_proto::{Method, StoreError, pb};
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, StoreError>;

/// The leases of an org's sessions.
#[derive(Debug, Clone)]
pub struct RemoteSessionLeases {
    pub(crate) remote: Remote,
}

/// A lease that this side has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLease {
    /// The lease as it was granted.
    pub lease: SessionLease,
    /// When it ends for this side, unless it is renewed: counted from before it was asked
    /// for, so never later than for the server.
    pub ends: Instant,
}

/// Whether a session is leased, as a follower is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseChange {
    /// Which session.
    pub session_id: SessionId,
    /// Its lease; `None` if it is not leased.
    pub lease: Option<SessionLease>,
}

// === impl RemoteSessionLeases ===

impl RemoteSessionLeases {
    /// Acquires the lease of a session, or fails with who has it.
    pub async fn acquire(&self, session_id: SessionId, request: LeaseRequest) -> Result<HeldLease> {
        let asked = Instant::now();
        let request = request.into_wire(session_id);
        let answer = self.remote.call(&ACQUIRE_LEASE, request).await?;
        let lease: SessionLease =
            nested("lease", answer.lease).map_err(malformed(ACQUIRE_LEASE.method))?;
        Ok(HeldLease {
            ends: asked + lease.time_left,
            lease,
        })
    }

    /// Makes a lease run for `ttl` from now; when it ends for this side. `FENCED`: it is
    /// lost.
    pub async fn renew(
        &self,
        session_id: SessionId,
        fence: NonZeroU64,
        ttl: Duration,
    ) -> Result<Instant> {
        let asked = Instant::now();
        let request = pb::RenewLeaseRequest {
            context: None,
            session_id: session_id.to_string(),
            fence: fence.get(),
            ttl_ms: millis_left(ttl),
        };
        let answer = self.remote.call(&RENEW_LEASE, request).await?;
        Ok(asked + Duration::from_millis(answer.time_left_ms))
    }

    /// Ends a lease. One that has ended is no error.
    pub async fn release(&self, session_id: SessionId, fence: NonZeroU64) -> Result<()> {
        let request = pb::ReleaseLeaseRequest {
            context: None,
            session_id: session_id.to_string(),
            fence: fence.get(),
        };
        self.remote.call(&RELEASE_LEASE, request).await?;
        Ok(())
    }

    /// Whether a session is leased, now and after each change; without a session, each
    /// lease of the org and each change. After an error follow again.
    pub async fn follow(
        &self,
        session_id: Option<SessionId>,
    ) -> Result<impl Stream<Item = Result<LeaseChange>> + Send + Unpin + use<>> {
        let request = pb::FollowLeasesRequest {
            context: None,
            session_id: session_id.map(|session_id| session_id.to_string()),
        };
        let Remote { mesh, org, .. } = &self.remote;
        let answers = mesh.follow(&FOLLOW_LEASES, org, request).await?;
        Ok(answers.map(|answer| {
            let change = LeaseChange::try_from(answer?);
            change.map_err(malformed(FOLLOW_LEASES.method))
        }))
    }
}

// === impl HeldLease ===

impl HeldLease {
    /// The fence for the stores of a turn.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence::new(self.lease.session_id, self.lease.fence)
    }
}

// === impl LeaseChange ===

impl TryFrom<pb::FollowLeasesResponse> for LeaseChange {
    type Error = ConvertError;

    fn try_from(wire: pb::FollowLeasesResponse) -> std::result::Result<Self, ConvertError> {
        Ok(Self {
            session_id: id("session_id", &wire.session_id)?,
            lease: optional_nested("lease", wire.lease)?,
        })
    }
}

/// What an answer that breaks the contract is.
pub(super) fn malformed(method: &'static Method) -> impl Fn(ConvertError) -> StoreError {
    move |error| error.malformed(&format!("the answer of {}", method.short_name()))
}
