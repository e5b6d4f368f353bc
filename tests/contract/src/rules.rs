//! Every rule, one file per service. What several of those files do alike is in `common`,
//! `events` and `records`.

mod agent_store;
mod common;
mod event_emitter;
mod event_log;
mod events;
mod harness_store;
mod llm_provider_store;
mod message_retriever;
mod records;
mod runtime_host;
mod session_file_system;
mod session_storage_store;
mod session_store;

use crate::rule::Rule;

/// Every rule, in the order of the contract.
#[must_use]
pub fn all() -> Vec<Rule> {
    let groups = [
        harness_store::rules(),
        agent_store::rules(),
        session_store::rules(),
        runtime_host::rules(),
        llm_provider_store::rules(),
        message_retriever::rules(),
        event_emitter::rules(),
        event_log::rules(),
        session_file_system::rules(),
        session_storage_store::rules(),
    ];
    groups.into_iter().flatten().collect()
}
