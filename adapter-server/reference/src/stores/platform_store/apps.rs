//! Apps. An app's record holds its channels, and with them secrets: it is sealed.

use crate::db::Tx;
use crate::db::errors::refused;
use crate::encoding::{nanos, now, now_after, time};
use crate::stores::platform_store::owner::Owner;
use crate::stores::platform_store::rows;
use crate::stores::platform_store::rows::APPS;
use crate::stores::platform_store::{agents, harnesses};
use everruns_core::app::{AgentVersionPolicy, App, AppStatus};
use everruns_core::typed_id::{AppId, HarnessId};
use mortise_proto::StoreError;

/// Those whose name or description holds a text, in any case.
pub(super) fn retain(apps: &mut Vec<App>, wanted: &str) {
    let wanted = wanted.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&wanted);
    apps.retain(|app| has(&app.name) || app.description.as_deref().is_some_and(has));
}

/// Puts a new app. Its harness and its agent must be active.
pub(super) async fn create(tx: &mut Tx, app: App) -> Result<App, StoreError> {
    harnesses::active(tx, app.harness_id).await?;
    if let Some(agent_id) = app.agent_id {
        agents::active(tx, agent_id).await?;
    }
    rows::put(tx, &app).await?;
    Ok(app)
}

/// Publishes an app, or makes it a draft again.
pub(super) async fn set_status(
    tx: &mut Tx,
    id: AppId,
    status: AppStatus,
) -> Result<App, StoreError> {
    let changed = rows::change(tx, id, |app| {
        app.published_at = (status == AppStatus::Published).then_some(app.updated_at);
        app.status = status;
        Ok(())
    });
    let (app, ()) = changed.await?;
    Ok(app)
}

pub(super) async fn archive(tx: &mut Tx, id: AppId) -> Result<(), StoreError> {
    rows::lock(tx).await?;
    let mut app = APPS.existing(tx, id).await?;
    if app.status == AppStatus::Archived {
        return Ok(());
    }
    let now = time(now_after(nanos(app.updated_at)));
    app.status = AppStatus::Archived;
    app.archived_at = Some(now);
    app.updated_at = now;
    rows::put(tx, &app).await
}

pub(super) async fn destroy(tx: &mut Tx, id: AppId) -> Result<(), StoreError> {
    rows::lock(tx).await?;
    let app = APPS.existing(tx, id).await?;
    if app.status != AppStatus::Archived {
        return Err(refused(format!(
            "app {id} is {}; only an archived app can be destroyed, archive it first",
            app.status
        )));
    }
    rows::remove(tx, id).await
}

/// An app that is made now.
pub(super) fn new(org_id: i64, owner: Owner, name: &str, harness_id: HarnessId) -> App {
    let now = time(now());
    let public_id = AppId::new();
    App {
        public_id,
        internal_id: public_id.uuid(),
        org_id,
        name: name.into(),
        description: None,
        harness_id,
        agent_id: None,
        agent_version_policy: AgentVersionPolicy::Default,
        agent_version_id: None,
        agent_identity_id: None,
        owner_principal_id: owner.owner_principal_id,
        resolved_owner_user_id: owner.resolved_owner_user_id,
        owner: owner.owner,
        effective_owner: owner.effective_owner,
        channels: Vec::new(),
        status: AppStatus::Draft,
        published_at: None,
        created_at: now,
        updated_at: now,
        archived_at: None,
        deleted_at: None,
    }
}
