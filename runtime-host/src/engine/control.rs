//! What others may do to a turn under way: stop it, send a message into it, and learn
//! that it has begun.

use super::TurnWatch;
use everruns_core::typed_id::{MessageId, TurnId};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Mutex, MutexGuard, watch};

/// Why a turn is to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
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
    halt: watch::Sender<Option<Halt>>,
    began: watch::Sender<Option<Began>>,
    ending: AtomicBool,
    timed_out: AtomicBool,
    steering: Steering,
    watch: Option<Arc<dyn TurnWatch>>,
}

// === impl TurnControl ===

impl Default for TurnControl {
    fn default() -> Self {
        Self {
            halt: watch::Sender::new(None),
            began: watch::Sender::new(None),
            ending: AtomicBool::new(false),
            timed_out: AtomicBool::new(false),
            steering: Steering::default(),
            watch: None,
        }
    }
}

impl TurnControl {
    /// The reins of a turn that somebody sees.
    #[must_use]
    pub fn watched(watch: Arc<dyn TurnWatch>) -> Self {
        Self {
            watch: Some(watch),
            ..Self::default()
        }
    }

    /// Who sees the turn.
    pub(super) fn watch(&self) -> Option<&Arc<dyn TurnWatch>> {
        self.watch.as_ref()
    }

    /// Stops the turn. The first reason holds, but that a turn which is parked is also
    /// cancelled is forgotten with it.
    pub fn halt(&self, halt: Halt) {
        self.halt.send_if_modified(|current| {
            let first = current.is_none();
            if first {
                *current = Some(halt);
            }
            first
        });
    }

    /// Resolves when the turn is to stop.
    pub(super) async fn halted(&self) -> Halt {
        set(self.halt.subscribe()).await
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
    pub async fn steer<E>(
        &self,
        message_id: MessageId,
        store: impl Future<Output = Result<(), E>>,
    ) -> Option<Result<(), E>> {
        let mut gate = self.gate.lock().await;
        if gate.closed {
            return None;
        }
        let stored = store.await;
        if stored.is_ok() {
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
