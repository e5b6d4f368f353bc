//! `ProviderCredentialStore` over `ProviderCredentialStoreService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::traits::{ProviderCredentialStore, ProviderCredentials};
use mortise_proto::pb;
use mortise_proto::rpc::table::provider_credential_store_service::GET_DEFAULT_PROVIDER_CREDENTIALS;

#[async_trait]
impl ProviderCredentialStore for Remote {
    async fn get_default_provider_credentials(
        &self,
        provider_type: &str,
    ) -> Result<Option<ProviderCredentials>> {
        let request = pb::GetDefaultProviderCredentialsRequest {
            context: None,
            provider_type: provider_type.into(),
        };
        let answer = self
            .call(&GET_DEFAULT_PROVIDER_CREDENTIALS, request)
            .await?;
        let credentials = answer.credentials.map(TryInto::try_into).transpose();
        credentials.map_err(malformed(GET_DEFAULT_PROVIDER_CREDENTIALS.method))
    }
}
