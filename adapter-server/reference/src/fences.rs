//! The leases of sessions as they are stored, and the fence of a change, which is checked
//! in the transaction of the change.
//!
//! A grant and a change of one session are ordered by locks, which PostgreSQL alone needs.
//! A change with a fence holds the row of the lease (`FOR KEY SHARE`, which renewals do not
//! wait for), a group of events holds the row of the session, and a grant takes both, the
//! lease first. So a grant waits for every change that has looked at the fence before it,
//! and what looks later sees the grant.
//!
//! Locks of rows that are shared have no queue: changes that keep coming would keep a grant
//! waiting for good. So both take an advisory lock of the session before the row, which has
//! one: a change that comes after a grant waits behind it.

use crate::db::{Tx, clock};
use everruns_core::typed_id::SessionId;
use mortise_adapter_server::SessionFence;
use mortise_proto::StoreError;
use mortise_proto::convert::session_lease::{SessionLease, millis_left};
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The statements of one purpose, with and without locks.
struct Find {
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! find {
    ($lock:literal) => {
        Find {
            sqlite: find!(@ "", ""),
            postgres: find!(@ "", $lock),
        }
    };
    ($queue:literal, $lock:literal) => {
        Find {
            sqlite: find!(@ "", ""),
            postgres: find!(
                @ concat!("(SELECT ", $queue, "(hashtextextended('lease ' || $2, $1))) AS q, "),
                $lock
            ),
        }
    };
    (@ $queue:expr, $lock:literal) => {
        concat!(
            "SELECT l.fence, l.ends_at, l.time_left_max, l.holder, l.address FROM ",
            $queue,
            "session_leases AS l WHERE l.org_id = $1 AND l.session_id = $2",
            $lock
        )
    };
}

const AS_IT_IS: Find = find!("");
const TO_CHANGE_UNDER: Find = find!("pg_advisory_xact_lock_shared", " FOR KEY SHARE OF l");
const TO_RENEW: Find = find!(" FOR NO KEY UPDATE OF l");
const TO_GRANT: Find = find!("pg_advisory_xact_lock", " FOR UPDATE OF l");

/// Leases whose ends are remembered before the first look for ones to forget.
const REMEMBERED: usize = 4096;

/// What a lease is read for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// To tell of it.
    Look,
    /// To make a change under its fence: no grant is answered until the change is over.
    Change,
    Renew,
    /// To grant another: changes under its fence are over.
    Grant,
}

/// The last lease of a session, as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct LeaseRow {
    pub(crate) fence: i64,
    /// By the clock of the database; 0 if it was released.
    pub(crate) ends_at: i64,
    /// What was left of it at its last grant or renewal.
    pub(crate) time_left_max: i64,
    pub(crate) holder: String,
    pub(crate) address: String,
}

/// When leases end by the monotonic clock of this process: one that the wall clock makes
/// last longer than it was granted for has ended all the same.
#[derive(Debug)]
pub(crate) struct LeaseClock {
    seen: Mutex<Seen>,
    #[cfg(test)]
    moved: Mutex<Moved>,
}

/// How far a test has moved the clocks.
#[cfg(test)]
#[derive(Debug, Clone, Copy, Default)]
struct Moved {
    wall: i64,
    monotonic: Duration,
}

#[derive(Debug)]
struct Seen {
    /// By org and session.
    leases: HashMap<(i64, String), SeenLease>,
    forget_at: usize,
}

#[derive(Debug, Clone, Copy)]
struct SeenLease {
    fence: i64,
    ends_at: i64,
    until: Instant,
}

// === the check ===

/// The last lease of a session.
pub(crate) async fn find(
    tx: &mut Tx,
    session_id: &str,
    purpose: Purpose,
) -> Result<Option<LeaseRow>, StoreError> {
    let find = match purpose {
        Purpose::Look => AS_IT_IS,
        Purpose::Change => TO_CHANGE_UNDER,
        Purpose::Renew => TO_RENEW,
        Purpose::Grant => TO_GRANT,
    };
    let statement = match tx.is_postgres() {
        true => find.postgres,
        false => find.sqlite,
    };
    let row = tx.query_as(statement).bind(session_id.to_string());
    let row = row.fetch_optional().await?;
    Ok(row.map(LeaseRow::of))
}

/// Refuses a change whose fence is not the highest of its session. It stays the highest
/// until the change is over.
pub(crate) async fn check(tx: &mut Tx, fence: Option<SessionFence>) -> Result<(), StoreError> {
    let Some(own) = fence else {
        return Ok(());
    };
    let row = find(tx, &own.session_id.to_string(), Purpose::Change).await?;
    match row {
        Some(row) if row.is_under(own.fence) => Ok(()),
        row => {
            let now = clock::now(tx).await?;
            let running = row.and_then(|row| row.lease(own.session_id, row.left_by_wall(now)?));
            Err(StoreError::stale_fence(own.session_id, running.as_ref()))
        }
    }
}

// === impl LeaseRow ===

impl LeaseRow {
    pub(crate) fn of(
        (fence, ends_at, time_left_max, holder, address): (i64, i64, i64, String, String),
    ) -> Self {
        Self {
            fence,
            ends_at,
            time_left_max,
            holder,
            address,
        }
    }

    /// Whether this is the fence of the lease.
    pub(crate) fn is_under(&self, fence: NonZeroU64) -> bool {
        u64::try_from(self.fence) == Ok(fence.get())
    }

    /// The row of the lease after a renewal, of which so much is left. Its end is never the
    /// one before, also if the clock was set back meanwhile: a server that has seen the row
    /// sees that it was renewed.
    pub(crate) fn renewed(&self, now: i64, left: Duration) -> Self {
        let time_left_max = i64::try_from(left.as_nanos()).unwrap_or(i64::MAX);
        let ends_at = now.saturating_add(time_left_max);
        Self {
            ends_at: ends_at + i64::from(ends_at == self.ends_at),
            time_left_max,
            ..self.clone()
        }
    }

    /// What is left of it by the clock of the database.
    fn left_by_wall(&self, now: i64) -> Option<Duration> {
        let left = self.ends_at.saturating_sub(now).min(self.time_left_max);
        let left = u64::try_from(left).ok().filter(|left| *left > 0)?;
        Some(Duration::from_nanos(left))
    }

    /// The lease, of which so much is left; `None` for a session that was never leased.
    pub(crate) fn lease(&self, session_id: SessionId, time_left: Duration) -> Option<SessionLease> {
        let fence = u64::try_from(self.fence).ok().and_then(NonZeroU64::new)?;
        Some(SessionLease {
            session_id,
            fence,
            holder: self.holder.clone(),
            address: self.address.clone(),
            time_left: Duration::from_millis(millis_left(time_left)),
        })
    }
}

// === impl LeaseClock ===

impl Default for LeaseClock {
    fn default() -> Self {
        Self {
            seen: Mutex::new(Seen {
                leases: HashMap::new(),
                forget_at: REMEMBERED,
            }),
            #[cfg(test)]
            moved: Mutex::default(),
        }
    }
}

impl LeaseClock {
    /// Now by the clock of the database.
    pub(crate) async fn now(&self, tx: &mut Tx) -> Result<i64, StoreError> {
        let now = clock::now(tx).await?;
        #[cfg(test)]
        let now = now.saturating_add(self.moved().wall);
        Ok(now)
    }

    /// How long a lease still runs, at a time of the database's clock; `None` if it has
    /// ended.
    pub(crate) fn time_left(
        &self,
        org_id: i64,
        session_id: &str,
        row: &LeaseRow,
        now: i64,
    ) -> Option<Duration> {
        let by_wall = row.left_by_wall(now)?;
        let at = self.instant();
        let mut seen = self.lock();
        seen.forget(at, now);
        let place = (org_id, session_id.to_string());
        let begun = SeenLease {
            fence: row.fence,
            ends_at: row.ends_at,
            until: at + by_wall,
        };
        let known = seen.leases.entry(place).or_insert(begun);
        if (known.fence, known.ends_at) != (row.fence, row.ends_at) {
            *known = begun;
        }
        let left = known.until.checked_duration_since(at)?;
        Some(left.min(by_wall)).filter(|left| !left.is_zero())
    }

    /// Notes a renewal that is stored. The lease ends its time from now by the monotonic
    /// clock, even if the wall clock is set back before anyone looks at it.
    pub(crate) fn note_renewal(&self, org_id: i64, session_id: &str, row: &LeaseRow) {
        let left = u64::try_from(row.time_left_max).unwrap_or_default();
        let renewed = SeenLease {
            fence: row.fence,
            ends_at: row.ends_at,
            until: self.instant() + Duration::from_nanos(left),
        };
        let mut seen = self.lock();
        let place = (org_id, session_id.to_string());
        let known = seen.leases.entry(place).or_insert(renewed);
        // A grant that came after the renewal may be known already.
        if known.fence <= renewed.fence {
            *known = renewed;
        }
    }

    /// The highest fence of a session that this process knows of.
    pub(crate) fn last_fence(&self, org_id: i64, session_id: &str) -> Option<i64> {
        let place = (org_id, session_id.to_string());
        self.lock().leases.get(&place).map(|seen| seen.fence)
    }

    fn instant(&self) -> Instant {
        let at = Instant::now();
        #[cfg(test)]
        let at = at + self.moved().monotonic;
        at
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl LeaseClock {
    /// Sets the clock of the database, by nanoseconds.
    pub(crate) fn set_wall(&self, by: i64) {
        self.moved
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .wall += by;
    }

    /// Lets time pass, by both clocks.
    pub(crate) fn pass(&self, time: Duration) {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        moved.monotonic += time;
        moved.wall += i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    }

    fn moved(&self) -> Moved {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Seen ===

impl Seen {
    /// Forgets leases that have ended by both clocks, when there are many.
    fn forget(&mut self, at: Instant, now: i64) {
        if self.leases.len() < self.forget_at {
            return;
        }
        self.leases
            .retain(|_, seen| seen.until > at || seen.ends_at > now);
        self.forget_at = REMEMBERED.max(self.leases.len() * 2);
    }
}
