//! Every rule, one file per service. What several of those files do alike is in `common`.

mod common;
mod platform_store;
mod session_storage_store;

use crate::rule::Rule;

/// Every rule, in the order of the contract.
#[must_use]
pub fn all() -> Vec<Rule> {
    let groups = [session_storage_store::rules(), platform_store::rules()];
    groups.into_iter().flatten().collect()
}
