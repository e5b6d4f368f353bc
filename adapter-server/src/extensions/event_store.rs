//! Events as they are on the wire.

use super::SessionFence;
use async_trait::async_trait;
use everruns_core::typed_id::EventId;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;
use mortise_proto::pb;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast;

/// An event on its way in.
#[derive(Debug, Clone)]
pub struct AppendRequest {
    /// Under which the acknowledgement is remembered.
    pub request_id: String,
    /// The event.
    pub event: pb::NewEvent,
    /// The id that the caller would like it to have.
    pub proposed_id: Option<EventId>,
    /// The fence that it is emitted under.
    pub fence: Option<SessionFence>,
}

/// What an event got when it was stored. Ephemeral events have sequence 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendAck {
    /// Its id.
    pub event_id: EventId,
    /// Its sequence number within the session.
    pub sequence: i64,
}

/// The stored events of one org.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Stores events in order, each with the message that follows from it, and
    /// answers each; one that cannot be stored does not keep the others from it.
    /// Those answered with `Ok` are durable. See `event_emitter.proto`.
    async fn append(&self, events: Vec<AppendRequest>) -> Vec<Result<AppendAck, StoreError>>;

    /// The stored events of a session after a sequence number, in order, at most
    /// `limit`.
    async fn read(
        &self,
        session_id: SessionId,
        after_sequence: i64,
        limit: u32,
    ) -> Result<Vec<pb::Event>, StoreError>;

    /// Every event of a session from now on, stored and ephemeral. A receiver that lags
    /// misses events, is told so, and reads the stored ones.
    fn subscribe(&self, session_id: SessionId) -> Subscription;
}

/// The live events of a session, for all that follow it through this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SessionFeed {
    live: broadcast::Sender<Arc<pb::Event>>,
    looked: Arc<Mutex<Looked>>,
}

/// When one of the followers last looked for what another process has stored, and up to which
/// sequence number there was something.
#[derive(Debug)]
struct Looked {
    at: Instant,
    last: i64,
}

/// A place among those that follow a session.
#[derive(Debug)]
pub struct Subscription {
    /// What is passed on from now on.
    pub live: broadcast::Receiver<Arc<pb::Event>>,
    /// The feed itself.
    pub feed: SessionFeed,
}

// === impl SessionFeed ===

impl SessionFeed {
    /// A feed whose followers may be so many events behind before they miss some.
    #[must_use]
    pub fn new(behind_max: usize) -> Self {
        Self {
            live: broadcast::channel(behind_max).0,
            looked: Arc::new(Mutex::new(Looked {
                at: Instant::now(),
                last: 0,
            })),
        }
    }

    /// Follows from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription {
            live: self.live.subscribe(),
            feed: self.clone(),
        }
    }

    /// Whether there are any that follow.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        self.live.receiver_count() > 0
    }

    /// Passes an event on to those that follow.
    pub fn pass_on(&self, event: pb::Event) {
        // Fails when the last follower has just gone.
        drop(self.live.send(Arc::new(event)));
    }

    /// Whether a follower that has everything up to a sequence number is to look for what
    /// another process has stored: one of all that follow looks in each `interval`, and the
    /// others hear of what it finds.
    pub(crate) fn is_to_look(&self, after: i64, interval: Duration) -> bool {
        let mut looked = self.looked();
        let is_to_look = looked.last > after || looked.at.elapsed() >= interval;
        if is_to_look {
            looked.at = Instant::now();
        }
        is_to_look
    }

    /// Tells the others what a look has found.
    pub(crate) fn found(&self, events: &[pb::Event]) {
        let Some(last) = events.last() else {
            return;
        };
        {
            let mut looked = self.looked();
            if last.sequence <= looked.last {
                return;
            }
            looked.last = last.sequence;
        }
        // The last alone: who lacks more than that sees a gap before it, and reads.
        self.pass_on(last.clone());
    }

    /// Whole after every statement, so a panic elsewhere does not matter.
    fn looked(&self) -> MutexGuard<'_, Looked> {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
