//! What is kept of sessions from one phase to the next, so that what grows with a session
//! crosses the wire once: its messages, and the data of the last large event of each type.
//!
//! Nothing here is taken for true: a server is told what this side has and answers what
//! follows it, or everything where it is something else by now.

use everruns_core::message::Message;
use everruns_core::typed_id::SessionId;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// For how long something is kept that no phase asks for.
const KEPT_IDLE: Duration = Duration::from_secs(10 * 60);

/// A message takes about this many times its bytes on the wire.
const MEMORY_PER_BYTE: usize = 2;

/// The messages of a session, oldest first and without a gap.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    pub(crate) messages: Arc<Vec<Message>>,
    /// What they had on the wire.
    pub(crate) bytes: usize,
}

/// An event that the next of its type may be given as a difference from.
#[derive(Debug, Clone)]
pub(crate) struct PatchBase {
    pub(crate) sequence: i64,
    pub(crate) data: Arc<String>,
}

type SessionKey = (i64, SessionId);
type EventKey = (i64, SessionId, String);

/// What is kept of all sessions. What was not asked for the longest goes first.
pub(crate) struct SessionMemory {
    bytes_max: usize,
    histories: Cache<SessionKey, History>,
    bases: Cache<EventKey, PatchBase>,
}

// === impl SessionMemory ===

impl SessionMemory {
    /// At most about so many bytes; none are kept with zero.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let half = bytes_max as u64 / 2;
        Self {
            bytes_max,
            histories: Cache::builder()
                .weigher(|_, history: &History| weight(history.bytes * MEMORY_PER_BYTE))
                .max_capacity(half)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(KEPT_IDLE)
                .build(),
            bases: Cache::builder()
                .weigher(|_, base: &PatchBase| weight(base.data.len()))
                .max_capacity(half)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(KEPT_IDLE)
                .build(),
        }
    }

    pub(crate) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    pub(crate) fn history(&self, org_id: i64, session_id: SessionId) -> Option<History> {
        self.histories.get(&(org_id, session_id))
    }

    pub(crate) fn keep_history(&self, org_id: i64, session_id: SessionId, history: History) {
        self.histories.insert((org_id, session_id), history);
    }

    /// The last large event of a type that this side knows to be stored.
    pub(crate) fn base(
        &self,
        org_id: i64,
        session_id: SessionId,
        event_type: &str,
    ) -> Option<PatchBase> {
        self.bases
            .get(&(org_id, session_id, event_type.to_string()))
    }

    pub(crate) fn keep_base(
        &self,
        org_id: i64,
        session_id: SessionId,
        event_type: &str,
        base: PatchBase,
    ) {
        self.bases
            .insert((org_id, session_id, event_type.to_string()), base);
    }

    /// A server did not take it for a base.
    pub(crate) fn forget_base(&self, org_id: i64, session_id: SessionId, event_type: &str) {
        self.bases
            .invalidate(&(org_id, session_id, event_type.to_string()));
    }
}

/// Shows no content: it is what people wrote.
impl fmt::Debug for SessionMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionMemory")
            .field("histories", &self.histories.entry_count())
            .field("bases", &self.bases.entry_count())
            .finish()
    }
}

fn weight(bytes: usize) -> u32 {
    // Of something empty there is a key still.
    u32::try_from(bytes.max(64)).unwrap_or(u32::MAX)
}
