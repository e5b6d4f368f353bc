//! Secrets at rest: XChaCha20-Poly1305 with a random nonce per sealing. A sealed
//! value is bound to its place, so that one cannot be put where another stood, and
//! says which key it needs, so that keys can be replaced.
//!
//! A secret that stands alone is sealed into columns of its own (here). A record that
//! holds some among its fields is sealed whole (`record`).

mod check;
mod keys;
mod record;
mod rewrap;
mod sealed_columns;

pub(crate) use check::missing_keys;
pub use keys::EncryptionKey;
pub(crate) use keys::KeyRing;
pub(crate) use record::{opened, opened_domain, stored};
pub use rewrap::Rewrapped;

use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;

/// The host's tools look for the first three words.
const NOT_CONFIGURED: &str = "Encryption not configured: start mortise-adapter with --key-file";

/// A sealed value as it is stored.
pub(crate) struct Sealed {
    pub(crate) key_id: String,
    pub(crate) nonce: Vec<u8>,
    pub(crate) text: Vec<u8>,
}

/// What a sealed value is and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AssociatedData<'a> {
    /// A session's secret.
    Secret {
        org_id: i64,
        session_id: &'a str,
        name: &'a str,
    },
    /// The API key of a model.
    ApiKey { org_id: i64, model_id: &'a str },
    /// A sealed column of a table, in the row of these two key columns.
    Column {
        org_id: i64,
        table: &'static str,
        row: [&'a str; 2],
    },
    /// A whole record of a table, in the row of these two key columns.
    Record {
        org_id: i64,
        table: &'static str,
        row: [&'a str; 2],
    },
}

// === impl AssociatedData ===

impl<'a> AssociatedData<'a> {
    /// A whole record of a table whose rows have one key column.
    pub(crate) fn record(org_id: i64, table: &'static str, id: &'a str) -> Self {
        Self::Record {
            org_id,
            table,
            row: [id, ""],
        }
    }

    /// Each field is preceded by its length: no two places give the same bytes.
    fn bytes(self) -> Vec<u8> {
        let (kind, org_id, fields): (u8, i64, &[&str]) = match &self {
            Self::Secret {
                org_id,
                session_id,
                name,
            } => (1, *org_id, &[session_id, name]),
            Self::ApiKey { org_id, model_id } => (2, *org_id, &[model_id, ""]),
            Self::Column { org_id, table, row } => (3, *org_id, &[table, row[0], row[1]]),
            Self::Record { org_id, table, row } => (4, *org_id, &[table, row[0], row[1]]),
        };
        let mut bytes = b"mortise sealed v1".to_vec();
        bytes.push(kind);
        bytes.extend(org_id.to_le_bytes());
        for field in fields {
            bytes.extend((field.len() as u64).to_le_bytes());
            bytes.extend(field.as_bytes());
        }
        bytes
    }
}

// === sealing ===

/// The keys, or what to do about there being none.
pub(crate) fn configured(keys: Option<&KeyRing>) -> Result<&KeyRing, StoreError> {
    keys.ok_or_else(|| refused(NOT_CONFIGURED))
}

/// Seals a value for its place.
pub(crate) fn seal(
    keys: Option<&KeyRing>,
    bound: AssociatedData<'_>,
    value: &str,
) -> Result<Sealed, StoreError> {
    let key = configured(keys)?.current();
    let (nonce, text) = key
        .encrypt(&bound.bytes(), value.as_bytes())
        .ok_or_else(too_long)?;
    Ok(Sealed {
        key_id: key.id().to_string(),
        nonce: nonce.to_vec(),
        text,
    })
}

/// The value that was sealed for this place.
pub(crate) fn unseal(
    keys: Option<&KeyRing>,
    bound: AssociatedData<'_>,
    sealed: &Sealed,
) -> Result<String, StoreError> {
    let key = key_of(keys, &sealed.key_id)?;
    let value = key
        .decrypt(&bound.bytes(), &sealed.nonce, &sealed.text)
        .ok_or_else(broken)?;
    String::from_utf8(value).map_err(|_| broken())
}

/// The key that something was sealed with.
fn key_of<'k>(keys: Option<&'k KeyRing>, key_id: &str) -> Result<&'k EncryptionKey, StoreError> {
    let keys = configured(keys)?;
    keys.find(key_id).ok_or_else(|| {
        refused(format!(
            "the value is sealed with key {key_id}, this server has {}; \
             start mortise-adapter with the file of that key as --key-file or --old-key-file",
            keys.names()
        ))
    })
}

fn too_long() -> StoreError {
    refused("the value is too long to be encrypted")
}

fn broken() -> StoreError {
    refused("a sealed value was changed or moved in the database")
}

fn refused(text: impl Into<String>) -> StoreError {
    StoreError::new(ErrorReason::Configuration, text).outcome(Outcome::NotApplied)
}
