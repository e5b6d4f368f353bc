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

use crate::seal::keys::{EncryptionKey, KEY_ID_BYTES, NONCE_BYTES};

/// What an envelope begins with: no message, and the version of the form.
const ENVELOPE: [u8; 2] = [0x00, 0x01];

/// What is stored in clear where there is no key: fields that may hold a secret and
/// seldom do. A storage without a key would otherwise refuse every agent that
/// configures a capability. All other secrets are refused then.
pub(super) const CLEAR_WITHOUT_A_KEY: [&str; 6] = [
    "AgentCapabilityConfig.config_json",
    "Event.data_json",
    "GetValueResponse.value",
    "Message.thinking",
    "Message.thinking_signature",
    "NewEvent.data_json",
];

/// An envelope of a message. `None` if the message is too long for the cipher.
pub(super) fn sealed(
    key: &EncryptionKey,
    associated_data: &[u8],
    message: &[u8],
) -> Option<Vec<u8>> {
    let (nonce, text) = key.encrypt(associated_data, message)?;
    let mut envelope = prefix(key.id_bytes());
    envelope.extend(nonce);
    envelope.extend(text);
    Some(envelope)
}

/// What every envelope that was sealed with this key begins with.
pub(crate) fn prefix(key_id: [u8; KEY_ID_BYTES]) -> Vec<u8> {
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
    /// `None` if it is a message; `Some(None)` if it begins as an envelope and is none.
    pub(super) fn read(body: &'a [u8]) -> Option<Option<Self>> {
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
        Some(parts())
    }

    /// The message in it. `None` if anything about it was changed.
    pub(super) fn open(&self, key: &EncryptionKey, associated_data: &[u8]) -> Option<Vec<u8>> {
        key.decrypt(associated_data, self.nonce, self.text)
    }
}
