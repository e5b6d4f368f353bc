//! The connections to one endpoint.
//!
//! Calls and streams without an end have connections of their own: a server or a proxy
//! allows so many streams on a connection, and followers that stay for hours must not
//! use up those of the calls. Where a connection is full another one is opened. On those
//! for calls one place is left to probes, which therefore never wait for calls.
//!
//! One task dials, for everybody who waits, with growing pauses: an endpoint that is
//! away sees one attempt at a time, however many calls wait for it (gRPC's
//! "wait for ready").

mod waiting;

use super::connection::Connection;
use super::dial::{Dial, Dialler, Place};
use super::fault::Failed;
use super::purpose::{GROUPS, Purpose};
use crate::mesh::backoff::{Backoff, jittered};
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};
use waiting::{Dialling, Waiting};

/// The dialler's pauses. Short, for there is one dialler for each endpoint.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The pause after a failure where one caller waits for the next attempt alone.
const SHORT_PAUSE: Duration = Duration::from_millis(10);

/// How long a connection beyond the first may be idle.
const IDLE: Duration = Duration::from_secs(60);

/// How long a call waits at least for a place where all connections are full.
const PLACE_WAIT: Duration = Duration::from_secs(5);

/// How many connections there may be, and how much is put on each.
#[derive(Debug, Clone, Copy)]
pub(in crate::mesh) struct Limits {
    pub(in crate::mesh) connections_max: usize,
    pub(in crate::mesh) streams_max: usize,
    /// For how long a connection gets new calls.
    pub(in crate::mesh) age_max: Option<Duration>,
}

/// The connections to one endpoint. Cheap to clone.
#[derive(Debug)]
pub(in crate::mesh) struct Pool<D: Dial = Dialler> {
    inner: Arc<Inner<D>>,
}

#[derive(Debug)]
struct Inner<D: Dial> {
    dialler: D,
    limits: Limits,
    state: Mutex<State<D::Made>>,
    /// Told of new connections and free places, by group.
    changed: [Notify; GROUPS],
    /// Tells the dialler not to pause.
    hurry: Notify,
}

#[derive(Debug)]
struct State<C> {
    open: Vec<Open<C>>,
    next_id: u64,
    /// Callers without a place, by group.
    waiting: [usize; GROUPS],
    is_dialling: bool,
    /// How many attempts to connect have ended.
    dials: u64,
    /// Why the last one failed, if it did.
    failure: Option<(Instant, StoreError)>,
}

#[derive(Debug)]
struct Open<C> {
    id: u64,
    group: usize,
    connection: C,
    in_use: usize,
    idle_since: Instant,
    /// When it gets no new calls any more.
    old_at: Option<Instant>,
}

/// A place on a connection. Dropping it frees the place.
#[derive(Debug)]
pub(in crate::mesh) struct Lease<D: Dial = Dialler> {
    inner: Arc<Inner<D>>,
    connection: D::Made,
    id: u64,
    group: usize,
}

/// Why there is no place now.
enum Wanting {
    /// A connection is being made.
    Connection,
    /// There are as many as there may be, and all are full.
    Place(StoreError),
}

// === impl Pool ===

impl<D: Dial> Clone for Pool<D> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<D: Dial> Pool<D> {
    pub(in crate::mesh) fn new(dialler: D, limits: Limits) -> Self {
        let state = State {
            open: Vec::new(),
            next_id: 0,
            waiting: [0; GROUPS],
            is_dialling: false,
            dials: 0,
            failure: None,
        };
        Self {
            inner: Arc::new(Inner {
                dialler,
                limits,
                state: Mutex::new(state),
                changed: [Notify::new(), Notify::new()],
                hurry: Notify::new(),
            }),
        }
    }

    /// A place for a call. Waits so long for a connection; with no time to wait, for the
    /// end of one attempt to connect. Called on the runtime that drives connections.
    pub(in crate::mesh) async fn acquire(
        &self,
        purpose: Purpose,
        wait: Duration,
    ) -> Result<Lease<D>, Failed> {
        if let Some(lease) = self.inner.lock().take(&self.inner, purpose) {
            return Ok(lease);
        }
        let waiting = Waiting::begin(&self.inner, purpose.group());
        let (began, is_patient) = (Instant::now(), !wait.is_zero());
        if !is_patient {
            if let Some(failed_at) = self.inner.last_failure() {
                sleep_until(failed_at + SHORT_PAUSE).await;
            }
            self.inner.hurry.notify_one();
        }
        let dials_before = self.inner.lock().dials;
        loop {
            let changed = self.inner.changed(purpose).notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let wanting = {
                let mut state = self.inner.lock();
                if let Some(lease) = state.take(&self.inner, purpose) {
                    return Ok(lease);
                }
                let failure = state.failure.as_ref().map(|(_, error)| error);
                if let Some(error) = failure.filter(|error| {
                    state.dials > dials_before && !(is_patient && error.is_transient())
                }) {
                    return Err(unsent(error.clone()));
                }
                waiting.dial(&mut state)
            };
            let (until, is_bounded) = match wanting {
                Wanting::Connection => (began + wait, is_patient),
                Wanting::Place(_) => (began + wait.max(PLACE_WAIT), true),
            };
            tokio::select! {
                biased;
                () = &mut changed => {}
                () = sleep_until(until), if is_bounded => {
                    return Err(unsent(self.inner.late(wanting, wait)));
                }
            }
        }
    }

    /// A place that there is now.
    pub(in crate::mesh) fn try_acquire(&self, purpose: Purpose) -> Option<Lease<D>> {
        self.inner.lock().take(&self.inner, purpose)
    }

    /// Whether there is a connection for calls.
    pub(in crate::mesh) fn is_connected(&self) -> bool {
        let group = Purpose::Call.group();
        let state = self.inner.lock();
        let mut open = state.open.iter();
        open.any(|open| open.group == group && open.connection.is_usable())
    }

    /// How many places are taken on the connections of a purpose.
    pub(in crate::mesh) fn in_use(&self, purpose: Purpose) -> usize {
        let group = purpose.group();
        let state = self.inner.lock();
        let own = state.open.iter().filter(|open| open.group == group);
        own.map(|open| open.in_use).sum()
    }

    /// How many connections are open.
    pub(in crate::mesh) fn connections(&self) -> usize {
        let state = self.inner.lock();
        let open = state.open.iter();
        open.filter(|open| open.connection.is_usable()).count()
    }

    /// What makes its connections.
    pub(in crate::mesh) fn dialler(&self) -> &D {
        &self.inner.dialler
    }

    /// Ends the connections on which nothing has come since then: a question that was
    /// sent on one of them was not answered in time.
    pub(in crate::mesh) fn end_silent(&self, since: Instant) {
        let mut state = self.inner.lock();
        for open in &state.open {
            if open.in_use > 0 && !open.connection.heard_since(since) {
                open.connection.close();
                tracing::debug!(connection = open.id, "a silent connection was closed");
            }
        }
        state.open.retain(|open| open.connection.is_usable());
    }
}

// === impl Inner ===

impl<D: Dial> Inner<D> {
    fn lock(&self) -> MutexGuard<'_, State<D::Made>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self, purpose: Purpose) -> &Notify {
        let [calls, streams] = &self.changed;
        match purpose {
            Purpose::Call | Purpose::Probe => calls,
            Purpose::Stream => streams,
        }
    }

    fn last_failure(&self) -> Option<Instant> {
        self.lock().failure.as_ref().map(|(at, _)| *at)
    }

    fn late(&self, wanting: Wanting, wait: Duration) -> StoreError {
        match (wanting, &self.lock().failure) {
            (Wanting::Place(error), _) => error,
            (Wanting::Connection, Some((_, error))) => error.clone(),
            (Wanting::Connection, None) => StoreError::new(
                ErrorReason::Unavailable,
                format!("no connection was made within {} s", wait.as_secs_f64()),
            ),
        }
    }

    /// Connects for as long as a caller waits.
    async fn dial_while_wanted(self: Arc<Self>) {
        let mut dialling = Dialling {
            inner: self.clone(),
            is_ended: false,
        };
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let Some(group) = self.lock().next_wanted(self.limits) else {
                dialling.is_ended = true;
                return;
            };
            let made = self.dialler.dial().await;
            let is_made = self.lock().dialled(made, group, self.limits);
            for changed in &self.changed {
                changed.notify_waiters();
            }
            if !is_made {
                tokio::select! {
                    () = sleep(backoff.next()) => {}
                    () = self.hurry.notified() => {}
                }
            } else {
                backoff.reset();
            }
        }
    }

    fn release(&self, id: u64, group: usize) {
        let mut state = self.lock();
        if let Some(open) = state.open.iter_mut().find(|open| open.id == id) {
            open.in_use = open.in_use.saturating_sub(1);
            open.idle_since = Instant::now();
        }
        let is_awaited = state.waiting.get(group).is_some_and(|waiting| *waiting > 0);
        drop(state);
        if let Some(changed) = self.changed.get(group).filter(|_| is_awaited) {
            changed.notify_one();
        }
    }
}

// === impl State ===

impl<C: Place> State<C> {
    /// A place on the first connection that has one.
    fn take<D: Dial<Made = C>>(
        &mut self,
        inner: &Arc<Inner<D>>,
        purpose: Purpose,
    ) -> Option<Lease<D>> {
        self.tidy();
        let group = purpose.group();
        let open = self
            .open
            .iter_mut()
            .find(|open| open.group == group && open.in_use < open.places(purpose, inner.limits))?;
        open.in_use += 1;
        Some(Lease {
            inner: inner.clone(),
            connection: open.connection.clone(),
            id: open.id,
            group,
        })
    }

    /// Forgets connections that are closed, those that have long been too many, and those
    /// that are old: the calls on these have them, and they close when the last has ended.
    fn tidy(&mut self) {
        let now = Instant::now();
        let mut kept = [false; GROUPS];
        self.open.retain(|open| {
            let is_old = open.old_at.is_some_and(|old_at| old_at <= now);
            if is_old || !open.connection.is_usable() {
                return false;
            }
            let is_first = kept
                .get_mut(open.group)
                .is_some_and(|kept| !std::mem::replace(kept, true));
            let is_idle = open.in_use == 0 && open.idle_since.elapsed() > IDLE;
            is_first || !is_idle
        });
    }

    /// The caller for whom a connection is made next; without one the dialler ends.
    fn next_wanted(&mut self, limits: Limits) -> Option<usize> {
        self.tidy();
        let wanted = (0..GROUPS).find(|group| {
            let waiting = self.waiting.get(*group).copied().unwrap_or_default();
            waiting > self.free(*group, limits) && self.may_open(*group, limits)
        });
        self.is_dialling = wanted.is_some();
        wanted
    }

    fn free(&self, group: usize, limits: Limits) -> usize {
        let own = self.open.iter().filter(|open| open.group == group);
        own.map(|open| {
            let places = open.places(Purpose::of(group), limits);
            places.saturating_sub(open.in_use)
        })
        .sum()
    }

    /// A group without any connection may always have one.
    fn may_open(&self, group: usize, limits: Limits) -> bool {
        let has_one = self.open.iter().any(|open| open.group == group);
        !has_one || self.open.len() < limits.connections_max
    }

    fn dialled(&mut self, made: Result<C, StoreError>, group: usize, limits: Limits) -> bool {
        self.dials += 1;
        let made = made.and_then(|connection| match connection.streams_max() {
            0 => Err(StoreError::new(
                ErrorReason::Unavailable,
                "the server allows no streams (SETTINGS_MAX_CONCURRENT_STREAMS is 0)",
            )),
            _ => Ok(connection),
        });
        match made {
            Ok(connection) => {
                self.failure = None;
                self.open.push(Open {
                    id: self.next_id,
                    group,
                    connection,
                    in_use: 0,
                    idle_since: Instant::now(),
                    old_at: limits.age_max.map(|age| Instant::now() + about(age)),
                });
                self.next_id += 1;
                tracing::debug!(group, "connected");
            }
            Err(error) => {
                tracing::debug!(%error, "no connection was made");
                self.failure = Some((Instant::now(), error));
            }
        }
        self.failure.is_none()
    }

    /// What to say where every connection is full.
    fn full(&self, group: usize, limits: Limits) -> StoreError {
        let own = self.open.iter().filter(|open| open.group == group);
        let allowed = own.clone().map(|open| open.connection.streams_max()).min();
        let (count, allowed) = (own.count(), allowed.unwrap_or_default());
        let by_whom = match allowed <= limits.streams_max {
            true => format!(
                "the server or a proxy before it allows {allowed} streams on each (SETTINGS_MAX_CONCURRENT_STREAMS); raise this limit there"
            ),
            false => format!(
                "this side puts {} streams on each; raise `streams_max`",
                limits.streams_max
            ),
        };
        let text = format!(
            "all {count} connections are full: {by_whom}, or raise `connections_max`, which is {}",
            limits.connections_max
        );
        StoreError::new(ErrorReason::Unavailable, text).outcome(Outcome::NotApplied)
    }
}

// === impl Open ===

impl<C: Place> Open<C> {
    /// How many places there are for a purpose.
    fn places(&self, purpose: Purpose, limits: Limits) -> usize {
        let allowed = self.connection.streams_max().min(limits.streams_max);
        match purpose {
            // The last one is left to probes.
            Purpose::Call if allowed > 1 => allowed - 1,
            Purpose::Call | Purpose::Probe | Purpose::Stream => allowed,
        }
    }
}

// === impl Lease ===

impl<D: Dial> Lease<D> {
    pub(in crate::mesh) fn made(&self) -> &D::Made {
        &self.connection
    }
}

impl Lease {
    pub(super) fn connection(&self) -> &Connection {
        self.made()
    }
}

impl<D: Dial> Drop for Lease<D> {
    fn drop(&mut self) {
        self.inner.release(self.id, self.group);
    }
}

/// Give or take a tenth, so that connections that were made together do not end together.
fn about(age: Duration) -> Duration {
    age * 9 / 10 + (jittered(age) - age / 2) * 2 / 5
}

fn unsent(error: StoreError) -> Failed {
    Failed {
        error: error.outcome(Outcome::NotApplied),
        reached: super::fault::Reached::NoServer,
    }
}
