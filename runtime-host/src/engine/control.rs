//! What others may do to a turn under way: stop it, send a message into it, and learn
//! that it has begun.

use super::TurnWatch;
use super::turn::LONGEST_PAUSE;
use everruns_core::AgentLoopError;
use everruns_core::typed_id::{MessageId, TurnId};
use mortise_proto::convert::error::gone_session;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard, watch};
use tokio_util::sync::CancellationToken;

/// Why a turn is to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Halt {
    /// Somebody cancelled it: it ends.
    Cancel {
        /// Why.
        reason: Option<String>,
    },
    /// The process stops: the turn stays in the journal, at its last finished step.
    Park,
}

/// A turn that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Began {
    /// The turn.
    pub turn_id: TurnId,
    /// The message it answers, which is stored.
    pub input_message_id: MessageId,
    /// The sequence number of the event that stored it; 0 where it is not known.
    pub sequence: i64,
}

/// The reins of one turn.
#[derive(Debug)]
pub struct TurnControl {
    /// Set once it was cancelled, and why it was.
    cancelled: watch::Sender<Option<Option<String>>>,
    /// Apart from that: a turn that is being ended can be parked all the same.
    parking: CancellationToken,
    began: watch::Sender<Option<Began>>,
    ending: AtomicBool,
    timed_out: AtomicBool,
    steering: Steering,
    watch: Option<Arc<dyn TurnWatch>>,
}

// === impl TurnControl ===

impl Default for TurnControl {
    fn default() -> Self {
        Self::new(CancellationToken::new())
    }
}

impl TurnControl {
    /// The reins of a turn that is parked when `parking` is cancelled, as all others of
    /// its process are.
    #[must_use]
    pub fn new(parking: CancellationToken) -> Self {
        Self {
            cancelled: watch::Sender::new(None),
            parking,
            began: watch::Sender::new(None),
            ending: AtomicBool::new(false),
            timed_out: AtomicBool::new(false),
            steering: Steering::default(),
            watch: None,
        }
    }

    /// The same, whose turn somebody sees.
    #[must_use]
    pub fn watched(mut self, watch: Arc<dyn TurnWatch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Who sees the turn.
    pub(super) fn watch(&self) -> Option<&Arc<dyn TurnWatch>> {
        self.watch.as_ref()
    }

    /// Cancels the turn: it ends. The first reason holds.
    pub fn cancel(&self, reason: Option<String>) {
        self.cancelled.send_if_modified(|current| {
            let first = current.is_none();
            if first {
                *current = Some(reason);
            }
            first
        });
    }

    /// Resolves when the turn is to stop. One that is cancelled ends even where the
    /// process stops, as far as it can.
    pub(super) async fn halted(&self) -> Halt {
        tokio::select! {
            biased;
            reason = set(self.cancelled.subscribe()) => Halt::Cancel { reason },
            () = self.parked() => Halt::Park,
        }
    }

    /// Resolves when the process stops.
    pub(super) async fn parked(&self) {
        self.parking.cancelled().await;
    }

    /// Waits before another try, longer each time; `false` when the process stops.
    pub(super) async fn pause(&self, pause: &mut Duration) -> bool {
        let waited = tokio::select! {
            biased;
            () = self.parked() => false,
            () = tokio::time::sleep(*pause) => true,
        };
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        waited
    }

    /// Resolves when the turn has begun. A turn that never does lets go of its control.
    pub async fn began(&self) -> Began {
        set(self.began.subscribe()).await
    }

    /// What has begun, if it has.
    #[must_use]
    pub fn has_begun(&self) -> Option<Began> {
        *self.began.borrow()
    }

    pub(super) fn begin(&self, began: Began) {
        if let Some(watch) = &self.watch {
            watch.began(began);
        }
        self.began.send_replace(Some(began));
    }

    /// Whether the turn is about to end: what it says of its end may be seen before the
    /// turn itself is over.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    pub(super) fn about_to_end(&self) {
        self.ending.store(true, Ordering::Release);
    }

    /// Whether the turn took too long.
    #[must_use]
    pub fn has_timed_out(&self) -> bool {
        self.timed_out.load(Ordering::Acquire)
    }

    pub(super) fn time_out(&self) {
        self.timed_out.store(true, Ordering::Release);
    }

    /// Messages into the turn.
    #[must_use]
    pub fn steering(&self) -> &Steering {
        &self.steering
    }
}

/// Whether a message may be stored although the adapter did not say so.
pub(super) fn may_be_stored(error: &AgentLoopError) -> bool {
    !error.is_non_retryable() && gone_session(error).is_none()
}

/// The value, once there is one. Its sender outlives whoever waits.
async fn set<T: Clone>(mut value: watch::Receiver<Option<T>>) -> T {
    let found = value.wait_for(Option::is_some).await;
    let found = found.ok().and_then(|found| found.clone());
    match found {
        Some(found) => found,
        None => std::future::pending().await,
    }
}

/// Messages that arrive while a turn runs.
///
/// A model is asked with the messages that are stored when its phase begins to read. So
/// storing a message and beginning to read exclude each other, and what arrived since is
/// known exactly: with it the turn asks the model once more instead of ending.
#[derive(Debug, Default)]
pub struct Steering {
    gate: Mutex<Gate>,
}

#[derive(Debug, Default)]
pub(super) struct Gate {
    closed: bool,
    /// Stored since the model was last asked.
    unseen: Vec<MessageId>,
}

// === impl Steering ===

impl Steering {
    /// Has `store` store a message into the turn; `None` when the turn has asked the
    /// model for the last time.
    pub async fn steer(
        &self,
        message_id: MessageId,
        store: impl Future<Output = Result<(), AgentLoopError>>,
    ) -> Option<Result<(), AgentLoopError>> {
        let mut gate = self.gate.lock().await;
        if gate.closed {
            return None;
        }
        let stored = store.await;
        // One that may be stored must be answered as if it were.
        if stored.as_ref().err().is_none_or(may_be_stored) {
            gate.unseen.push(message_id);
        }
        Some(stored)
    }

    /// Closes it for good. The last message that no model has seen must be answered by
    /// another turn.
    pub async fn close(&self) -> Option<MessageId> {
        let mut gate = self.gate.lock().await;
        gate.closed = true;
        std::mem::take(&mut gate.unseen).pop()
    }

    /// Keeps messages out while a phase begins to read.
    pub(super) async fn about_to_read(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().await
    }

    /// How many messages the model has not seen; with none the gate closes.
    pub(super) async fn unseen_or_close(&self) -> usize {
        let mut gate = self.gate.lock().await;
        gate.closed = gate.unseen.is_empty();
        gate.unseen.len()
    }
}

// === impl Gate ===

impl Gate {
    /// Everything stored so far was read.
    pub(super) fn seen(&mut self) {
        self.unseen.clear();
    }
}
