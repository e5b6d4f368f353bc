//! The tools of agents.

use crate::platform_file::diagnostics::{OfValue, join};
use crate::platform_file::entries::Reading;
use crate::platform_file::schema;
use everruns_core::AgentCapabilityConfig;
use everruns_core::capabilities::CapabilityRegistry;
use everruns_core::tool_types::{BuiltinTool, ClientSideTool, ToolDefinition};
use mortise_adapter_server::Diagnostic;
use serde_json::Value;
use std::collections::BTreeSet;

/// The longest name that providers take, in letters.
const NAME_LETTERS_MAX: usize = 64;

pub(super) fn read(
    reading: &mut Reading<'_>,
    path: &str,
    written: Vec<schema::Tool>,
    capabilities: &[AgentCapabilityConfig],
) -> Vec<ToolDefinition> {
    let path = join(path, "tools");
    check_names(reading, &path, &written, capabilities);
    let written = written.into_iter().enumerate();
    let read = written.map(|(n, one)| tool(reading, &format!("{path}[{n}]"), one));
    read.collect()
}

/// Every provider refuses an agent for one tool's name that it does not take, whatever
/// else the agent could do: so such a name is refused here.
fn check_names(
    reading: &mut Reading<'_>,
    path: &str,
    written: &[schema::Tool],
    capabilities: &[AgentCapabilityConfig],
) {
    let built_in = if written.is_empty() {
        BTreeSet::new()
    } else {
        built_in(capabilities)
    };
    let mut names = BTreeSet::new();
    for (n, tool) in written.iter().enumerate() {
        let name = tool.name.as_str();
        let path = join(&format!("{path}[{n}]"), "name");
        // That it is missing is told elsewhere.
        if name.is_empty() {
            continue;
        }
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let (reason, remedy) = if name.len() > NAME_LETTERS_MAX || !name.bytes().all(is_allowed) {
            (
                "is a name that no model's provider takes",
                "write 1 to 64 letters, digits, _ and -",
            )
        } else if !names.insert(name) {
            (
                "is the name of another tool of the agent",
                "choose another name",
            )
        } else if tool.kind == schema::ToolKind::ClientSide && built_in.contains(name) {
            (
                "is the name of a tool of the agent's capabilities",
                "choose another name, or remove the capability",
            )
        } else {
            continue;
        };
        reading
            .faults
            .add(Diagnostic::new(path, reason, remedy).of(name));
    }
}

/// The names of the tools that capabilities bring.
fn built_in(capabilities: &[AgentCapabilityConfig]) -> BTreeSet<String> {
    let registry = CapabilityRegistry::with_builtins();
    let known = capabilities
        .iter()
        .filter_map(|one| Some((registry.get(one.capability_id())?, &one.config)));
    known
        .flat_map(|(capability, config)| capability.tools_with_config(config))
        .map(|tool| tool.name().to_string())
        .collect()
}

fn tool(reading: &mut Reading<'_>, path: &str, written: schema::Tool) -> ToolDefinition {
    let schema::Tool {
        kind,
        name,
        display_name,
        description,
        policy,
        category,
        deferrable,
        hints,
        parameters,
        full_parameters,
    } = written;
    reading.required(path, "name", &name);
    let parameters = parameters.unwrap_or_else(|| {
        let remedy = "write the JSON schema of the parameters";
        reading.missing(&join(path, "parameters"), remedy);
        Value::Null
    });
    match kind {
        schema::ToolKind::Builtin => ToolDefinition::Builtin(BuiltinTool {
            name,
            display_name,
            description,
            parameters,
            policy: policy.unwrap_or_default(),
            category,
            deferrable,
            hints,
            full_parameters,
        }),
        schema::ToolKind::ClientSide => {
            if policy.is_some() {
                let reason = "a tool of the client has no policy";
                let fault = Diagnostic::new(join(path, "policy"), reason, "leave it out");
                reading.faults.add(fault);
            }
            ToolDefinition::ClientSide(ClientSideTool {
                name,
                display_name,
                description,
                parameters,
                category,
                deferrable,
                hints,
                full_parameters,
            })
        }
    }
}

pub(super) fn write(tools: Vec<ToolDefinition>) -> Vec<schema::Tool> {
    tools.into_iter().map(write_tool).collect()
}

fn write_tool(tool: ToolDefinition) -> schema::Tool {
    match tool {
        ToolDefinition::Builtin(BuiltinTool {
            name,
            display_name,
            description,
            parameters,
            policy,
            category,
            deferrable,
            hints,
            full_parameters,
        }) => schema::Tool {
            kind: schema::ToolKind::Builtin,
            name,
            display_name,
            description,
            policy: Some(policy),
            category,
            deferrable,
            hints,
            parameters: Some(parameters),
            full_parameters,
        },
        ToolDefinition::ClientSide(ClientSideTool {
            name,
            display_name,
            description,
            parameters,
            category,
            deferrable,
            hints,
            full_parameters,
        }) => schema::Tool {
            kind: schema::ToolKind::ClientSide,
            name,
            display_name,
            description,
            policy: None,
            category,
            deferrable,
            hints,
            parameters: Some(parameters),
            full_parameters,
        },
    }
}
