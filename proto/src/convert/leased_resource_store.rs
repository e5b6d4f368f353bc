//! Leases.

use everruns_core::leased_resource::{LeasedResource, LeasedResourceStatus, UpsertLeasedResource};

use super::{
    ConvertError, Result, enumeration, id, json, json_text, optional_id, optional_timestamp,
    optional_uuid, timestamp, to_timestamp,
};
use crate::pb;

// === LeasedResourceStatus ===

impl From<LeasedResourceStatus> for pb::LeasedResourceStatus {
    fn from(status: LeasedResourceStatus) -> Self {
        match status {
            LeasedResourceStatus::Active => Self::Active,
            LeasedResourceStatus::Cleaning => Self::Cleaning,
            LeasedResourceStatus::Released => Self::Released,
            LeasedResourceStatus::CleanupFailed => Self::CleanupFailed,
        }
    }
}

impl TryFrom<pb::LeasedResourceStatus> for LeasedResourceStatus {
    type Error = ConvertError;

    fn try_from(wire: pb::LeasedResourceStatus) -> Result<Self> {
        match wire {
            pb::LeasedResourceStatus::Active => Ok(Self::Active),
            pb::LeasedResourceStatus::Cleaning => Ok(Self::Cleaning),
            pb::LeasedResourceStatus::Released => Ok(Self::Released),
            pb::LeasedResourceStatus::CleanupFailed => Ok(Self::CleanupFailed),
            pb::LeasedResourceStatus::Unspecified => {
                Err(ConvertError::unspecified::<pb::LeasedResourceStatus>())
            }
        }
    }
}

// === LeasedResource ===

impl From<LeasedResource> for pb::LeasedResource {
    fn from(resource: LeasedResource) -> Self {
        let LeasedResource {
            id,
            session_id,
            provider,
            resource_type,
            external_id,
            display_name,
            status,
            owner_user_id,
            lease_duration_seconds,
            last_touched_at,
            lease_expires_at,
            cleanup_started_at,
            cleanup_completed_at,
            cleanup_attempts,
            last_cleanup_error,
            metadata,
            created_at,
            updated_at,
        } = resource;
        Self {
            id: id.to_string(),
            session_id: session_id.map(|id| id.to_string()),
            provider,
            resource_type,
            external_id,
            display_name,
            status: pb::LeasedResourceStatus::from(status).into(),
            owner_user_id: owner_user_id.map(|id| id.to_string()),
            lease_duration_seconds,
            last_touched_at: Some(to_timestamp(last_touched_at)),
            lease_expires_at: Some(to_timestamp(lease_expires_at)),
            cleanup_started_at: cleanup_started_at.map(to_timestamp),
            cleanup_completed_at: cleanup_completed_at.map(to_timestamp),
            cleanup_attempts,
            last_cleanup_error,
            metadata_json: json_text(&metadata),
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
        }
    }
}

impl TryFrom<pb::LeasedResource> for LeasedResource {
    type Error = ConvertError;

    fn try_from(wire: pb::LeasedResource) -> Result<Self> {
        Ok(Self {
            id: id("id", &wire.id)?,
            session_id: optional_id("session_id", wire.session_id.as_deref())?,
            provider: wire.provider,
            resource_type: wire.resource_type,
            external_id: wire.external_id,
            display_name: wire.display_name,
            status: enumeration::<pb::LeasedResourceStatus, _>("status", wire.status)?,
            owner_user_id: optional_uuid("owner_user_id", wire.owner_user_id.as_deref())?,
            lease_duration_seconds: wire.lease_duration_seconds,
            last_touched_at: timestamp("last_touched_at", wire.last_touched_at)?,
            lease_expires_at: timestamp("lease_expires_at", wire.lease_expires_at)?,
            cleanup_started_at: optional_timestamp("cleanup_started_at", wire.cleanup_started_at)?,
            cleanup_completed_at: optional_timestamp(
                "cleanup_completed_at",
                wire.cleanup_completed_at,
            )?,
            cleanup_attempts: wire.cleanup_attempts,
            last_cleanup_error: wire.last_cleanup_error,
            metadata: json("metadata_json", &wire.metadata_json)?,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
        })
    }
}

// === UpsertLeasedResource ===

impl From<UpsertLeasedResource> for pb::UpsertResourceRequest {
    fn from(input: UpsertLeasedResource) -> Self {
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
        Self {
            context: None,
            session_id: session_id.to_string(),
            provider,
            resource_type,
            external_id,
            display_name,
            owner_user_id: owner_user_id.map(|id| id.to_string()),
            lease_duration_seconds,
            metadata_json: json_text(&metadata),
        }
    }
}

impl TryFrom<pb::UpsertResourceRequest> for UpsertLeasedResource {
    type Error = ConvertError;

    fn try_from(wire: pb::UpsertResourceRequest) -> Result<Self> {
        Ok(Self {
            session_id: id("session_id", &wire.session_id)?,
            provider: wire.provider,
            resource_type: wire.resource_type,
            external_id: wire.external_id,
            display_name: wire.display_name,
            owner_user_id: optional_uuid("owner_user_id", wire.owner_user_id.as_deref())?,
            lease_duration_seconds: wire.lease_duration_seconds,
            metadata: json("metadata_json", &wire.metadata_json)?,
        })
    }
}
