//! The contract's `UtilityLlmService` over upstream's, where the adapter has one.

use crate::AdapterSource;
use crate::serve::{Answers, Outcome, Serving, not_offered};
use everruns_core::UtilityLlmService as UtilityLlm;
use everruns_runtime::RuntimeHostAdapter;
use futures::TryStreamExt;
use mortise_proto::convert::nested;
use mortise_proto::pb::utility_llm_service_server::UtilityLlmService;
use mortise_proto::rpc::table::utility_llm_service::{
    CHAT_COMPLETION, CHAT_COMPLETION_STREAM, NAME,
};
use mortise_proto::{StoreError, pb};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> UtilityLlmService for Serving<S> {
    type ChatCompletionStreamStream = Answers<pb::ChatCompletionStreamResponse>;

    async fn chat_completion(
        &self,
        request: Request<pb::ChatCompletionRequest>,
    ) -> Result<Response<pb::ChatCompletionResponse>, Status> {
        self.unary(&CHAT_COMPLETION, request, |call| async move {
            let model = offered(call.adapter.utility_llm_service())?;
            let request = nested("request", call.request.request)?;
            Ok(model.chat_completion(request).await?.into())
        })
        .await
    }

    async fn chat_completion_stream(
        &self,
        request: Request<pb::ChatCompletionStreamRequest>,
    ) -> Result<Response<Self::ChatCompletionStreamStream>, Status> {
        self.stream(&CHAT_COMPLETION_STREAM, request, |call| async move {
            let model = offered(call.adapter.utility_llm_service())?;
            let request = nested("request", call.request.request)?;
            let events = model.chat_completion_stream(request).await?;
            Ok(events.map_ok(Into::into).map_err(StoreError::from))
        })
        .await
    }
}

fn offered(model: Option<Arc<dyn UtilityLlm>>) -> Outcome<Arc<dyn UtilityLlm>> {
    model.ok_or_else(|| not_offered(NAME))
}
