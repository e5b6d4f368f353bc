//! Events as they are stored, for those who follow.

use crate::stores::event_emitter::prepare::Entry;
use crate::stores::event_emitter::write::Accepted;
use mortise_adapter_server::AppendAck;
use mortise_proto::convert::event_log::stored;
use mortise_proto::{StoreError, pb};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast::{self, Receiver, Sender};

/// Events that a slow follower may be behind before it misses some; it then reads
/// the stored ones.
const BEHIND_MAX: usize = 1024;

type Feed = Sender<Arc<pb::Event>>;

/// One feed per org that has followers.
#[derive(Debug, Default)]
pub(crate) struct Feeds {
    by_org: Mutex<HashMap<i64, Feed>>,
}

// === impl Feeds ===

impl Feeds {
    /// Everything in this org from now on.
    pub(crate) fn subscribe(&self, org_id: i64) -> Receiver<Arc<pb::Event>> {
        self.lock()
            .entry(org_id)
            .or_insert_with(|| broadcast::channel(BEHIND_MAX).0)
            .subscribe()
    }

    /// Passes events on to those who follow, in order; only when all of it is durable.
    /// An event that was stored before, by the same request, was passed on then.
    pub(super) fn pass_on(&self, entries: Vec<Entry>, answers: &[Result<Accepted, StoreError>]) {
        for (entry, answer) in entries.into_iter().zip(answers) {
            if let Ok(accepted) = answer
                && accepted.is_new
                && let Some(feed) = self.of(entry.org_id)
            {
                let AppendAck { event_id, sequence } = accepted.acknowledged;
                let event = stored(entry.event, event_id, sequence);
                // Fails when the last follower has just gone.
                drop(feed.send(Arc::new(event)));
            }
        }
    }

    /// The feed of an org, if it has followers.
    fn of(&self, org_id: i64) -> Option<Feed> {
        let mut feeds = self.lock();
        let feed = feeds.get(&org_id)?.clone();
        if feed.receiver_count() == 0 {
            feeds.remove(&org_id);
            return None;
        }
        Some(feed)
    }

    /// The map is whole after every statement, so a panic elsewhere does not matter.
    fn lock(&self) -> MutexGuard<'_, HashMap<i64, Feed>> {
        self.by_org.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
