//! `ProviderCredentialStoreService` over `ProviderCredentialStore`, where the adapter
//! has one.

use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::traits::ProviderCredentialStore;
use mortise_proto::pb;
use mortise_proto::rpc::table::provider_credential_store_service::NAME;
use std::sync::Arc;

pub(super) async fn get_default_provider_credentials(
    call: Call<pb::GetDefaultProviderCredentialsRequest>,
) -> HandlerResult<pb::GetDefaultProviderCredentialsResponse> {
    let store = offered(call.adapter.provider_credential_store(call.scope.org_id))?;
    let credentials = store
        .get_default_provider_credentials(&call.request.provider_type)
        .await?;
    Ok(pb::GetDefaultProviderCredentialsResponse {
        credentials: credentials.map(Into::into),
    })
}

fn offered(
    store: Option<Arc<dyn ProviderCredentialStore>>,
) -> HandlerResult<Arc<dyn ProviderCredentialStore>> {
    store.ok_or_else(|| not_offered(NAME))
}
