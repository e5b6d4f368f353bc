//! Ids that nothing else has.

use uuid::Uuid;

/// A fresh id of a type, such as `session_` and 32 hex digits.
pub(crate) fn fresh_id(prefix: &str) -> String {
    format!("{prefix}_{}", Uuid::new_v4().simple())
}

/// A fresh UUID with hyphens. Never taken from the seed: a server remembers answers by
/// request id, so a run repeated with them would be answered from memory.
pub(crate) fn fresh_uuid() -> String {
    Uuid::new_v4().to_string()
}
