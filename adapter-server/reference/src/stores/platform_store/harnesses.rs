//! Harnesses.

use crate::db::AnyConnection;
use crate::db::encoding::{nanos, now, now_after, stored_fault, time};
use crate::db::errors::refused;
use crate::db::locks;
use crate::reference::ScopedReference;
use crate::seal::KeyRing;
use crate::stores::harness_store;
use crate::stores::names;
use crate::stores::names::Kind;
use crate::stores::platform_store::capabilities::without_configuration;
use crate::stores::platform_store::{ACTIVE_ONLY, named};
use everruns_core::harness::{Harness, HarnessStatus};
use everruns_core::typed_id::HarnessId;
use mortise_proto::convert::nested;
use mortise_proto::{StoreError, pb};

pub(super) async fn list(store: &ScopedReference) -> Result<Vec<Harness>, StoreError> {
    crate::stores::platform_store::generic::provide(store).await?;
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let mut conn = store.inner.db.reader().await?;
    names::active::<pb::Harness, _>(&mut conn, org_id, key, &names::HARNESSES).await
}

pub(super) async fn get(
    store: &ScopedReference,
    id: HarnessId,
) -> Result<Option<Harness>, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let mut conn = store.inner.db.reader().await?;
    harness_store::find(&mut conn, org_id, key, id).await
}

pub(super) async fn create(
    store: &ScopedReference,
    name: &str,
    display_name: Option<&str>,
    description: Option<&str>,
    system_prompt: &str,
    parent_harness_id: Option<HarnessId>,
    capabilities: &[String],
) -> Result<Harness, StoreError> {
    named(Kind::Harness, name)?;
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            locks::org(tx, org_id, Kind::Harness.name()).await?;
            let now = time(now());
            let harness = Harness {
                id: HarnessId::new(),
                name: name.into(),
                display_name: display_name.map(Into::into),
                description: description.map(Into::into),
                system_prompt: system_prompt.into(),
                parent_harness_id,
                default_model_id: None,
                tags: Vec::new(),
                capabilities: without_configuration(capabilities),
                initial_files: Vec::new(),
                network_access: None,
                mcp_servers: Default::default(),
                is_built_in: false,
                status: HarnessStatus::Active,
                created_at: now,
                updated_at: now,
                archived_at: None,
                deleted_at: None,
            };
            let id = harness.id.to_string();
            names::must_be_free(tx, org_id, Kind::Harness, name, &id).await?;
            fits_below(tx, org_id, key, harness.id, parent_harness_id).await?;
            harness_store::put(tx, org_id, key, &harness).await?;
            Ok(pb::CreateHarnessResponse {
                harness: Some(harness.into()),
            })
        })
        .await?;
    nested("harness", answer.harness).map_err(stored_fault)
}

pub(super) async fn update(
    store: &ScopedReference,
    id: HarnessId,
    name: Option<&str>,
    display_name: Option<&str>,
    description: Option<&str>,
    system_prompt: Option<&str>,
    parent_harness_id: Option<Option<HarnessId>>,
) -> Result<Harness, StoreError> {
    if let Some(name) = name {
        named(Kind::Harness, name)?;
    }
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            locks::org(tx, org_id, Kind::Harness.name()).await?;
            let mut harness = changeable(tx, org_id, key, id).await?;
            if let Some(name) = name {
                names::must_be_free(tx, org_id, Kind::Harness, name, &id.to_string()).await?;
                harness.name = name.into();
            }
            if let Some(display_name) = display_name {
                harness.display_name = Some(display_name.into());
            }
            if let Some(description) = description {
                harness.description = Some(description.into());
            }
            if let Some(system_prompt) = system_prompt {
                harness.system_prompt = system_prompt.into();
            }
            if let Some(parent) = parent_harness_id {
                fits_below(tx, org_id, key, id, parent).await?;
                harness.parent_harness_id = parent;
            }
            harness.updated_at = time(now_after(nanos(harness.updated_at)));
            harness_store::put(tx, org_id, key, &harness).await?;
            Ok(pb::UpdateHarnessResponse {
                harness: Some(harness.into()),
            })
        })
        .await?;
    nested("harness", answer.harness).map_err(stored_fault)
}

pub(super) async fn delete(store: &ScopedReference, id: HarnessId) -> Result<(), StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let done = store
        .run_once(async |tx| {
            locks::org(tx, org_id, Kind::Harness.name()).await?;
            let mut harness = own(tx, org_id, key, id).await?;
            if harness.status == HarnessStatus::Active {
                let now = time(now_after(nanos(harness.updated_at)));
                harness.status = HarnessStatus::Archived;
                harness.archived_at = Some(now);
                harness.updated_at = now;
                harness_store::put(tx, org_id, key, &harness).await?;
            }
            Ok(pb::DeleteHarnessResponse {})
        })
        .await;
    done.map(|pb::DeleteHarnessResponse {}| ())
}

pub(super) async fn copy(
    store: &ScopedReference,
    id: HarnessId,
    new_name: Option<&str>,
) -> Result<Harness, StoreError> {
    if let Some(name) = new_name {
        named(Kind::Harness, name)?;
    }
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            locks::org(tx, org_id, Kind::Harness.name()).await?;
            let original = active(tx, org_id, key, id).await?;
            let copy_id = HarnessId::new();
            let name = match new_name {
                Some(name) => {
                    let copy_id = copy_id.to_string();
                    names::must_be_free(tx, org_id, Kind::Harness, name, &copy_id).await?;
                    name.to_string()
                }
                None => {
                    crate::stores::platform_store::copy_name::free(tx, org_id, &original.name)
                        .await?
                }
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
            harness_store::put(tx, org_id, key, &copy).await?;
            Ok(pb::CopyHarnessResponse {
                harness: Some(copy.into()),
            })
        })
        .await?;
    nested("harness", answer.harness).map_err(stored_fault)
}

/// The harness, if it may be used for something new.
pub(super) async fn active(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    id: HarnessId,
) -> Result<Harness, StoreError> {
    let harness = existing(tx, org_id, key, id).await?;
    match harness.status {
        HarnessStatus::Active => Ok(harness),
        HarnessStatus::Archived | HarnessStatus::Deleted => Err(refused(format!(
            "harness {id} is {}; {ACTIVE_ONLY}",
            harness.status
        ))),
    }
}

async fn existing(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    id: HarnessId,
) -> Result<Harness, StoreError> {
    let found = harness_store::find(tx, org_id, key, id).await?;
    found.ok_or_else(|| refused(format!("harness not found: {id}")))
}

/// The harness, if it is not the platform's own.
async fn own(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    id: HarnessId,
) -> Result<Harness, StoreError> {
    let harness = existing(tx, org_id, key, id).await?;
    if harness.is_built_in {
        return Err(refused(format!(
            "harness {id} is built in and cannot be changed; copy it and change the copy"
        )));
    }
    Ok(harness)
}

/// The harness, if it may be changed.
async fn changeable(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    id: HarnessId,
) -> Result<Harness, StoreError> {
    own(tx, org_id, key, id).await?;
    active(tx, org_id, key, id).await
}

/// Fails unless a harness may stand below this parent: it is active, it does not lead
/// back to the harness, and the chain does not become too long.
async fn fits_below(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    id: HarnessId,
    parent: Option<HarnessId>,
) -> Result<(), StoreError> {
    let Some(parent) = parent else {
        return Ok(());
    };
    active(tx, org_id, key, parent).await?;
    let above = harness_store::chain(tx, org_id, key, parent).await?;
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
