//! The tools of agents.

use crate::platform_file::entries::Reading;
use crate::platform_file::faults::{Fault, join};
use crate::platform_file::shape;
use everruns_core::tool_types::{BuiltinTool, ClientSideTool, ToolDefinition};
use serde_json::Value;

pub(super) fn read(
    reading: &mut Reading<'_>,
    path: &str,
    written: Vec<shape::Tool>,
) -> Vec<ToolDefinition> {
    let path = join(path, "tools");
    let written = written.into_iter().enumerate();
    let read = written.map(|(n, one)| tool(reading, &format!("{path}[{n}]"), one));
    read.collect()
}

fn tool(reading: &mut Reading<'_>, path: &str, written: shape::Tool) -> ToolDefinition {
    let shape::Tool {
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
        shape::ToolKind::Builtin => ToolDefinition::Builtin(BuiltinTool {
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
        shape::ToolKind::ClientSide => {
            if policy.is_some() {
                let reason = "a tool of the client has no policy";
                let fault = Fault::new(join(path, "policy"), reason, "leave it out");
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

pub(super) fn write(tools: Vec<ToolDefinition>) -> Vec<shape::Tool> {
    tools.into_iter().map(write_tool).collect()
}

fn write_tool(tool: ToolDefinition) -> shape::Tool {
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
        }) => shape::Tool {
            kind: shape::ToolKind::Builtin,
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
        }) => shape::Tool {
            kind: shape::ToolKind::ClientSide,
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
