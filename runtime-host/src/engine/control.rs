//! What a host and the engine that runs a turn say to each other: stop, take this message,
//! I have begun, I am about to end.

use super::{EndedPhase, Steering, TurnWatch};
use everruns_core::AgentLoopError;
use everruns_core::events::Event;
use everruns_core::message::Message;
use everruns_core::typed_id::{MessageId, TurnId};
use futures::FutureExt;
use mortise_adapter_client::{Backoff, EndedCall};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Why a turn is to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// It is cancelled: it ends.
    Cancel {
        /// Why.
        reason: Option<String>,
    },
    /// The process stops: the turn stays in the journal, at its last finished step.
    Park,
}

/// A turn that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Began {
    /// The turn.
    pub turn_id: TurnId,
    /// The message it answers, which is stored.
    pub input_message_id: MessageId,
    /// The sequence number of the event that stored it; 0 where it is not known.
    pub sequence: i64,
}

/// What controls one turn. The host's side cancels it, sends messages into it and learns
/// what it does; the engine's side is told to stop and says how far the turn is.
#[derive(Debug)]
pub struct TurnControl {
    /// Set once it was cancelled, and why it was.
    cancelled: watch::Sender<Option<Option<String>>>,
    /// Apart from that: a turn that is being ended can be parked all the same.
    parking: CancellationToken,
    began: watch::Sender<Option<Began>>,
    ending: Arc<AtomicBool>,
    timed_out: Arc<AtomicBool>,
    /// Set when the turn has begun.
    steering: OnceLock<Arc<dyn Steering>>,
    watch: Option<Arc<dyn TurnWatch>>,
}

/// What the control of a turn shares with that of an attempt at it, which an engine has
/// placed in this process. What the attempt says of its end is said of the turn.
#[derive(Debug, Clone)]
pub(super) struct SharedControl {
    ending: Arc<AtomicBool>,
    timed_out: Arc<AtomicBool>,
    watch: Option<Arc<dyn TurnWatch>>,
}

/// Shows what an attempt does. That its turn has begun is shown by the turn's own control.
#[derive(Debug)]
struct AttemptWatch(Arc<dyn TurnWatch>);

// === impl SharedControl ===

impl SharedControl {
    /// The control of an attempt.
    pub(super) fn attempt(&self, parking: CancellationToken) -> TurnControl {
        let watch = self.watch.clone();
        TurnControl {
            ending: self.ending.clone(),
            timed_out: self.timed_out.clone(),
            watch: watch.map(|watch| Arc::new(AttemptWatch(watch)) as Arc<dyn TurnWatch>),
            ..TurnControl::new(parking)
        }
    }
}

// === impl AttemptWatch ===

impl TurnWatch for AttemptWatch {
    fn began(&self, _: Began) {}

    fn phase_ended(&self, phase: EndedPhase) {
        self.0.phase_ended(phase);
    }

    fn happened(&self, event: &Event) {
        self.0.happened(event);
    }

    fn called(&self, call: &EndedCall<'_>) {
        self.0.called(call);
    }
}

// === impl TurnControl ===

impl Default for TurnControl {
    fn default() -> Self {
        Self::new(CancellationToken::new())
    }
}

impl TurnControl {
    /// The control of a turn that is parked when `parking` is cancelled, as all others of
    /// its process are.
    #[must_use]
    pub fn new(parking: CancellationToken) -> Self {
        Self {
            cancelled: watch::Sender::new(None),
            parking,
            began: watch::Sender::new(None),
            ending: Arc::default(),
            timed_out: Arc::default(),
            steering: OnceLock::new(),
            watch: None,
        }
    }

    /// The same, whose turn `watch` is shown.
    #[must_use]
    pub fn watched(mut self, watch: Arc<dyn TurnWatch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// What is shared with the control of an attempt at the same turn.
    pub(super) fn shared(&self) -> SharedControl {
        SharedControl {
            ending: self.ending.clone(),
            timed_out: self.timed_out.clone(),
            watch: self.watch.clone(),
        }
    }

    /// The engine's side: what is to be shown the turn.
    #[must_use]
    pub fn watch(&self) -> Option<&Arc<dyn TurnWatch>> {
        self.watch.as_ref()
    }

    /// The host's side: cancels the turn. It ends; the first reason holds.
    pub fn cancel(&self, reason: Option<String>) {
        self.cancelled.send_if_modified(|current| {
            let first = current.is_none();
            if first {
                *current = Some(reason);
            }
            first
        });
    }

    /// The engine's side: resolves when the turn is to stop. One that is cancelled ends
    /// even where the process stops, as far as it can.
    pub async fn halted(&self) -> Halt {
        tokio::select! {
            biased;
            reason = set(self.cancelled.subscribe()) => Halt::Cancel { reason },
            () = self.parked() => Halt::Park,
        }
    }

    /// The engine's side: resolves when the process stops.
    pub async fn parked(&self) {
        self.parking.cancelled().await;
    }

    /// Waits before another try, at least for `least`; `false` when the process stops.
    pub(super) async fn pause(&self, backoff: &mut Backoff, least: Duration) -> bool {
        let pause = backoff.next().max(least);
        tokio::select! {
            biased;
            () = self.parked() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }

    /// The host's side: resolves when the turn has begun. A turn that never does lets go of its control.
    pub async fn began(&self) -> Began {
        set(self.began.subscribe()).await
    }

    /// What has begun, if it has.
    #[must_use]
    pub fn has_begun(&self) -> Option<Began> {
        *self.began.borrow()
    }

    /// The engine's side: the turn has begun, and messages reach it in this way. Called
    /// once.
    pub fn begin(&self, began: Began, steering: Arc<dyn Steering>) {
        self.steering.get_or_init(|| steering);
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

    /// The engine's side: the turn is about to end.
    pub fn about_to_end(&self) {
        self.ending.store(true, Ordering::Release);
    }

    /// Whether the turn took too long.
    #[must_use]
    pub fn has_timed_out(&self) -> bool {
        self.timed_out.load(Ordering::Acquire)
    }

    /// The engine's side: the turn takes too long.
    pub fn time_out(&self) {
        self.timed_out.store(true, Ordering::Release);
    }

    /// The host's side: has a message stored into the turn, by `store` or elsewhere.
    /// `None` when the turn has not begun, or has asked the model for the last time: then
    /// nothing is stored.
    pub async fn steer(
        &self,
        message: &Message,
        store: impl Future<Output = Result<(), AgentLoopError>> + Send,
    ) -> Option<Result<(), AgentLoopError>> {
        self.steering.get()?.steer(message, store.boxed()).await
    }

    /// The host's side: lets no further message into the turn.
    pub async fn close(&self) {
        if let Some(steering) = self.steering.get() {
            steering.close().await;
        }
    }
}

/// The value, once there is one. Its sender outlives every waiter.
async fn set<T: Clone>(mut value: watch::Receiver<Option<T>>) -> T {
    let found = value.wait_for(Option::is_some).await;
    let found = found.ok().and_then(|found| found.clone());
    match found {
        Some(found) => found,
        None => std::future::pending().await,
    }
}
