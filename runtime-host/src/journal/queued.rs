//! Turns that were accepted and have not begun, as the journal keeps them.

use chrono::{DateTime, Utc};
use everruns_core::message::Message;
use everruns_core::typed_id::{SessionId, TurnId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A turn that was accepted and has not begun: its message is stored when it does.
#[derive(Clone, Serialize, Deserialize)]
pub struct QueuedTurn {
    /// Its org.
    pub org_id: i64,
    /// Its session.
    pub session_id: SessionId,
    /// The id that it has.
    pub turn_id: TurnId,
    /// Where it stands among the turns that this host has accepted: lower ones run first.
    pub place: u64,
    /// What the user says.
    pub message: Message,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// Set once it is sure that it will not begin; then the message is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<QueuedEnd>,
}

/// The end of a turn that did not begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedEnd {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Why it did not begin.
    pub why: NotBegun,
}

/// Why a turn did not begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotBegun {
    /// It was cancelled, for the reason that the caller gave.
    Cancelled {
        /// The reason, if one was given.
        reason: Option<String>,
    },
    /// Its message was refused.
    Failed {
        /// What stood in the way.
        error: String,
    },
}

// === impl QueuedTurn ===

impl QueuedTurn {
    /// The turn with its end, and without what the user said: nothing needs it any more.
    #[must_use]
    pub fn ended(mut self, why: NotBegun) -> Self {
        self.message.content.clear();
        self.message.metadata = None;
        let at = Utc::now();
        self.end = Some(QueuedEnd { at, why });
        self
    }
}

/// What people said stays out of logs.
impl fmt::Debug for QueuedTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedTurn")
            .field("session_id", &self.session_id)
            .field("turn_id", &self.turn_id)
            .field("place", &self.place)
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
