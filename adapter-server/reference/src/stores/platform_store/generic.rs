//! The org's default harness.
//!
//! Upstream's tools look for a built-in harness named "Generic" when a session is made
//! without one, and upstream's own platform provides it when an org is set up. Orgs
//! are not set up here: they are there as soon as a call names one. So the harness
//! is made when an org's harnesses are listed for the first time, which is how the
//! tools look for it. Its id follows from the org.

use crate::context::StoreCtx;
use crate::db::locks;
use crate::stores::harness_store;
use crate::stores::harness_store::HARNESSES;
use crate::stores::names;
use crate::stores::names::Kind;
use crate::stores::platform_store::harnesses;
use everruns_core::capability_types::AgentCapabilityConfig;
use everruns_core::harness::Harness;
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
pub(super) async fn provide(ctx: &StoreCtx) -> Result<(), StoreError> {
    let id = id_of(ctx.org_id());
    let found = HARNESSES.find(&mut ctx.reader().await?, id).await?;
    if found.is_some() {
        return Ok(());
    }
    let mut tx = ctx.write().await?;
    locks::org(&mut tx, Kind::Harness.name()).await?;
    let is_there = HARNESSES.find(&mut tx, id).await?.is_some()
        || names::is_taken(&mut tx, Kind::Harness, NAME, &id.to_string()).await?;
    if is_there {
        // It may be that of a change which shares this transaction, and not be readable yet.
        return tx.commit().await;
    }
    harness_store::put(&mut tx, &harness(id)).await?;
    tx.commit().await
}

fn id_of(org_id: i64) -> HarnessId {
    HarnessId::from_uuid(Uuid::from_u64_pair(TAG, org_id.cast_unsigned()))
}

fn harness(id: HarnessId) -> Harness {
    Harness {
        id,
        display_name: Some("Generic".into()),
        description: Some("The default harness: files and key/value storage.".into()),
        system_prompt: "You are a helpful assistant.".into(),
        capabilities: CAPABILITIES.map(AgentCapabilityConfig::new).into(),
        is_built_in: true,
        ..harnesses::new(NAME)
    }
}
