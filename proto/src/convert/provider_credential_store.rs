//! Credentials of model providers.

use everruns_core::traits::ProviderCredentials;

use super::{ConvertError, Result};
use crate::pb;

// === ProviderCredentials ===

impl From<ProviderCredentials> for pb::ProviderCredentials {
    fn from(credentials: ProviderCredentials) -> Self {
        let ProviderCredentials { api_key, base_url } = credentials;
        Self { api_key, base_url }
    }
}

impl TryFrom<pb::ProviderCredentials> for ProviderCredentials {
    type Error = ConvertError;

    fn try_from(wire: pb::ProviderCredentials) -> Result<Self> {
        Ok(Self {
            api_key: wire.api_key,
            base_url: wire.base_url,
        })
    }
}
