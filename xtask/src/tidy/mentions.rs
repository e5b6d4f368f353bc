//! What a new store is easily forgotten in: places that name each store of a kind, where
//! its absence is neither an error of the compiler nor a missing file.

use crate::codegen;
use anyhow::{Context, Result};
use prost_reflect::{DescriptorPool, ServiceDescriptor};
use std::fs;
use std::path::Path;

/// Where the serving library says whether an optional store is offered.
const HANDSHAKE: &str = "adapter-server/src/services/adapter.rs";

/// Where the rules about fences are.
const FENCES: &str = "tests/contract/src/rules/session_lease/stores.rs";

/// Every method of it that is fenced needs a fence: its own rules are about that.
const FENCED_BY_ITS_OWN_RULES: &[&str] = &["turn_journal"];

pub(super) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let pool = codegen::contract(root)?;
    let handshake = read(root, HANDSHAKE)?;
    let fences = read(root, FENCES)?;
    for service in codegen::own_services(&pool) {
        let (name, requirement) = codegen::store_option(&service, &pool)?;
        let constant = format!("{name}_service");
        if requirement == "Optional" && !handshake.contains(&format!("table::{constant}::NAME")) {
            faults.push(format!(
                "{HANDSHAKE}: `is_served` lacks table::{constant}::NAME, so no server ever offers it"
            ));
        }
        let has_own = FENCED_BY_ITS_OWN_RULES.contains(&name.as_str());
        if is_fenced(&service, &pool)? && !has_own && !fences.contains(&constant) {
            faults.push(format!(
                "{FENCES} lacks a rule for {constant}: a change of it under a stale fence is refused"
            ));
        }
    }
    Ok(())
}

/// Whether a method of the service takes notice of fences.
fn is_fenced(service: &ServiceDescriptor, pool: &DescriptorPool) -> Result<bool> {
    for method in service.methods() {
        let semantics = codegen::message_option(&method.options(), pool, "semantics")?;
        let fencing = semantics
            .as_ref()
            .and_then(|semantics| semantics.get_field_by_name("fencing")?.as_enum_number());
        if fencing.is_some_and(|fencing| fencing != 0) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn read(root: &Path, path: &str) -> Result<String> {
    fs::read_to_string(root.join(path)).with_context(|| format!("{path} cannot be read"))
}
