//! `LlmProviderStoreService` over `LlmProviderStore`.

use crate::AdapterSource;
use crate::serve::Serving;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::id;
use mortise_proto::pb;
use mortise_proto::pb::llm_provider_store_service_server::LlmProviderStoreService;
use mortise_proto::rpc::table::llm_provider_store_service::{
    GET_DEFAULT_MODEL, GET_MODEL_WITH_PROVIDER,
};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> LlmProviderStoreService for Serving<S> {
    async fn get_model_with_provider(
        &self,
        request: Request<pb::GetModelWithProviderRequest>,
    ) -> Result<Response<pb::GetModelWithProviderResponse>, Status> {
        self.unary(&GET_MODEL_WITH_PROVIDER, request, |call| async move {
            let model_id = id("model_id", &call.request.model_id)?;
            let store = call.adapter.provider_store(call.scope.org_id);
            let model = store.get_model_with_provider(model_id).await?;
            Ok(pb::GetModelWithProviderResponse {
                model: model.map(Into::into),
            })
        })
        .await
    }

    async fn get_default_model(
        &self,
        request: Request<pb::GetDefaultModelRequest>,
    ) -> Result<Response<pb::GetDefaultModelResponse>, Status> {
        self.unary(&GET_DEFAULT_MODEL, request, |call| async move {
            let store = call.adapter.provider_store(call.scope.org_id);
            let model = store.get_default_model().await?;
            Ok(pb::GetDefaultModelResponse {
                model: model.map(Into::into),
            })
        })
        .await
    }
}
