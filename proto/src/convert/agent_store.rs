//! Agents.

use everruns_core::agent::{Agent, AgentStatus};
use everruns_core::mcp_server::ScopedMcpServer;
use uuid::Uuid;

use super::{
    ConvertError, Result, count, enumeration, id, list, map, optional_id, optional_nested,
    optional_timestamp, optional_uuid, timestamp, to_list, to_map, to_timestamp,
};
use crate::pb;

// === AgentStatus ===

impl From<AgentStatus> for pb::AgentStatus {
    fn from(status: AgentStatus) -> Self {
        match status {
            AgentStatus::Active => Self::Active,
            AgentStatus::Archived => Self::Archived,
            AgentStatus::Deleted => Self::Deleted,
        }
    }
}

impl TryFrom<pb::AgentStatus> for AgentStatus {
    type Error = ConvertError;

    fn try_from(wire: pb::AgentStatus) -> Result<Self> {
        match wire {
            pb::AgentStatus::Active => Ok(Self::Active),
            pb::AgentStatus::Archived => Ok(Self::Archived),
            pb::AgentStatus::Deleted => Ok(Self::Deleted),
            pb::AgentStatus::Unspecified => Err(ConvertError::unspecified::<pb::AgentStatus>()),
        }
    }
}

// === Agent ===

impl From<Agent> for pb::Agent {
    fn from(agent: Agent) -> Self {
        let Agent {
            public_id,
            internal_id,
            name,
            display_name,
            description,
            system_prompt,
            default_model_id,
            default_version_id,
            forked_from_agent_id,
            forked_from_version_id,
            root_agent_id,
            tags,
            capabilities,
            initial_files,
            network_access,
            max_iterations,
            tools,
            mcp_servers,
            status,
            created_at,
            updated_at,
            archived_at,
            deleted_at,
            usage,
        } = agent;
        Self {
            id: public_id.to_string(),
            internal_id: (!internal_id.is_nil()).then(|| internal_id.to_string()),
            name,
            display_name,
            description,
            system_prompt,
            default_model_id: default_model_id.map(|id| id.to_string()),
            default_version_id: default_version_id.map(|id| id.to_string()),
            forked_from_agent_id: forked_from_agent_id.map(|id| id.to_string()),
            forked_from_version_id: forked_from_version_id.map(|id| id.to_string()),
            root_agent_id: root_agent_id.map(|id| id.to_string()),
            tags,
            capabilities: to_list(capabilities),
            initial_files: to_list(initial_files),
            network_access: network_access.map(Into::into),
            max_iterations: max_iterations.map(|count| count as u64),
            tools: to_list(tools),
            mcp_servers: to_map(mcp_servers),
            status: pb::AgentStatus::from(status).into(),
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
            archived_at: archived_at.map(to_timestamp),
            deleted_at: deleted_at.map(to_timestamp),
            usage: usage.map(Into::into),
        }
    }
}

impl TryFrom<pb::Agent> for Agent {
    type Error = ConvertError;

    fn try_from(wire: pb::Agent) -> Result<Self> {
        // The contract's one nil id: a server that does not know it says nothing.
        let internal_id = optional_uuid("internal_id", wire.internal_id.as_deref())?;
        Ok(Self {
            public_id: id("id", &wire.id)?,
            internal_id: internal_id.unwrap_or(Uuid::nil()),
            name: wire.name,
            display_name: wire.display_name,
            description: wire.description,
            system_prompt: wire.system_prompt,
            default_model_id: optional_id("default_model_id", wire.default_model_id.as_deref())?,
            default_version_id: optional_id(
                "default_version_id",
                wire.default_version_id.as_deref(),
            )?,
            forked_from_agent_id: optional_id(
                "forked_from_agent_id",
                wire.forked_from_agent_id.as_deref(),
            )?,
            forked_from_version_id: optional_id(
                "forked_from_version_id",
                wire.forked_from_version_id.as_deref(),
            )?,
            root_agent_id: optional_id("root_agent_id", wire.root_agent_id.as_deref())?,
            tags: wire.tags,
            capabilities: list("capabilities", wire.capabilities)?,
            initial_files: list("initial_files", wire.initial_files)?,
            network_access: optional_nested("network_access", wire.network_access)?,
            max_iterations: wire
                .max_iterations
                .map(|number| count("max_iterations", number))
                .transpose()?,
            tools: list("tools", wire.tools)?,
            mcp_servers: map("mcp_servers", wire.mcp_servers, ScopedMcpServer::try_from)?,
            status: enumeration::<pb::AgentStatus, _>("status", wire.status)?,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
            archived_at: optional_timestamp("archived_at", wire.archived_at)?,
            deleted_at: optional_timestamp("deleted_at", wire.deleted_at)?,
            usage: optional_nested("usage", wire.usage)?,
        })
    }
}
