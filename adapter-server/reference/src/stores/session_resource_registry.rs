//! Registered resources. Background runs register themselves again with every step they
//! make, so registering is one read and one write.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::db::errors::refused;
use crate::encoding::{decoded, domains, nanos, now_after, stored_fault, time};
use crate::stores::session_store;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::session_resource::{
    RegisterSessionResource, SessionResourceEntry, SessionResourceFilter, SessionResourceStatus,
};
use everruns_core::traits::SessionResourceRegistry;
use everruns_core::typed_id::SessionId;
use mortise_proto::convert::{nested, optional_nested, timestamp, to_timestamp};
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

/// The resources of the sessions of an org.
#[derive(Debug)]
pub(crate) struct Resources {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl SessionResourceRegistry for Resources {
    async fn register(
        &self,
        entry: RegisterSessionResource,
    ) -> Result<SessionResourceEntry, AgentLoopError> {
        let session_id = entry.session_id;
        let register = self.ctx.run_once(async |tx| {
            session_store::begin_open_change(tx, session_id).await?;
            let entry = put(tx, session_id, entry.into()).await?;
            Ok(pb::RegisterResponse { entry: Some(entry) })
        });
        upstream(async { nested("entry", register.await?.entry).map_err(stored_fault) }).await
    }

    async fn update_status(
        &self,
        session_id: SessionId,
        resource_id: &str,
        status: SessionResourceStatus,
    ) -> Result<Option<SessionResourceEntry>, AgentLoopError> {
        let update = self.ctx.run_once(async |tx| {
            session_store::begin_change(tx, session_id).await?;
            let Some((updated_at, mut entry)) = find(tx, session_id, resource_id).await? else {
                return Ok(pb::UpdateStatusResponse { entry: None });
            };
            session_store::must_be_open(tx, session_id).await?;
            entry.set_status(status.into());
            let updated_at = now_after(updated_at);
            entry.updated_at = Some(to_timestamp(time(updated_at)));
            write(tx, &entry, updated_at).await?;
            Ok(pb::UpdateStatusResponse { entry: Some(entry) })
        });
        upstream(async { optional_nested("entry", update.await?.entry).map_err(stored_fault) })
            .await
    }

    async fn get(
        &self,
        session_id: SessionId,
        resource_id: &str,
    ) -> Result<Option<SessionResourceEntry>, AgentLoopError> {
        upstream(async {
            let found = find(&mut self.ctx.reader().await?, session_id, resource_id).await?;
            found
                .map(|(_, entry)| entry.try_into().map_err(stored_fault))
                .transpose()
        })
        .await
    }

    async fn list(
        &self,
        session_id: SessionId,
        filter: Option<&SessionResourceFilter>,
    ) -> Result<Vec<SessionResourceEntry>, AgentLoopError> {
        let kind = filter.and_then(|filter| filter.kind.as_deref());
        let status = filter.and_then(|filter| filter.status);
        let status = status.map_or(pb::SessionResourceStatus::Unspecified, Into::into);
        upstream(async {
            let mut tx = self.ctx.reader().await?;
            let list = tx
                .query_as(LIST)
                .bind(session_id.to_string())
                .bind(i64::from(kind.is_some()))
                .bind(kind.unwrap_or_default().as_bytes())
                .bind(i64::from(i32::from(status)));
            domains::<pb::SessionResourceEntry, _>(&list.fetch_all().await?)
        })
        .await
    }

    async fn deregister(
        &self,
        session_id: SessionId,
        resource_id: &str,
    ) -> Result<bool, AgentLoopError> {
        let deregister = self.ctx.run_once(async |tx| {
            session_store::begin_change(tx, session_id).await?;
            let delete = tx.query(DELETE).bind(session_id.to_string());
            let deleted = delete.bind(resource_id.as_bytes()).execute().await?;
            Ok(pb::DeregisterResponse {
                deregistered: deleted > 0,
            })
        });
        upstream(async { Ok(deregister.await?.deregistered) }).await
    }
}

// === steps ===

async fn find(
    tx: &mut Tx,
    session_id: SessionId,
    resource_id: &str,
) -> Result<Option<(i64, pb::SessionResourceEntry)>, StoreError> {
    let row: Option<(i64, Vec<u8>)> = tx
        .query_as(GET)
        .bind(session_id.to_string())
        .bind(resource_id.as_bytes())
        .fetch_optional()
        .await?;
    row.map(|(updated_at, body)| Ok((updated_at, decoded(&body)?)))
        .transpose()
}

/// Puts an entry over any that is there. The session must be locked.
pub(crate) async fn put(
    tx: &mut Tx,
    session_id: SessionId,
    entry: pb::RegisterRequest,
) -> Result<pb::SessionResourceEntry, StoreError> {
    if entry.resource_id.len() > RESOURCE_ID_BYTES_MAX {
        return Err(refused(format!(
            "the resource id has {} bytes, at most {RESOURCE_ID_BYTES_MAX} are allowed",
            entry.resource_id.len()
        )));
    }
    let known: Option<(i64, i64)> = tx
        .query_as(TIMES)
        .bind(session_id.to_string())
        .bind(entry.resource_id.as_bytes())
        .fetch_optional()
        .await?;
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
    write(tx, &entry, updated_at).await?;
    Ok(entry)
}

/// An entry that is there keeps its place in the order: its `created_at`.
async fn write(
    tx: &mut Tx,
    entry: &pb::SessionResourceEntry,
    updated_at: i64,
) -> Result<(), StoreError> {
    let created_at = timestamp("created_at", entry.created_at).map_err(stored_fault)?;
    tx.query(PUT)
        .bind(entry.session_id.as_str())
        .bind(entry.resource_id.as_bytes())
        .bind(entry.kind.as_bytes())
        .bind(i64::from(entry.status))
        .bind(nanos(created_at))
        .bind(updated_at)
        .bind(entry.encode_to_vec())
        .execute()
        .await?;
    Ok(())
}
