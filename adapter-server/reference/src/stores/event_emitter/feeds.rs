//! Events as they are stored, for those who follow.

use crate::stores::event_emitter::prepare::Entry;
use crate::stores::event_emitter::write::Accepted;
use everruns_core::typed_id::SessionId;
use mortise_adapter_server::{AppendAck, SessionFeed, Subscription};
use mortise_proto::StoreError;
use mortise_proto::convert::event_log::stored;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Events that a slow follower may be behind before it misses some; it then reads
/// the stored ones.
const BEHIND_MAX: usize = 256;

/// Feeds that have lost their followers are removed once there are so many of all kinds, at
/// the least.
const SWEEP_MIN: usize = 64;

/// A session of an org.
type Key = (i64, SessionId);

/// One feed per session that has followers: an event wakes those of its session alone.
#[derive(Debug, Default)]
pub(crate) struct Feeds {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    by_session: HashMap<Key, SessionFeed>,
    /// How many there were after the last sweep.
    swept: usize,
}

// === impl Feeds ===

impl Feeds {
    /// Everything in a session of this org from now on.
    pub(crate) fn subscribe(&self, org_id: i64, session_id: SessionId) -> Subscription {
        let mut state = self.lock();
        state.sweep();
        let feed = state.by_session.entry((org_id, session_id));
        // Under the lock, so that no sweep comes between.
        feed.or_insert_with(|| SessionFeed::new(BEHIND_MAX))
            .subscribe()
    }

    /// Passes events on to those who follow, in order; only when all of it is durable.
    /// An event that was stored before, by the same request, was passed on then.
    pub(super) fn pass_on(&self, entries: Vec<Entry>, answers: &[Result<Accepted, StoreError>]) {
        for (entry, answer) in entries.into_iter().zip(answers) {
            if let Ok(accepted) = answer
                && accepted.is_new
                && let Some(feed) = self.of((entry.org_id, entry.session))
            {
                let AppendAck { event_id, sequence } = accepted.acknowledged;
                feed.pass_on(stored(entry.event, event_id, sequence));
            }
        }
    }

    /// The feed of a session, if it has followers.
    fn of(&self, key: Key) -> Option<SessionFeed> {
        let mut state = self.lock();
        let feed = state.by_session.get(&key)?.clone();
        if !feed.is_followed() {
            state.by_session.remove(&key);
            return None;
        }
        Some(feed)
    }

    /// The map is whole after every statement, so a panic elsewhere does not matter.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    /// Removes feeds without followers, once the feeds have doubled in number: a session may
    /// have no further event that would.
    fn sweep(&mut self) {
        if self.by_session.len() >= SWEEP_MIN.max(self.swept * 2) {
            self.by_session.retain(|_, feed| feed.is_followed());
            self.swept = self.by_session.len();
        }
    }
}
