//! Apps as they are stored.

use crate::db::AnyConnection;
use crate::db::db_error;
use crate::seal::{AssociatedData, KeyRing, opened_domain, stored};
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

pub(super) async fn find(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    id: AppId,
) -> Result<Option<App>, StoreError> {
    let id = id.to_string();
    let row: Option<(Vec<u8>,)> = sqlx::query_as(FIND)
        .bind(org_id)
        .bind(id.as_str())
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    row.map(|(body,)| opened(org_id, key, &id, &body))
        .transpose()
}

/// Ascending by name.
pub(super) async fn list(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    include_archived: bool,
) -> Result<Vec<App>, StoreError> {
    let statement = if include_archived {
        LIST_WITH_ARCHIVED
    } else {
        LIST
    };
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(statement)
        .bind(org_id)
        .fetch_all(conn)
        .await
        .map_err(db_error)?;
    rows.iter()
        .map(|(id, body)| opened(org_id, key, id, body))
        .collect()
}

/// Puts an app over the one that is there.
pub(super) async fn put(
    tx: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    app: &App,
) -> Result<(), StoreError> {
    let id = app.public_id.to_string();
    let bound = AssociatedData::record(org_id, "apps", &id);
    let body = stored(key, bound, &pb::App::from(app.clone()))?;
    sqlx::query(PUT)
        .bind(org_id)
        .bind(id.as_str())
        .bind(match app.status {
            AppStatus::Draft => "DRAFT",
            AppStatus::Published => "PUBLISHED",
            AppStatus::Archived => "ARCHIVED",
            AppStatus::Deleted => "DELETED",
        })
        .bind(app.name.as_bytes())
        .bind(body)
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(db_error)
}

pub(super) async fn remove(
    tx: &mut AnyConnection,
    org_id: i64,
    id: AppId,
) -> Result<(), StoreError> {
    sqlx::query(REMOVE)
        .bind(org_id)
        .bind(id.to_string())
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(db_error)
}

fn opened(org_id: i64, key: Option<&KeyRing>, id: &str, body: &[u8]) -> Result<App, StoreError> {
    opened_domain::<pb::App, _>(key, AssociatedData::record(org_id, "apps", id), body)
}
