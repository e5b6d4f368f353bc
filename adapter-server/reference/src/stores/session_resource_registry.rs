//! Registered resources. Background runs register themselves again with every step they
//! make, so registering is one read and one write.

use crate::db::AnyConnection;
use crate::db::db_error;
use crate::db::encoding::{decoded, domain, now_after, stored_fault, time};
use crate::db::errors::{into_upstream, refused};
use crate::db::locks;
use crate::reference::ScopedReference;
use crate::stores::session_store;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::session_resource::{
    RegisterSessionResource, SessionResourceEntry, SessionResourceFilter, SessionResourceStatus,
};
use everruns_core::traits::SessionResourceRegistry;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::{nested, optional_nested, to_timestamp};
use mortise_proto::{StoreError, pb};
use prost::Message;

const TIMES: &str = "SELECT created_at, updated_at FROM session_resources \
                     WHERE org_id = $1 AND session_id = $2 AND resource_id = $3";

const GET: &str = "SELECT updated_at, body FROM session_resources \
                   WHERE org_id = $1 AND session_id = $2 AND resource_id = $3";

/// `$3` and `$5` say whether kind and status matter.
const LIST: &str = "SELECT body FROM session_resources WHERE org_id = $1 AND session_id = $2 \
                    AND ($3 = 0 OR kind = $4) AND ($5 = 0 OR status = $5) \
                    ORDER BY created_at, resource_id";

const PUT: &str = "INSERT INTO session_resources \
        (org_id, session_id, resource_id, kind, status, created_at, updated_at, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (org_id, session_id, resource_id) \
    DO UPDATE SET kind = excluded.kind, status = excluded.status, \
                  updated_at = excluded.updated_at, body = excluded.body";

const DELETE: &str = "DELETE FROM session_resources \
                      WHERE org_id = $1 AND session_id = $2 AND resource_id = $3";

/// It is part of a key, and PostgreSQL's keys have some 2,700 bytes.
const RESOURCE_ID_BYTES_MAX: usize = 2048;

#[async_trait]
impl SessionResourceRegistry for ScopedReference {
    async fn register(
        &self,
        entry: RegisterSessionResource,
    ) -> Result<SessionResourceEntry, AgentLoopError> {
        self.registered(entry).await.map_err(into_upstream)
    }

    async fn update_status(
        &self,
        session_id: SessionId,
        resource_id: &str,
        status: SessionResourceStatus,
    ) -> Result<Option<SessionResourceEntry>, AgentLoopError> {
        self.set_resource_status(session_id, resource_id, status)
            .await
            .map_err(into_upstream)
    }

    async fn get(
        &self,
        session_id: SessionId,
        resource_id: &str,
    ) -> Result<Option<SessionResourceEntry>, AgentLoopError> {
        self.resource(session_id, resource_id)
            .await
            .map_err(into_upstream)
    }

    async fn list(
        &self,
        session_id: SessionId,
        filter: Option<&SessionResourceFilter>,
    ) -> Result<Vec<SessionResourceEntry>, AgentLoopError> {
        self.resources(session_id, filter)
            .await
            .map_err(into_upstream)
    }

    async fn deregister(
        &self,
        session_id: SessionId,
        resource_id: &str,
    ) -> Result<bool, AgentLoopError> {
        self.deregistered(session_id, resource_id)
            .await
            .map_err(into_upstream)
    }
}

impl ScopedReference {
    async fn registered(
        &self,
        entry: RegisterSessionResource,
    ) -> Result<SessionResourceEntry, StoreError> {
        let org_id = self.scope.org_id;
        let session_id = entry.session_id;
        let answer = self
            .run_once(async |tx| {
                locks::session(tx, org_id, session_id).await?;
                session_store::must_be_open(tx, org_id, session_id).await?;
                let entry = put(tx, org_id, session_id, entry.into()).await?;
                Ok(pb::RegisterResponse { entry: Some(entry) })
            })
            .await?;
        nested("entry", answer.entry).map_err(stored_fault)
    }

    async fn set_resource_status(
        &self,
        session_id: SessionId,
        resource_id: &str,
        status: SessionResourceStatus,
    ) -> Result<Option<SessionResourceEntry>, StoreError> {
        let org_id = self.scope.org_id;
        let answer = self
            .run_once(async |tx| {
                locks::session(tx, org_id, session_id).await?;
                let Some((updated_at, mut entry)) =
                    find(tx, org_id, session_id, resource_id).await?
                else {
                    return Ok(pb::UpdateStatusResponse { entry: None });
                };
                session_store::must_be_open(tx, org_id, session_id).await?;
                entry.set_status(status.into());
                let updated_at = now_after(updated_at);
                entry.updated_at = Some(to_timestamp(time(updated_at)));
                write(tx, org_id, &entry, updated_at).await?;
                Ok(pb::UpdateStatusResponse { entry: Some(entry) })
            })
            .await?;
        optional_nested("entry", answer.entry).map_err(stored_fault)
    }

    async fn resource(
        &self,
        session_id: SessionId,
        resource_id: &str,
    ) -> Result<Option<SessionResourceEntry>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let found = find(&mut conn, self.scope.org_id, session_id, resource_id).await?;
        found
            .map(|(_, entry)| entry.try_into().map_err(stored_fault))
            .transpose()
    }

    async fn resources(
        &self,
        session_id: SessionId,
        filter: Option<&SessionResourceFilter>,
    ) -> Result<Vec<SessionResourceEntry>, StoreError> {
        let kind = filter.and_then(|filter| filter.kind.as_deref());
        let status = filter.and_then(|filter| filter.status);
        let status = status.map_or(pb::SessionResourceStatus::Unspecified, Into::into);
        let mut conn = self.inner.db.reader().await?;
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(LIST)
            .bind(self.scope.org_id)
            .bind(session_id.to_string())
            .bind(i64::from(kind.is_some()))
            .bind(kind.unwrap_or_default().as_bytes())
            .bind(i64::from(i32::from(status)))
            .fetch_all(&mut *conn)
            .await
            .map_err(db_error)?;
        rows.iter()
            .map(|(body,)| domain::<pb::SessionResourceEntry, _>(body))
            .collect()
    }

    async fn deregistered(
        &self,
        session_id: SessionId,
        resource_id: &str,
    ) -> Result<bool, StoreError> {
        let org_id = self.scope.org_id;
        let answer = self
            .run_once(async |tx| {
                locks::session(tx, org_id, session_id).await?;
                let deleted = sqlx::query(DELETE)
                    .bind(org_id)
                    .bind(session_id.to_string())
                    .bind(resource_id.as_bytes())
                    .execute(tx)
                    .await
                    .map_err(db_error)?;
                Ok(pb::DeregisterResponse {
                    deregistered: deleted.rows_affected() > 0,
                })
            })
            .await?;
        Ok(answer.deregistered)
    }
}

// === steps ===

async fn find(
    conn: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
    resource_id: &str,
) -> Result<Option<(i64, pb::SessionResourceEntry)>, StoreError> {
    let row: Option<(i64, Vec<u8>)> = sqlx::query_as(GET)
        .bind(org_id)
        .bind(session_id.to_string())
        .bind(resource_id.as_bytes())
        .fetch_optional(conn)
        .await
        .map_err(db_error)?;
    row.map(|(updated_at, body)| Ok((updated_at, decoded(&body)?)))
        .transpose()
}

/// Puts an entry over any that is there. The session must be locked.
pub(crate) async fn put(
    tx: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
    entry: pb::RegisterRequest,
) -> Result<pb::SessionResourceEntry, StoreError> {
    if entry.resource_id.len() > RESOURCE_ID_BYTES_MAX {
        return Err(refused(format!(
            "the resource id has {} bytes, at most {RESOURCE_ID_BYTES_MAX} are allowed",
            entry.resource_id.len()
        )));
    }
    let known: Option<(i64, i64)> = sqlx::query_as(TIMES)
        .bind(org_id)
        .bind(session_id.to_string())
        .bind(entry.resource_id.as_bytes())
        .fetch_optional(&mut *tx)
        .await
        .map_err(db_error)?;
    let updated_at = now_after(known.map_or(0, |(_, updated_at)| updated_at));
    let created_at = known.map_or(updated_at, |(created_at, _)| created_at);
    let pb::RegisterRequest {
        context: _,
        session_id,
        resource_id,
        kind,
        display_name,
        status,
        metadata_json,
    } = entry;
    let entry = pb::SessionResourceEntry {
        resource_id,
        session_id,
        kind,
        display_name,
        status,
        metadata_json,
        created_at: Some(to_timestamp(time(created_at))),
        updated_at: Some(to_timestamp(time(updated_at))),
    };
    write(tx, org_id, &entry, updated_at).await?;
    Ok(entry)
}

/// An entry that is there keeps its place in the order: its `created_at`.
async fn write(
    tx: &mut AnyConnection,
    org_id: i64,
    entry: &pb::SessionResourceEntry,
    updated_at: i64,
) -> Result<(), StoreError> {
    let created_at = mortise_proto::convert::timestamp("created_at", entry.created_at);
    sqlx::query(PUT)
        .bind(org_id)
        .bind(entry.session_id.as_str())
        .bind(entry.resource_id.as_bytes())
        .bind(entry.kind.as_bytes())
        .bind(i64::from(entry.status))
        .bind(crate::db::encoding::nanos(
            created_at.map_err(stored_fault)?,
        ))
        .bind(updated_at)
        .bind(entry.encode_to_vec())
        .execute(tx)
        .await
        .map(|_| ())
        .map_err(db_error)
}
