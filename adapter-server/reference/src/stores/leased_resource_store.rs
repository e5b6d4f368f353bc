//! Leases. Each has an entry in the registry, written in the same transaction: the
//! host's ownership checks read either.

use crate::context::{StoreCtx, upstream};
use crate::db::Tx;
use crate::db::errors::refused;
use crate::encoding::{decoded, domains, nanos, now_after, stored_fault, time};
use crate::stores::{session_resource_registry, session_store};
use async_trait::async_trait;
use chrono::TimeDelta;
use everruns_core::AgentLoopError;
use everruns_core::leased_resource::{LeasedResource, UpsertLeasedResource};
use everruns_core::resource_ownership::{
    LEASED_RESOURCE_EXTERNAL_ID_KEY, LEASED_RESOURCE_ID_KEY, LEASED_RESOURCE_PROVIDER_KEY,
    LEASED_RESOURCE_TYPE_KEY,
};
use everruns_core::traits::LeasedResourceStore;
use everruns_core::typed_id::{LeasedResourceId, SessionId};
use mortise_proto::convert::{json, json_text, nested, optional_nested, timestamp, to_timestamp};
use mortise_proto::{StoreError, pb};
use prost::Message;
use serde_json::Value;

const FIND: &str = "SELECT body FROM leased_resources \
    WHERE org_id = $1 AND session_id = $2 AND provider = $3 AND resource_type = $4 \
    AND external_id = $5";

const LIST: &str = "SELECT body FROM leased_resources WHERE org_id = $1 AND session_id = $2 \
                    ORDER BY created_at, provider, resource_type, external_id";

const PUT: &str = "INSERT INTO leased_resources \
        (org_id, session_id, provider, resource_type, external_id, created_at, body) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) \
    ON CONFLICT (org_id, session_id, provider, resource_type, external_id) \
    DO UPDATE SET body = excluded.body";

/// What a lease is known by is part of a key, and PostgreSQL's keys have some 2,700
/// bytes.
const IDENTITY_BYTES_MAX: usize = 2048;

/// What a lease is known by within its session.
#[derive(Debug, Clone, Copy)]
struct Identity<'a> {
    provider: &'a str,
    resource_type: &'a str,
    external_id: &'a str,
}

/// The leases of the sessions of an org.
#[derive(Debug)]
pub(crate) struct Leases {
    pub(crate) ctx: StoreCtx,
}

#[async_trait]
impl LeasedResourceStore for Leases {
    async fn upsert_resource(
        &self,
        input: UpsertLeasedResource,
    ) -> Result<LeasedResource, AgentLoopError> {
        let session_id = input.session_id;
        let upsert = self.ctx.run_once(async |tx| {
            session_store::begin_open_change(tx, session_id).await?;
            let identity = Identity::of(&input)?;
            let known = find(tx, session_id, identity).await?;
            let lease = refreshed(input, known)?;
            put(tx, session_id, &lease).await?;
            Ok(pb::UpsertResourceResponse {
                resource: Some(lease),
            })
        });
        upstream(async { nested("resource", upsert.await?.resource).map_err(stored_fault) }).await
    }

    async fn release_resource(
        &self,
        session_id: SessionId,
        provider: &str,
        resource_type: &str,
        external_id: &str,
    ) -> Result<Option<LeasedResource>, AgentLoopError> {
        let identity = Identity {
            provider,
            resource_type,
            external_id,
        };
        let release = self.ctx.run_once(async |tx| {
            session_store::begin_change(tx, session_id).await?;
            let Some(mut lease) = find(tx, session_id, identity).await? else {
                return Ok(pb::ReleaseResourceResponse { resource: None });
            };
            lease.set_status(pb::LeasedResourceStatus::Released);
            lease.updated_at = Some(to_timestamp(time(next_time(&lease)?)));
            put(tx, session_id, &lease).await?;
            Ok(pb::ReleaseResourceResponse {
                resource: Some(lease),
            })
        });
        upstream(async {
            optional_nested("resource", release.await?.resource).map_err(stored_fault)
        })
        .await
    }

    async fn list_resources(
        &self,
        session_id: SessionId,
    ) -> Result<Vec<LeasedResource>, AgentLoopError> {
        upstream(async {
            let mut tx = self.ctx.reader().await?;
            let list = tx.query_as(LIST).bind(session_id.to_string());
            domains::<pb::LeasedResource, _>(&list.fetch_all().await?)
        })
        .await
    }
}

// === impl Identity ===

impl<'a> Identity<'a> {
    fn of(input: &'a UpsertLeasedResource) -> Result<Self, StoreError> {
        let identity = Self {
            provider: &input.provider,
            resource_type: &input.resource_type,
            external_id: &input.external_id,
        };
        let bytes = input.provider.len() + input.resource_type.len() + input.external_id.len();
        if bytes > IDENTITY_BYTES_MAX {
            return Err(refused(format!(
                "provider, resource type and external id have {bytes} bytes, \
                 at most {IDENTITY_BYTES_MAX} are allowed"
            )));
        }
        Ok(identity)
    }
}

// === steps ===

async fn find(
    tx: &mut Tx,
    session_id: SessionId,
    identity: Identity<'_>,
) -> Result<Option<pb::LeasedResource>, StoreError> {
    let row: Option<(Vec<u8>,)> = tx
        .query_as(FIND)
        .bind(session_id.to_string())
        .bind(identity.provider.as_bytes())
        .bind(identity.resource_type.as_bytes())
        .bind(identity.external_id.as_bytes())
        .fetch_optional()
        .await?;
    row.map(|(body,)| decoded(&body)).transpose()
}

/// A lease that begins now, of what may have been leased before.
fn refreshed(
    input: UpsertLeasedResource,
    known: Option<pb::LeasedResource>,
) -> Result<pb::LeasedResource, StoreError> {
    let now = time(match &known {
        Some(lease) => next_time(lease)?,
        None => now_after(0),
    });
    let expires_at = now + TimeDelta::seconds(input.lease_duration_seconds.into());
    let id = known.as_ref().map(|lease| lease.id.clone());
    let created_at = known.as_ref().and_then(|lease| lease.created_at);
    let UpsertLeasedResource {
        session_id,
        provider,
        resource_type,
        external_id,
        display_name,
        owner_user_id,
        lease_duration_seconds,
        metadata,
    } = input;
    Ok(pb::LeasedResource {
        id: id.unwrap_or_else(|| LeasedResourceId::new().to_string()),
        session_id: Some(session_id.to_string()),
        provider,
        resource_type,
        external_id,
        display_name,
        status: pb::LeasedResourceStatus::Active.into(),
        owner_user_id: owner_user_id.map(|id| id.to_string()),
        lease_duration_seconds,
        last_touched_at: Some(to_timestamp(now)),
        lease_expires_at: Some(to_timestamp(expires_at)),
        // What became of an earlier lease is over.
        cleanup_started_at: None,
        cleanup_completed_at: None,
        cleanup_attempts: 0,
        last_cleanup_error: None,
        metadata_json: json_text(&metadata),
        created_at: created_at.or(Some(to_timestamp(now))),
        updated_at: Some(to_timestamp(now)),
    })
}

async fn put(
    tx: &mut Tx,
    session_id: SessionId,
    lease: &pb::LeasedResource,
) -> Result<(), StoreError> {
    let created_at = timestamp("created_at", lease.created_at).map_err(stored_fault)?;
    tx.query(PUT)
        .bind(session_id.to_string())
        .bind(lease.provider.as_bytes())
        .bind(lease.resource_type.as_bytes())
        .bind(lease.external_id.as_bytes())
        .bind(nanos(created_at))
        .bind(lease.encode_to_vec())
        .execute()
        .await?;
    let entry = entry(session_id, lease)?;
    session_resource_registry::put(tx, session_id, entry).await?;
    Ok(())
}

/// The lease as the registry shows it.
fn entry(
    session_id: SessionId,
    lease: &pb::LeasedResource,
) -> Result<pb::RegisterRequest, StoreError> {
    let metadata = json("metadata_json", &lease.metadata_json).map_err(stored_fault)?;
    // What is no object has no place for the lease's own keys.
    let mut metadata = metadata.as_object().cloned().unwrap_or_default();
    for (key, value) in [
        (LEASED_RESOURCE_PROVIDER_KEY, &lease.provider),
        (LEASED_RESOURCE_TYPE_KEY, &lease.resource_type),
        (LEASED_RESOURCE_EXTERNAL_ID_KEY, &lease.external_id),
        (LEASED_RESOURCE_ID_KEY, &lease.id),
    ] {
        metadata.insert(key.into(), value.as_str().into());
    }
    let status = match lease.status() {
        pb::LeasedResourceStatus::Active => pb::SessionResourceStatus::Active,
        pb::LeasedResourceStatus::CleanupFailed => pb::SessionResourceStatus::Failed,
        pb::LeasedResourceStatus::Cleaning
        | pb::LeasedResourceStatus::Released
        | pb::LeasedResourceStatus::Unspecified => pb::SessionResourceStatus::Released,
    };
    let name = lease.display_name.as_ref().unwrap_or(&lease.external_id);
    Ok(pb::RegisterRequest {
        context: None,
        session_id: session_id.to_string(),
        resource_id: lease.id.clone(),
        kind: lease.resource_type.clone(),
        display_name: name.clone(),
        status: status.into(),
        metadata_json: json_text(&Value::Object(metadata)),
    })
}

/// Now, and later than the lease's last change.
fn next_time(lease: &pb::LeasedResource) -> Result<i64, StoreError> {
    let last = timestamp("updated_at", lease.updated_at).map_err(stored_fault)?;
    Ok(now_after(nanos(last)))
}
