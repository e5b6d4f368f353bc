//! Every rule, one file per service. What several of those files do alike is in `common`.

mod common;
mod event_emitter;
mod event_log;
mod events;
mod message_retriever;
mod session_file_system;
mod session_storage_store;

use crate::rule::Rule;

/// Every rule, in the order of the contract.
#[must_use]
pub fn all() -> Vec<Rule> {
    let groups = [
        message_retriever::rules(),
        event_emitter::rules(),
        event_log::rules(),
        session_file_system::rules(),
        session_storage_store::rules(),
    ];
    groups.into_iter().flatten().collect()
}
