//! The turns of a host that were accepted and have not begun, and for a day those of them
//! that never will.

use super::session_queue::Ticket;
use super::turns::{EndedTurn, TurnStatus, TurnView};
use super::{Host, Key, TurnHandle};
use crate::engine::TurnEnd;
use crate::host::Ended;
use crate::journal::{NotBegun, QueuedTurn};
use chrono::{TimeDelta, Utc};
use everruns_core::typed_id::{MessageId, TurnId};
use mortise_proto::HostError;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// For how long it is known what became of a turn that did not begin.
const KNOWN_FOR: TimeDelta = TimeDelta::days(1);

/// How many of them are known.
const KNOWN_MAX: usize = 1000;

/// A turn that was accepted.
#[derive(Debug, Clone)]
pub enum Accepted {
    /// It has begun.
    Began(TurnHandle),
    /// It waits.
    Queued(QueuedHandle),
}

/// A turn that waits. It runs when its turn comes, also when this is dropped.
#[derive(Debug, Clone)]
pub struct QueuedHandle {
    key: Key,
    /// The turn.
    pub turn_id: TurnId,
    /// Its message, which is stored when it begins.
    pub input_message_id: MessageId,
    became: watch::Receiver<Option<Became>>,
}

/// What became of a turn that waited.
#[derive(Debug, Clone)]
pub enum Waited {
    /// It has begun.
    Began(TurnHandle),
    /// It has not: it was cancelled, or waits for the next process.
    Ended(Ended),
}

/// The same, as it is told to those that wait.
#[derive(Debug, Clone)]
pub(super) enum Became {
    Began(TurnHandle),
    /// It had begun already, in an earlier process or at another host.
    BegunBefore,
    Ended(TurnEnd),
    Refused(HostError),
}

/// Tells those that wait for a turn to begin what became of it.
pub(super) type Tell = watch::Sender<Option<Became>>;

/// Set once a turn was cancelled, to why it was.
pub(super) type Cancelled = watch::Receiver<Option<Option<String>>>;

/// The turns that wait.
#[derive(Debug, Default)]
pub(super) struct WaitingTurns {
    turns: Mutex<HashMap<TurnId, Waiting>>,
    /// Those that did not begin and never will.
    ended: Mutex<HashMap<TurnId, QueuedTurn>>,
    /// The last place that was given away.
    last_place: Mutex<u64>,
}

#[derive(Debug)]
struct Waiting {
    key: Key,
    place: u64,
    view: TurnView,
    cancel: watch::Sender<Option<Option<String>>>,
    handle: QueuedHandle,
}

// === impl Accepted ===

impl Accepted {
    /// Waits until the turn has begun, or will not.
    pub async fn begun(self, host: &Host) -> Result<Waited, HostError> {
        match self {
            Self::Began(turn) => Ok(Waited::Began(turn)),
            Self::Queued(queued) => queued.begun(host).await,
        }
    }
}

// === impl QueuedHandle ===

impl QueuedHandle {
    /// That of a turn that never began.
    fn ended(turn: &QueuedTurn) -> Option<Self> {
        let end = match &turn.end.as_ref()?.why {
            NotBegun::Cancelled { .. } => TurnEnd::Cancelled,
            NotBegun::Failed { error } => TurnEnd::Failed(error.clone()),
        };
        let (_, became) = watch::channel(Some(Became::Ended(end)));
        Some(Self {
            key: (turn.org_id, turn.session_id),
            turn_id: turn.turn_id,
            input_message_id: turn.message.id,
            became,
        })
    }

    /// Waits until the turn has begun, or will not.
    pub async fn begun(mut self, host: &Host) -> Result<Waited, HostError> {
        let became = self.became.wait_for(Option::is_some).await;
        match became.ok().and_then(|became| became.clone()) {
            Some(Became::Began(turn)) => Ok(Waited::Began(turn)),
            Some(Became::BegunBefore) => self.found(host).await,
            Some(Became::Ended(end)) => Ok(Waited::Ended(Ended {
                turn_id: self.turn_id,
                end,
                calls: Vec::new(),
            })),
            Some(Became::Refused(error)) => Err(error),
            None => Err(host.aborted()),
        }
    }

    /// The turn where it is by now.
    async fn found(self, host: &Host) -> Result<Waited, HostError> {
        let found = host.turn_of_message(self.key, self.turn_id, self.input_message_id);
        match found.await? {
            Some(Accepted::Began(turn)) => Ok(Waited::Began(turn)),
            // It waits no longer: it would be found there before.
            Some(Accepted::Queued(_)) | None => Err(host.aborted()),
        }
    }
}

// === impl WaitingTurns ===

impl WaitingTurns {
    /// Takes a ticket, and the place in the order of all tickets that a turn with it has.
    pub(super) fn enter(
        &self,
        ticket: impl FnOnce() -> Result<Ticket, HostError>,
    ) -> Result<(Ticket, u64), HostError> {
        let mut last = self
            .last_place
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let ticket = ticket()?;
        *last += 1;
        Ok((ticket, *last))
    }

    /// Gives away places after this one.
    pub(super) fn continue_after(&self, place: u64) {
        let mut last = self
            .last_place
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *last = place.max(*last);
    }

    pub(super) fn insert(&self, turn: &QueuedTurn) -> (QueuedHandle, Tell, Cancelled) {
        let (tell, became) = watch::channel(None);
        let (cancel, cancelled) = watch::channel(None);
        let key = (turn.org_id, turn.session_id);
        let handle = QueuedHandle {
            key,
            turn_id: turn.turn_id,
            input_message_id: turn.message.id,
            became,
        };
        let waiting = Waiting {
            key,
            place: turn.place,
            view: view_of_queued(turn),
            cancel,
            handle: handle.clone(),
        };
        lock(&self.turns).insert(turn.turn_id, waiting);
        (handle, tell, cancelled)
    }

    pub(super) fn remove(&self, turn_id: TurnId) {
        lock(&self.turns).remove(&turn_id);
    }

    /// Keeps the end of a turn that did not begin. Gives back those that are no longer
    /// known.
    pub(super) fn end(&self, turn: QueuedTurn) -> Vec<QueuedTurn> {
        self.remove(turn.turn_id);
        let mut ended = lock(&self.ended);
        ended.insert(turn.turn_id, turn);
        let at = |turn: &QueuedTurn| turn.end.as_ref().map(|end| end.at);
        let mut all: Vec<_> = ended
            .values()
            .map(|turn| (at(turn), turn.turn_id))
            .collect();
        all.sort_unstable_by_key(|(at, _)| std::cmp::Reverse(*at));
        let oldest = Utc::now() - KNOWN_FOR;
        let all = all.into_iter().enumerate();
        let old = all.filter(|(rank, (at, _))| *rank >= KNOWN_MAX || *at < Some(oldest));
        let old: Vec<TurnId> = old.map(|(_, (_, turn_id))| turn_id).collect();
        old.iter()
            .filter_map(|turn_id| ended.remove(turn_id))
            .collect()
    }

    /// A turn of a session that waits, or did and never began.
    pub(super) fn get(&self, key: Key, turn_id: TurnId) -> Option<QueuedHandle> {
        let waiting = lock(&self.turns)
            .get(&turn_id)
            .filter(|turn| turn.key == key)
            .map(|turn| turn.handle.clone());
        waiting.or_else(|| {
            let ended = lock(&self.ended);
            let own = |turn: &&QueuedTurn| (turn.org_id, turn.session_id) == key;
            QueuedHandle::ended(ended.get(&turn_id).filter(own)?)
        })
    }

    /// What there is to see of a turn of a session that waits, or did and never began.
    pub(super) fn view(&self, key: Key, turn_id: TurnId) -> Option<TurnView> {
        let waiting = lock(&self.turns)
            .get(&turn_id)
            .filter(|turn| turn.key == key)
            .map(|turn| turn.view.clone());
        waiting.or_else(|| {
            let ended = lock(&self.ended);
            let own = |turn: &&QueuedTurn| (turn.org_id, turn.session_id) == key;
            view_of_ended(ended.get(&turn_id).filter(own)?)
        })
    }

    /// Those of an org.
    pub(super) fn of_org(&self, org_id: i64) -> Vec<TurnView> {
        let turns = lock(&self.turns);
        let own = turns.values().filter(|turn| turn.key.0 == org_id);
        own.map(|turn| turn.view.clone()).collect()
    }

    /// The first of a session.
    pub(super) fn first_of(&self, key: Key) -> Option<TurnView> {
        let turns = lock(&self.turns);
        let own = turns.values().filter(|turn| turn.key == key);
        own.min_by_key(|turn| turn.place)
            .map(|turn| turn.view.clone())
    }

    /// Asks a turn of a session not to begin. It may begin all the same: its handle says
    /// what becomes of it.
    pub(super) fn cancel(
        &self,
        key: Key,
        turn_id: TurnId,
        reason: Option<String>,
    ) -> Option<QueuedHandle> {
        let turns = lock(&self.turns);
        let turn = turns.get(&turn_id).filter(|turn| turn.key == key)?;
        // The first reason holds.
        turn.cancel.send_if_modified(|asked| {
            let is_first = asked.is_none();
            asked.get_or_insert(reason);
            is_first
        });
        Some(turn.handle.clone())
    }
}

fn lock<T>(turns: &Mutex<T>) -> MutexGuard<'_, T> {
    turns.lock().unwrap_or_else(PoisonError::into_inner)
}

fn view_of_queued(turn: &QueuedTurn) -> TurnView {
    TurnView {
        turn_id: turn.turn_id,
        session_id: turn.session_id,
        input_message_id: turn.message.id,
        status: TurnStatus::Queued,
        started_at: turn.accepted_at,
        calls: Vec::new(),
        problem: None,
        first_sequence: 0,
        ended: None,
    }
}

fn view_of_ended(turn: &QueuedTurn) -> Option<TurnView> {
    let end = turn.end.as_ref()?;
    let (status, error) = match &end.why {
        NotBegun::Cancelled { reason } => (TurnStatus::Cancelled, reason.clone()),
        NotBegun::Failed { error } => (TurnStatus::Failed, Some(error.clone())),
    };
    Some(TurnView {
        status,
        ended: Some(EndedTurn {
            at: end.at,
            error,
            ..EndedTurn::default()
        }),
        ..view_of_queued(turn)
    })
}
