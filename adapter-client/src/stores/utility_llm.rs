//! `UtilityLlmService` over the contract's service of the same name.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::{LlmResponse, LlmResponseStream, UtilityLlmRequest, UtilityLlmService};
use futures::StreamExt;
use mortise_proto::pb;
use mortise_proto::rpc::table::utility_llm_service::{CHAT_COMPLETION, CHAT_COMPLETION_STREAM};

/// The platform's model. Dropping a stream of it resets the call, and the server stops
/// the work.
#[derive(Debug)]
pub(crate) struct RemoteUtilityLlm {
    pub(crate) remote: Remote,
    pub(crate) is_configured: bool,
}

#[async_trait]
impl UtilityLlmService for RemoteUtilityLlm {
    fn is_configured(&self) -> bool {
        self.is_configured
    }

    async fn chat_completion(&self, request: UtilityLlmRequest) -> Result<LlmResponse> {
        let request = pb::ChatCompletionRequest {
            context: None,
            request: Some(request.into()),
        };
        let answer = self.remote.call(&CHAT_COMPLETION, request).await?;
        LlmResponse::try_from(answer).map_err(malformed(CHAT_COMPLETION.method))
    }

    async fn chat_completion_stream(
        &self,
        request: UtilityLlmRequest,
    ) -> Result<LlmResponseStream> {
        let request = pb::ChatCompletionStreamRequest {
            context: None,
            request: Some(request.into()),
        };
        let events = self.remote.follow(&CHAT_COMPLETION_STREAM, request).await?;
        Ok(Box::pin(events.map(|event| {
            event?
                .try_into()
                .map_err(malformed(CHAT_COMPLETION_STREAM.method))
        })))
    }

    fn name(&self) -> &'static str {
        "RemoteUtilityLlmService"
    }
}
