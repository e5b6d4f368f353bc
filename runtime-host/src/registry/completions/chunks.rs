//! The answer of the Chat Completions API, read chunk by chunk. It is at its end where the
//! provider says so: with a reason to finish, or with `[DONE]`.

use super::super::guard::answer::passing;
use super::calls::Calls;
use eventsource_stream::{Event, EventStreamError, Eventsource};
use everruns_core::AgentLoopError;
use everruns_core::error::Result;
use everruns_core::llm_driver_registry::{
    LlmCompletionMetadata, LlmResponseStream, LlmStreamEvent,
};
use everruns_core::llm_retry::{RetryMetadata, is_transient_error};
use futures::stream::{BoxStream, unfold};
use futures::{StreamExt, TryStreamExt};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::timeout;

/// How long what may come after the reason to finish is waited for: how much the answer
/// took, and `[DONE]`.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Reads one answer.
pub(super) struct Reader {
    events: BoxStream<'static, std::result::Result<Event, String>>,
    calls: Calls,
    pieces: u32,
    usage: Usage,
    finish_reason: Option<String>,
    model: String,
    retried: RetryMetadata,
    ready: VecDeque<LlmStreamEvent>,
    over: bool,
}

#[derive(Debug, Default)]
struct Usage {
    prompt: Option<u32>,
    completion: Option<u32>,
    cached: Option<u32>,
    cost_usd: Option<f64>,
}

// === impl Reader ===

impl Reader {
    /// Upstream's events of an answer. The last of them is `Done`; a stream that is over
    /// without it was cut.
    pub(super) fn stream(
        response: Response,
        model: String,
        retried: RetryMetadata,
    ) -> LlmResponseStream {
        let events = response.bytes_stream().map_err(reqwest::Error::without_url);
        let reader = Self {
            events: events.eventsource().map_err(words_of).boxed(),
            calls: Calls::default(),
            pieces: 0,
            usage: Usage::default(),
            finish_reason: None,
            model,
            retried,
            ready: VecDeque::new(),
            over: false,
        };
        Box::pin(unfold(reader, |mut reader| async move {
            let next = reader.next().await?;
            Some((next, reader))
        }))
    }

    async fn next(&mut self) -> Option<Result<LlmStreamEvent>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(Ok(ready));
            }
            if self.over {
                return None;
            }
            let event = if self.finish_reason.is_some() {
                timeout(LAST_WORDS, self.events.next()).await.ok().flatten()
            } else {
                self.events.next().await
            };
            let read = match event {
                // How the connection ends no longer matters.
                None | Some(Err(_)) if self.finish_reason.is_some() => {
                    self.end();
                    Ok(())
                }
                None => {
                    self.over = true;
                    Ok(())
                }
                Some(Err(words)) => Err(broken(&words)),
                Some(Ok(event)) if event.data == "[DONE]" => {
                    self.end();
                    Ok(())
                }
                Some(Ok(event)) => self.chunk(&event.data),
            };
            if let Err(words) = read {
                self.over = true;
                return Some(Err(words));
            }
        }
    }

    fn chunk(&mut self, data: &str) -> Result<()> {
        let Ok(chunk) = serde_json::from_str::<Value>(data) else {
            return Err(broken("a chunk of it is no JSON"));
        };
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            return Err(failure(error));
        }
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.usage.take(usage);
        }
        let Some(choice) = chunk.pointer("/choices/0") else {
            return Ok(());
        };
        let delta = choice.get("delta").unwrap_or(&Value::Null);
        for key in ["content", "refusal"] {
            let text = delta.get(key).and_then(Value::as_str).unwrap_or_default();
            if !text.is_empty() {
                self.pieces = self.pieces.saturating_add(1);
                self.ready
                    .push_back(LlmStreamEvent::TextDelta(text.to_string()));
            }
        }
        let pieces = delta.get("tool_calls").and_then(Value::as_array);
        for piece in pieces.into_iter().flatten() {
            self.calls.take(piece);
        }
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
            self.finish_reason = Some(reason.to_string());
        }
        if self.ready.is_empty() {
            // A sign of life.
            self.ready
                .push_back(LlmStreamEvent::TextDelta(String::new()));
        }
        Ok(())
    }

    fn end(&mut self) {
        self.over = true;
        let calls = std::mem::take(&mut self.calls).finish();
        let reason = if calls.is_empty() {
            "stop"
        } else {
            "tool_calls"
        };
        let reason = self.finish_reason.take().unwrap_or_else(|| reason.into());
        if !calls.is_empty() {
            self.ready.push_back(LlmStreamEvent::ToolCalls(calls));
        }
        let prompt = self.usage.prompt.unwrap_or_default();
        let completion = self.usage.completion.unwrap_or(self.pieces);
        let retried = std::mem::take(&mut self.retried);
        let end = LlmCompletionMetadata {
            total_tokens: Some(prompt.saturating_add(completion)),
            prompt_tokens: Some(prompt),
            completion_tokens: Some(completion),
            cache_read_tokens: self.usage.cached,
            cache_creation_tokens: None,
            provider_cost_usd: self.usage.cost_usd,
            model: Some(std::mem::take(&mut self.model)),
            finish_reason: Some(reason),
            retry_metadata: Some(retried).filter(RetryMetadata::had_retries),
            response_id: None,
            phase: None,
        };
        self.ready.push_back(LlmStreamEvent::Done(Box::new(end)));
    }
}

// === impl Usage ===

impl Usage {
    fn take(&mut self, usage: &Value) {
        let count = |at: &str| {
            let count = usage.pointer(at).and_then(Value::as_u64)?;
            Some(u32::try_from(count).unwrap_or(u32::MAX))
        };
        self.prompt = count("/prompt_tokens").or(self.prompt);
        self.completion = count("/completion_tokens").or(self.completion);
        self.cached = count("/prompt_tokens_details/cached_tokens").or(self.cached);
        self.cost_usd = usage.get("cost").and_then(Value::as_f64).or(self.cost_usd);
    }
}

/// What a provider says of an error: its code, and its words.
pub(super) fn error_words(error: &Value) -> String {
    let code = |key: &str| {
        let code = error.get(key).filter(|code| !code.is_null())?;
        Some(code.as_str().map_or_else(|| code.to_string(), Into::into))
    };
    let code = code("code").or_else(|| code("type"));
    let words = error.get("message").and_then(Value::as_str);
    let words = words.or(error.as_str());
    let told: Vec<_> = code.as_deref().into_iter().chain(words).collect();
    told.join(": ")
}

/// The error of a stream under way. It passes, unless its code says that the request was
/// wrong.
fn failure(error: &Value) -> AgentLoopError {
    let code = error.get("code").and_then(Value::as_u64);
    let status = code.and_then(|code| u16::try_from(code).ok());
    let status = status.and_then(|code| StatusCode::from_u16(code).ok());
    let is_wrong = match status {
        Some(status) => status.is_client_error() && !is_transient_error(status),
        None => error.get("type").and_then(Value::as_str) == Some("invalid_request_error"),
    };
    let words = error_words(error);
    if is_wrong {
        return AgentLoopError::llm(format!("OpenAI API error in the stream: {words}"));
    }
    broken(&words)
}

fn broken(words: &str) -> AgentLoopError {
    passing(&format!("its answer was cut: {words}"))
}

fn words_of(error: EventStreamError<reqwest::Error>) -> String {
    match error {
        EventStreamError::Utf8(_) => "it is not UTF-8".into(),
        EventStreamError::Parser(_) => "it is no stream of events".into(),
        EventStreamError::Transport(error) => error.to_string(),
    }
}
