//! Calls of applications that have a request id, as the journal remembers them for a day.

use chrono::{DateTime, Utc};
use everruns_core::typed_id::{MessageId, TurnId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use uuid::Uuid;

/// A call with a request id. It is written down before anything of it is done, with the
/// ids of all that it makes: done again, it makes the same.
#[derive(Clone, Serialize, Deserialize)]
pub struct RememberedRequest {
    /// Its org.
    pub org_id: i64,
    /// The id that the caller gave it.
    pub request_id: String,
    /// The method, such as `RunTurn`.
    pub method: String,
    /// The SHA-256 of what was asked, in hex.
    pub digest: String,
    /// When it came first.
    pub made_at: DateTime<Utc>,
    /// The request id of the change that an adapter makes for it.
    pub change_id: Uuid,
    /// The turn that it runs, or that it cancels.
    pub turn_id: TurnId,
    /// The message that it stores.
    pub message_id: MessageId,
    /// Whether `turn_id` is of a turn that was there before the call.
    #[serde(default)]
    pub is_turn_known: bool,
    /// What it was answered with, once it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Value>,
}

/// What was asked and answered stays out of logs.
impl fmt::Debug for RememberedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberedRequest")
            .field("org_id", &self.org_id)
            .field("request_id", &self.request_id)
            .field("method", &self.method)
            .field("is_answered", &self.answer.is_some())
            .finish_non_exhaustive()
    }
}
