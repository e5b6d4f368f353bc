//! `LlmProviderStore` over `LlmProviderStoreService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::ModelWithProvider;
use everruns_core::error::Result;
use everruns_core::traits::LlmProviderStore;
use everruns_core::typed_id::ModelId;
use mortise_proto::pb;
use mortise_proto::rpc::table::llm_provider_store_service::{
    GET_DEFAULT_MODEL, GET_MODEL_WITH_PROVIDER,
};

#[async_trait]
impl LlmProviderStore for Remote {
    async fn get_model_with_provider(
        &self,
        model_id: ModelId,
    ) -> Result<Option<ModelWithProvider>> {
        let request = pb::GetModelWithProviderRequest {
            context: None,
            model_id: model_id.to_string(),
        };
        let answer = self.call(&GET_MODEL_WITH_PROVIDER, request).await?;
        let model = answer.model.map(TryInto::try_into).transpose();
        model.map_err(malformed(GET_MODEL_WITH_PROVIDER.method))
    }

    async fn get_default_model(&self) -> Result<Option<ModelWithProvider>> {
        let request = pb::GetDefaultModelRequest { context: None };
        let answer = self.call(&GET_DEFAULT_MODEL, request).await?;
        let model = answer.model.map(TryInto::try_into).transpose();
        model.map_err(malformed(GET_DEFAULT_MODEL.method))
    }
}
