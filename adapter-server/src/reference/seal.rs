//! Secrets at rest: XChaCha20-Poly1305 under one key, with a random nonce per
//! sealing. A sealed value is bound to its place, so that one cannot be put where
//! another stood.

use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use std::fmt;

const NONCE_BYTES: usize = 24;

/// The host's tools look for the first three words.
const NOT_CONFIGURED: &str = "Encryption not configured: start mortise-adapter with --key-file";

/// The key that secrets are sealed with.
#[derive(Clone)]
pub struct EncryptionKey {
    /// The cipher holds the key and wipes it when it goes.
    cipher: XChaCha20Poly1305,
    key_id: String,
}

/// A sealed value as it is stored.
pub(super) struct Sealed {
    pub(super) key_id: String,
    pub(super) nonce: Vec<u8>,
    pub(super) text: Vec<u8>,
}

/// What a sealed value is and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bound<'a> {
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
}

// === impl EncryptionKey ===

impl EncryptionKey {
    /// The key of 32 bytes, which must be random.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        let cipher = XChaCha20Poly1305::new(&bytes.into());
        // A tag over nothing says which key it was and nothing about it. Its nonce is
        // never drawn for a secret: those are 192 random bits.
        let label = Payload {
            msg: &[],
            aad: b"mortise key id",
        };
        let tag = cipher
            .encrypt(&XNonce::default(), label)
            .unwrap_or_default();
        let key_id = tag.iter().take(8).map(|byte| format!("{byte:02x}"));
        Self {
            key_id: key_id.collect(),
            cipher,
        }
    }

    /// Names the key without telling it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.key_id
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

// === impl Bound ===

impl Bound<'_> {
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

/// The key, or what to do about there being none.
pub(super) fn configured(key: Option<&EncryptionKey>) -> Result<&EncryptionKey, StoreError> {
    key.ok_or_else(|| refused(NOT_CONFIGURED))
}

/// Seals a value for its place.
pub(super) fn seal(
    key: Option<&EncryptionKey>,
    bound: Bound<'_>,
    value: &str,
) -> Result<Sealed, StoreError> {
    let key = configured(key)?;
    let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
    let payload = Payload {
        msg: value.as_bytes(),
        aad: &bound.bytes(),
    };
    let text = key
        .cipher
        .encrypt(&nonce, payload)
        .map_err(|_| refused("the value is too long to be sealed"))?;
    Ok(Sealed {
        key_id: key.key_id.clone(),
        nonce: nonce.to_vec(),
        text,
    })
}

/// The value that was sealed for this place.
pub(super) fn unseal(
    key: Option<&EncryptionKey>,
    bound: Bound<'_>,
    sealed: &Sealed,
) -> Result<String, StoreError> {
    let key = configured(key)?;
    if sealed.key_id != key.key_id {
        return Err(refused(format!(
            "the value is sealed with key {}, this server has key {}; \
             start mortise-adapter with the --key-file of that key",
            sealed.key_id, key.key_id
        )));
    }
    let broken = || refused("a sealed value was changed or moved in the database");
    if sealed.nonce.len() != NONCE_BYTES {
        return Err(broken());
    }
    let payload = Payload {
        msg: &sealed.text,
        aad: &bound.bytes(),
    };
    let value = key
        .cipher
        .decrypt(XNonce::from_slice(&sealed.nonce), payload)
        .map_err(|_| broken())?;
    String::from_utf8(value).map_err(|_| broken())
}

fn refused(text: impl Into<String>) -> StoreError {
    StoreError::new(ErrorReason::Configuration, text).outcome(Outcome::NotApplied)
}
