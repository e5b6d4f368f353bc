//! Registered resources.

use everruns_core::session_resource::{
    RegisterSessionResource, SessionResourceEntry, SessionResourceStatus,
};

use super::{ConvertError, Result, enumeration, id, json, json_text, timestamp, to_timestamp};
use crate::pb;

// === SessionResourceStatus ===

impl From<SessionResourceStatus> for pb::SessionResourceStatus {
    fn from(status: SessionResourceStatus) -> Self {
        match status {
            SessionResourceStatus::Active => Self::Active,
            SessionResourceStatus::Completed => Self::Completed,
            SessionResourceStatus::Failed => Self::Failed,
            SessionResourceStatus::Released => Self::Released,
        }
    }
}

impl TryFrom<pb::SessionResourceStatus> for SessionResourceStatus {
    type Error = ConvertError;

    fn try_from(wire: pb::SessionResourceStatus) -> Result<Self> {
        match wire {
            pb::SessionResourceStatus::Active => Ok(Self::Active),
            pb::SessionResourceStatus::Completed => Ok(Self::Completed),
            pb::SessionResourceStatus::Failed => Ok(Self::Failed),
            pb::SessionResourceStatus::Released => Ok(Self::Released),
            pb::SessionResourceStatus::Unspecified => {
                Err(ConvertError::unspecified::<pb::SessionResourceStatus>())
            }
        }
    }
}

// === SessionResourceEntry ===

impl From<SessionResourceEntry> for pb::SessionResourceEntry {
    fn from(entry: SessionResourceEntry) -> Self {
        let SessionResourceEntry {
            resource_id,
            session_id,
            kind,
            display_name,
            status,
            metadata,
            created_at,
            updated_at,
        } = entry;
        Self {
            resource_id,
            session_id: session_id.to_string(),
            kind,
            display_name,
            status: pb::SessionResourceStatus::from(status).into(),
            metadata_json: json_text(&metadata),
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
        }
    }
}

impl TryFrom<pb::SessionResourceEntry> for SessionResourceEntry {
    type Error = ConvertError;

    fn try_from(wire: pb::SessionResourceEntry) -> Result<Self> {
        Ok(Self {
            resource_id: wire.resource_id,
            session_id: id("session_id", &wire.session_id)?,
            kind: wire.kind,
            display_name: wire.display_name,
            status: enumeration::<pb::SessionResourceStatus, _>("status", wire.status)?,
            metadata: json("metadata_json", &wire.metadata_json)?,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
        })
    }
}

// === RegisterSessionResource ===

impl From<RegisterSessionResource> for pb::RegisterRequest {
    fn from(entry: RegisterSessionResource) -> Self {
        let RegisterSessionResource {
            session_id,
            resource_id,
            kind,
            display_name,
            status,
            metadata,
        } = entry;
        Self {
            context: None,
            session_id: session_id.to_string(),
            resource_id,
            kind,
            display_name,
            status: pb::SessionResourceStatus::from(status).into(),
            metadata_json: json_text(&metadata),
        }
    }
}

impl TryFrom<pb::RegisterRequest> for RegisterSessionResource {
    type Error = ConvertError;

    fn try_from(wire: pb::RegisterRequest) -> Result<Self> {
        Ok(Self {
            session_id: id("session_id", &wire.session_id)?,
            resource_id: wire.resource_id,
            kind: wire.kind,
            display_name: wire.display_name,
            status: enumeration::<pb::SessionResourceStatus, _>("status", wire.status)?,
            metadata: json("metadata_json", &wire.metadata_json)?,
        })
    }
}
