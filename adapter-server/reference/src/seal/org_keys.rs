//! Sealing and opening for one org: every value is bound to the org beside its row.

use crate::encoding::{decoded, stored_fault};
use crate::seal::binding::Binding;
use crate::seal::keys::{EncryptionKey, KeyRing, key_id};
use crate::seal::record;
use crate::seal::record::Envelope;
use mortise_proto::convert::ConvertError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use mortise_proto::{Secrets, StoreError};
use prost::Message;

/// The host's tools look for the first three words.
const NOT_CONFIGURED: &str = "Encryption not configured: start mortise-adapter with --key-file";

/// The keys for what one org has, if the storage has any. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrgKeys<'k> {
    keys: Option<&'k KeyRing>,
    org_id: i64,
}

/// A sealed value as it is stored.
pub(crate) struct Sealed {
    pub(crate) key_id: String,
    pub(crate) nonce: Vec<u8>,
    pub(crate) text: Vec<u8>,
}

/// The columns of a sealed value.
pub(crate) type SealedRow = (String, Vec<u8>, Vec<u8>);

// === impl Sealed ===

impl From<SealedRow> for Sealed {
    fn from((key_id, nonce, text): SealedRow) -> Self {
        Self {
            key_id,
            nonce,
            text,
        }
    }
}

/// The keys of a storage, or what to do about there being none.
pub(crate) fn configured(keys: Option<&KeyRing>) -> Result<&KeyRing, StoreError> {
    keys.ok_or_else(|| refused(NOT_CONFIGURED))
}

// === impl OrgKeys ===

impl<'k> OrgKeys<'k> {
    pub(crate) fn new(keys: Option<&'k KeyRing>, org_id: i64) -> Self {
        Self { keys, org_id }
    }

    /// The keys, or what to do about there being none.
    pub(crate) fn configured(self) -> Result<&'k KeyRing, StoreError> {
        configured(self.keys)
    }

    /// Seals a value for its place.
    pub(crate) fn seal(self, binding: Binding<'_>, value: &str) -> Result<Sealed, StoreError> {
        let key = self.configured()?.current();
        let (nonce, text) = key
            .encrypt(&self.associated_data(binding), value.as_bytes())
            .ok_or_else(too_long)?;
        Ok(Sealed {
            key_id: key.id().to_string(),
            nonce: nonce.to_vec(),
            text,
        })
    }

    /// The value that was sealed for this place.
    pub(crate) fn unseal(
        self,
        binding: Binding<'_>,
        sealed: &Sealed,
    ) -> Result<String, StoreError> {
        let key = self.key_of(&sealed.key_id)?;
        let value = key
            .decrypt(&self.associated_data(binding), &sealed.nonce, &sealed.text)
            .ok_or_else(broken)?;
        String::from_utf8(value).map_err(|_| broken())
    }

    /// The form in which a record is stored at its place.
    pub(crate) fn stored<W: Message + Secrets>(
        self,
        binding: Binding<'_>,
        record: &W,
    ) -> Result<Vec<u8>, StoreError> {
        let body = record.encode_to_vec();
        if record.secret(&|_| true).is_none() {
            return Ok(body);
        }
        if self.keys.is_some() {
            return self.seal_message(binding, &body);
        }
        match record.secret(&|field| !record::CLEAR_WITHOUT_A_KEY.contains(&field)) {
            None => Ok(body),
            Some(field) => Err(refused(format!("{NOT_CONFIGURED} ({field} is a secret)"))),
        }
    }

    /// The record that is stored at its place.
    pub(crate) fn opened<W: Message + Default>(
        self,
        binding: Binding<'_>,
        body: &[u8],
    ) -> Result<W, StoreError> {
        match self.open_envelope(binding, body)? {
            None => decoded(body),
            Some(message) => decoded(&message),
        }
    }

    /// The upstream form of the record that is stored at its place.
    pub(crate) fn opened_domain<W, D>(
        self,
        binding: Binding<'_>,
        body: &[u8],
    ) -> Result<D, StoreError>
    where
        W: Message + Default,
        D: TryFrom<W, Error = ConvertError>,
    {
        D::try_from(self.opened(binding, body)?).map_err(stored_fault)
    }

    /// An envelope of a message, sealed with the current key.
    pub(crate) fn seal_message(
        self,
        binding: Binding<'_>,
        message: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let key = self.configured()?.current();
        record::sealed(key, &self.associated_data(binding), message).ok_or_else(too_long)
    }

    /// The message in an envelope; `None` if what is stored is no envelope.
    pub(crate) fn open_envelope(
        self,
        binding: Binding<'_>,
        body: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(envelope) = Envelope::read(body) else {
            return Ok(None);
        };
        let envelope = envelope.ok_or_else(broken)?;
        let key = self.key_of(&key_id(&envelope.key_id))?;
        let message = envelope.open(key, &self.associated_data(binding));
        message.map(Some).ok_or_else(broken)
    }

    /// The key that something was sealed with.
    fn key_of(self, key_id: &str) -> Result<&'k EncryptionKey, StoreError> {
        let keys = self.configured()?;
        keys.find(key_id).ok_or_else(|| {
            refused(format!(
                "the value is sealed with key {key_id}, this server has {}; \
                 start mortise-adapter with the file of that key as --key-file or --old-key-file",
                keys.names()
            ))
        })
    }

    fn associated_data(self, binding: Binding<'_>) -> Vec<u8> {
        binding.associated_data(self.org_id)
    }
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
