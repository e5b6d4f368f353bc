//! Secrets at rest: XChaCha20-Poly1305 with a random nonce per sealing. A sealed
//! value is bound to its place, so that one cannot be put where another stood, and
//! says which key it needs, so that keys can be replaced.
//!
//! A secret that stands alone is sealed into columns of its own ([`Sealed`]). A record
//! that holds some among its fields is sealed whole (`record`). [`OrgKeys`] does both,
//! for one org. Nothing here knows the database.

mod binding;
mod keys;
mod org_keys;
mod record;

pub(crate) use binding::Binding;
pub use keys::EncryptionKey;
pub(crate) use keys::{KEY_ID_BYTES, KeyRing};
pub(crate) use org_keys::{OrgKeys, Sealed, SealedRow, configured};
pub(crate) use record::prefix;
