//! Sessions.

use std::collections::HashMap;

use everruns_core::mcp_server::ScopedMcpServer;
use everruns_core::session::{Session, SessionStatus, SubagentStatus};
use serde_json::Value;

use super::{
    ConvertError, Result, count, enumeration, id, json, json_text, list, map, optional_id,
    optional_json, optional_nested, optional_timestamp, optional_uuid, timestamp, to_list, to_map,
    to_timestamp,
};
use crate::pb;

// === SessionStatus ===

impl From<SessionStatus> for pb::SessionStatus {
    fn from(status: SessionStatus) -> Self {
        match status {
            SessionStatus::Started => Self::Started,
            SessionStatus::Active => Self::Active,
            SessionStatus::Idle => Self::Idle,
            SessionStatus::WaitingForToolResults => Self::WaitingForToolResults,
            SessionStatus::Paused => Self::Paused,
        }
    }
}

impl TryFrom<pb::SessionStatus> for SessionStatus {
    type Error = ConvertError;

    fn try_from(wire: pb::SessionStatus) -> Result<Self> {
        match wire {
            pb::SessionStatus::Started => Ok(Self::Started),
            pb::SessionStatus::Active => Ok(Self::Active),
            pb::SessionStatus::Idle => Ok(Self::Idle),
            pb::SessionStatus::WaitingForToolResults => Ok(Self::WaitingForToolResults),
            pb::SessionStatus::Paused => Ok(Self::Paused),
            pb::SessionStatus::Unspecified => Err(ConvertError::unspecified::<pb::SessionStatus>()),
        }
    }
}

// === SubagentStatus ===

impl From<SubagentStatus> for pb::SubagentStatus {
    fn from(status: SubagentStatus) -> Self {
        match status {
            SubagentStatus::Spawning => Self::Spawning,
            SubagentStatus::Running => Self::Running,
            SubagentStatus::Completed => Self::Completed,
            SubagentStatus::Failed => Self::Failed,
            SubagentStatus::Cancelled => Self::Cancelled,
            SubagentStatus::MaxIterationsReached => Self::MaxIterationsReached,
        }
    }
}

impl TryFrom<pb::SubagentStatus> for SubagentStatus {
    type Error = ConvertError;

    fn try_from(wire: pb::SubagentStatus) -> Result<Self> {
        match wire {
            pb::SubagentStatus::Spawning => Ok(Self::Spawning),
            pb::SubagentStatus::Running => Ok(Self::Running),
            pb::SubagentStatus::Completed => Ok(Self::Completed),
            pb::SubagentStatus::Failed => Ok(Self::Failed),
            pb::SubagentStatus::Cancelled => Ok(Self::Cancelled),
            pb::SubagentStatus::MaxIterationsReached => Ok(Self::MaxIterationsReached),
            pb::SubagentStatus::Unspecified => {
                Err(ConvertError::unspecified::<pb::SubagentStatus>())
            }
        }
    }
}

// === JsonMap ===

impl From<HashMap<String, Value>> for pb::JsonMap {
    fn from(values: HashMap<String, Value>) -> Self {
        let convert = |(key, value)| (key, json_text(&value));
        Self {
            values_json: values.into_iter().map(convert).collect(),
        }
    }
}

impl TryFrom<pb::JsonMap> for HashMap<String, Value> {
    type Error = ConvertError;

    fn try_from(wire: pb::JsonMap) -> Result<Self> {
        map("values_json", wire.values_json, |text| json("", &text))
    }
}

// === Session ===

impl From<Session> for pb::Session {
    /// Longer than other functions here: one line per field, twice.
    fn from(session: Session) -> Self {
        let Session {
            id,
            organization_id,
            harness_id,
            agent_id,
            agent_version_id,
            agent_identity_id,
            owner_principal_id,
            resolved_owner_user_id,
            owner,
            effective_owner,
            title,
            locale,
            preview,
            output_preview,
            tags,
            model_id,
            capabilities,
            tools,
            mcp_servers,
            system_prompt,
            initial_files,
            hints,
            network_access,
            max_iterations,
            status,
            created_at,
            updated_at,
            started_at,
            finished_at,
            usage,
            is_pinned,
            active_schedule_count,
            features,
            parent_session_id,
            subagent_name,
            subagent_task,
            subagent_status,
            blueprint_id,
            blueprint_config,
        } = session;
        Self {
            id: id.to_string(),
            organization_id,
            harness_id: harness_id.to_string(),
            agent_id: agent_id.map(|id| id.to_string()),
            agent_version_id: agent_version_id.map(|id| id.to_string()),
            agent_identity_id: agent_identity_id.map(|id| id.to_string()),
            owner_principal_id: owner_principal_id.to_string(),
            resolved_owner_user_id: resolved_owner_user_id.map(|id| id.to_string()),
            owner: owner.map(Into::into),
            effective_owner: effective_owner.map(Into::into),
            title,
            locale,
            preview,
            output_preview,
            tags,
            model_id: model_id.map(|id| id.to_string()),
            capabilities: to_list(capabilities),
            tools: to_list(tools),
            mcp_servers: to_map(mcp_servers),
            system_prompt,
            initial_files: to_list(initial_files),
            hints: hints.map(Into::into),
            network_access: network_access.map(Into::into),
            max_iterations: max_iterations.map(|count| count as u64),
            status: pb::SessionStatus::from(status).into(),
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
            started_at: started_at.map(to_timestamp),
            finished_at: finished_at.map(to_timestamp),
            usage: usage.map(Into::into),
            is_pinned,
            active_schedule_count,
            features,
            parent_session_id: parent_session_id.map(|id| id.to_string()),
            subagent_name,
            subagent_task,
            subagent_status: subagent_status.map(|status| pb::SubagentStatus::from(status).into()),
            blueprint_id,
            blueprint_config_json: blueprint_config.as_ref().map(json_text),
        }
    }
}

impl TryFrom<pb::Session> for Session {
    type Error = ConvertError;

    fn try_from(wire: pb::Session) -> Result<Self> {
        let max_iterations = wire.max_iterations;
        let subagent_status = wire.subagent_status;
        Ok(Self {
            id: id("id", &wire.id)?,
            organization_id: wire.organization_id,
            harness_id: id("harness_id", &wire.harness_id)?,
            agent_id: optional_id("agent_id", wire.agent_id.as_deref())?,
            agent_version_id: optional_id("agent_version_id", wire.agent_version_id.as_deref())?,
            agent_identity_id: optional_id("agent_identity_id", wire.agent_identity_id.as_deref())?,
            owner_principal_id: id("owner_principal_id", &wire.owner_principal_id)?,
            resolved_owner_user_id: optional_uuid(
                "resolved_owner_user_id",
                wire.resolved_owner_user_id.as_deref(),
            )?,
            owner: optional_nested("owner", wire.owner)?,
            effective_owner: optional_nested("effective_owner", wire.effective_owner)?,
            title: wire.title,
            locale: wire.locale,
            preview: wire.preview,
            output_preview: wire.output_preview,
            tags: wire.tags,
            model_id: optional_id("model_id", wire.model_id.as_deref())?,
            capabilities: list("capabilities", wire.capabilities)?,
            tools: list("tools", wire.tools)?,
            mcp_servers: map("mcp_servers", wire.mcp_servers, ScopedMcpServer::try_from)?,
            system_prompt: wire.system_prompt,
            initial_files: list("initial_files", wire.initial_files)?,
            hints: optional_nested("hints", wire.hints)?,
            network_access: optional_nested("network_access", wire.network_access)?,
            max_iterations: max_iterations
                .map(|number| count("max_iterations", number))
                .transpose()?,
            status: enumeration::<pb::SessionStatus, _>("status", wire.status)?,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
            started_at: optional_timestamp("started_at", wire.started_at)?,
            finished_at: optional_timestamp("finished_at", wire.finished_at)?,
            usage: optional_nested("usage", wire.usage)?,
            is_pinned: wire.is_pinned,
            active_schedule_count: wire.active_schedule_count,
            features: wire.features,
            parent_session_id: optional_id("parent_session_id", wire.parent_session_id.as_deref())?,
            subagent_name: wire.subagent_name,
            subagent_task: wire.subagent_task,
            subagent_status: subagent_status
                .map(|status| enumeration::<pb::SubagentStatus, _>("subagent_status", status))
                .transpose()?,
            blueprint_id: wire.blueprint_id,
            blueprint_config: optional_json(
                "blueprint_config_json",
                wire.blueprint_config_json.as_deref(),
            )?,
        })
    }
}
