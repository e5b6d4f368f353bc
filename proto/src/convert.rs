//! Conversions between the wire messages and the upstream types, one file per
//! store; this file holds what they share.
//!
//! Upstream to wire is `From` and takes the whole struct apart, so that a new
//! upstream field is a compile error here. Wire to upstream is `TryFrom`: a
//! message that breaks the contract is refused with the path of the field, never
//! repaired with a default, the present time or a nil id.

pub mod agent_store;
pub mod budget_checker;
mod content_part;
pub mod egress;
pub mod error;
pub mod event_emitter;
pub mod event_log;
mod fields;
pub mod harness_store;
pub mod image_artifact_store;
pub mod image_resolver;
pub mod leased_resource_store;
pub mod llm_provider_store;
pub mod mcp;
pub mod memory_store;
pub mod message_retriever;
pub mod open_value;
pub mod payment_authority;
pub mod platform_store;
pub mod platform_types;
pub mod provider_credential_store;
pub mod runtime_host;
pub mod session_file_system;
pub mod session_lease;
pub mod session_resource_registry;
pub mod session_schedule_store;
pub mod session_sql_db_store;
pub mod session_storage_store;
pub mod session_store;
pub mod tool_types;
pub mod turn_journal;
pub mod turn_queue;
pub mod user_connection_resolver;
pub mod utility_llm;

use crate::StoreError;
use crate::error::Outcome;
use crate::pb::ErrorReason;

pub use fields::{
    count, enumeration, id, json, json_text, list, map, nested, optional_id, optional_json,
    optional_nested, optional_timestamp, optional_uuid, required, secret_json, timestamp,
    to_timestamp, uuid, wire_enum,
};
pub(crate) use fields::{to_list, to_map};

/// Result of a conversion.
pub type Result<T> = std::result::Result<T, ConvertError>;

/// A message that breaks the contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct ConvertError {
    /// The field, such as `session.tools[2].builtin.parameters_json`.
    pub path: String,
    /// What it holds, and what to send instead. Never the value of a secret.
    pub problem: String,
}

// === impl ConvertError ===

impl ConvertError {
    /// An error of one field.
    pub fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            problem: problem.into(),
        }
    }

    /// The same error, seen from the message that holds this one in `field`.
    #[must_use]
    pub fn within(mut self, field: &str) -> Self {
        self.path = match self.path.as_str() {
            "" => field.to_string(),
            path if path.starts_with('[') => format!("{field}{path}"),
            path => format!("{field}.{path}"),
        };
        self
    }

    /// The error of a client that was given a response it cannot read; `what`
    /// names the response.
    #[must_use]
    pub fn malformed(self, what: &str) -> StoreError {
        let text = format!("{what} cannot be read: {self}");
        // The server answered, so a change that was asked for has happened.
        StoreError::new(ErrorReason::Malformed, text)
            .with("field", self.path)
            .outcome(Outcome::Applied)
    }

    /// An enum that was left out. The path is empty until the holder adds its own.
    fn unspecified<W>() -> Self {
        let name = fields::short_name::<W>();
        Self::new(
            "",
            format!("is unspecified (0); send a value of {name} other than UNSPECIFIED"),
        )
    }
}

impl From<ConvertError> for StoreError {
    /// The error of a server that was given a request it cannot read.
    fn from(error: ConvertError) -> Self {
        Self::invalid_field(error.path, error.problem)
    }
}
