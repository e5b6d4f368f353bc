//! `LlmProviderStoreService` over `LlmProviderStore`.

use crate::serve::{Call, HandlerResult};
use mortise_proto::convert::id;
use mortise_proto::pb;

pub(super) async fn get_model_with_provider(
    call: Call<pb::GetModelWithProviderRequest>,
) -> HandlerResult<pb::GetModelWithProviderResponse> {
    let model_id = id("model_id", &call.request.model_id)?;
    let store = call.adapter.provider_store(call.scope.org_id);
    let model = store.get_model_with_provider(model_id).await?;
    Ok(pb::GetModelWithProviderResponse {
        model: model.map(Into::into),
    })
}

pub(super) async fn get_default_model(
    call: Call<pb::GetDefaultModelRequest>,
) -> HandlerResult<pb::GetDefaultModelResponse> {
    let store = call.adapter.provider_store(call.scope.org_id);
    let model = store.get_default_model().await?;
    Ok(pb::GetDefaultModelResponse {
        model: model.map(Into::into),
    })
}
