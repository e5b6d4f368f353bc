//! Which turn runs when: one at a time per session, in the order they came, and only so
//! many at once on this host.

mod permit;

pub(super) use permit::TurnPermit;

use super::leases::Leased;
use super::org_connections::OrgConnection;
use super::{HostOptions, Key, errors};
use crate::engine::{TurnControl, TurnEnd};
use crate::metrics::HostMetrics;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::unconstrained;
use tokio_util::sync::CancellationToken;

/// When a caller who was told that the host is busy should come back.
const BUSY_FOR: Duration = Duration::from_secs(1);

/// The queue of every session of a host that has a turn, running or waiting.
#[derive(Debug)]
pub(super) struct SessionQueue {
    sessions: Mutex<HashMap<Key, SessionEntry>>,
    /// Room for turns under way.
    turns: Arc<Semaphore>,
    turns_max: usize,
    /// Room for turns that wait.
    queue: Arc<Semaphore>,
    queue_max: usize,
    metrics: HostMetrics,
    closing: CancellationToken,
    /// Parks every turn, those too that are only being ended.
    parking: CancellationToken,
}

/// The queue of one session. It exists while a ticket of it does.
#[derive(Debug)]
struct SessionEntry {
    permit: Arc<Semaphore>,
    users: usize,
    /// The turn under way.
    shown: watch::Sender<Option<Running>>,
    /// Whether a turn is only being ended there.
    is_short: bool,
}

/// A turn under way.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) control: Arc<TurnControl>,
    pub(super) started_at: DateTime<Utc>,
    /// Set once it has ended.
    pub(super) ended: watch::Receiver<Option<TurnEnd>>,
}

/// What a turn does while its session has another turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BusyPolicy {
    /// It is refused.
    Refuse,
    /// Wait for the session's turns, if not too many do, and not for room on the host.
    WaitForSession,
    /// Wait, if not too many do.
    Queue,
    /// Wait.
    Wait,
    /// Wait, as an earlier process has allowed. It counts among those that wait.
    WaitAgain,
}

/// A place in a session's queue, at its head or behind others. It is taken when the ticket
/// is, not when a caller begins to wait.
pub(super) struct Ticket {
    sessions: Arc<SessionQueue>,
    key: Key,
    head: Head,
    shown: watch::Receiver<Option<Running>>,
    /// Whether it waits for room on the host, too, instead of going away.
    patient: bool,
    /// Its share of the turns that may wait on this host.
    queued: Option<OwnedSemaphorePermit>,
}

/// Waits for a permit.
type Acquire =
    Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync>>;

/// The head of a session's queue.
enum Head {
    Reached(OwnedSemaphorePermit),
    Waiting(Acquire),
    /// Given away.
    Taken,
}

// === impl SessionQueue ===

impl SessionQueue {
    pub(super) fn new(options: &HostOptions, closing: CancellationToken) -> Self {
        let (turns_max, queue_max) = (options.turns_max, options.queue_max);
        Self {
            sessions: Mutex::default(),
            turns: Arc::new(Semaphore::new(turns_max)),
            turns_max,
            queue: Arc::new(Semaphore::new(queue_max)),
            queue_max,
            metrics: options.metrics.clone(),
            closing,
            parking: CancellationToken::new(),
        }
    }

    /// What controls a turn of one of the sessions.
    pub(super) fn control(&self) -> TurnControl {
        TurnControl::new(self.parking.clone())
    }

    /// Cancelled when every turn is parked, or by its holder.
    pub(super) fn parking(&self) -> CancellationToken {
        self.parking.child_token()
    }

    pub(super) fn turns_max(&self) -> usize {
        self.turns_max
    }

    /// Takes a ticket of a session's queue.
    pub(super) fn enter(
        self: &Arc<Self>,
        key: Key,
        when_busy: BusyPolicy,
    ) -> Result<Ticket, HostError> {
        if self.closing.is_cancelled() {
            return Err(errors::draining());
        }
        let mut sessions = self.lock();
        let (org_id, session_id) = key;
        let entry = sessions.get(&key);
        let in_use = entry.is_some();
        // A caller who has seen a turn's end is not told that the turn is under way.
        let over_soon = entry.is_some_and(SessionEntry::is_over_soon);
        let waits = in_use || self.turns.available_permits() == 0;
        let queued = match when_busy {
            BusyPolicy::Refuse if in_use && !over_soon => {
                self.metrics.turn_refused();
                return Err(HostError::new(
                    ErrorReason::TurnUnderWay,
                    format!(
                        "session {session_id} has a running turn; follow it, send the message into it, or queue"
                    ),
                ));
            }
            BusyPolicy::WaitForSession if in_use => Some(self.queue()?),
            BusyPolicy::Queue if waits => Some(self.queue()?),
            BusyPolicy::WaitAgain => self.queue.clone().try_acquire_owned().ok(),
            BusyPolicy::Refuse
            | BusyPolicy::WaitForSession
            | BusyPolicy::Queue
            | BusyPolicy::Wait => None,
        };
        let entry = sessions.entry(key).or_insert_with(|| SessionEntry {
            permit: Arc::new(Semaphore::new(1)),
            users: 0,
            shown: watch::Sender::new(None),
            is_short: false,
        });
        entry.users += 1;
        tracing::trace!(org_id, %session_id, users = entry.users, "a ticket was taken");
        Ok(Ticket {
            sessions: self.clone(),
            key,
            head: Head::enter(entry.permit.clone()),
            shown: entry.shown.subscribe(),
            patient: in_use
                || matches!(
                    when_busy,
                    BusyPolicy::Queue | BusyPolicy::Wait | BusyPolicy::WaitAgain
                ),
            queued,
        })
    }

    /// Takes one of the places for turns that wait on this host.
    fn queue(&self) -> Result<OwnedSemaphorePermit, HostError> {
        self.queue.clone().try_acquire_owned().map_err(|_| {
            self.metrics.turn_refused();
            let most = self.queue_max;
            let text =
                format!("the queue of this host is full ({most} turns); send the call again later");
            HostError::new(ErrorReason::QueueFull, text).retry_after(BUSY_FOR)
        })
    }

    fn busy(&self) -> HostError {
        self.metrics.turn_refused();
        let most = self.turns_max;
        let text = format!("this host runs {most} turns, the maximum; send the call again later");
        HostError::new(ErrorReason::Busy, text).retry_after(BUSY_FOR)
    }

    /// The turn under way in a session.
    pub(super) fn running(&self, key: Key) -> Option<Running> {
        let sessions = self.lock();
        let running = sessions.get(&key)?.shown.borrow();
        running.clone().filter(|turn| !turn.is_over())
    }

    /// Every turn of an org under way, with its session.
    pub(super) fn all_running(&self, org_id: i64) -> Vec<(Key, Running)> {
        let sessions = self.lock();
        let own = sessions.iter().filter(|((org, _), _)| *org == org_id);
        let shown = own.filter_map(|(key, entry)| Some((*key, entry.shown.borrow().clone()?)));
        shown.filter(|(_, turn)| !turn.is_over()).collect()
    }

    /// Parks every turn, and says how many run.
    pub(super) fn park(&self) -> usize {
        self.parking.cancel();
        let sessions = self.lock();
        let running = sessions
            .values()
            .filter(|entry| entry.shown.borrow().is_some());
        running.count()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, SessionEntry>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl SessionEntry ===

impl SessionEntry {
    /// Whether its one turn is about to end.
    fn is_over_soon(&self) -> bool {
        let ends = |turn: &Running| turn.control.is_ending();
        self.users == 1 && (self.is_short || self.shown.borrow().as_ref().is_some_and(ends))
    }
}

// === impl Running ===

impl Running {
    fn is_over(&self) -> bool {
        self.ended.borrow().is_some()
    }
}

// === impl Ticket ===

impl Ticket {
    /// Whether nothing has to be waited for but the session's lease: this is the head of the
    /// queue, and there is room on the host.
    pub(super) fn is_free(&self) -> bool {
        let has_room = self.sessions.turns.available_permits() > 0;
        has_room && matches!(self.head, Head::Reached(_))
    }

    /// The permit where there is still room on the host, else the ticket again.
    pub(super) fn try_permit(
        mut self,
        leased: Leased,
    ) -> Result<(TurnPermit, OrgConnection), Self> {
        let Ok(turn) = self.sessions.turns.clone().try_acquire_owned() else {
            return Err(self);
        };
        match std::mem::replace(&mut self.head, Head::Taken) {
            Head::Reached(permit) => {
                self.queued = None;
                let Leased { connection, hold } = leased;
                let permit = TurnPermit {
                    lease: Mutex::new(hold),
                    _slot: permit,
                    turn: Mutex::new(Some(turn)),
                    ticket: self,
                };
                Ok((permit, connection))
            }
            head @ (Head::Waiting(_) | Head::Taken) => {
                self.head = head;
                Err(self)
            }
        }
    }

    /// Whether it waits for room on the host.
    pub(super) fn is_patient(&self) -> bool {
        self.patient
    }

    /// The same ticket, which waits for room on the host.
    pub(super) fn made_patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// Waits for the head of the queue, for the session's lease, and for room on the host.
    /// What is done then is done over the connection of the lease.
    pub(super) async fn permit(
        mut self,
        leased: impl Future<Output = Result<Leased, HostError>>,
    ) -> Result<(TurnPermit, OrgConnection), HostError> {
        let waits = self.sessions.metrics.turn_queued();
        let permit = self.head().await?;
        let turns = self.sessions.turns.clone();
        if !self.patient && turns.available_permits() == 0 {
            return Err(self.sessions.busy());
        }
        // Before the room: a turn that waits for its session keeps no other from running.
        let Leased { connection, hold } = leased.await?;
        let turn = match turns.clone().try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) if self.patient => {
                let room = self.unless_closing(turns.acquire_owned()).await?;
                room.map_err(|_| errors::draining())?
            }
            Err(_) => return Err(self.sessions.busy()),
        };
        drop((waits, self.queued.take()));
        let permit = TurnPermit {
            lease: Mutex::new(hold),
            _slot: permit,
            turn: Mutex::new(Some(turn)),
            ticket: self,
        };
        Ok((permit, connection))
    }

    /// Resolves when a turn is under way in the session.
    pub(super) fn shown(&self) -> impl Future<Output = Running> + Send + use<> {
        let mut shown = self.shown.clone();
        async move {
            let is_there =
                |turn: &Option<Running>| turn.as_ref().is_some_and(|turn| !turn.is_over());
            let turn = shown.wait_for(is_there).await;
            let turn = turn.ok().and_then(|turn| turn.clone());
            match turn {
                Some(turn) => turn,
                // The entry exists while this ticket does.
                None => std::future::pending().await,
            }
        }
    }

    /// Waits for the head of the queue, and leaves it.
    pub(super) async fn reached(mut self) -> Result<(), HostError> {
        self.head().await.map(drop)
    }

    /// Waits for the head of the queue and for the session's lease, to do something short
    /// there.
    pub(super) async fn short_permit(
        mut self,
        leased: impl Future<Output = Result<Leased, HostError>>,
    ) -> Result<(TurnPermit, OrgConnection), HostError> {
        let permit = self.head().await?;
        let Leased { connection, hold } = leased.await?;
        let permit = TurnPermit {
            lease: Mutex::new(hold),
            _slot: permit,
            turn: Mutex::new(None),
            ticket: self,
        };
        Ok((permit, connection))
    }

    async fn head(&mut self) -> Result<OwnedSemaphorePermit, HostError> {
        match std::mem::replace(&mut self.head, Head::Taken) {
            Head::Reached(permit) => Ok(permit),
            Head::Waiting(waiting) => {
                let head = self.unless_closing(waiting).await?;
                head.map_err(|_| errors::draining())
            }
            Head::Taken => Err(errors::aborted()),
        }
    }

    async fn unless_closing<T>(&self, wait: impl Future<Output = T>) -> Result<T, HostError> {
        tokio::select! {
            done = wait => Ok(done),
            () = self.sessions.closing.cancelled() => Err(errors::draining()),
        }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("key", &self.key)
            .field("waits", &matches!(self.head, Head::Waiting(_)))
            .finish_non_exhaustive()
    }
}

// === impl Head ===

impl Head {
    /// Enters the queue of a semaphore, which is fair in the order of the first polls.
    fn enter(permit: Arc<Semaphore>) -> Self {
        // Its place must not depend on what the caller's task has done before.
        let mut waiting: Acquire = Box::pin(unconstrained(permit.acquire_owned()));
        match (&mut waiting).now_or_never() {
            Some(Ok(permit)) => Self::Reached(permit),
            // Semaphores here are never closed.
            Some(Err(_)) => Self::Taken,
            None => Self::Waiting(waiting),
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut sessions = self.sessions.lock();
        if let Some(entry) = sessions.get_mut(&self.key) {
            entry.users -= 1;
            if entry.users == 0 {
                sessions.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everruns_core::typed_id::SessionId;

    /// Places are taken in the order of the tickets, not of the waiting.
    #[tokio::test]
    async fn tickets_are_served_in_their_order() -> Result<(), HostError> {
        let queue = SessionQueue::new(&HostOptions::default(), CancellationToken::new());
        let (queue, key) = (Arc::new(queue), (1, SessionId::new()));
        let first = queue.enter(key, BusyPolicy::Wait)?.head().await?;
        let mut second = queue.enter(key, BusyPolicy::Wait)?;
        let mut third = queue.enter(key, BusyPolicy::Wait)?;
        let mut third = third.head().boxed();
        assert!((&mut third).now_or_never().is_none());
        drop(first);
        assert!(
            (&mut third).now_or_never().is_none(),
            "it is the second's turn"
        );
        drop(second.head().await?);
        drop(third.await?);
        Ok(())
    }
}
