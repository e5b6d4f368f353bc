//! The driver of OpenAI's Chat Completions API and of what is compatible with it.
//!
//! Upstream has one. It loses on the way what a careful host must know: arguments that are
//! no JSON become `{}`, calls without an index are an error, and an answer that no call
//! ended looks like one that ended. So answers are read here; what upstream decides by a
//! provider's errors it decides here too, and it lists the models.

mod calls;
mod chunks;
mod request;

use super::guard::answer::passing;
use async_trait::async_trait;
use chunks::Reader;
use everruns_core::AgentLoopError;
use everruns_core::error::Result;
use everruns_core::llm_driver_registry::{
    DiscoveredModel, LlmCallConfig, LlmDriver, LlmMessage, LlmResponseStream,
};
use everruns_core::llm_retry::{
    LlmRetryConfig, RateLimitInfo, RetryMetadata, is_rate_limit_status, is_transient_error,
};
use everruns_core::openai_protocol::{
    is_azure_openai_api_url, is_openai_model_not_found, is_openai_request_too_large,
};
use everruns_openai::OpenAICompletionsLlmDriver;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How much of an error's body is read, in bytes.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// A driver for one key and address. A copy shares its connections.
#[derive(Clone)]
pub(super) struct Completions {
    upstream: OpenAICompletionsLlmDriver,
    client: reqwest::Client,
    key: String,
    url: String,
    silence_max: Duration,
    retries: LlmRetryConfig,
}

// === impl Completions ===

impl Completions {
    #[expect(
        clippy::disallowed_methods,
        reason = "drivers reach providers themselves, and one is kept for each account"
    )]
    pub(super) fn new(key: &str, base_url: Option<&str>, silence_max: Duration) -> Self {
        let upstream = match base_url {
            Some(url) => OpenAICompletionsLlmDriver::with_base_url(key, url),
            None => OpenAICompletionsLlmDriver::new(key),
        };
        Self {
            url: upstream.api_url().to_string(),
            upstream,
            client: reqwest::Client::new(),
            key: key.to_string(),
            silence_max,
            retries: LlmRetryConfig::default(),
        }
    }

    /// Asks, again where the provider is busy, until there is an answer to read.
    async fn asked(&self, body: &Value, model: &str) -> Result<(Response, RetryMetadata)> {
        let mut retried = RetryMetadata::default();
        loop {
            let response = self.send(body).await?;
            let status = response.status();
            if status.is_success() {
                return Ok((response, retried));
            }
            let limit = is_rate_limit_status(status)
                .then(|| RateLimitInfo::from_openai_headers(response.headers()));
            let text = timeout(self.silence_max, error_text(response));
            let text = text.await.unwrap_or_default();
            if is_openai_model_not_found(status, &text) {
                return Err(AgentLoopError::model_not_available(model));
            }
            if is_openai_request_too_large(status, &text) {
                return Err(AgentLoopError::request_too_large(told(status, &text)));
            }
            if !is_transient_error(status) || retried.attempts >= self.retries.max_retries {
                return Err(AgentLoopError::llm(told(status, &text)));
            }
            let pause = match &limit {
                Some(limit) => limit.recommended_wait(&self.retries, retried.attempts),
                None => self.retries.calculate_backoff(retried.attempts),
            };
            tracing::warn!(
                status = status.as_u16(),
                ?pause,
                "a provider is busy; asking it again"
            );
            retried.record_retry(pause, limit);
            sleep(pause).await;
        }
    }

    async fn send(&self, body: &Value) -> Result<Response> {
        let request = self.client.post(&self.url).json(body);
        let request = if is_azure_openai_api_url(&self.url) {
            request.header("api-key", &self.key)
        } else {
            request.bearer_auth(&self.key)
        };
        let Ok(sent) = timeout(self.silence_max, request.send()).await else {
            return Err(passing(&super::guard::answer::silent(self.silence_max)));
        };
        // Which address that is is the operator's, and may hold a secret.
        sent.map_err(|error| passing(&format!("it was not reached: {}", error.without_url())))
    }
}

#[async_trait]
impl LlmDriver for Completions {
    async fn chat_completion_stream(
        &self,
        messages: Vec<LlmMessage>,
        config: &LlmCallConfig,
    ) -> Result<LlmResponseStream> {
        let body = request::body(&messages, config);
        let (response, retried) = self.asked(&body, &config.model).await?;
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.is_empty() && !kind.eq_ignore_ascii_case("text/event-stream") {
            let words = format!("it answered with {kind} where a stream of events was due");
            return Err(passing(&words));
        }
        Ok(Reader::stream(response, config.model.clone(), retried))
    }

    async fn list_models(&self) -> Result<Option<Vec<DiscoveredModel>>> {
        self.upstream.list_models().await
    }
}

/// What an error is told as: the words by which upstream classifies it, and the
/// provider's own. Those of a refused key are left out, since they may quote it.
fn told(status: StatusCode, text: &str) -> String {
    let reason = status.canonical_reason().unwrap_or("unknown status");
    let begin = format!("OpenAI API error ({}): {reason}", status.as_u16());
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return begin;
    }
    let error = serde_json::from_str::<Value>(text).ok();
    let words = match error.as_ref().and_then(|body| body.get("error")) {
        Some(error) => chunks::error_words(error),
        None => text.to_string(),
    };
    if words.trim().is_empty() {
        return begin;
    }
    format!("{begin}: {words}")
}

/// The beginning of an error's body.
async fn error_text(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece);
        if body.len() >= ERROR_BYTES_MAX {
            break;
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}
