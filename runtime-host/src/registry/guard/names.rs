//! Names of tools, as every provider takes them: one to 64 letters, digits, `_` and `-`.
//! One that is refused stops its agent, whatever else the agent could do.

use everruns_core::llm_driver_registry::LlmCallConfig;
use everruns_core::tool_types::ToolDefinition;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::HashSet;

/// The longest name, in letters.
const LETTERS_MAX: usize = 64;

/// Whether providers take a name.
pub(crate) fn is_valid(name: &str) -> bool {
    (1..=LETTERS_MAX).contains(&name.len()) && name.bytes().all(is_allowed)
}

/// The name that stands for one that providers refuse.
pub(super) fn made_valid(name: String) -> String {
    if is_valid(&name) {
        return name;
    }
    let letters = name.chars().map(|letter| {
        let is_allowed = u8::try_from(letter).is_ok_and(is_allowed);
        if is_allowed { letter } else { '_' }
    });
    let made: String = letters.take(LETTERS_MAX).collect();
    if made.is_empty() {
        return "unnamed_tool".into();
    }
    made
}

/// A call's configuration with tools that providers take. One that they would refuse, and
/// all but the first of a name, are left out.
pub(super) fn with_valid_tools(config: &LlmCallConfig) -> Cow<'_, LlmCallConfig> {
    let mut names = HashSet::new();
    let tools = config.tools.iter().map(ToolDefinition::name);
    let keep: Vec<bool> = tools
        .map(|name| is_valid(name) && names.insert(name))
        .collect();
    let is_fine = keep.iter().all(|keep| *keep);
    if is_fine && config.tools.iter().all(has_parameters) {
        return Cow::Borrowed(config);
    }
    let mut changed = config.clone();
    let mut keep = keep.into_iter();
    changed.tools.retain(|tool| {
        let keep = keep.next().unwrap_or(false);
        if !keep {
            let name: String = tool.name().chars().take(LETTERS_MAX).collect();
            tracing::warn!(
                tool = name,
                "a tool is left out: its name is there twice, or is none of 1 to 64 letters, digits, _ and -; rename it"
            );
        }
        keep
    });
    for tool in &mut changed.tools {
        if !has_parameters(tool) {
            give_parameters(tool);
        }
    }
    Cow::Owned(changed)
}

/// Whether a tool's parameters are the schema of an object, which providers demand.
fn has_parameters(tool: &ToolDefinition) -> bool {
    let is_object = tool.parameters().get("type").and_then(Value::as_str) == Some("object");
    is_object && tool.parameters().get("properties").is_some()
}

/// Makes the parameters the schema of an object. What is written of them stays, unless it
/// is the schema of something else.
fn give_parameters(tool: &mut ToolDefinition) {
    let parameters = match tool {
        ToolDefinition::Builtin(tool) => &mut tool.parameters,
        ToolDefinition::ClientSide(tool) => &mut tool.parameters,
    };
    match parameters.as_object_mut() {
        Some(schema) if schema.get("type").is_none_or(|kind| kind == "object") => {
            schema.entry("type").or_insert_with(|| json!("object"));
            schema.entry("properties").or_insert_with(|| json!({}));
        }
        Some(_) | None => *parameters = json!({ "type": "object", "properties": {} }),
    }
}

fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What providers refuse is made a name that they take.
    #[test]
    fn names_are_made_valid() {
        for (name, made) in [
            ("read_file", "read_file"),
            ("delete file", "delete_file"),
            ("größe", "gr__e"),
            ("", "unnamed_tool"),
        ] {
            assert_eq!(made_valid(name.into()), made);
        }
        assert_eq!(made_valid("a".repeat(86)), "a".repeat(64));
        assert!(!is_valid(&"a".repeat(65)) && !is_valid("a b") && is_valid(&"a".repeat(64)));
    }
}
