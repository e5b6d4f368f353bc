//! Records that hold secrets among their fields.
//!
//! A stored record is its protobuf message, or, when the message holds a secret, one
//! envelope that says what opens it:
//!
//! ```text
//! 00 01 | key id, 8 bytes | nonce, 24 bytes | the sealed message
//! ```
//!
//! No protobuf message begins with 00, so the two cannot be taken for each other.

use crate::db::encoding::{decoded, stored_fault};
use crate::seal::keys::{KEY_ID_BYTES, NONCE_BYTES, key_id};
use crate::seal::{AssociatedData, KeyRing, NOT_CONFIGURED, broken, key_of, refused, too_long};
use mortise_proto::convert::ConvertError;
use mortise_proto::{Secrets, StoreError};
use prost::Message;

/// What an envelope begins with: no message, and the version of the form.
pub(super) const ENVELOPE: [u8; 2] = [0x00, 0x01];

/// What is stored in clear where there is no key: fields that may hold a secret and
/// seldom do. A storage without a key would otherwise refuse every agent that
/// configures a capability. All other secrets are refused then.
const CLEAR_WITHOUT_A_KEY: [&str; 6] = [
    "AgentCapabilityConfig.config_json",
    "Event.data_json",
    "GetValueResponse.value",
    "Message.thinking",
    "Message.thinking_signature",
    "NewEvent.data_json",
];

/// The form in which a record is stored at its place.
pub(crate) fn stored<W: Message + Secrets>(
    keys: Option<&KeyRing>,
    bound: AssociatedData<'_>,
    record: &W,
) -> Result<Vec<u8>, StoreError> {
    let body = record.encode_to_vec();
    if record.secret(&|_| true).is_none() {
        return Ok(body);
    }
    match keys {
        Some(keys) => sealed(keys, bound, &body),
        None => match record.secret(&|field| !CLEAR_WITHOUT_A_KEY.contains(&field)) {
            None => Ok(body),
            Some(field) => Err(refused(format!("{NOT_CONFIGURED} ({field} is a secret)"))),
        },
    }
}

/// The record that is stored at its place.
pub(crate) fn opened<W: Message + Default>(
    keys: Option<&KeyRing>,
    bound: AssociatedData<'_>,
    body: &[u8],
) -> Result<W, StoreError> {
    match Envelope::read(body) {
        None => decoded(body),
        Some(envelope) => decoded(&envelope?.open(keys, bound)?),
    }
}

/// The upstream form of the record that is stored at its place.
pub(crate) fn opened_domain<W, D>(
    keys: Option<&KeyRing>,
    bound: AssociatedData<'_>,
    body: &[u8],
) -> Result<D, StoreError>
where
    W: Message + Default,
    D: TryFrom<W, Error = ConvertError>,
{
    D::try_from(opened(keys, bound, body)?).map_err(stored_fault)
}

/// An envelope of a message.
pub(super) fn sealed(
    keys: &KeyRing,
    bound: AssociatedData<'_>,
    message: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let key = keys.current();
    let (nonce, text) = key.encrypt(&bound.bytes(), message).ok_or_else(too_long)?;
    let mut envelope = prefix(key.id_bytes());
    envelope.extend(nonce);
    envelope.extend(text);
    Ok(envelope)
}

/// What every envelope that was sealed with this key begins with.
pub(super) fn prefix(key_id: [u8; KEY_ID_BYTES]) -> Vec<u8> {
    [&ENVELOPE[..], &key_id].concat()
}

/// An envelope, taken apart.
pub(super) struct Envelope<'a> {
    pub(super) key_id: [u8; KEY_ID_BYTES],
    nonce: &'a [u8],
    text: &'a [u8],
}

// === impl Envelope ===

impl<'a> Envelope<'a> {
    /// `None` if it is a message.
    pub(super) fn read(body: &'a [u8]) -> Option<Result<Self, StoreError>> {
        if body.first() != ENVELOPE.first() {
            return None;
        }
        let parts = || {
            let rest = body.strip_prefix(&ENVELOPE)?;
            let (key_id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>()?;
            let (nonce, text) = rest.split_at_checked(NONCE_BYTES)?;
            Some(Self {
                key_id: *key_id,
                nonce,
                text,
            })
        };
        Some(parts().ok_or_else(broken))
    }

    /// The message in it.
    pub(super) fn open(
        &self,
        keys: Option<&KeyRing>,
        bound: AssociatedData<'_>,
    ) -> Result<Vec<u8>, StoreError> {
        key_of(keys, &key_id(&self.key_id))?
            .decrypt(&bound.bytes(), self.nonce, self.text)
            .ok_or_else(broken)
    }
}
