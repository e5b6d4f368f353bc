//! The platform's own language model: one driver, one model, and neither is the
//! caller's to choose.

use async_trait::async_trait;
use everruns_core::{
    AgentLoopError, LlmCallConfig, LlmDriver, LlmMessage, LlmResponse, LlmResponseStream,
    LlmStreamEvent, UtilityLlmRequest, UtilityLlmService,
};
use futures::StreamExt;
use mortise_proto::KnownSecrets;
use std::fmt;
use std::sync::Arc;

type Result<T> = std::result::Result<T, AgentLoopError>;

/// A model behind any of upstream's drivers.
pub struct UtilityLlm {
    driver: Arc<dyn LlmDriver>,
    model: String,
    secrets: KnownSecrets,
}

/// How much of a provider's own words is passed on, in characters.
const WORDS_MAX: usize = 500;

/// The model as the storage holds it.
pub(crate) struct Model(pub(crate) Arc<dyn UtilityLlmService>);

// === impl UtilityLlm ===

impl UtilityLlm {
    /// The model of this name, as the driver's provider calls it.
    #[must_use]
    pub fn new(driver: Arc<dyn LlmDriver>, model: impl Into<String>) -> Self {
        Self {
            driver,
            model: model.into(),
            secrets: KnownSecrets::default(),
        }
    }

    /// The same, whose errors never quote these secrets, such as the driver's key.
    #[must_use]
    pub fn hiding(mut self, secrets: KnownSecrets) -> Self {
        self.secrets = secrets;
        self
    }

    fn call(&self, request: UtilityLlmRequest) -> Result<(Vec<LlmMessage>, LlmCallConfig)> {
        let UtilityLlmRequest {
            messages,
            reasoning_effort,
            temperature,
            max_tokens,
            metadata,
        } = request;
        if messages.is_empty() {
            return Err(AgentLoopError::llm(
                "request.messages is empty; send at least one message",
            ));
        }
        let config = LlmCallConfig {
            model: self.model.clone(),
            temperature,
            max_tokens,
            tools: Vec::new(),
            reasoning_effort: reasoning_effort.map(|effort| effort.as_str().into()),
            metadata,
            previous_response_id: None,
            tool_search: None,
            prompt_cache: None,
        };
        Ok((messages, config))
    }
}

#[async_trait]
impl UtilityLlmService for UtilityLlm {
    fn is_configured(&self) -> bool {
        true
    }

    async fn chat_completion(&self, request: UtilityLlmRequest) -> Result<LlmResponse> {
        let (messages, config) = self.call(request)?;
        let answer = self.driver.chat_completion(messages, &config).await;
        answer.map_err(|error| safe(error, &self.secrets))
    }

    async fn chat_completion_stream(
        &self,
        request: UtilityLlmRequest,
    ) -> Result<LlmResponseStream> {
        let (messages, config) = self.call(request)?;
        let answer = self.driver.chat_completion_stream(messages, &config).await;
        let answer = answer.map_err(|error| safe(error, &self.secrets))?;
        let secrets = self.secrets.clone();
        let answer = answer.map(move |event| match event {
            Ok(LlmStreamEvent::Error(words)) => {
                Ok(LlmStreamEvent::Error(secrets.blank(&words, WORDS_MAX)))
            }
            Ok(event) => Ok(event),
            Err(error) => Err(safe(error, &secrets)),
        });
        Ok(answer.boxed())
    }

    fn name(&self) -> &'static str {
        "UtilityLlm"
    }
}

/// An error of a provider without the secrets in it. Others quote none.
fn safe(error: AgentLoopError, secrets: &KnownSecrets) -> AgentLoopError {
    if let AgentLoopError::Llm(words) = error {
        return AgentLoopError::Llm(secrets.blank(&words, WORDS_MAX));
    }
    if let AgentLoopError::RequestTooLarge(words) = error {
        return AgentLoopError::RequestTooLarge(secrets.blank(&words, WORDS_MAX));
    }
    error
}

/// A driver holds its key: it is not shown.
impl fmt::Debug for UtilityLlm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UtilityLlm")
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}
