//! Capabilities. They are code, which hosts have and a storage has not. This build
//! knows upstream's own, and describes those; what a host adds to them is not listed.

use everruns_core::capabilities::CapabilityRegistry;
use everruns_core::capability_dto::CapabilityInfo;
use everruns_core::capability_types::AgentCapabilityConfig;
use everruns_core::{Agent, Harness};
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

/// Ascending by name.
static BUILT_IN: LazyLock<Vec<CapabilityInfo>> = LazyLock::new(|| {
    let registry = CapabilityRegistry::with_builtins();
    let infos = registry.list().into_iter();
    let mut infos: Vec<_> = infos
        .map(|capability| CapabilityInfo::from_core(capability.as_ref()))
        .collect();
    infos.sort_by(|one, other| (&one.name, one.id.as_str()).cmp(&(&other.name, other.id.as_str())));
    infos
});

/// Whether a capability is one of upstream's own.
pub(crate) fn is_built_in(id: &str) -> bool {
    known(id).is_some()
}

/// The ids of upstream's own.
pub(crate) fn built_in() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|info| info.id.as_str())
}

/// What is known of a capability.
pub(super) fn known(id: &str) -> Option<&'static CapabilityInfo> {
    BUILT_IN.iter().find(|info| info.id.as_str() == id)
}

/// Those that are shown, and how many harnesses and agents name each.
pub(super) fn list(
    is_shown: impl Fn(&str) -> bool,
    harnesses: &[Harness],
    agents: &[Agent],
    search: Option<&str>,
) -> Vec<CapabilityInfo> {
    let of_agents = counted(agents.iter().map(|agent| &agent.capabilities));
    let of_harnesses = counted(harnesses.iter().map(|harness| &harness.capabilities));
    let count = |counts: &HashMap<String, u64>, id: &str| counts.get(id).copied().unwrap_or(0);
    let listed = BUILT_IN
        .iter()
        .filter(|info| is_shown(info.id.as_str()))
        .filter(|info| search.is_none_or(|search| info.matches_search(search)));
    listed
        .map(|info| CapabilityInfo {
            agent_count: count(&of_agents, info.id.as_str()),
            harness_count: count(&of_harnesses, info.id.as_str()),
            ..info.clone()
        })
        .collect()
}

/// Capabilities by their ids alone. They are kept as they are: which of them exist, the
/// host knows.
pub(super) fn without_configuration(ids: &[String]) -> Vec<AgentCapabilityConfig> {
    let configured = ids.iter().map(|id| AgentCapabilityConfig::new(id.as_str()));
    configured.collect()
}

/// How many of the lists name each capability.
fn counted<'a>(
    lists: impl Iterator<Item = &'a Vec<AgentCapabilityConfig>>,
) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    for list in lists {
        let named: BTreeSet<&str> = list.iter().map(|config| config.capability_id()).collect();
        for id in named {
            *counts.entry(id.to_string()).or_default() += 1;
        }
    }
    counts
}
