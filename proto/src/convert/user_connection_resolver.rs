//! Users' connections. Upstream only reads them and has no type for one.

use std::fmt;

use serde_json::Value;
use uuid::Uuid;

use super::{ConvertError, Result, json_text, secret_json, uuid};
use crate::pb;
use crate::redact::Redacted;

/// A user's connection to a provider, as it is put in.
#[derive(Clone, PartialEq)]
pub struct Connection {
    /// Whose it is.
    pub user_id: Uuid,
    /// The provider, such as `github`.
    pub provider: String,
    /// The token, in clear text.
    pub token: String,
    /// What the provider wants kept beside the token; it may hold secrets.
    pub metadata: Option<Value>,
}

// === impl Connection ===

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metadata = self.metadata.as_ref().map(json_text);
        f.debug_struct("Connection")
            .field("user_id", &self.user_id)
            .field("provider", &self.provider)
            .field("token", &Redacted::of(&self.token))
            .field("metadata", &Redacted::of(&metadata))
            .finish()
    }
}

impl From<Connection> for pb::Connection {
    fn from(connection: Connection) -> Self {
        let Connection {
            user_id,
            provider,
            token,
            metadata,
        } = connection;
        Self {
            user_id: user_id.to_string(),
            provider,
            token,
            metadata_json: metadata.as_ref().map(json_text),
        }
    }
}

impl TryFrom<pb::Connection> for Connection {
    type Error = ConvertError;

    fn try_from(wire: pb::Connection) -> Result<Self> {
        let metadata = wire.metadata_json.as_deref();
        Ok(Self {
            user_id: uuid("user_id", &wire.user_id)?,
            provider: wire.provider,
            token: wire.token,
            metadata: optional_secret_json("metadata_json", metadata)?,
        })
    }
}

/// One JSON value that may be absent and may hold secrets; `null` is not absent.
pub fn optional_secret_json(field: &str, text: Option<&str>) -> Result<Option<Value>> {
    text.map(|text| secret_json(field, text)).transpose()
}
