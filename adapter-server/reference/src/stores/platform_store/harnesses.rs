//! Harnesses.

use crate::db::Tx;
use crate::db::errors::refused;
use crate::db::locks;
use crate::encoding::{nanos, now, now_after, time};
use crate::stores::harness_store;
use crate::stores::harness_store::HARNESSES;
use crate::stores::names;
use crate::stores::names::Kind;
use crate::stores::platform_store::naming;
use everruns_core::harness::{Harness, HarnessStatus};
use everruns_core::typed_id::HarnessId;
use mortise_proto::StoreError;

/// Puts a new harness.
pub(super) async fn create(tx: &mut Tx, harness: Harness) -> Result<Harness, StoreError> {
    naming::check(Kind::Harness, &harness.name)?;
    locks::org(tx, Kind::Harness.name()).await?;
    let id = harness.id.to_string();
    names::must_be_free(tx, Kind::Harness, &harness.name, &id).await?;
    fits_below(tx, harness.id, harness.parent_harness_id).await?;
    harness_store::put(tx, &harness).await?;
    Ok(harness)
}

/// Changes an active harness, and its name and its parent if they are given.
pub(super) async fn update(
    tx: &mut Tx,
    id: HarnessId,
    name: Option<&str>,
    parent: Option<Option<HarnessId>>,
    change: impl FnOnce(&mut Harness),
) -> Result<Harness, StoreError> {
    if let Some(name) = name {
        naming::check(Kind::Harness, name)?;
    }
    locks::org(tx, Kind::Harness.name()).await?;
    let mut harness = changeable(tx, id).await?;
    if let Some(name) = name {
        names::must_be_free(tx, Kind::Harness, name, &id.to_string()).await?;
        harness.name = name.into();
    }
    if let Some(parent) = parent {
        fits_below(tx, id, parent).await?;
        harness.parent_harness_id = parent;
    }
    change(&mut harness);
    harness.updated_at = time(now_after(nanos(harness.updated_at)));
    harness_store::put(tx, &harness).await?;
    Ok(harness)
}

pub(super) async fn archive(tx: &mut Tx, id: HarnessId) -> Result<(), StoreError> {
    locks::org(tx, Kind::Harness.name()).await?;
    let mut harness = own(tx, id).await?;
    if harness.status != HarnessStatus::Active {
        return Ok(());
    }
    let now = time(now_after(nanos(harness.updated_at)));
    harness.status = HarnessStatus::Archived;
    harness.archived_at = Some(now);
    harness.updated_at = now;
    harness_store::put(tx, &harness).await
}

/// Puts a copy of an active harness, under a new name where none is given.
pub(super) async fn copy(
    tx: &mut Tx,
    id: HarnessId,
    new_name: Option<&str>,
) -> Result<Harness, StoreError> {
    if let Some(name) = new_name {
        naming::check(Kind::Harness, name)?;
    }
    locks::org(tx, Kind::Harness.name()).await?;
    let original = active(tx, id).await?;
    let copy_id = HarnessId::new();
    let name = match new_name {
        Some(name) => {
            names::must_be_free(tx, Kind::Harness, name, &copy_id.to_string()).await?;
            name.to_string()
        }
        None => naming::free_for_copy(tx, &original.name).await?,
    };
    let now = time(now());
    let copy = Harness {
        id: copy_id,
        name,
        is_built_in: false,
        created_at: now,
        updated_at: now,
        ..original
    };
    harness_store::put(tx, &copy).await?;
    Ok(copy)
}

/// The harness, if it may be used for something new.
pub(super) async fn active(tx: &mut Tx, id: HarnessId) -> Result<Harness, StoreError> {
    let harness = HARNESSES.existing(tx, id).await?;
    match harness.status {
        HarnessStatus::Active => Ok(harness),
        HarnessStatus::Archived | HarnessStatus::Deleted => Err(refused(format!(
            "harness {id} is {}; use one that is active",
            harness.status
        ))),
    }
}

/// A harness that is made now.
pub(super) fn new(name: &str) -> Harness {
    let now = time(now());
    Harness {
        id: HarnessId::new(),
        name: name.into(),
        display_name: None,
        description: None,
        system_prompt: String::new(),
        parent_harness_id: None,
        default_model_id: None,
        tags: Vec::new(),
        capabilities: Vec::new(),
        initial_files: Vec::new(),
        network_access: None,
        mcp_servers: Default::default(),
        is_built_in: false,
        status: HarnessStatus::Active,
        created_at: now,
        updated_at: now,
        archived_at: None,
        deleted_at: None,
    }
}

/// The harness, if it is not the platform's own.
async fn own(tx: &mut Tx, id: HarnessId) -> Result<Harness, StoreError> {
    let harness = HARNESSES.existing(tx, id).await?;
    if harness.is_built_in {
        return Err(refused(format!(
            "harness {id} is built in and cannot be changed; copy it and change the copy"
        )));
    }
    Ok(harness)
}

/// The harness, if it may be changed.
async fn changeable(tx: &mut Tx, id: HarnessId) -> Result<Harness, StoreError> {
    own(tx, id).await?;
    active(tx, id).await
}

/// Fails unless a harness may stand below this parent: it is active, it does not lead
/// back to the harness, and the chain does not become too long.
async fn fits_below(
    tx: &mut Tx,
    id: HarnessId,
    parent: Option<HarnessId>,
) -> Result<(), StoreError> {
    let Some(parent) = parent else {
        return Ok(());
    };
    active(tx, parent).await?;
    let above = harness_store::chain(tx, parent).await?;
    if above.iter().any(|harness| harness.id == id) {
        return Err(refused(format!(
            "harness {parent} inherits from {id} itself; choose another parent"
        )));
    }
    let most = harness_store::CHAIN_MAX;
    if above.len() as i64 >= most {
        return Err(refused(format!(
            "harness {parent} has {} ancestors already; a chain has at most {most} harnesses",
            above.len() - 1
        )));
    }
    Ok(())
}
