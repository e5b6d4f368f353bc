//! Every rule, one file per service. What several of those files do alike is in `common`.

mod common;
mod general;
mod platform_store;
mod probes;
mod restart;
mod session_storage_store;
mod wire;

use crate::rule::Rule;

/// Every rule, in the order of the contract.
#[must_use]
pub fn all() -> Vec<Rule> {
    let groups = [
        wire::rules(),
        general::rules(),
        session_storage_store::rules(),
        platform_store::rules(),
        restart::rules(),
    ];
    groups.into_iter().flatten().collect()
}
