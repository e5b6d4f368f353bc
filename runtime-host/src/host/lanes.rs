//! Which turn runs when: one at a time per session, in the order they came, and only so
//! many at once on this host.

use super::{HostOptions, Key, errors};
use crate::engine::{TurnControl, TurnEnd};
use crate::metrics::HostMetrics;
use chrono::{DateTime, Utc};
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// When a caller who was told that the host is busy should come back.
const BUSY_FOR: Duration = Duration::from_secs(1);

/// All lanes of a host.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: Mutex<HashMap<Key, Lane>>,
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

/// One session's. It is there as long as somebody uses it.
#[derive(Debug)]
struct Lane {
    slot: Arc<Semaphore>,
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

/// What to do in a lane that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manners {
    /// Go away.
    Refuse,
    /// Wait for the session's turns, if not too many do, and not for room on the host.
    Behind,
    /// Wait, if not too many do.
    Queue,
    /// Wait.
    Wait,
}

/// A place in a lane, at its head or behind others.
#[derive(Debug)]
pub(super) struct Place {
    lanes: Arc<Lanes>,
    key: Key,
    slot: Arc<Semaphore>,
    shown: watch::Receiver<Option<Running>>,
    /// Whether it waits for room on the host, too, instead of going away.
    patient: bool,
    /// Its place among those that wait.
    queued: Option<OwnedSemaphorePermit>,
}

/// The head of a lane.
#[derive(Debug)]
pub(super) struct Slot {
    // Dropped first: the next one may run.
    _slot: OwnedSemaphorePermit,
    turn: Option<OwnedSemaphorePermit>,
    place: Place,
}

// === impl Lanes ===

impl Lanes {
    pub(super) fn new(options: &HostOptions, closing: CancellationToken) -> Self {
        let (turns_max, queue_max) = (options.turns_max, options.queue_max);
        Self {
            lanes: Mutex::default(),
            turns: Arc::new(Semaphore::new(turns_max)),
            turns_max,
            queue: Arc::new(Semaphore::new(queue_max)),
            queue_max,
            metrics: options.metrics.clone(),
            closing,
            parking: CancellationToken::new(),
        }
    }

    /// The reins of a turn in one of the lanes.
    pub(super) fn reins(&self) -> TurnControl {
        TurnControl::new(self.parking.clone())
    }

    pub(super) fn turns_max(&self) -> usize {
        self.turns_max
    }

    /// Takes a place in a session's lane.
    pub(super) fn enter(self: &Arc<Self>, key: Key, manners: Manners) -> Result<Place, HostError> {
        if self.closing.is_cancelled() {
            return Err(errors::draining());
        }
        let mut lanes = self.lock();
        let (org_id, session_id) = key;
        let lane = lanes.get(&key);
        let in_use = lane.is_some();
        // Whoever has seen a turn's end is not told that the turn is under way.
        let over_soon = lane.is_some_and(Lane::is_over_soon);
        let waits = in_use || self.turns.available_permits() == 0;
        let queued = match manners {
            Manners::Refuse if in_use && !over_soon => {
                self.metrics.turn_refused();
                return Err(HostError::new(
                    ErrorReason::TurnUnderWay,
                    format!(
                        "session {session_id} has a running turn; follow it, send the message into it, or queue"
                    ),
                ));
            }
            Manners::Behind if in_use => Some(self.queue()?),
            Manners::Queue if waits => Some(self.queue()?),
            Manners::Refuse | Manners::Behind | Manners::Queue | Manners::Wait => None,
        };
        let lane = lanes.entry(key).or_insert_with(|| Lane {
            slot: Arc::new(Semaphore::new(1)),
            users: 0,
            shown: watch::Sender::new(None),
            is_short: false,
        });
        lane.users += 1;
        tracing::trace!(org_id, %session_id, users = lane.users, "a place was taken");
        Ok(Place {
            lanes: self.clone(),
            key,
            slot: lane.slot.clone(),
            shown: lane.shown.subscribe(),
            patient: in_use || matches!(manners, Manners::Queue | Manners::Wait),
            queued,
        })
    }

    /// Takes a place among those that wait.
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
        let lanes = self.lock();
        let running = lanes.get(&key)?.shown.borrow();
        running.clone().filter(|turn| !turn.is_over())
    }

    /// Every turn of an org under way, with its session.
    pub(super) fn all_running(&self, org_id: i64) -> Vec<(Key, Running)> {
        let lanes = self.lock();
        let own = lanes.iter().filter(|((org, _), _)| *org == org_id);
        let shown = own.filter_map(|(key, lane)| Some((*key, lane.shown.borrow().clone()?)));
        shown.filter(|(_, turn)| !turn.is_over()).collect()
    }

    /// Parks every turn, and says how many run.
    pub(super) fn park(&self) -> usize {
        self.parking.cancel();
        let lanes = self.lock();
        let running = lanes.values().filter(|lane| lane.shown.borrow().is_some());
        running.count()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Lane ===

impl Lane {
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

// === impl Place ===

impl Place {
    /// Waits for the head of the lane, and for room on the host.
    pub(super) async fn slot(mut self) -> Result<Slot, HostError> {
        let waits = self.lanes.metrics.turn_queued();
        let slot = self.head().await?;
        let turns = self.lanes.turns.clone();
        let turn = match turns.clone().try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) if self.patient => {
                let room = self.unless_closing(turns.acquire_owned()).await?;
                room.map_err(|_| errors::draining())?
            }
            Err(_) => return Err(self.lanes.busy()),
        };
        drop((waits, self.queued.take()));
        Ok(Slot {
            _slot: slot,
            turn: Some(turn),
            place: self,
        })
    }

    /// Resolves when a turn is under way in the lane.
    pub(super) fn shown(&self) -> impl Future<Output = Running> + Send + use<> {
        let mut shown = self.shown.clone();
        async move {
            let is_there =
                |turn: &Option<Running>| turn.as_ref().is_some_and(|turn| !turn.is_over());
            let turn = shown.wait_for(is_there).await;
            let turn = turn.ok().and_then(|turn| turn.clone());
            match turn {
                Some(turn) => turn,
                // The lane is there as long as this place.
                None => std::future::pending().await,
            }
        }
    }

    /// Waits for the head of the lane, to do something short there.
    pub(super) async fn briefly(self) -> Result<Slot, HostError> {
        let slot = self.head().await?;
        Ok(Slot {
            _slot: slot,
            turn: None,
            place: self,
        })
    }

    async fn head(&self) -> Result<OwnedSemaphorePermit, HostError> {
        let head = self.unless_closing(self.slot.clone().acquire_owned());
        head.await?.map_err(|_| errors::draining())
    }

    async fn unless_closing<T>(&self, wait: impl Future<Output = T>) -> Result<T, HostError> {
        tokio::select! {
            done = wait => Ok(done),
            () = self.lanes.closing.cancelled() => Err(errors::draining()),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lanes = self.lanes.lock();
        if let Some(lane) = lanes.get_mut(&self.key) {
            lane.users -= 1;
            if lane.users == 0 {
                lanes.remove(&self.key);
            }
        }
    }
}

// === impl Slot ===

impl Slot {
    /// Shows which turn runs here.
    pub(super) fn occupy(&self, running: Running) {
        self.set(Some(running));
    }

    /// Takes room on the host for a turn that goes on here, if there is some.
    pub(super) fn make_room(&mut self) -> Result<(), HostError> {
        if self.turn.is_none() {
            let lanes = &self.place.lanes;
            let room = lanes.turns.clone().try_acquire_owned();
            self.turn = Some(room.map_err(|_| lanes.busy())?);
        }
        Ok(())
    }

    /// Says that a turn is only being ended here.
    pub(super) fn is_short(&self) {
        if let Some(lane) = self.place.lanes.lock().get_mut(&self.place.key) {
            lane.is_short = true;
        }
    }

    fn set(&self, running: Option<Running>) {
        if let Some(lane) = self.place.lanes.lock().get_mut(&self.place.key) {
            lane.shown.send_replace(running);
            lane.is_short = false;
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.set(None);
    }
}
