//! What the fields of `asked.rs` promise: each function is the schema of a field, made of
//! the limits that the host checks.

use super::lists::SESSION_STATUSES;
use super::shapes::TURN_STATUSES;
use crate::host::{EVENT_TOKEN, NAME_TOKEN, SESSION_TOKEN, TURN_TOKEN};
use crate::serve::limits::{
    NUMBER_MAX, PAGE_MAX, PAGE_USUAL, RESULT_OR_ERROR, TEXT_OR_PARTS, USER_PARTS,
};
use everruns_core::typed_id::{IdMarker, TypedId};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Value, json};

// === numbers ===

/// A whole number that every language holds exactly.
pub(super) fn natural<'de, D, N>(from: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: TryFrom<u64>,
{
    let number = u64::deserialize(from)?;
    within(number).ok_or_else(|| D::Error::custom(too_large(number)))
}

/// The same, or null.
pub(super) fn optional_natural<'de, D, N>(from: D) -> Result<Option<N>, D::Error>
where
    D: Deserializer<'de>,
    N: TryFrom<u64>,
{
    let Some(number) = Option::<u64>::deserialize(from)? else {
        return Ok(None);
    };
    let read = within(number).ok_or_else(|| D::Error::custom(too_large(number)));
    read.map(Some)
}

fn within<N: TryFrom<u64>>(number: u64) -> Option<N> {
    N::try_from(number).ok().filter(|_| number <= NUMBER_MAX)
}

fn too_large(number: u64) -> String {
    format!("{number} is more than {NUMBER_MAX}")
}

pub(super) fn number(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 0, "maximum": NUMBER_MAX })
}

pub(super) fn optional_number(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["integer", "null"], "minimum": 0, "maximum": NUMBER_MAX })
}

pub(super) fn limit(_: &mut SchemaGenerator) -> Schema {
    limit_with(PAGE_USUAL)
}

pub(super) fn limit_of_events(_: &mut SchemaGenerator) -> Schema {
    limit_with(PAGE_MAX)
}

fn limit_with(usual: u64) -> Schema {
    let text = format!(
        "Most records of the page. Absent or 0: {usual}. Above {PAGE_MAX} counts as {PAGE_MAX}."
    );
    json_schema!({ "type": "integer", "minimum": 0, "maximum": NUMBER_MAX, "description": text })
}

// === texts ===

/// What an id looks like.
pub(super) trait Prefixed {
    /// A regular expression for the whole of it.
    fn pattern() -> String;
}

impl<M: IdMarker> Prefixed for TypedId<M> {
    fn pattern() -> String {
        format!("^{}_[0-9a-f]{{32}}$", M::PREFIX)
    }
}

pub(super) fn id<I: Prefixed>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": I::pattern() })
}

pub(super) fn optional_id<I: Prefixed>(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "pattern": I::pattern() })
}

pub(super) fn turn_token(_: &mut SchemaGenerator) -> Schema {
    empty_or(TURN_TOKEN)
}

pub(super) fn event_token(_: &mut SchemaGenerator) -> Schema {
    empty_or(EVENT_TOKEN)
}

pub(super) fn session_token(_: &mut SchemaGenerator) -> Schema {
    empty_or(SESSION_TOKEN)
}

pub(super) fn name_token(_: &mut SchemaGenerator) -> Schema {
    empty_or(NAME_TOKEN)
}

pub(super) fn turn_statuses(_: &mut SchemaGenerator) -> Schema {
    words(TURN_STATUSES.iter().map(|(_, word)| *word))
}

pub(super) fn session_statuses(_: &mut SchemaGenerator) -> Schema {
    words(SESSION_STATUSES.iter().map(|(_, word)| *word))
}

/// Words with commas between them.
fn words<'a>(known: impl Iterator<Item = &'a str>) -> Schema {
    let any = known.collect::<Vec<_>>().join("|");
    empty_or(&format!("({any})(,({any}))*"))
}

fn empty_or(pattern: &str) -> Schema {
    json_schema!({ "type": "string", "pattern": format!("^({pattern})?$") })
}

// === the runtime's types ===

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn list_of(name: &str) -> Schema {
    json_schema!({ "type": "array", "items": reference(name) })
}

pub(super) fn capabilities(_: &mut SchemaGenerator) -> Schema {
    list_of("AgentCapabilityConfig")
}

pub(super) fn tools(_: &mut SchemaGenerator) -> Schema {
    list_of("ToolDefinition")
}

pub(super) fn initial_files(_: &mut SchemaGenerator) -> Schema {
    list_of("InitialFile")
}

pub(super) fn user_parts(_: &mut SchemaGenerator) -> Schema {
    list_of(USER_PART)
}

pub(super) fn mcp_servers(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": reference("ScopedMcpServer") })
}

pub(super) fn network_access(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "oneOf": [reference("NetworkAccessList"), { "type": "null" }] })
}

/// The name of the schema of what users may send.
pub(super) const USER_PART: &str = "UserPart";

/// Those of the runtime's parts of messages that users may send.
pub(super) fn user_part(content_part: &Value) -> Value {
    let is_of_user = |part: &&Value| {
        let name = part.pointer("/allOf/1/properties/type/enum/0");
        name.and_then(Value::as_str)
            .is_some_and(|name| USER_PARTS.contains(&name))
    };
    let parts = content_part["oneOf"].as_array().into_iter().flatten();
    let parts: Vec<&Value> = parts.filter(is_of_user).collect();
    json!({ "description": "A text or an image.", "oneOf": parts })
}

// === whole bodies ===

/// One of the two at least is not empty.
pub(super) fn says_something(schema: &mut Schema) {
    let [text, parts] = TEXT_OR_PARTS;
    let either = json!([
        { "required": [text], "properties": { text: { "minLength": 1 } } },
        { "required": [parts], "properties": { parts: { "minItems": 1 } } },
    ]);
    schema.insert("anyOf".into(), either);
}

/// One of the two at most is there, and null counts as absent.
pub(super) fn one_outcome(schema: &mut Schema) {
    let [result, error] = RESULT_OR_ERROR;
    let is_there = json!({ "not": { "type": "null" } });
    let both = json!({
        "required": [result, error],
        "properties": { result: is_there, error: is_there },
    });
    schema.insert("not".into(), both);
}
