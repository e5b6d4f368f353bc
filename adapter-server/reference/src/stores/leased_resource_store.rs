//! Leases. Each has an entry in the registry, written in the same transaction: the
//! host's ownership checks read either.

use crate::db::AnyConnection;
use crate::db::db_error;
use crate::db::encoding::{decoded, domain, nanos, now_after, stored_fault, time};
use crate::db::errors::{into_upstream, refused};
use crate::db::locks;
use crate::reference::ScopedReference;
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

#[async_trait]
impl LeasedResourceStore for ScopedReference {
    async fn upsert_resource(
        &self,
        input: UpsertLeasedResource,
    ) -> Result<LeasedResource, AgentLoopError> {
        self.lease(input).await.map_err(into_upstream)
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
        self.release(session_id, identity)
            .await
            .map_err(into_upstream)
    }

    async fn list_resources(
        &self,
        session_id: SessionId,
    ) -> Result<Vec<LeasedResource>, AgentLoopError> {
        self.leases(session_id).await.map_err(into_upstream)
    }
}

impl ScopedReference {
    async fn lease(&self, input: UpsertLeasedResource) -> Result<LeasedResource, StoreError> {
        let org_id = self.scope.org_id;
        let session_id = input.session_id;
        let answer = self
            .run_once(async |tx| {
                locks::session(tx, org_id, session_id).await?;
                session_store::must_be_open(tx, org_id, session_id).await?;
                let identity = Identity::of(&input)?;
                let known = find(tx, org_id, session_id, identity).await?;
                let lease = refreshed(input, known)?;
                put(tx, org_id, session_id, &lease).await?;
                Ok(pb::UpsertResourceResponse {
                    resource: Some(lease),
                })
            })
            .await?;
        nested("resource", answer.resource).map_err(stored_fault)
    }

    async fn release(
        &self,
        session_id: SessionId,
        identity: Identity<'_>,
    ) -> Result<Option<LeasedResource>, StoreError> {
        let org_id = self.scope.org_id;
        let answer = self
            .run_once(async |tx| {
                locks::session(tx, org_id, session_id).await?;
                let Some(mut lease) = find(tx, org_id, session_id, identity).await? else {
                    return Ok(pb::ReleaseResourceResponse { resource: None });
                };
                lease.set_status(pb::LeasedResourceStatus::Released);
                lease.updated_at = Some(to_timestamp(time(moved(&lease)?)));
                put(tx, org_id, session_id, &lease).await?;
                Ok(pb::ReleaseResourceResponse {
                    resource: Some(lease),
                })
            })
            .await?;
        optional_nested("resource", answer.resource).map_err(stored_fault)
    }

    async fn leases(&self, session_id: SessionId) -> Result<Vec<LeasedResource>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        let rows: Vec<(Vec<u8>,)> = sqlx::query_as(LIST)
            .bind(self.scope.org_id)
            .bind(session_id.to_string())
            .fetch_all(&mut *conn)
            .await
            .map_err(db_error)?;
        rows.iter()
            .map(|(body,)| domain::<pb::LeasedResource, _>(body))
            .collect()
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
    tx: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
    identity: Identity<'_>,
) -> Result<Option<pb::LeasedResource>, StoreError> {
    let row: Option<(Vec<u8>,)> = sqlx::query_as(FIND)
        .bind(org_id)
        .bind(session_id.to_string())
        .bind(identity.provider.as_bytes())
        .bind(identity.resource_type.as_bytes())
        .bind(identity.external_id.as_bytes())
        .fetch_optional(tx)
        .await
        .map_err(db_error)?;
    row.map(|(body,)| decoded(&body)).transpose()
}

/// A lease that begins now, of what may have been leased before.
fn refreshed(
    input: UpsertLeasedResource,
    known: Option<pb::LeasedResource>,
) -> Result<pb::LeasedResource, StoreError> {
    let now = time(match &known {
        Some(lease) => moved(lease)?,
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
    tx: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
    lease: &pb::LeasedResource,
) -> Result<(), StoreError> {
    let created_at = timestamp("created_at", lease.created_at).map_err(stored_fault)?;
    sqlx::query(PUT)
        .bind(org_id)
        .bind(session_id.to_string())
        .bind(lease.provider.as_bytes())
        .bind(lease.resource_type.as_bytes())
        .bind(lease.external_id.as_bytes())
        .bind(nanos(created_at))
        .bind(lease.encode_to_vec())
        .execute(&mut *tx)
        .await
        .map_err(db_error)?;
    let entry = entry(session_id, lease)?;
    session_resource_registry::put(tx, org_id, session_id, entry).await?;
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
fn moved(lease: &pb::LeasedResource) -> Result<i64, StoreError> {
    let last = timestamp("updated_at", lease.updated_at).map_err(stored_fault)?;
    Ok(now_after(nanos(last)))
}
