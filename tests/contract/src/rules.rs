//! Every rule, one file per service. What several of those files do alike is in `common`, `events`, `probes`, `records`
//! and `refusals`.

mod agent_store;
mod budget_checker;
mod common;
mod deleted;
mod egress;
mod event_emitter;
mod event_log;
mod events;
mod general;
mod harness_store;
mod image_artifact_store;
mod leased_resource_store;
mod llm_provider_store;
mod mcp;
mod memory_store;
mod message_retriever;
mod outage;
mod outbound_tool_rate_limiter;
mod payment_authority;
mod platform_store;
mod probes;
mod provider_credential_store;
mod records;
mod refusals;
mod restart;
mod runtime_host;
mod session_file_system;
mod session_lease;
mod session_resource_registry;
mod session_schedule_store;
mod session_sql_db_store;
mod session_storage_store;
mod session_store;
mod turn_journal;
mod turn_queue;
mod user_connection_resolver;
mod utility_llm;
mod wire;

#[cfg(test)]
pub(crate) use common::AWKWARD_JSON;
pub(crate) use restart::restarted;

use crate::rule::Rule;

/// Every rule, in the order of the contract.
#[must_use]
pub fn all() -> Vec<Rule> {
    let groups = [
        wire::rules(),
        general::rules(),
        harness_store::rules(),
        agent_store::rules(),
        session_store::rules(),
        runtime_host::rules(),
        llm_provider_store::rules(),
        message_retriever::rules(),
        event_emitter::rules(),
        event_log::rules(),
        session_file_system::rules(),
        image_artifact_store::rules(),
        provider_credential_store::rules(),
        user_connection_resolver::rules(),
        session_storage_store::rules(),
        memory_store::rules(),
        session_sql_db_store::rules(),
        leased_resource_store::rules(),
        session_resource_registry::rules(),
        session_schedule_store::rules(),
        platform_store::rules(),
        deleted::rules(),
        budget_checker::rules(),
        payment_authority::rules(),
        outbound_tool_rate_limiter::rules(),
        egress::rules(),
        utility_llm::rules(),
        mcp::rules(),
        turn_queue::rules(),
        session_lease::rules(),
        turn_journal::rules(),
        restart::rules(),
        outage::rules(),
    ];
    groups.into_iter().flatten().collect()
}
