//! Sessions.

use crate::db::AnyConnection;
use crate::db::db_error;
use crate::db::encoding::{nanos, now_after, stored_fault, time};
use crate::db::errors::{into_upstream, no_session, session_archived};
use crate::db::locks;
use crate::reference::ScopedReference;
use crate::seal::{AssociatedData, KeyRing, opened, opened_domain, stored};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::typed_id::SessionId;
use everruns_core::{AgentLoopError, Session, traits::SessionStore};
use mortise_proto::convert::{self, to_timestamp};
use mortise_proto::{StoreError, pb};

const FIND: &str = "SELECT body FROM sessions WHERE org_id = $1 AND id = $2";

const CREATED_AT: &str = "SELECT created_at FROM sessions WHERE org_id = $1 AND id = $2";

const ARCHIVED_AT: &str = "SELECT i.archived_at FROM sessions s \
    LEFT JOIN session_index i ON i.org_id = s.org_id AND i.session_id = s.id \
    WHERE s.org_id = $1 AND s.id = $2";

const UPDATE: &str = "UPDATE sessions SET status = $3, updated_at = $4, body = $5 \
                      WHERE org_id = $1 AND id = $2";

#[async_trait]
impl SessionStore for ScopedReference {
    async fn get_session(&self, session_id: SessionId) -> Result<Option<Session>, AgentLoopError> {
        self.session(session_id).await.map_err(into_upstream)
    }
}

impl ScopedReference {
    async fn session(&self, session_id: SessionId) -> Result<Option<Session>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        find(&mut conn, org_id, key, session_id).await
    }
}

pub(crate) async fn find(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    session_id: SessionId,
) -> Result<Option<Session>, StoreError> {
    let read = read(conn, org_id, key, session_id).await?;
    read.transpose()
}

/// The same for whoever can do without a record that is unreadable.
pub(crate) async fn read(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    session_id: SessionId,
) -> Result<Option<Result<Session, StoreError>>, StoreError> {
    let id = session_id.to_string();
    let bound = AssociatedData::record(org_id, "sessions", &id);
    let body = body(conn, org_id, &id).await?;
    Ok(body.map(|body| opened_domain::<pb::Session, _>(key, bound, &body)))
}

async fn body(
    conn: &mut AnyConnection,
    org_id: i64,
    id: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let row: Option<(Vec<u8>,)> = sqlx::query_as(FIND)
        .bind(org_id)
        .bind(id)
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    Ok(row.map(|(body,)| body))
}

/// When the session was made; `None` if it is not in this org.
pub(crate) async fn created_at(
    conn: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
) -> Result<Option<i64>, StoreError> {
    let row: Option<(i64,)> = sqlx::query_as(CREATED_AT)
        .bind(org_id)
        .bind(session_id.to_string())
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    Ok(row.map(|(created_at,)| created_at))
}

/// Fails unless the session is in this org.
pub(crate) async fn must_exist(
    conn: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
) -> Result<(), StoreError> {
    let found = created_at(conn, org_id, session_id).await?;
    found.map(|_| ()).ok_or_else(|| no_session(session_id))
}

/// Fails unless the session is in this org and takes something. It stays so until the
/// change is over.
pub(crate) async fn must_be_open(
    tx: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
) -> Result<(), StoreError> {
    locks::session_as_it_is(tx, org_id, session_id).await?;
    let row: Option<(Option<i64>,)> = sqlx::query_as(ARCHIVED_AT)
        .bind(org_id)
        .bind(session_id.to_string())
        .fetch_optional(tx)
        .await
        .map_err(db_error)?;
    match row {
        None => Err(no_session(session_id)),
        Some((Some(_),)) => Err(session_archived(session_id)),
        Some((None,)) => Ok(()),
    }
}

/// Changes a session that takes something and moves its `updated_at`; `change` is told the
/// new time.
pub(crate) async fn update(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    session_id: SessionId,
    change: impl FnOnce(&mut pb::Session, DateTime<Utc>),
) -> Result<pb::Session, StoreError> {
    locks::session(conn, org_id, session_id).await?;
    must_be_open(conn, org_id, session_id).await?;
    update_any(conn, org_id, key, session_id, change).await
}

/// The same for one that may be deleted.
pub(crate) async fn update_any(
    conn: &mut AnyConnection,
    org_id: i64,
    key: Option<&KeyRing>,
    session_id: SessionId,
    change: impl FnOnce(&mut pb::Session, DateTime<Utc>),
) -> Result<pb::Session, StoreError> {
    let id = session_id.to_string();
    let bound = AssociatedData::record(org_id, "sessions", &id);
    locks::session(conn, org_id, session_id).await?;
    let body = body(conn, org_id, &id).await?;
    let body = body.ok_or_else(|| no_session(session_id))?;
    let mut session: pb::Session = opened(key, bound, &body)?;
    let last = convert::timestamp("updated_at", session.updated_at).map_err(stored_fault)?;
    let updated_at = now_after(nanos(last));
    session.updated_at = Some(to_timestamp(time(updated_at)));
    change(&mut session, time(updated_at));
    sqlx::query(UPDATE)
        .bind(org_id)
        .bind(id.as_str())
        .bind(status_name(&session))
        .bind(updated_at)
        .bind(stored(key, bound, &session)?)
        .execute(conn)
        .await
        .map_err(db_error)?;
    Ok(session)
}

/// The status as people who look into the database read it.
pub(crate) fn status_name(session: &pb::Session) -> &'static str {
    let name = session.status().as_str_name();
    name.trim_start_matches("SESSION_STATUS_")
}
