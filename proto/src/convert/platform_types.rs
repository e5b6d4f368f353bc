//! The parts that harnesses, agents and sessions are made of.

use everruns_core::capability_types::{AgentCapabilityConfig, CapabilityId};
use everruns_core::events::TokenUsage;
use everruns_core::mcp_server::{McpServerAuthMode, McpServerTransportType, ScopedMcpServer};
use everruns_core::network_access::NetworkAccessList;
use everruns_core::principal::{PrincipalKind, PrincipalSummary};
use everruns_core::session_file::InitialFile;

use super::{ConvertError, Result, enumeration, id, json, json_text, optional_uuid, secret_json};
use crate::pb;

// === AgentCapabilityConfig ===

impl From<AgentCapabilityConfig> for pb::AgentCapabilityConfig {
    fn from(capability: AgentCapabilityConfig) -> Self {
        let AgentCapabilityConfig {
            capability_ref,
            config,
        } = capability;
        Self {
            capability_ref: capability_ref.to_string(),
            config_json: json_text(&config),
        }
    }
}

impl TryFrom<pb::AgentCapabilityConfig> for AgentCapabilityConfig {
    type Error = ConvertError;

    fn try_from(wire: pb::AgentCapabilityConfig) -> Result<Self> {
        Ok(Self {
            capability_ref: CapabilityId::new(wire.capability_ref),
            config: secret_json("config_json", &wire.config_json)?,
        })
    }
}

// === InitialFile ===

impl From<InitialFile> for pb::InitialFile {
    fn from(file: InitialFile) -> Self {
        let InitialFile {
            path,
            content,
            encoding,
            is_readonly,
        } = file;
        Self {
            path,
            content,
            encoding,
            is_readonly,
        }
    }
}

impl TryFrom<pb::InitialFile> for InitialFile {
    type Error = ConvertError;

    fn try_from(wire: pb::InitialFile) -> Result<Self> {
        Ok(Self {
            path: wire.path,
            content: wire.content,
            encoding: wire.encoding,
            is_readonly: wire.is_readonly,
        })
    }
}

// === NetworkAccessList ===

impl From<NetworkAccessList> for pb::NetworkAccessList {
    fn from(access: NetworkAccessList) -> Self {
        let NetworkAccessList { allowed, blocked } = access;
        Self { allowed, blocked }
    }
}

impl TryFrom<pb::NetworkAccessList> for NetworkAccessList {
    type Error = ConvertError;

    fn try_from(wire: pb::NetworkAccessList) -> Result<Self> {
        Ok(Self {
            allowed: wire.allowed,
            blocked: wire.blocked,
        })
    }
}

// === ScopedMcpServer ===

impl From<McpServerTransportType> for pb::McpTransportType {
    fn from(transport: McpServerTransportType) -> Self {
        match transport {
            McpServerTransportType::Http => Self::Http,
            McpServerTransportType::Stdio => Self::Stdio,
        }
    }
}

impl TryFrom<pb::McpTransportType> for McpServerTransportType {
    type Error = ConvertError;

    fn try_from(wire: pb::McpTransportType) -> Result<Self> {
        match wire {
            pb::McpTransportType::Http => Ok(Self::Http),
            pb::McpTransportType::Stdio => Ok(Self::Stdio),
            pb::McpTransportType::Unspecified => {
                Err(ConvertError::unspecified::<pb::McpTransportType>())
            }
        }
    }
}

impl From<McpServerAuthMode> for pb::McpAuthMode {
    fn from(mode: McpServerAuthMode) -> Self {
        match mode {
            McpServerAuthMode::None => Self::None,
            McpServerAuthMode::ApiKey => Self::ApiKey,
            McpServerAuthMode::OAuth => Self::Oauth,
        }
    }
}

impl TryFrom<pb::McpAuthMode> for McpServerAuthMode {
    type Error = ConvertError;

    fn try_from(wire: pb::McpAuthMode) -> Result<Self> {
        match wire {
            pb::McpAuthMode::None => Ok(Self::None),
            pb::McpAuthMode::ApiKey => Ok(Self::ApiKey),
            pb::McpAuthMode::Oauth => Ok(Self::OAuth),
            pb::McpAuthMode::Unspecified => Err(ConvertError::unspecified::<pb::McpAuthMode>()),
        }
    }
}

impl From<ScopedMcpServer> for pb::ScopedMcpServer {
    fn from(server: ScopedMcpServer) -> Self {
        let ScopedMcpServer {
            transport_type,
            url,
            headers,
            command,
            args,
            env,
            auth_mode,
            oauth_provider_id,
            tool_discovery,
        } = server;
        Self {
            transport_type: pb::McpTransportType::from(transport_type).into(),
            url,
            headers: headers.into_iter().collect(),
            command,
            args,
            env: env.into_iter().collect(),
            auth_mode: pb::McpAuthMode::from(auth_mode).into(),
            oauth_provider_id,
            tool_discovery,
        }
    }
}

impl TryFrom<pb::ScopedMcpServer> for ScopedMcpServer {
    type Error = ConvertError;

    fn try_from(wire: pb::ScopedMcpServer) -> Result<Self> {
        Ok(Self {
            transport_type: enumeration::<pb::McpTransportType, _>(
                "transport_type",
                wire.transport_type,
            )?,
            url: wire.url,
            headers: wire.headers.into_iter().collect(),
            command: wire.command,
            args: wire.args,
            env: wire.env.into_iter().collect(),
            auth_mode: enumeration::<pb::McpAuthMode, _>("auth_mode", wire.auth_mode)?,
            oauth_provider_id: wire.oauth_provider_id,
            tool_discovery: wire.tool_discovery,
        })
    }
}

// === PrincipalSummary ===

impl From<PrincipalKind> for pb::PrincipalKind {
    fn from(kind: PrincipalKind) -> Self {
        match kind {
            PrincipalKind::User => Self::User,
            PrincipalKind::AgentIdentity => Self::AgentIdentity,
            PrincipalKind::System => Self::System,
        }
    }
}

impl TryFrom<pb::PrincipalKind> for PrincipalKind {
    type Error = ConvertError;

    fn try_from(wire: pb::PrincipalKind) -> Result<Self> {
        match wire {
            pb::PrincipalKind::User => Ok(Self::User),
            pb::PrincipalKind::AgentIdentity => Ok(Self::AgentIdentity),
            pb::PrincipalKind::System => Ok(Self::System),
            pb::PrincipalKind::Unspecified => Err(ConvertError::unspecified::<pb::PrincipalKind>()),
        }
    }
}

impl From<PrincipalSummary> for pb::PrincipalSummary {
    fn from(principal: PrincipalSummary) -> Self {
        let PrincipalSummary {
            id,
            kind,
            subject_id,
            metadata,
        } = principal;
        Self {
            id: id.to_string(),
            kind: pb::PrincipalKind::from(kind).into(),
            subject_id: subject_id.map(|id| id.to_string()),
            metadata_json: json_text(&metadata),
        }
    }
}

impl TryFrom<pb::PrincipalSummary> for PrincipalSummary {
    type Error = ConvertError;

    fn try_from(wire: pb::PrincipalSummary) -> Result<Self> {
        Ok(Self {
            id: id("id", &wire.id)?,
            kind: enumeration::<pb::PrincipalKind, _>("kind", wire.kind)?,
            subject_id: optional_uuid("subject_id", wire.subject_id.as_deref())?,
            metadata: json("metadata_json", &wire.metadata_json)?,
        })
    }
}

// === TokenUsage ===

impl From<TokenUsage> for pb::TokenUsage {
    fn from(usage: TokenUsage) -> Self {
        let TokenUsage {
            input_tokens,
            output_tokens,
            cache_read_tokens,
            cache_creation_tokens,
            actual_cost_usd,
            estimated_cost_usd,
        } = usage;
        Self {
            input_tokens,
            output_tokens,
            cache_read_tokens,
            cache_creation_tokens,
            actual_cost_usd,
            estimated_cost_usd,
        }
    }
}

impl TryFrom<pb::TokenUsage> for TokenUsage {
    type Error = ConvertError;

    fn try_from(wire: pb::TokenUsage) -> Result<Self> {
        Ok(Self {
            input_tokens: wire.input_tokens,
            output_tokens: wire.output_tokens,
            cache_read_tokens: wire.cache_read_tokens,
            cache_creation_tokens: wire.cache_creation_tokens,
            actual_cost_usd: wire.actual_cost_usd,
            estimated_cost_usd: wire.estimated_cost_usd,
        })
    }
}
