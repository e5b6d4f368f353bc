//! Apps as they are stored.

use crate::db::Tx;
use crate::db::errors::refused;
use crate::db::locks;
use crate::encoding::{nanos, now_after, time};
use crate::stores::sealed_table::SealedTable;
use everruns_core::app::{App, AppStatus};
use everruns_core::typed_id::AppId;
use mortise_proto::{StoreError, pb};

const FIND: &str = "SELECT body FROM apps WHERE org_id = $1 AND id = $2";

const LIST: &str = "SELECT id, body FROM apps \
                    WHERE org_id = $1 AND status IN ('DRAFT', 'PUBLISHED') ORDER BY name, id";

const LIST_WITH_ARCHIVED: &str = "SELECT id, body FROM apps \
                                  WHERE org_id = $1 AND status <> 'DELETED' ORDER BY name, id";

const PUT: &str = "INSERT INTO apps (org_id, id, status, name, body) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org_id, id) \
    DO UPDATE SET status = excluded.status, name = excluded.name, body = excluded.body";

const REMOVE: &str = "DELETE FROM apps WHERE org_id = $1 AND id = $2";

pub(super) const APPS: SealedTable<pb::App, App> = SealedTable::new("app", "apps", FIND);

/// What locks on apps are taken by.
const LOCK: &str = "app";

/// Makes other changes of the org's apps wait until this one is over.
pub(super) async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    locks::org(tx, LOCK).await
}

/// Ascending by name.
pub(super) async fn list(tx: &mut Tx, include_archived: bool) -> Result<Vec<App>, StoreError> {
    let statement = if include_archived {
        LIST_WITH_ARCHIVED
    } else {
        LIST
    };
    let rows = tx.query_as(statement).fetch_all().await?;
    APPS.open_all(tx, &rows)
}

/// Puts an app over the one that is there.
pub(super) async fn put(tx: &mut Tx, app: &App) -> Result<(), StoreError> {
    let id = app.public_id.to_string();
    let body = APPS.seal(tx, &id, &pb::App::from(app.clone()))?;
    tx.query(PUT)
        .bind(id.as_str())
        .bind(match app.status {
            AppStatus::Draft => "DRAFT",
            AppStatus::Published => "PUBLISHED",
            AppStatus::Archived => "ARCHIVED",
            AppStatus::Deleted => "DELETED",
        })
        .bind(app.name.as_bytes())
        .bind(body)
        .execute()
        .await?;
    Ok(())
}

pub(super) async fn remove(tx: &mut Tx, id: AppId) -> Result<(), StoreError> {
    tx.query(REMOVE).bind(id.to_string()).execute().await?;
    Ok(())
}

/// Changes an app that is not archived; its `updated_at` has moved when `change` sees
/// it.
pub(super) async fn change<T>(
    tx: &mut Tx,
    id: AppId,
    change: impl FnOnce(&mut App) -> Result<T, StoreError>,
) -> Result<(App, T), StoreError> {
    lock(tx).await?;
    let mut app = APPS.existing(tx, id).await?;
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
    put(tx, &app).await?;
    Ok((app, changed))
}
