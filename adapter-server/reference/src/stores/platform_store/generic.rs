//! The org's default harness.
//!
//! Upstream's tools look for a built-in harness named "Generic" when a session is made
//! without one, and upstream's own platform provides it when an org is set up. Orgs
//! are not set up here: they are there as soon as somebody names one. So the harness
//! is made when an org's harnesses are listed for the first time, which is how the
//! tools look for it. Its id follows from the org.

use crate::db;
use crate::db::encoding::{now, time};
use crate::db::locks;
use crate::reference::ScopedReference;
use crate::stores::harness_store;
use crate::stores::names;
use crate::stores::names::Kind;
use everruns_core::capability_types::AgentCapabilityConfig;
use everruns_core::harness::{Harness, HarnessStatus};
use everruns_core::typed_id::HarnessId;
use mortise_proto::StoreError;
use uuid::Uuid;

const NAME: &str = "Generic";

/// Files and key/value storage: what every host has.
const CAPABILITIES: [&str; 2] = ["session_file_system", "session_storage"];

/// The first half of the id; the second is the org.
const TAG: u64 = u64::from_be_bytes(*b"generic\0");

/// Makes sure that the org has it. One that was put in from outside counts, whatever
/// its status.
pub(super) async fn provide(store: &ScopedReference) -> Result<(), StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let id = id_of(org_id);
    let mut conn = store.inner.db.reader().await?;
    if harness_store::find(&mut conn, org_id, key, id)
        .await?
        .is_some()
    {
        return Ok(());
    }
    drop(conn);
    let mut tx = store.inner.db.write().await?;
    locks::org(&mut tx, org_id, Kind::Harness.name()).await?;
    let own = id.to_string();
    let is_there = harness_store::find(&mut tx, org_id, key, id)
        .await?
        .is_some()
        || names::is_taken(&mut tx, org_id, Kind::Harness, NAME, &own).await?;
    if is_there {
        return Ok(());
    }
    harness_store::put(&mut tx, org_id, key, &harness(id)).await?;
    db::commit(tx).await
}

fn id_of(org_id: i64) -> HarnessId {
    HarnessId::from_uuid(Uuid::from_u64_pair(TAG, org_id.cast_unsigned()))
}

fn harness(id: HarnessId) -> Harness {
    let now = time(now());
    Harness {
        id,
        name: NAME.into(),
        display_name: Some("Generic".into()),
        description: Some("The default harness: files and key/value storage.".into()),
        system_prompt: "You are a helpful assistant.".into(),
        parent_harness_id: None,
        default_model_id: None,
        tags: Vec::new(),
        capabilities: CAPABILITIES.map(AgentCapabilityConfig::new).into(),
        initial_files: Vec::new(),
        network_access: None,
        mcp_servers: Default::default(),
        is_built_in: true,
        status: HarnessStatus::Active,
        created_at: now,
        updated_at: now,
        archived_at: None,
        deleted_at: None,
    }
}
