//! The description of the HTTP API. What callers send is described by the types that read it
//! (`asked.rs`), sessions, messages and events by the runtime's types (`openapi/upstream.json`,
//! by `cargo xtask schemas`), and the rest by hand (`openapi/base.json`).

mod events;

pub use events::events_page;

use super::asked::{
    CancelBody, EventPage, MessageBody, MessagePage, ModelPage, OfOrg, RecordPage, ResultsBody,
    SessionBody, SessionChange, SessionPage, SessionTurnPage, TurnBody, TurnPage,
};
use super::body::IDEMPOTENCY_KEY;
use super::schemas::{USER_PART, id, number, user_part};
use crate::host::REQUEST_ID_BYTES_MAX;
use events::event_schemas;
use everruns_core::typed_id::{AgentId, HarnessId, ModelId, SessionId, TurnId};
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const BASE: &str = include_str!("openapi/base.json");
const UPSTREAM: &str = include_str!("openapi/upstream.json");
const EXAMPLES: &str = include_str!("openapi/examples.json");

/// What the parts say of the runtime's types.
#[derive(serde::Deserialize)]
struct Upstream {
    types: BTreeMap<String, Value>,
    /// The type of the payload, by the type of the event.
    events: BTreeMap<String, String>,
}

type Make = fn(&mut SchemaGenerator) -> Schema;

/// What operations take beside the ids of their paths: query, body, and whether they are
/// changes. Those that are not here take nothing.
const TAKEN: &[(&str, Make, Option<Make>, bool)] = &[
    ("listSessions", a::<SessionPage>, None, false),
    ("createSession", a::<OfOrg>, Some(a::<SessionBody>), true),
    ("getSession", a::<OfOrg>, None, false),
    ("updateSession", a::<OfOrg>, Some(a::<SessionChange>), true),
    ("deleteSession", a::<OfOrg>, None, true),
    ("listSessionTurns", a::<SessionTurnPage>, None, false),
    ("runTurn", a::<OfOrg>, Some(a::<TurnBody>), true),
    ("getTurn", a::<OfOrg>, None, false),
    ("listMessages", a::<MessagePage>, None, false),
    ("sendMessage", a::<OfOrg>, Some(a::<MessageBody>), true),
    (
        "submitToolResults",
        a::<OfOrg>,
        Some(a::<ResultsBody>),
        true,
    ),
    ("cancelTurn", a::<OfOrg>, Some(a::<CancelBody>), true),
    ("events", a::<EventPage>, None, false),
    ("listTurns", a::<TurnPage>, None, false),
    ("listAgents", a::<RecordPage>, None, false),
    ("getAgent", a::<OfOrg>, None, false),
    ("listHarnesses", a::<RecordPage>, None, false),
    ("getHarness", a::<OfOrg>, None, false),
    ("listModels", a::<ModelPage>, None, false),
    ("getModel", a::<OfOrg>, None, false),
];

fn a<T: schemars::JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<T>()
}

/// The ids that paths have.
const PATH_IDS: &[(&str, Make)] = &[
    ("session_id", id::<SessionId>),
    ("turn_id", id::<TurnId>),
    ("agent_id", id::<AgentId>),
    ("harness_id", id::<HarnessId>),
    ("model_id", id::<ModelId>),
];

/// The document, as text.
#[must_use]
pub fn document() -> &'static str {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    DOCUMENT.get_or_init(|| match composed() {
        Ok(document) => document.to_string(),
        Err(error) => {
            // A test reads all parts.
            tracing::error!(%error, "the description of the HTTP API cannot be read");
            "{}".into()
        }
    })
}

fn composed() -> serde_json::Result<Value> {
    let mut document: Value = serde_json::from_str(BASE)?;
    let upstream: Upstream = serde_json::from_str(UPSTREAM)?;
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.definitions_path = "/components/schemas".into();
    });
    let mut taken = settings.into_generator();
    let paths = document["paths"].as_object_mut();
    for (path, methods) in paths.into_iter().flatten() {
        let methods = methods.as_object_mut();
        for (_, operation) in methods.into_iter().flatten() {
            take(path, operation, &mut taken);
        }
    }
    let part = upstream.types.get("ContentPart").map(user_part);
    let mut schemas: Map<String, Value> = upstream.types.into_iter().collect();
    schemas.values_mut().for_each(say_ids);
    schemas.extend(event_schemas(&upstream.events));
    schemas.extend(part.map(|part| (USER_PART.into(), part)));
    let own = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    if let Some(own) = own {
        // The API's own types come before the runtime's of the same name.
        schemas.append(own);
        schemas.append(&mut taken.take_definitions(true));
        *own = schemas;
    }
    Ok(document)
}

/// The prefixes of the ids that upstream's types have.
const ID_PREFIXES: &[&str] = &[
    "agent",
    "agentver",
    "harness",
    "identity",
    "img",
    "message",
    "model",
    "org",
    "principal",
    "session",
    "turn",
];

/// Puts the form of an id in the place of upstream's examples, which have a digit too few.
fn say_ids(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(say_ids),
        Value::Object(fields) => {
            fields.values_mut().for_each(say_ids);
            let example = fields.get("example").and_then(Value::as_str);
            let id = example.and_then(|example| example.split_once('_'));
            let digits =
                |text: &str| text.len() > 20 && text.bytes().all(|b| b.is_ascii_hexdigit());
            let Some((prefix, _)) = id.filter(|(_, rest)| digits(rest)) else {
                return;
            };
            let known = ID_PREFIXES.iter().find(|known| **known == prefix);
            let pattern = known.map(|prefix| json!(format!("^{prefix}_[0-9a-f]{{32}}$")));
            fields.remove("example");
            fields.extend(pattern.map(|pattern| ("pattern".to_string(), pattern)));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Says what an operation takes.
fn take(path: &str, operation: &mut Value, schemas: &mut SchemaGenerator) {
    let name = operation["operationId"].as_str().unwrap_or_default();
    let taken = TAKEN.iter().find(|(operation, ..)| *operation == name);
    let Some((name, query, body, is_change)) = taken else {
        return;
    };
    let mut parameters = path_parameters(path, schemas);
    parameters.extend(query_parameters(query(schemas)));
    if *is_change {
        parameters.push(idempotency_key());
    }
    if *name == "events" {
        parameters.push(last_event_id(schemas));
    }
    operation["parameters"] = json!(parameters);
    if let Some(body) = body {
        let schema = body(schemas);
        // Where nothing is required, nothing need be sent.
        let is_required = *name != "cancelTurn";
        operation["requestBody"] = json!({
            "required": is_required,
            "content": { "application/json": { "schema": schema } },
        });
    }
}

fn path_parameters(path: &str, schemas: &mut SchemaGenerator) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        PATH_IDS.iter().find(|(known, _)| *known == name)
    });
    names
        .map(|(name, make)| {
            let what = name.trim_end_matches("_id");
            json!({
                "name": name,
                "in": "path",
                "required": true,
                "description": format!("The {what}."),
                "schema": make(schemas),
            })
        })
        .collect()
}

/// A parameter for each field of a query.
fn query_parameters(query: Schema) -> Vec<Value> {
    let query = query.to_value();
    let fields = query["properties"].as_object().into_iter().flatten();
    fields
        .map(|(name, schema)| {
            let mut schema = schema.clone();
            let about = schema.as_object_mut().and_then(|own| {
                own.remove("default");
                // A query has no null: the field is there or not.
                if let Some(Value::Array(kinds)) = own.get_mut("type") {
                    let kind = kinds.first().cloned();
                    own.extend(kind.map(|kind| ("type".to_string(), kind)));
                }
                own.remove("description")
            });
            json!({ "name": name, "in": "query", "description": about, "schema": schema })
        })
        .collect()
}

fn idempotency_key() -> Value {
    json!({
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "description": "The caller's id of this change, such as a UUID. For 24 hours the same call with the same id happens once and has the same answer, also across a crash of the host.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": REQUEST_ID_BYTES_MAX,
            // Printable, without spaces around it; an empty quoted string is no id.
            "pattern": "^(?!\"\"$)[!-~]([ -~]*[!-~])?$",
        },
    })
}

fn last_event_id(schemas: &mut SchemaGenerator) -> Value {
    json!({
        "name": "Last-Event-ID",
        "in": "header",
        "description": "As `after`, and before it: what a browser sends that comes back.",
        "schema": number(schemas),
    })
}

#[cfg(test)]
mod tests {
    use super::events::EPHEMERAL;
    use super::*;
    use everruns_core::events::{
        EventContext, EventData, EventRequest, VALID_EVENT_TYPES, deserialize_event_data,
    };
    use everruns_core::typed_id::SessionId;
    use std::collections::BTreeSet;

    /// Types that a session's events never have, though upstream lists them: nothing emits
    /// them, and no payload is defined.
    const WITHOUT_PAYLOAD: &[&str] = &["schedule.triggered"];

    /// The catalogue has every type that upstream knows and no other, and each example is
    /// read as its own type and written as it was.
    #[test]
    fn the_catalogue_is_upstreams() -> serde_json::Result<()> {
        let upstream: Upstream = serde_json::from_str(UPSTREAM)?;
        let examples: BTreeMap<String, Value> = serde_json::from_str(EXAMPLES)?;
        let described: BTreeSet<&str> = upstream.events.keys().map(String::as_str).collect();
        let mut known: BTreeSet<&str> = VALID_EVENT_TYPES.iter().copied().collect();
        known.retain(|event_type| !WITHOUT_PAYLOAD.contains(event_type));
        // Upstream's list for filters leaves it out.
        known.insert(everruns_core::events::CAPABILITY_USAGE);
        assert_eq!(described, known);
        assert_eq!(described, examples.keys().map(String::as_str).collect());
        for (event_type, example) in examples {
            let data = deserialize_event_data(&event_type, example.clone());
            let is_known = !matches!(data, EventData::Unsupported { .. });
            assert!(is_known, "{event_type}: {example}");
            assert_eq!(data.event_type(), event_type);
            let request =
                EventRequest::new(SessionId::from_seed(1), EventContext::empty(), data.clone());
            let is_ephemeral = EPHEMERAL.contains(&event_type.as_str());
            assert_eq!(is_ephemeral, request.is_ephemeral(), "{event_type}");
            let written = serde_json::to_value(&data)?;
            for (field, value) in example.as_object().into_iter().flatten() {
                assert_eq!(&written[field], value, "{event_type}.{field}");
            }
        }
        Ok(())
    }

    /// What is taken is said of every operation of the API.
    #[test]
    fn every_operation_says_what_it_takes() -> serde_json::Result<()> {
        let document = composed()?;
        let paths = document["paths"].as_object().into_iter().flatten();
        for (path, methods) in paths.filter(|(path, _)| path.starts_with("/v1/")) {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let parameters = operation["parameters"].as_array();
                let names = parameters.into_iter().flatten();
                let names: Vec<_> = names.filter_map(|one| one["name"].as_str()).collect();
                assert!(names.contains(&"org"), "{method} {path}: {names:?}");
                assert_eq!(
                    path.matches('{').count(),
                    names
                        .iter()
                        .filter(|name| path.contains(&format!("{{{name}}}")))
                        .count(),
                    "{method} {path}: {names:?}"
                );
            }
        }
        Ok(())
    }

    /// docs/events.md is what this makes.
    #[test]
    fn the_page_is_fresh() -> serde_json::Result<()> {
        let page = include_str!("../../../../docs/events.md");
        assert!(page == events_page()?, "run `cargo xtask docs`");
        Ok(())
    }

    /// Sessions, messages and events have schemas, every reference leads somewhere, and each
    /// event type has a schema of its own.
    #[test]
    fn types_are_described() -> serde_json::Result<()> {
        let document = composed()?;
        let schemas = &document["components"]["schemas"];
        for field in ["status", "created_at", "harness_id"] {
            assert!(
                schemas["Session"]["properties"][field].is_object(),
                "{field}"
            );
        }
        let completed = &schemas["TurnCompletedEvent"]["allOf"][1]["properties"];
        assert_eq!(completed["type"]["enum"], json!(["turn.completed"]));
        let text = document.to_string();
        for part in text.split("\"$ref\":\"#").skip(1) {
            let pointer = part.split('"').next().unwrap_or_default();
            assert!(
                document.pointer(pointer).is_some(),
                "{pointer} leads nowhere"
            );
        }
        Ok(())
    }
}
