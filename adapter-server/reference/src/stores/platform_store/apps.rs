//! Apps. An app's record holds its channels, and with them secrets: it is sealed.

use crate::db::AnyConnection;
use crate::db::encoding::{nanos, now, now_after, stored_fault, time};
use crate::db::errors::refused;
use crate::db::locks;
use crate::reference::ScopedReference;
use crate::seal::KeyRing;
use crate::stores::platform_store::rows;
use crate::stores::platform_store::{agents, caller, channels, harnesses};
use everruns_core::app::{AgentVersionPolicy, App, AppStatus, ChannelType};
use everruns_core::typed_id::{AgentId, AgentIdentityId, AppId, HarnessId};
use mortise_proto::convert::nested;
use mortise_proto::{StoreError, pb};
use serde_json::Value;

/// What an app is made from.
pub(super) struct NewApp<'a> {
    pub(super) name: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) harness_id: HarnessId,
    pub(super) agent_id: Option<AgentId>,
    pub(super) agent_identity_id: Option<AgentIdentityId>,
    pub(super) channel_type: Option<ChannelType>,
    pub(super) channel_config: Option<&'a Value>,
}

pub(super) async fn list(
    store: &ScopedReference,
    search: Option<&str>,
    include_archived: bool,
) -> Result<Vec<App>, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let mut conn = store.inner.db.reader().await?;
    let mut apps = rows::list(&mut conn, org_id, key, include_archived).await?;
    if let Some(wanted) = search {
        let wanted = wanted.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        apps.retain(|app| has(&app.name) || app.description.as_deref().is_some_and(has));
    }
    Ok(apps)
}

pub(super) async fn get(store: &ScopedReference, id: AppId) -> Result<Option<App>, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let mut conn = store.inner.db.reader().await?;
    rows::find(&mut conn, org_id, key, id).await
}

pub(super) async fn create(store: &ScopedReference, new: NewApp<'_>) -> Result<App, StoreError> {
    if new.channel_type.is_none() && new.channel_config.is_some() {
        return Err(refused(
            "a channel's configuration needs its type; send channel_type as well",
        ));
    }
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            let owner = caller(store, tx).await?;
            harnesses::active(tx, org_id, key, new.harness_id).await?;
            if let Some(agent_id) = new.agent_id {
                agents::active(tx, org_id, key, agent_id).await?;
            }
            let now = time(now());
            let public_id = AppId::new();
            let channel = |channel_type| channels::new(channel_type, new.channel_config, true);
            let app = App {
                public_id,
                internal_id: public_id.uuid(),
                org_id,
                name: new.name.into(),
                description: new.description.map(Into::into),
                harness_id: new.harness_id,
                agent_id: new.agent_id,
                agent_version_policy: AgentVersionPolicy::Default,
                agent_version_id: None,
                agent_identity_id: new.agent_identity_id,
                owner_principal_id: owner.owner_principal_id,
                resolved_owner_user_id: owner.resolved_owner_user_id,
                owner: owner.owner,
                effective_owner: owner.effective_owner,
                channels: new.channel_type.map(channel).into_iter().collect(),
                status: AppStatus::Draft,
                published_at: None,
                created_at: now,
                updated_at: now,
                archived_at: None,
                deleted_at: None,
            };
            rows::put(tx, org_id, key, &app).await?;
            Ok(pb::CreateAppResponse {
                app: Some(app.into()),
            })
        })
        .await?;
    nested("app", answer.app).map_err(stored_fault)
}

pub(super) async fn update(
    store: &ScopedReference,
    id: AppId,
    name: Option<&str>,
    description: Option<&str>,
    harness_id: Option<HarnessId>,
    agent_id: Option<AgentId>,
    agent_identity_id: Option<Option<AgentIdentityId>>,
) -> Result<App, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            if let Some(harness_id) = harness_id {
                harnesses::active(tx, org_id, key, harness_id).await?;
            }
            if let Some(agent_id) = agent_id {
                agents::active(tx, org_id, key, agent_id).await?;
            }
            let app = change(tx, org_id, key, id, |app| {
                if let Some(name) = name {
                    app.name = name.into();
                }
                if let Some(description) = description {
                    app.description = Some(description.into());
                }
                app.harness_id = harness_id.unwrap_or(app.harness_id);
                app.agent_id = agent_id.or(app.agent_id);
                app.agent_identity_id = agent_identity_id.unwrap_or(app.agent_identity_id);
                Ok(())
            });
            let (app, ()) = app.await?;
            Ok(pb::UpdateAppResponse {
                app: Some(app.into()),
            })
        })
        .await?;
    nested("app", answer.app).map_err(stored_fault)
}

pub(super) async fn delete(store: &ScopedReference, id: AppId) -> Result<(), StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let done = store
        .run_once(async |tx| {
            locks::org(tx, org_id, LOCK).await?;
            let mut app = existing(tx, org_id, key, id).await?;
            if app.status != AppStatus::Archived {
                let now = time(now_after(nanos(app.updated_at)));
                app.status = AppStatus::Archived;
                app.archived_at = Some(now);
                app.updated_at = now;
                rows::put(tx, org_id, key, &app).await?;
            }
            Ok(pb::DeleteAppResponse {})
        })
        .await;
    done.map(|pb::DeleteAppResponse {}| ())
}

pub(super) async fn destroy(store: &ScopedReference, id: AppId) -> Result<(), StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let done = store
        .run_once(async |tx| {
            locks::org(tx, org_id, LOCK).await?;
            let app = existing(tx, org_id, key, id).await?;
            if app.status != AppStatus::Archived {
                return Err(refused(format!(
                    "app {id} is {}; only an archived app can be destroyed, archive it first",
                    app.status
                )));
            }
            rows::remove(tx, org_id, id).await?;
            Ok(pb::DestroyAppResponse {})
        })
        .await;
    done.map(|pb::DestroyAppResponse {}| ())
}

pub(super) async fn publish(store: &ScopedReference, id: AppId) -> Result<App, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            let app = change(tx, org_id, key, id, |app| {
                app.status = AppStatus::Published;
                app.published_at = Some(app.updated_at);
                Ok(())
            });
            let (app, ()) = app.await?;
            Ok(pb::PublishAppResponse {
                app: Some(app.into()),
            })
        })
        .await?;
    nested("app", answer.app).map_err(stored_fault)
}

pub(super) async fn unpublish(store: &ScopedReference, id: AppId) -> Result<App, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            let app = change(tx, org_id, key, id, |app| {
                app.status = AppStatus::Draft;
                app.published_at = None;
                Ok(())
            });
            let (app, ()) = app.await?;
            Ok(pb::UnpublishAppResponse {
                app: Some(app.into()),
            })
        })
        .await?;
    nested("app", answer.app).map_err(stored_fault)
}

/// What locks on apps are taken by.
const LOCK: &str = "app";

/// Changes an app that is not archived; its `updated_at` has moved when `change` sees
/// it.
pub(super) async fn change<T>(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    id: AppId,
    change: impl FnOnce(&mut App) -> Result<T, StoreError>,
) -> Result<(App, T), StoreError> {
    locks::org(tx, org_id, LOCK).await?;
    let mut app = existing(tx, org_id, key, id).await?;
    match app.status {
        AppStatus::Draft | AppStatus::Published => {}
        AppStatus::Archived | AppStatus::Deleted => {
            return Err(refused(format!(
                "app {id} is {}; it cannot be changed any more",
                app.status
            )));
        }
    }
    app.updated_at = time(now_after(nanos(app.updated_at)));
    let changed = change(&mut app)?;
    rows::put(tx, org_id, key, &app).await?;
    Ok((app, changed))
}

async fn existing(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    id: AppId,
) -> Result<App, StoreError> {
    let found = rows::find(tx, org_id, key, id).await?;
    found.ok_or_else(|| refused(format!("app not found: {id}")))
}
