//! A session that is to be created, with all that its creator may choose.

use crate::convert::{
    ConvertError, Result, count, id, json_text, list, map, optional_id, optional_json,
    optional_nested, to_list, to_map,
};
use crate::pb;
use everruns_core::mcp_server::{ScopedMcpServer, ScopedMcpServers};
use everruns_core::network_access::NetworkAccessList;
use everruns_core::session_file::InitialFile;
use everruns_core::typed_id::{AgentId, HarnessId, ModelId};
use everruns_core::{AgentCapabilityConfig, ToolDefinition};
use serde_json::Value;
use std::collections::HashMap;

/// A session that is to be created.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its harness.
    pub harness_id: HarnessId,
    /// Its agent.
    pub agent_id: Option<AgentId>,
    /// Its title.
    pub title: Option<String>,
    /// Such as `en-GB`.
    pub locale: Option<String>,
    /// Its blueprint.
    pub blueprint_id: Option<String>,
    /// The blueprint's configuration.
    pub blueprint_config: Option<Value>,
    /// What else it has.
    pub settings: SessionSettings,
}

/// What a session has from its beginning, beside its agent; see `platform_session.proto`.
#[derive(Debug, Clone, Default)]
pub struct SessionSettings {
    /// Labels.
    pub tags: Vec<String>,
    /// Its model, over those of agent and harness.
    pub model_id: Option<ModelId>,
    /// Capabilities, in order.
    pub capabilities: Vec<AgentCapabilityConfig>,
    /// Tools of its own, in order.
    pub tools: Vec<ToolDefinition>,
    /// MCP servers by name.
    pub mcp_servers: ScopedMcpServers,
    /// Placed after the agent's prompt.
    pub system_prompt: Option<String>,
    /// Files in its workspace.
    pub initial_files: Vec<InitialFile>,
    /// Hints of the client.
    pub hints: Option<HashMap<String, Value>>,
    /// Which URLs its tools may reach.
    pub network_access: Option<NetworkAccessList>,
    /// The most reason steps in one turn.
    pub max_iterations: Option<usize>,
}

// === impl NewSession ===

impl NewSession {
    /// A session of a harness, which has nothing else.
    #[must_use]
    pub fn on(harness_id: HarnessId) -> Self {
        Self {
            harness_id,
            agent_id: None,
            title: None,
            locale: None,
            blueprint_id: None,
            blueprint_config: None,
            settings: SessionSettings::default(),
        }
    }
}

impl From<NewSession> for pb::CreateSessionRequest {
    fn from(new: NewSession) -> Self {
        let NewSession {
            harness_id,
            agent_id,
            title,
            locale,
            blueprint_id,
            blueprint_config,
            settings,
        } = new;
        let settings = pb::SessionSettings::from(settings);
        Self {
            context: None,
            harness_id: harness_id.to_string(),
            agent_id: agent_id.map(|id| id.to_string()),
            title,
            locale,
            blueprint_id,
            blueprint_config_json: blueprint_config.as_ref().map(json_text),
            settings: (settings != pb::SessionSettings::default()).then_some(settings),
        }
    }
}

impl TryFrom<pb::CreateSessionRequest> for NewSession {
    type Error = ConvertError;

    fn try_from(wire: pb::CreateSessionRequest) -> Result<Self> {
        let config = wire.blueprint_config_json.as_deref();
        Ok(Self {
            harness_id: id("harness_id", &wire.harness_id)?,
            agent_id: optional_id("agent_id", wire.agent_id.as_deref())?,
            title: wire.title,
            locale: wire.locale,
            blueprint_id: wire.blueprint_id,
            blueprint_config: optional_json("blueprint_config_json", config)?,
            settings: optional_nested("settings", wire.settings)?.unwrap_or_default(),
        })
    }
}

// === impl SessionSettings ===

impl From<SessionSettings> for pb::SessionSettings {
    fn from(settings: SessionSettings) -> Self {
        let SessionSettings {
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
        } = settings;
        Self {
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
        }
    }
}

impl TryFrom<pb::SessionSettings> for SessionSettings {
    type Error = ConvertError;

    fn try_from(wire: pb::SessionSettings) -> Result<Self> {
        let max_iterations = wire.max_iterations;
        Ok(Self {
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
        })
    }
}
