//! Events as they are stored, for those who follow.

use mortise_proto::pb;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast::{self, Receiver, Sender};

/// Events that a slow follower may be behind before it misses some; it then reads
/// the stored ones.
const BEHIND_MAX: usize = 1024;

type Feed = Sender<Arc<pb::Event>>;

/// One feed per org that somebody follows.
#[derive(Debug, Default)]
pub(in crate::reference) struct Feeds {
    by_org: Mutex<HashMap<i64, Feed>>,
}

// === impl Feeds ===

impl Feeds {
    /// Everything in this org from now on.
    pub(in crate::reference) fn subscribe(&self, org_id: i64) -> Receiver<Arc<pb::Event>> {
        self.lock()
            .entry(org_id)
            .or_insert_with(|| broadcast::channel(BEHIND_MAX).0)
            .subscribe()
    }

    /// The feed of an org, if somebody follows it.
    pub(super) fn of(&self, org_id: i64) -> Option<Feed> {
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
