//! What entries are made of. Some parts have a short form, a single word.

use crate::platform_file::schema::{OneSubject, Subject, is_false};
use everruns_core::tool_types::{DeferrablePolicy, ToolHints, ToolPolicy};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

const TEXT: &str = "text";

/// A secret: itself, or where it is.
pub(in crate::platform_file) enum Secret {
    Literal(String),
    Elsewhere(Place),
}

/// Where a secret is: in one of the two.
#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::platform_file) struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// JSON that may hold secrets: itself, or where its text is.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::platform_file) struct SecretJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub value: Option<Value>,
}

/// A capability: in short its id, or with a configuration.
#[derive(Default)]
pub(in crate::platform_file) struct Capability {
    pub id: String,
    pub config: Option<Value>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ConfiguredCapability {
    #[serde(rename = "ref")]
    id: String,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    config: Option<Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::platform_file) struct InitialFile {
    pub path: String,
    #[serde(skip_serializing_if = "is_text")]
    pub encoding: String,
    #[serde(skip_serializing_if = "is_false")]
    pub readonly: bool,
    pub content: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::platform_file) struct NetworkAccess {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::platform_file) struct McpServer {
    #[serde(rename = "type")]
    pub transport: Transport,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    pub auth_mode: AuthMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth_provider_id: Option<String>,
    pub tool_discovery: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Secret>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Secret>,
}

pub(in super::super) use everruns_core::mcp_server::{
    McpServerAuthMode as AuthMode, McpServerTransportType as Transport,
};

#[derive(Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::platform_file) enum ToolKind {
    Builtin,
    #[default]
    ClientSide,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::platform_file) struct Tool {
    #[serde(rename = "type")]
    pub kind: ToolKind,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    pub description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<ToolPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(skip_serializing_if = "DeferrablePolicy::is_default")]
    pub deferrable: DeferrablePolicy,
    #[serde(skip_serializing_if = "ToolHints::is_empty", with = "Hints")]
    pub hints: ToolHints,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub parameters: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub full_parameters: Option<Value>,
}

/// The hints as upstream has them, but a key that it does not know is a fault.
#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "ToolHints", default, deny_unknown_fields)]
struct Hints {
    #[serde(skip_serializing_if = "Option::is_none")]
    readonly: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destructive: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_world: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requires_secrets: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    long_running: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supports_background: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_bound: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    persist_output: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capability_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capability_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    narration_noun: Option<String>,
}

// === impl InitialFile, McpServer ===

impl Default for InitialFile {
    fn default() -> Self {
        Self {
            path: String::new(),
            encoding: TEXT.to_string(),
            readonly: false,
            content: String::new(),
        }
    }
}

impl Default for McpServer {
    fn default() -> Self {
        Self {
            transport: Transport::Http,
            url: String::new(),
            command: None,
            args: Vec::new(),
            auth_mode: AuthMode::None,
            oauth_provider_id: None,
            tool_discovery: true,
            headers: BTreeMap::new(),
            env: BTreeMap::new(),
        }
    }
}

fn is_text(encoding: &str) -> bool {
    encoding == TEXT
}

/// `null` is a value; only what is not there is none.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

// === short forms ===

/// Reads a word or the long form of something.
struct WordOr<T, L>(&'static str, PhantomData<(T, L)>);

impl<'de, T: From<String> + From<L>, L: Deserialize<'de>> Visitor<'de> for WordOr<T, L> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E>(self, word: &str) -> Result<T, E> {
        Ok(word.to_string().into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        L::deserialize(MapAccessDeserializer::new(map)).map(Into::into)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::Literal(text)
    }
}

impl From<Place> for Secret {
    fn from(place: Place) -> Self {
        Self::Elsewhere(place)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "{env: NAME}, {file: PATH} or the secret as a string";
        deserializer.deserialize_any(WordOr::<Self, Place>(expected, PhantomData))
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Literal(text) => serializer.serialize_str(text),
            Self::Elsewhere(place) => place.serialize(serializer),
        }
    }
}

impl From<String> for Capability {
    fn from(id: String) -> Self {
        Self { id, config: None }
    }
}

impl From<ConfiguredCapability> for Capability {
    fn from(capability: ConfiguredCapability) -> Self {
        let ConfiguredCapability { id, config } = capability;
        Self { id, config }
    }
}

impl<'de> Deserialize<'de> for Capability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "the id of a capability, or {ref: ID, config: ...}";
        deserializer.deserialize_any(WordOr::<Self, ConfiguredCapability>(expected, PhantomData))
    }
}

impl Serialize for Capability {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.config {
            None => serializer.serialize_str(&self.id),
            Some(config) => ConfiguredCapability {
                id: self.id.clone(),
                config: Some(config.clone()),
            }
            .serialize(serializer),
        }
    }
}

impl From<String> for Subject {
    fn from(word: String) -> Self {
        Self {
            word: Some(word),
            one: OneSubject::default(),
        }
    }
}

impl From<OneSubject> for Subject {
    fn from(one: OneSubject) -> Self {
        Self { word: None, one }
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "organization, {agent: NAME}, {user: UUID}, {session: ID}, {app: ID} \
                        or {app_channel: ID}";
        deserializer.deserialize_any(WordOr::<Self, OneSubject>(expected, PhantomData))
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.word {
            Some(word) => serializer.serialize_str(word),
            None => self.one.serialize(serializer),
        }
    }
}
