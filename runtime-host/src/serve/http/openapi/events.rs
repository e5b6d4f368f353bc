//! Events: their schemas, and the catalogue of them (docs/events.md).

use super::{EXAMPLES, UPSTREAM, Upstream};
use crate::serve::http::schemas::reference;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The types of events that are passed on and not stored.
pub(super) const EPHEMERAL: &[&str] = &[
    "output.message.delta",
    "reason.thinking.delta",
    "tool.output.delta",
    "voice.input_transcript.delta",
    "voice.output_transcript.delta",
];

/// `KnownEvent`: one of those with a known type, each with its payload. `Event`: one of
/// them, or another.
pub(super) fn event_schemas(events: &BTreeMap<String, String>) -> Map<String, Value> {
    let mut schemas = Map::new();
    let mut any = Vec::new();
    for (event_type, payload) in events {
        let name = name_of(event_type);
        any.push(reference(&name));
        let own = json!({
            "type": "object",
            "required": ["type", "data"],
            "properties": {
                "type": { "type": "string", "enum": [event_type] },
                "data": reference(payload),
            },
        });
        let schema = json!({ "allOf": [reference("EventEnvelope"), own] });
        schemas.insert(name, schema);
    }
    let about = "An event of a type that docs/events.md lists; `type` says which.";
    let known = json!({ "description": about, "anyOf": any });
    schemas.insert("KnownEvent".into(), known);
    let any = [reference("KnownEvent"), reference("OtherEvent")];
    schemas.insert("Event".into(), json!({ "anyOf": any }));
    schemas.insert("EventEnvelope".into(), envelope());
    let other = json!({
        "description": "An event of another type, or one whose stored payload is not what its type says: `data` is what is stored, and a string where that is no JSON within the contract's bounds. Pass over what you do not know.",
        "allOf": [reference("EventEnvelope"), { "required": ["data"], "properties": { "data": {} } }],
    });
    schemas.insert("OtherEvent".into(), other);
    schemas
}

fn envelope() -> Value {
    json!({
        "type": "object",
        "required": ["id", "type", "ts", "session_id", "context"],
        "properties": {
            "id": { "type": "string", "pattern": "^event_[0-9a-f]{32}$" },
            "type": { "type": "string", "description": "docs/events.md lists the types." },
            "ts": { "type": ["string", "null"], "format": "date-time", "description": "When it happened." },
            "session_id": { "type": "string", "pattern": "^session_[0-9a-f]{32}$" },
            "context": reference("EventContext"),
            "metadata": { "description": "Open metadata, as it was given." },
            "tags": { "type": "array", "items": { "type": "string" } },
            "sequence": { "type": "integer", "minimum": 1, "description": "Its place in the session. Absent for one that is not stored." },
        },
    })
}

/// `TurnCompletedEvent` for `turn.completed`.
fn name_of(event_type: &str) -> String {
    let words = event_type.split(['.', '_']);
    let mut name: String = words
        .flat_map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .chain(letters)
        })
        .collect();
    name.push_str("Event");
    name
}

/// docs/events.md: an entry for each type, with its fields and an example.
pub fn events_page() -> serde_json::Result<String> {
    let upstream: Upstream = serde_json::from_str(UPSTREAM)?;
    let examples: BTreeMap<String, Value> = serde_json::from_str(EXAMPLES)?;
    let mut page = String::from(HEAD);
    for (event_type, payload) in &upstream.events {
        let schema = upstream.types.get(payload).unwrap_or(&Value::Null);
        let example = examples.get(event_type).unwrap_or(&Value::Null);
        page.push_str(&entry(event_type, schema, example));
    }
    Ok(page)
}

const HEAD: &str = "# Events\n\n\
Every type of event that the runtime emits, with the fields of its `data` and an example. \
This page is made from the runtime's types (`cargo xtask docs`).\n\n\
Each event has `id`, `type`, `ts`, `session_id`, `context` (with the `turn_id` that it \
belongs to, if any) and `data`; a stored one has its `sequence` in the session. \
Types may be added: pass over what you do not know.\n";

fn entry(event_type: &str, schema: &Value, example: &Value) -> String {
    let mut lines = vec![format!("\n## {event_type}\n")];
    let about = first_line(schema);
    if !about.is_empty() {
        lines.push(about);
    }
    if EPHEMERAL.contains(&event_type) {
        lines.push("It is passed on and not stored.".into());
    }
    lines.push("\n| field | type | |\n|---|---|---|".into());
    let required = schema["required"].as_array().into_iter().flatten();
    let required: Vec<&str> = required.filter_map(Value::as_str).collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let optional = match required.contains(&name.as_str()) {
            true => "",
            false => "Optional. ",
        };
        let about = format!("{optional}{}", first_line(field).replace('|', "\\|"));
        lines.push(format!(
            "| `{name}` | {} | {} |",
            type_of(field),
            about.trim()
        ));
    }
    let example = serde_json::to_string_pretty(example).unwrap_or_default();
    lines.push(format!("\n```json\n{example}\n```\n"));
    lines.join("\n")
}

fn first_line(schema: &Value) -> String {
    let said = schema["description"].as_str();
    let inner = || {
        schema["oneOf"]
            .get(1)
            .and_then(|one| one["description"].as_str())
    };
    let text = said.or_else(inner).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_string()
}

/// The type of a field, in a word.
fn type_of(field: &Value) -> String {
    let named = |value: &Value| -> Option<String> {
        let name = value["$ref"].as_str()?.rsplit('/').next()?;
        Some(name.to_string())
    };
    if let Some(name) = named(field) {
        return name;
    }
    if let Some(name) = field["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .find_map(named)
    {
        return name;
    }
    let kind = match &field["type"] {
        Value::String(kind) => kind.as_str(),
        Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or("any"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "any",
    };
    match kind {
        "array" => format!("list of {}", type_of(&field["items"])),
        kind => kind.to_string(),
    }
}
