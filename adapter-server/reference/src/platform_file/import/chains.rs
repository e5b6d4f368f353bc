//! Chains of harnesses, as a file leaves them: none leads back to itself, and none is
//! too long.

use crate::db::Tx;
use crate::platform_file::import::plan::Plan;
use crate::stores::harness_store::{CHAIN_MAX, HARNESSES};
use everruns_core::typed_id::HarnessId;
use mortise_adapter_server::Diagnostic;
use mortise_proto::StoreError;
use std::collections::{HashMap, HashSet};

pub(super) async fn check(tx: &mut Tx, plan: &mut Plan<'_>) -> Result<(), StoreError> {
    let there = plan.state.harnesses.iter();
    let mut parents: HashMap<HarnessId, Option<HarnessId>> = there
        .map(|harness| (harness.id, harness.parent_harness_id))
        .collect();
    parents.extend(plan.parents.iter().map(|(id, parent, _)| (*id, *parent)));
    // Each cycle is told once.
    let mut told = HashSet::new();
    for (start, _, path) in &plan.parents {
        let mut chain = vec![*start];
        while let Some(parent) = parent_of(tx, &mut parents, chain.last()).await? {
            if parent == *start {
                if !told.contains(start) {
                    told.extend(chain);
                    let reason = "leads back to the harness itself";
                    let fault = Diagnostic::new(path, reason, "choose another parent");
                    plan.reading.faults.add(fault);
                }
                break;
            }
            if chain.contains(&parent) {
                break;
            }
            chain.push(parent);
            if chain.len() as i64 > CHAIN_MAX {
                let reason = format!("makes a chain of more than {CHAIN_MAX} harnesses");
                let fault = Diagnostic::new(path, reason, "choose a parent further up");
                plan.reading.faults.add(fault);
                break;
            }
        }
    }
    Ok(())
}

/// Those that are archived are only looked for where a chain leads through them.
async fn parent_of(
    tx: &mut Tx,
    parents: &mut HashMap<HarnessId, Option<HarnessId>>,
    id: Option<&HarnessId>,
) -> Result<Option<HarnessId>, StoreError> {
    let Some(id) = id else {
        return Ok(None);
    };
    if let Some(parent) = parents.get(id) {
        return Ok(*parent);
    }
    let found = HARNESSES.find(tx, *id).await?;
    let parent = found.and_then(|harness| harness.parent_harness_id);
    parents.insert(*id, parent);
    Ok(parent)
}
