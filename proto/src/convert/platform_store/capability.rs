//! What is said about capabilities.

use everruns_core::CapabilityId;
use everruns_core::capabilities::RiskLevel;
use everruns_core::capability_dto::CapabilityInfo;
use everruns_core::capability_types::CapabilityStatus;

use crate::convert::{ConvertError, Result, enumeration, json_text, list, optional_json, to_list};
use crate::pb;

// === CapabilityStatus ===

impl From<CapabilityStatus> for pb::CapabilityStatus {
    fn from(status: CapabilityStatus) -> Self {
        match status {
            CapabilityStatus::Available => Self::Available,
            CapabilityStatus::ComingSoon => Self::ComingSoon,
            CapabilityStatus::Deprecated => Self::Deprecated,
        }
    }
}

impl TryFrom<pb::CapabilityStatus> for CapabilityStatus {
    type Error = ConvertError;

    fn try_from(wire: pb::CapabilityStatus) -> Result<Self> {
        match wire {
            pb::CapabilityStatus::Available => Ok(Self::Available),
            pb::CapabilityStatus::ComingSoon => Ok(Self::ComingSoon),
            pb::CapabilityStatus::Deprecated => Ok(Self::Deprecated),
            pb::CapabilityStatus::Unspecified => {
                Err(ConvertError::unspecified::<pb::CapabilityStatus>())
            }
        }
    }
}

// === RiskLevel ===

impl From<RiskLevel> for pb::RiskLevel {
    fn from(level: RiskLevel) -> Self {
        match level {
            RiskLevel::Low => Self::Low,
            RiskLevel::Medium => Self::Medium,
            RiskLevel::High => Self::High,
        }
    }
}

impl TryFrom<pb::RiskLevel> for RiskLevel {
    type Error = ConvertError;

    fn try_from(wire: pb::RiskLevel) -> Result<Self> {
        match wire {
            pb::RiskLevel::Low => Ok(Self::Low),
            pb::RiskLevel::Medium => Ok(Self::Medium),
            pb::RiskLevel::High => Ok(Self::High),
            pb::RiskLevel::Unspecified => Err(ConvertError::unspecified::<pb::RiskLevel>()),
        }
    }
}

// === CapabilityInfo ===

impl From<CapabilityInfo> for pb::CapabilityInfo {
    fn from(info: CapabilityInfo) -> Self {
        let CapabilityInfo {
            id,
            name,
            description,
            status,
            icon,
            category,
            system_prompt,
            tool_definitions,
            is_mcp,
            is_skill,
            dependencies,
            features,
            config_schema,
            config_ui_schema,
            risk_level,
            agent_count,
            harness_count,
            docs_slug,
        } = info;
        Self {
            id: id.as_str().to_string(),
            name,
            description,
            status: pb::CapabilityStatus::from(status).into(),
            icon,
            category,
            system_prompt,
            tool_definitions: to_list(tool_definitions),
            is_mcp,
            is_skill,
            dependencies,
            features,
            config_schema_json: config_schema.as_ref().map(json_text),
            config_ui_schema_json: config_ui_schema.as_ref().map(json_text),
            risk_level: pb::RiskLevel::from(risk_level).into(),
            agent_count,
            harness_count,
            docs_slug,
        }
    }
}

impl TryFrom<pb::CapabilityInfo> for CapabilityInfo {
    type Error = ConvertError;

    fn try_from(wire: pb::CapabilityInfo) -> Result<Self> {
        let config_schema = wire.config_schema_json.as_deref();
        let config_ui_schema = wire.config_ui_schema_json.as_deref();
        Ok(Self {
            id: CapabilityId::new(wire.id),
            name: wire.name,
            description: wire.description,
            status: enumeration::<pb::CapabilityStatus, _>("status", wire.status)?,
            icon: wire.icon,
            category: wire.category,
            system_prompt: wire.system_prompt,
            tool_definitions: list("tool_definitions", wire.tool_definitions)?,
            is_mcp: wire.is_mcp,
            is_skill: wire.is_skill,
            dependencies: wire.dependencies,
            features: wire.features,
            config_schema: optional_json("config_schema_json", config_schema)?,
            config_ui_schema: optional_json("config_ui_schema_json", config_ui_schema)?,
            risk_level: enumeration::<pb::RiskLevel, _>("risk_level", wire.risk_level)?,
            agent_count: wire.agent_count,
            harness_count: wire.harness_count,
            docs_slug: wire.docs_slug,
        })
    }
}
