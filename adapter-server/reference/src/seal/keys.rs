//! Keys: one that seals, and older ones that only open.

use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::fmt;
use std::sync::Arc;

pub(super) const NONCE_BYTES: usize = 24;

pub(crate) const KEY_ID_BYTES: usize = 8;

/// A key that secrets are sealed with.
#[derive(Clone)]
pub struct EncryptionKey {
    /// The cipher holds the key and wipes it when it goes.
    cipher: XChaCha20Poly1305,
    id_bytes: [u8; KEY_ID_BYTES],
    key_id: String,
}

/// The keys of a storage. Cheap to clone: the keys are not copied.
#[derive(Debug, Clone)]
pub(crate) struct KeyRing(Arc<Keys>);

#[derive(Debug)]
struct Keys {
    current: EncryptionKey,
    previous: Vec<EncryptionKey>,
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
        let id_bytes = tag.first_chunk().copied().unwrap_or_default();
        Self {
            cipher,
            id_bytes,
            key_id: key_id(&id_bytes),
        }
    }

    /// Names the key without telling it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.key_id
    }

    pub(crate) fn id_bytes(&self) -> [u8; KEY_ID_BYTES] {
        self.id_bytes
    }

    /// Encrypts with a fresh nonce. `None` if the text is too long for the cipher.
    pub(super) fn encrypt(
        &self,
        bound: &[u8],
        text: &[u8],
    ) -> Option<([u8; NONCE_BYTES], Vec<u8>)> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let payload = Payload {
            msg: text,
            aad: bound,
        };
        let sealed = self.cipher.encrypt(&nonce, payload).ok()?;
        Some((nonce.into(), sealed))
    }

    /// Decrypts. `None` if anything about it was changed.
    pub(super) fn decrypt(&self, bound: &[u8], nonce: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let payload = Payload {
            msg: sealed,
            aad: bound,
        };
        self.cipher.decrypt(&XNonce::from(nonce), payload).ok()
    }
}

impl fmt::Debug for EncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptionKey")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

// === impl KeyRing ===

impl KeyRing {
    /// A key that seals, and others that only open.
    pub(crate) fn new(current: EncryptionKey, previous: Vec<EncryptionKey>) -> Self {
        Self(Arc::new(Keys { current, previous }))
    }

    /// The key that seals.
    pub(crate) fn current(&self) -> &EncryptionKey {
        &self.0.current
    }

    /// The key of this name.
    pub(crate) fn find(&self, key_id: &str) -> Option<&EncryptionKey> {
        self.all().find(|key| key.key_id == key_id)
    }

    /// The names of all keys, for people.
    pub(crate) fn names(&self) -> String {
        let names: Vec<_> = self.all().map(EncryptionKey::id).collect();
        format!("key {}", names.join(" and "))
    }

    fn all(&self) -> impl Iterator<Item = &EncryptionKey> {
        [&self.0.current].into_iter().chain(&self.0.previous)
    }
}

/// The name of a key as people read it.
pub(super) fn key_id(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
