//! Keys and names of what a session stores. Values and secrets are plain strings
//! and need no conversion.

use everruns_core::traits::{KeyInfo, SecretInfo};

use super::{ConvertError, Result, timestamp, to_timestamp};
use crate::pb;

// === KeyInfo ===

impl From<KeyInfo> for pb::KeyInfo {
    fn from(info: KeyInfo) -> Self {
        let KeyInfo {
            key,
            created_at,
            updated_at,
        } = info;
        Self {
            key,
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
        }
    }
}

impl TryFrom<pb::KeyInfo> for KeyInfo {
    type Error = ConvertError;

    fn try_from(wire: pb::KeyInfo) -> Result<Self> {
        Ok(Self {
            key: wire.key,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
        })
    }
}

// === SecretInfo ===

impl From<SecretInfo> for pb::SecretInfo {
    fn from(info: SecretInfo) -> Self {
        let SecretInfo {
            name,
            created_at,
            updated_at,
        } = info;
        Self {
            name,
            created_at: Some(to_timestamp(created_at)),
            updated_at: Some(to_timestamp(updated_at)),
        }
    }
}

impl TryFrom<pb::SecretInfo> for SecretInfo {
    type Error = ConvertError;

    fn try_from(wire: pb::SecretInfo) -> Result<Self> {
        Ok(Self {
            name: wire.name,
            created_at: timestamp("created_at", wire.created_at)?,
            updated_at: timestamp("updated_at", wire.updated_at)?,
        })
    }
}
