//! The contract's `UtilityLlmService` over upstream's, where the adapter has one.

use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::UtilityLlmService as UtilityLlm;
use futures::{Stream, TryStreamExt};
use mortise_proto::convert::nested;
use mortise_proto::rpc::table::utility_llm_service::NAME;
use mortise_proto::{StoreError, pb};
use std::sync::Arc;

pub(super) async fn chat_completion(
    call: Call<pb::ChatCompletionRequest>,
) -> HandlerResult<pb::ChatCompletionResponse> {
    let model = offered(call.adapter.utility_llm_service())?;
    let request = nested("request", call.request.request)?;
    Ok(model.chat_completion(request).await?.into())
}

pub(super) async fn chat_completion_stream(
    call: Call<pb::ChatCompletionStreamRequest>,
) -> HandlerResult<
    impl Stream<Item = HandlerResult<pb::ChatCompletionStreamResponse>> + Send + 'static,
> {
    let model = offered(call.adapter.utility_llm_service())?;
    let request = nested("request", call.request.request)?;
    let events = model.chat_completion_stream(request).await?;
    Ok(events.map_ok(Into::into).map_err(StoreError::from))
}

fn offered(model: Option<Arc<dyn UtilityLlm>>) -> HandlerResult<Arc<dyn UtilityLlm>> {
    model.ok_or_else(|| not_offered(NAME))
}
