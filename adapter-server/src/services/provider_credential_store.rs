//! `ProviderCredentialStoreService` over `ProviderCredentialStore`, where the adapter
//! has one.

use crate::AdapterSource;
use crate::serve::{Outcome, Serving, not_offered};
use everruns_core::traits::ProviderCredentialStore;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::pb;
use mortise_proto::pb::provider_credential_store_service_server::ProviderCredentialStoreService;
use mortise_proto::rpc::table::provider_credential_store_service::{
    GET_DEFAULT_PROVIDER_CREDENTIALS, NAME,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> ProviderCredentialStoreService for Serving<S> {
    async fn get_default_provider_credentials(
        &self,
        request: Request<pb::GetDefaultProviderCredentialsRequest>,
    ) -> Result<Response<pb::GetDefaultProviderCredentialsResponse>, Status> {
        self.unary(
            &GET_DEFAULT_PROVIDER_CREDENTIALS,
            request,
            |call| async move {
                let store = offered(call.adapter.provider_credential_store(call.scope.org_id))?;
                let credentials = store
                    .get_default_provider_credentials(&call.request.provider_type)
                    .await?;
                Ok(pb::GetDefaultProviderCredentialsResponse {
                    credentials: credentials.map(Into::into),
                })
            },
        )
        .await
    }
}

fn offered(
    store: Option<Arc<dyn ProviderCredentialStore>>,
) -> Outcome<Arc<dyn ProviderCredentialStore>> {
    store.ok_or_else(|| not_offered(NAME))
}
