//! `SessionLeaseService` over the source's leases, or over those of the serving process.

use crate::SessionLeases;
use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::AgentLoopError;
use everruns_core::typed_id::SessionId;
use futures::{Stream, StreamExt, stream};
use mortise_proto::convert::session_lease::{LeaseRequest, SessionLease, fence, millis_left, ttl};
use mortise_proto::convert::{id, optional_id};
use mortise_proto::rpc::table::session_lease_service::NAME;
use mortise_proto::{StoreError, pb};
use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long what another process does may stay unseen.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How soon after its end a lease is looked at: it must have ended by then.
const AFTER_THE_END: Duration = Duration::from_millis(5);

pub(super) async fn acquire_lease(
    call: Call<pb::AcquireLeaseRequest>,
) -> HandlerResult<pb::AcquireLeaseResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let leases = offered(&call)?;
    if call.leases.is_some() {
        is_there(&call, session_id).await?;
    }
    let request = LeaseRequest::try_from(call.request)?;
    let lease = leases.acquire(session_id, request).await?;
    Ok(pb::AcquireLeaseResponse {
        lease: Some(lease.into()),
    })
}

pub(super) async fn renew_lease(
    call: Call<pb::RenewLeaseRequest>,
) -> HandlerResult<pb::RenewLeaseResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let fence = fence("fence", call.request.fence)?;
    let ttl = ttl("ttl_ms", call.request.ttl_ms)?;
    let time_left = offered(&call)?.renew(session_id, fence, ttl).await?;
    Ok(pb::RenewLeaseResponse {
        time_left_ms: millis_left(time_left),
    })
}

pub(super) async fn release_lease(
    call: Call<pb::ReleaseLeaseRequest>,
) -> HandlerResult<pb::ReleaseLeaseResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let fence = fence("fence", call.request.fence)?;
    offered(&call)?.release(session_id, fence).await?;
    Ok(pb::ReleaseLeaseResponse {})
}

pub(super) async fn follow_leases(
    call: Call<pb::FollowLeasesRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::FollowLeasesResponse>> + Send + 'static> {
    let leases = offered(&call)?;
    let follower = Follower {
        changed: leases.subscribe(),
        session_id: optional_id("session_id", call.request.session_id.as_deref())?,
        leases,
        sent: None,
        ready: VecDeque::new(),
        closing: call.closing,
    };
    Ok(follower.into_stream())
}

fn offered<Req>(call: &Call<Req>) -> HandlerResult<Arc<dyn SessionLeases>> {
    if let Some(leases) = &call.leases {
        return Ok(Arc::new(leases.of_org(call.scope.org_id)));
    }
    let leases = call.adapter.session_leases(&call.scope);
    leases.ok_or_else(|| not_offered(NAME))
}

/// Leases of this process know no sessions: the adapter is asked.
async fn is_there<Req>(call: &Call<Req>, session_id: SessionId) -> HandlerResult<()> {
    let sessions = call.adapter.session_store(call.scope.org_id);
    match sessions.get_session(session_id).await? {
        Some(_) => Ok(()),
        None => Err(AgentLoopError::SessionNotFound(session_id).into()),
    }
}

/// What becomes of leases, as differences between looks.
struct Follower {
    leases: Arc<dyn SessionLeases>,
    changed: watch::Receiver<u64>,
    session_id: Option<SessionId>,
    /// What the last look found; `None` before the first.
    sent: Option<HashMap<SessionId, NonZeroU64>>,
    ready: VecDeque<pb::FollowLeasesResponse>,
    closing: CancellationToken,
}

impl Follower {
    fn into_stream(self) -> impl Stream<Item = HandlerResult<pb::FollowLeasesResponse>> + Send {
        stream::unfold(Some(self), |follower| async move {
            let mut follower = follower?;
            match follower.next().await {
                Ok(answer) => Some((Ok(answer), Some(follower))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    async fn next(&mut self) -> HandlerResult<pb::FollowLeasesResponse> {
        loop {
            if let Some(answer) = self.ready.pop_front() {
                return Ok(answer);
            }
            // Before it looks, so that nothing falls between the two.
            self.changed.mark_unchanged();
            let running = self.leases.running(self.session_id).await?;
            let first_end = running.iter().map(|lease| lease.time_left).min();
            self.compare(running);
            if self.ready.is_empty() {
                let wait = first_end.map_or(LOOK_EVERY, |end| end + AFTER_THE_END);
                tokio::select! {
                    _ = timeout(wait.min(LOOK_EVERY), self.changed.changed()) => {}
                    () = self.closing.cancelled() => return Err(stopping()),
                }
            }
        }
    }

    /// Notes what is not as it was sent.
    fn compare(&mut self, running: Vec<SessionLease>) {
        let now = running.iter().map(|lease| (lease.session_id, lease.fence));
        let now: HashMap<_, _> = now.collect();
        let before = self.sent.replace(now.clone());
        let is_first = before.is_none();
        let before = before.unwrap_or_default();
        let ended = before.keys().filter(|session| !now.contains_key(*session));
        // One session is told of at once, whether it is leased or not.
        let unleased = self
            .session_id
            .filter(|session| is_first && !now.contains_key(session));
        let without = ended.copied().chain(unleased);
        self.ready
            .extend(without.map(|session_id| answer(session_id, None)));
        let granted = running
            .into_iter()
            .filter(|lease| before.get(&lease.session_id) != Some(&lease.fence));
        self.ready
            .extend(granted.map(|lease| answer(lease.session_id, Some(lease))));
    }
}

fn answer(session_id: SessionId, lease: Option<SessionLease>) -> pb::FollowLeasesResponse {
    pb::FollowLeasesResponse {
        session_id: session_id.to_string(),
        lease: lease.map(Into::into),
    }
}

fn stopping() -> StoreError {
    StoreError::new(
        pb::ErrorReason::Unavailable,
        "the server is stopping; follow again",
    )
}
