//! Leases of sessions in the memory of the serving process, for adapters that have none.
//! They keep the changes of one server process apart; two servers over one storage need
//! leases in the storage.
//!
//! A change takes one place of its session until it is done, and a grant takes all of
//! them: so no change of an earlier fence is under way when a lease is granted, and none
//! begins meanwhile. Every fence comes from one counter that begins with the present time,
//! so that a fence is never granted twice, also by a later process. What is not known
//! here is refused, so sessions that are not leased can be forgotten.

mod change;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub(crate) use change::Change;

use crate::extensions::{SessionFence, SessionLeases};
use async_trait::async_trait;
use everruns_core::typed_id::SessionId;
use moka::sync::Cache;
use mortise_proto::StoreError;
use mortise_proto::convert::session_lease::{LeaseRequest, SessionLease};
use mortise_proto::pb::{ErrorReason, UnfencedChanges};
use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

/// Changes of one session that may be under way at once; more wait.
const CHANGES: u32 = 1024;

/// Sessions that are remembered before the first look for ones to forget.
const SESSIONS: usize = 4096;

/// Changes that were applied and are remembered by their request id.
const APPLIED: u64 = 1_000_000;

/// How long; as long as answers are.
const APPLIED_FOR: Duration = crate::idempotency::KEPT_FOR;

/// Leases of this process. Cheap to clone; clones share the leases.
#[derive(Clone)]
pub struct MemoryLeases {
    inner: Arc<Inner>,
}

/// The leases of one org.
#[derive(Debug, Clone)]
pub struct OrgLeases {
    leases: MemoryLeases,
    org_id: i64,
}

/// What keeps leases from being granted while changes are under way.
pub(crate) type Permits = Vec<OwnedSemaphorePermit>;

struct Inner {
    sessions: Mutex<Sessions>,
    unfenced_changes: UnfencedChanges,
    changed: watch::Sender<u64>,
    /// Keyed changes that were applied, by org and request id. Their answers are given
    /// again, whatever their fence.
    applied: Cache<(i64, String), ()>,
}

#[derive(Default)]
struct Sessions {
    by_id: HashMap<(i64, SessionId), Entry>,
    last_fence: u64,
    /// How many there may be before those without a lease are forgotten.
    forget_at: usize,
}

/// What is known of one session.
#[derive(Clone)]
struct Entry {
    changes: Arc<Semaphore>,
    granted: Option<Granted>,
}

/// The last lease that was granted.
#[derive(Clone)]
struct Granted {
    fence: NonZeroU64,
    holder: String,
    address: String,
    /// `None` once it was released.
    ends: Option<Instant>,
}

// === impl MemoryLeases ===

impl MemoryLeases {
    /// No session is leased. A change without a fence is treated as `unfenced_changes`
    /// says; unspecified is the contract's default.
    #[must_use]
    pub fn new(unfenced_changes: UnfencedChanges) -> Self {
        let unfenced_changes = match unfenced_changes {
            UnfencedChanges::Unspecified => UnfencedChanges::ExceptTurnEvents,
            stated @ (UnfencedChanges::ExceptTurnEvents
            | UnfencedChanges::Refused
            | UnfencedChanges::Accepted) => stated,
        };
        Self {
            inner: Arc::new(Inner {
                sessions: Mutex::new(Sessions {
                    forget_at: SESSIONS,
                    ..Sessions::default()
                }),
                unfenced_changes,
                changed: watch::Sender::new(0),
                applied: Cache::builder()
                    .max_capacity(APPLIED)
                    .time_to_live(APPLIED_FOR)
                    .build(),
            }),
        }
    }

    /// The leases of an org.
    #[must_use]
    pub fn of_org(&self, org_id: i64) -> OrgLeases {
        OrgLeases {
            leases: self.clone(),
            org_id,
        }
    }

    pub(crate) fn unfenced_changes(&self) -> UnfencedChanges {
        self.inner.unfenced_changes
    }

    /// Decides each of some changes, in their order. As long as the permits are kept, no
    /// lease is granted that would have decided otherwise.
    pub(crate) async fn admit(&self, changes: &[Change]) -> (Vec<Result<(), StoreError>>, Permits) {
        let mut places: Vec<_> = changes.iter().flat_map(Change::places).collect();
        // In one order for all, or two changes of two sessions could wait for each other.
        places.sort_unstable_by_key(|(org_id, session_id)| (*org_id, session_id.uuid()));
        places.dedup();
        let mut permits = Vec::with_capacity(places.len());
        for place in places {
            let all = self.lock().entry(place).changes.clone();
            // Never closed.
            permits.extend(all.acquire_owned().await.ok());
        }
        let answers = changes.iter().map(|change| self.decide(change));
        (answers.collect(), permits)
    }

    /// Notes that a keyed change was applied.
    pub(crate) fn applied(&self, change: &Change) {
        if let Some(request_id) = &change.request_id {
            let key = (change.org_id, request_id.clone());
            self.inner.applied.insert(key, ());
        }
    }

    fn decide(&self, change: &Change) -> Result<(), StoreError> {
        let is_done = change.request_id.as_ref().is_some_and(|request_id| {
            let key = (change.org_id, request_id.clone());
            self.inner.applied.contains_key(&key)
        });
        if is_done {
            return Ok(());
        }
        let sessions = self.lock();
        let of = |session_id| sessions.by_id.get(&(change.org_id, session_id));
        if let Some(SessionFence { session_id, fence }) = change.fence {
            let granted = of(session_id).and_then(|entry| entry.granted.as_ref());
            if granted.is_none_or(|granted| granted.fence != fence) {
                return Err(stale(session_id, granted));
            }
        }
        let Some(session_id) = change.unfenced_target() else {
            return Ok(());
        };
        let granted = of(session_id).and_then(|entry| entry.granted.as_ref());
        let is_refused = match self.inner.unfenced_changes {
            UnfencedChanges::Accepted => false,
            UnfencedChanges::Refused => !change.comes_from_outside,
            UnfencedChanges::Unspecified | UnfencedChanges::ExceptTurnEvents => {
                change.is_turn_event
            }
        };
        match granted.and_then(|granted| is_refused.then(|| granted.running(session_id))?) {
            Some(lease) => Err(StoreError::lease_needed(&lease)),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        let sessions = self.inner.sessions.lock();
        sessions.unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.inner.changed.send_modify(|changes| *changes += 1);
    }
}

impl fmt::Debug for MemoryLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLeases")
            .field("sessions", &self.lock().by_id.len())
            .field("unfenced_changes", &self.inner.unfenced_changes)
            .finish_non_exhaustive()
    }
}

// === impl OrgLeases ===

#[async_trait]
impl SessionLeases for OrgLeases {
    async fn acquire(
        &self,
        session_id: SessionId,
        request: LeaseRequest,
    ) -> Result<SessionLease, StoreError> {
        let place = (self.org_id, session_id);
        let all = {
            let mut sessions = self.leases.lock();
            let entry = sessions.entry(place);
            // Nothing is gained by waiting for the changes of another's lease.
            entry.refuse_if_held(session_id, &request.holder)?;
            entry.changes.clone()
        };
        // Never closed.
        let permits = all.acquire_many_owned(CHANGES).await.ok();
        let lease = {
            let mut sessions = self.leases.lock();
            let fence = sessions.next_fence()?;
            let entry = sessions.entry(place);
            entry.refuse_if_held(session_id, &request.holder)?;
            entry.grant(session_id, fence, request)
        };
        drop(permits);
        self.leases.tell();
        Ok(lease)
    }

    async fn renew(
        &self,
        session_id: SessionId,
        fence: NonZeroU64,
        ttl: Duration,
    ) -> Result<Duration, StoreError> {
        let mut sessions = self.leases.lock();
        let entry = sessions.by_id.get_mut(&(self.org_id, session_id));
        let granted = entry.and_then(|entry| entry.granted.as_mut());
        match granted {
            Some(Granted {
                fence: highest,
                ends: Some(ends),
                ..
            }) if *highest == fence => {
                let now = Instant::now();
                *ends = (*ends).max(now + ttl);
                Ok(*ends - now)
            }
            granted => Err(stale(session_id, granted.as_deref())),
        }
    }

    async fn release(&self, session_id: SessionId, fence: NonZeroU64) -> Result<(), StoreError> {
        let is_ended = {
            let mut sessions = self.leases.lock();
            let entry = sessions.by_id.get_mut(&(self.org_id, session_id));
            let granted = entry.and_then(|entry| entry.granted.as_mut());
            let own = granted.filter(|granted| granted.fence == fence);
            own.and_then(|granted| granted.ends.take()).is_some()
        };
        if is_ended {
            self.leases.tell();
        }
        Ok(())
    }

    async fn running(
        &self,
        session_id: Option<SessionId>,
    ) -> Result<Vec<SessionLease>, StoreError> {
        let sessions = self.leases.lock();
        let lease = |session_id: SessionId, entry: &Entry| {
            let granted = entry.granted.as_ref()?;
            Some(granted.lease(session_id, granted.time_left()?))
        };
        if let Some(session_id) = session_id {
            let entry = sessions.by_id.get(&(self.org_id, session_id));
            let running = entry.and_then(|entry| lease(session_id, entry));
            return Ok(running.into_iter().collect());
        }
        let own = sessions
            .by_id
            .iter()
            .filter(|((org_id, _), _)| *org_id == self.org_id);
        let running = own.filter_map(|((_, session_id), entry)| lease(*session_id, entry));
        Ok(running.collect())
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.leases.inner.changed.subscribe()
    }
}

// === impl Sessions ===

impl Sessions {
    fn entry(&mut self, place: (i64, SessionId)) -> &mut Entry {
        if self.by_id.len() >= self.forget_at && !self.by_id.contains_key(&place) {
            self.by_id.retain(|_, entry| entry.is_in_use());
            self.forget_at = SESSIONS.max(self.by_id.len() * 2);
        }
        self.by_id.entry(place).or_insert_with(Entry::new)
    }

    /// Higher than every fence before, of this process and of those before it.
    fn next_fence(&mut self) -> Result<NonZeroU64, StoreError> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = since.map_or(0, |since| since.as_micros());
        let now = u64::try_from(micros).unwrap_or_default();
        let fence = now.max(self.last_fence.saturating_add(1));
        self.last_fence = fence;
        NonZeroU64::new(fence).ok_or_else(|| {
            StoreError::new(ErrorReason::Internal, "the server's clock shows no time")
        })
    }
}

// === impl Entry ===

impl Entry {
    fn new() -> Self {
        Self {
            changes: Arc::new(Semaphore::new(CHANGES as usize)),
            granted: None,
        }
    }

    /// Whether a lease of it runs, or a change or a grant is under way.
    fn is_in_use(&self) -> bool {
        let runs = |granted: &Granted| granted.time_left().is_some();
        Arc::strong_count(&self.changes) > 1 || self.granted.as_ref().is_some_and(runs)
    }

    fn refuse_if_held(&self, session_id: SessionId, holder: &str) -> Result<(), StoreError> {
        let other = self.granted.as_ref();
        let other = other.filter(|granted| granted.holder != holder);
        match other.and_then(|granted| Some((granted, granted.time_left()?))) {
            Some((granted, left)) => Err(StoreError::held(&granted.lease(session_id, left))),
            None => Ok(()),
        }
    }

    fn grant(
        &mut self,
        session_id: SessionId,
        fence: NonZeroU64,
        request: LeaseRequest,
    ) -> SessionLease {
        let LeaseRequest {
            holder,
            address,
            ttl,
        } = request;
        let granted = Granted {
            fence,
            holder,
            address,
            ends: Some(Instant::now() + ttl),
        };
        let lease = granted.lease(session_id, ttl);
        self.granted = Some(granted);
        lease
    }
}

// === impl Granted ===

impl Granted {
    /// How long it still runs; `None` if it has ended.
    fn time_left(&self) -> Option<Duration> {
        let left = self.ends?.checked_duration_since(Instant::now())?;
        (!left.is_zero()).then_some(left)
    }

    /// The lease, if it still runs.
    fn running(&self, session_id: SessionId) -> Option<SessionLease> {
        Some(self.lease(session_id, self.time_left()?))
    }

    fn lease(&self, session_id: SessionId, time_left: Duration) -> SessionLease {
        SessionLease {
            session_id,
            fence: self.fence,
            holder: self.holder.clone(),
            address: self.address.clone(),
            time_left,
        }
    }
}

fn stale(session_id: SessionId, granted: Option<&Granted>) -> StoreError {
    let running = granted.and_then(|granted| granted.running(session_id));
    StoreError::stale_fence(session_id, running.as_ref())
}
