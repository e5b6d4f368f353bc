//! Tools as agents, sessions and MCP servers define them.

use everruns_core::tool_types::{
    BuiltinTool, ClientSideTool, DeferrablePolicy, ToolDefinition, ToolHints, ToolPolicy,
};

use super::{ConvertError, Result, enumeration, json, json_text, optional_json, optional_nested};
use crate::pb;
use crate::pb::tool_definition::Kind;

// === ToolPolicy ===

impl From<ToolPolicy> for pb::ToolPolicy {
    fn from(policy: ToolPolicy) -> Self {
        match policy {
            ToolPolicy::Auto => Self::Auto,
            ToolPolicy::RequiresApproval => Self::RequiresApproval,
            ToolPolicy::ClientSide => Self::ClientSide,
        }
    }
}

impl TryFrom<pb::ToolPolicy> for ToolPolicy {
    type Error = ConvertError;

    fn try_from(wire: pb::ToolPolicy) -> Result<Self> {
        match wire {
            pb::ToolPolicy::Auto => Ok(Self::Auto),
            pb::ToolPolicy::RequiresApproval => Ok(Self::RequiresApproval),
            pb::ToolPolicy::ClientSide => Ok(Self::ClientSide),
            pb::ToolPolicy::Unspecified => Err(ConvertError::unspecified::<pb::ToolPolicy>()),
        }
    }
}

// === DeferrablePolicy ===

impl From<DeferrablePolicy> for pb::DeferrablePolicy {
    fn from(policy: DeferrablePolicy) -> Self {
        match policy {
            DeferrablePolicy::Never => Self::Never,
            DeferrablePolicy::Automatic => Self::Automatic,
            DeferrablePolicy::Always => Self::Always,
        }
    }
}

impl TryFrom<pb::DeferrablePolicy> for DeferrablePolicy {
    type Error = ConvertError;

    fn try_from(wire: pb::DeferrablePolicy) -> Result<Self> {
        match wire {
            pb::DeferrablePolicy::Never => Ok(Self::Never),
            pb::DeferrablePolicy::Automatic => Ok(Self::Automatic),
            pb::DeferrablePolicy::Always => Ok(Self::Always),
            pb::DeferrablePolicy::Unspecified => {
                Err(ConvertError::unspecified::<pb::DeferrablePolicy>())
            }
        }
    }
}

// === ToolHints ===

impl From<ToolHints> for pb::ToolHints {
    fn from(hints: ToolHints) -> Self {
        let ToolHints {
            readonly,
            destructive,
            idempotent,
            open_world,
            requires_secrets,
            long_running,
            supports_background,
            concurrency_class,
            cpu_bound,
            persist_output,
            capability_id,
            capability_name,
            narration_noun,
        } = hints;
        Self {
            readonly,
            destructive,
            idempotent,
            open_world,
            requires_secrets,
            long_running,
            supports_background,
            concurrency_class,
            cpu_bound,
            persist_output,
            capability_id,
            capability_name,
            narration_noun,
        }
    }
}

impl TryFrom<pb::ToolHints> for ToolHints {
    type Error = ConvertError;

    fn try_from(wire: pb::ToolHints) -> Result<Self> {
        Ok(Self {
            readonly: wire.readonly,
            destructive: wire.destructive,
            idempotent: wire.idempotent,
            open_world: wire.open_world,
            requires_secrets: wire.requires_secrets,
            long_running: wire.long_running,
            supports_background: wire.supports_background,
            concurrency_class: wire.concurrency_class,
            cpu_bound: wire.cpu_bound,
            persist_output: wire.persist_output,
            capability_id: wire.capability_id,
            capability_name: wire.capability_name,
            narration_noun: wire.narration_noun,
        })
    }
}

/// No hint at all is not sent.
fn to_hints(hints: ToolHints) -> Option<pb::ToolHints> {
    (!hints.is_empty()).then(|| hints.into())
}

/// Absent is no hint at all.
fn from_hints(wire: Option<pb::ToolHints>) -> Result<ToolHints> {
    Ok(optional_nested("hints", wire)?.unwrap_or_default())
}

// === BuiltinTool ===

impl From<BuiltinTool> for pb::BuiltinTool {
    fn from(tool: BuiltinTool) -> Self {
        let BuiltinTool {
            name,
            display_name,
            description,
            parameters,
            policy,
            category,
            deferrable,
            hints,
            full_parameters,
        } = tool;
        Self {
            name,
            display_name,
            description,
            parameters_json: json_text(&parameters),
            policy: pb::ToolPolicy::from(policy).into(),
            category,
            deferrable: pb::DeferrablePolicy::from(deferrable).into(),
            hints: to_hints(hints),
            full_parameters_json: full_parameters.as_ref().map(json_text),
        }
    }
}

impl TryFrom<pb::BuiltinTool> for BuiltinTool {
    type Error = ConvertError;

    fn try_from(wire: pb::BuiltinTool) -> Result<Self> {
        Ok(Self {
            name: wire.name,
            display_name: wire.display_name,
            description: wire.description,
            parameters: json("parameters_json", &wire.parameters_json)?,
            policy: enumeration::<pb::ToolPolicy, _>("policy", wire.policy)?,
            category: wire.category,
            deferrable: enumeration::<pb::DeferrablePolicy, _>("deferrable", wire.deferrable)?,
            hints: from_hints(wire.hints)?,
            full_parameters: optional_json(
                "full_parameters_json",
                wire.full_parameters_json.as_deref(),
            )?,
        })
    }
}

// === ClientSideTool ===

impl From<ClientSideTool> for pb::ClientSideTool {
    fn from(tool: ClientSideTool) -> Self {
        let ClientSideTool {
            name,
            display_name,
            description,
            parameters,
            category,
            deferrable,
            hints,
            full_parameters,
        } = tool;
        Self {
            name,
            display_name,
            description,
            parameters_json: json_text(&parameters),
            category,
            deferrable: pb::DeferrablePolicy::from(deferrable).into(),
            hints: to_hints(hints),
            full_parameters_json: full_parameters.as_ref().map(json_text),
        }
    }
}

impl TryFrom<pb::ClientSideTool> for ClientSideTool {
    type Error = ConvertError;

    fn try_from(wire: pb::ClientSideTool) -> Result<Self> {
        Ok(Self {
            name: wire.name,
            display_name: wire.display_name,
            description: wire.description,
            parameters: json("parameters_json", &wire.parameters_json)?,
            category: wire.category,
            deferrable: enumeration::<pb::DeferrablePolicy, _>("deferrable", wire.deferrable)?,
            hints: from_hints(wire.hints)?,
            full_parameters: optional_json(
                "full_parameters_json",
                wire.full_parameters_json.as_deref(),
            )?,
        })
    }
}

// === ToolDefinition ===

impl From<ToolDefinition> for pb::ToolDefinition {
    fn from(tool: ToolDefinition) -> Self {
        let kind = match tool {
            ToolDefinition::Builtin(tool) => Kind::Builtin(tool.into()),
            ToolDefinition::ClientSide(tool) => Kind::ClientSide(tool.into()),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<pb::ToolDefinition> for ToolDefinition {
    type Error = ConvertError;

    fn try_from(wire: pb::ToolDefinition) -> Result<Self> {
        match wire.kind {
            Some(Kind::Builtin(tool)) => BuiltinTool::try_from(tool)
                .map(Self::Builtin)
                .map_err(|error| error.within("builtin")),
            Some(Kind::ClientSide(tool)) => ClientSideTool::try_from(tool)
                .map(Self::ClientSide)
                .map_err(|error| error.within("client_side")),
            None => Err(ConvertError::new(
                "kind",
                "is missing; send one of builtin and client_side",
            )),
        }
    }
}
