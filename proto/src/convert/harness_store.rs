//! Harnesses.

use everruns_core::harness::{Harness, HarnessStatus};
use everruns_core::mcp_server::ScopedMcpServer;

use super::{
    ConvertError, Result, enumeration, id, list, map, optional_id, optional_nested,
    optional_timestamp, timestamp, to_list, to_map, to_timestamp,
};
use crate::pb;

// === HarnessStatus ===

impl From<HarnessStatus> for pb::HarnessStatus {
    fn from(status: HarnessStatus) -> Self {
        match status {
            HarnessStatus::Active => Self::Active,
            HarnessStatus::Archived => Self::Archived,
            HarnessStatus::Deleted => Self::Deleted,
        }
    }
}

impl TryFrom<pb::HarnessStatus> for HarnessStatus {
    type Error = ConvertError;

    fn try_from(wire: pb::HarnessStatus) -> Result<Self> {
        match wire {
            pb::HarnessStatus::Active => Ok(Self::Active),
            pb::HarnessStatus::Archived => Ok(Self::Archived),
            pb::HarnessStatus::Deleted => Ok(Self::Deleted),
            pb::HarnessStatus::Unspecified => Err(ConvertError::unspecified::<pb::HarnessStatus>()),
        }
    }
}

// === Harness ===

impl From<Harness> for pb::Harness {
    fn from(harness: Harness) -> Self {
        let Harness {
            id,
            name,
            display_name,
            description,
            system_prompt,
            parent_harness_id,
            default_model_id,
            tags,
            capabilities,
            initial_files,
            network_access,
            mcp_servers,
            is_built_in,
            status,
            created_at,
            updated_at,
            archived_at,
            deleted_at,
        } = harness;
        Self {
            id: id.to_string(),
            name,
            display_name,
            description,
            system_prompt,
            parent_harness_id: parent_harness_id.map(|id| id.to_string()),
            default_model_id: default_model_id.map(|id| id.to_string()),
            tags,
            capabilities: to_list(capabilities),
            initial_files: to_list(initial_files),
            network_access: network_access.map(Into::into),
            mcp_servers: to_map(mcp_servers),
            is_built_in,
            status: pb::HarnessStatus::from(status).into(),
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
            archived_at: archived_at.map(to_timestamp),
            deleted_at: deleted_at.map(to_timestamp),
        }
    }
}

impl TryFrom<pb::Harness> for Harness {
    type Error = ConvertError;

    fn try_from(wire: pb::Harness) -> Result<Self> {
        Ok(Self {
            id: id("id", &wire.id)?,
            name: wire.name,
            display_name: wire.display_name,
            description: wire.description,
            system_prompt: wire.system_prompt,
            parent_harness_id: optional_id("parent_harness_id", wire.parent_harness_id.as_deref())?,
            default_model_id: optional_id("default_model_id", wire.default_model_id.as_deref())?,
            tags: wire.tags,
            capabilities: list("capabilities", wire.capabilities)?,
            initial_files: list("initial_files", wire.initial_files)?,
            network_access: optional_nested("network_access", wire.network_access)?,
            mcp_servers: map("mcp_servers", wire.mcp_servers, ScopedMcpServer::try_from)?,
            is_built_in: wire.is_built_in,
            status: enumeration::<pb::HarnessStatus, _>("status", wire.status)?,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
            archived_at: optional_timestamp("archived_at", wire.archived_at)?,
            deleted_at: optional_timestamp("deleted_at", wire.deleted_at)?,
        })
    }
}
