//! The answer of a model, as it may be kept: ended as announced, with calls that can be
//! answered and sent again, and without a secret in its errors.
//!
//! Upstream takes whatever was said before an error, or before a stream was cut, for the
//! whole answer. Here it is an error, in words after which upstream asks again.

use super::super::notes;
use super::names;
use everruns_core::AgentLoopError;
use everruns_core::error::Result;
use everruns_core::llm_driver_registry::{
    LlmCompletionMetadata, LlmResponseStream, LlmStreamEvent,
};
use everruns_core::tool_types::ToolCall;
use futures::StreamExt;
use futures::stream::unfold;
use mortise_proto::KnownSecrets;
use serde_json::Value;
use std::collections::{HashSet, VecDeque};
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// How much of a provider's own words is kept, in characters.
pub(super) const WORDS_MAX: usize = 500;

/// How much is kept of arguments that are no object, in characters.
const WRITTEN_MAX: usize = 4000;

/// How deep arguments may be. Deeper ones cannot be read again from the events that hold
/// them some levels down.
const DEPTH_MAX: usize = 64;

/// Reasons for which an answer ends before it is whole, as providers write them.
const CUT: [&str; 4] = [
    "length",
    "max_tokens",
    "max_output_tokens",
    "content_filter",
];

/// What an answer is checked against.
pub(super) struct Checks {
    pub(super) secrets: KnownSecrets,
    /// How long the provider may say nothing.
    pub(super) silence_max: Duration,
    /// The ids of calls in the history.
    pub(super) call_ids: HashSet<String>,
    /// The tools that the model was told of.
    pub(super) tools: HashSet<String>,
    /// How many tokens the answer may take, where that is known.
    pub(super) tokens_max: Option<u32>,
}

/// An answer that is checked as it comes.
pub(super) fn checked(answer: LlmResponseStream, checks: Checks) -> LlmResponseStream {
    let answer = Answer {
        answer,
        checks,
        calls: Vec::new(),
        has_begun: false,
        has_words: false,
        ready: VecDeque::new(),
        over: false,
    };
    Box::pin(unfold(answer, |mut answer| async move {
        let next = answer.next().await?;
        Some((next, answer))
    }))
}

/// An error after which upstream asks again, told by its words.
pub(crate) fn passing(words: &str) -> AgentLoopError {
    AgentLoopError::llm(passing_words(words))
}

fn passing_words(words: &str) -> String {
    format!("the provider is temporarily unavailable: {words}")
}

/// An error without the secrets in it.
pub(super) fn safe(error: AgentLoopError, secrets: &KnownSecrets) -> AgentLoopError {
    let blank = |words: &str| secrets.blank(words, WORDS_MAX);
    match error {
        AgentLoopError::Llm(words) => AgentLoopError::Llm(blank(&words)),
        AgentLoopError::RequestTooLarge(words) => AgentLoopError::RequestTooLarge(blank(&words)),
        AgentLoopError::Configuration(words) => AgentLoopError::Configuration(blank(&words)),
        AgentLoopError::Internal(error) => AgentLoopError::llm(blank(&error.to_string())),
        other @ (AgentLoopError::ModelNotAvailable(_)
        | AgentLoopError::ToolExecution(_)
        | AgentLoopError::MessageStore(_)
        | AgentLoopError::EventEmission(_)
        | AgentLoopError::MaxIterationsReached(_)
        | AgentLoopError::Cancelled
        | AgentLoopError::NoMessages
        | AgentLoopError::AgentNotFound(_)
        | AgentLoopError::HarnessNotFound(_)
        | AgentLoopError::SessionNotFound(_)
        | AgentLoopError::DriverNotRegistered(_)) => other,
    }
}

/// That a provider said nothing for so long.
pub(crate) fn silent(silence_max: Duration) -> String {
    format!(
        "it said nothing for {} s and timed out",
        silence_max.as_secs_f64()
    )
}

struct Answer {
    answer: LlmResponseStream,
    checks: Checks,
    /// All of them so far: handed out with the end, which says whether they are whole.
    calls: Vec<ToolCall>,
    has_begun: bool,
    has_words: bool,
    ready: VecDeque<LlmStreamEvent>,
    over: bool,
}

// === impl Answer ===

impl Answer {
    async fn next(&mut self) -> Option<Result<LlmStreamEvent>> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(Ok(ready));
            }
            if self.over {
                return None;
            }
            let silence_max = self.checks.silence_max;
            let event = match timeout(silence_max, self.answer.next()).await {
                Err(_) => return Some(self.broken(&silent(silence_max))),
                Ok(None) => return Some(self.broken("its answer was cut")),
                Ok(Some(Err(error))) => {
                    let error = safe(error, &self.checks.secrets);
                    return Some(if let AgentLoopError::Llm(words) = error {
                        self.failed(words)
                    } else {
                        self.over = true;
                        Err(error)
                    });
                }
                Ok(Some(Ok(event))) => event,
            };
            match event {
                LlmStreamEvent::TextDelta(text) if text.is_empty() => {}
                LlmStreamEvent::TextDelta(text) => {
                    self.has_begun = true;
                    self.has_words |= !text.trim().is_empty();
                    return Some(Ok(LlmStreamEvent::TextDelta(text)));
                }
                LlmStreamEvent::ToolCalls(calls) => self.calls = calls,
                LlmStreamEvent::Error(words) => return Some(self.broken(&words)),
                LlmStreamEvent::Done(end) => {
                    if let Err(words) = self.end(end) {
                        return Some(self.failed(words));
                    }
                }
                other @ (LlmStreamEvent::ThinkingDelta(_)
                | LlmStreamEvent::ThinkingSignature(_)
                | LlmStreamEvent::ReasonItem { .. }) => return Some(Ok(other)),
            }
        }
    }

    /// The answer was cut: it is asked for again.
    fn broken(&mut self, words: &str) -> Result<LlmStreamEvent> {
        let words = self.checks.secrets.blank(words, WORDS_MAX);
        self.failed(passing_words(&words))
    }

    /// The answer is none. Before its first word upstream notes the failed call of the
    /// model as well, of an error in the stream; after that it would keep the half.
    fn failed(&mut self, words: String) -> Result<LlmStreamEvent> {
        self.over = true;
        if self.has_begun {
            return Err(AgentLoopError::llm(words));
        }
        Ok(LlmStreamEvent::Error(words))
    }

    /// Has the calls and the end ready, unless the answer is none; then it says why.
    fn end(&mut self, mut end: Box<LlmCompletionMetadata>) -> std::result::Result<(), String> {
        self.over = true;
        let spent = self.checks.tokens_max.zip(end.completion_tokens);
        if spent.is_some_and(|(max, spent)| spent >= max) && self.calls.is_empty() {
            end.finish_reason = Some("length".into());
        }
        let reason = end.finish_reason.as_deref().unwrap_or_default();
        if reason == "error" {
            return Err(passing_words("it ended its answer with an error"));
        }
        let cut = CUT.into_iter().find(|cut| *cut == reason);
        let is_empty = !self.has_words && self.calls.is_empty();
        match cut {
            Some(reason) if is_empty => {
                return Err(format!(
                    "the model's answer was cut before its first word ({reason})"
                ));
            }
            None if is_empty => return Err(passing_words("its answer was empty")),
            Some(reason) => notes::cut(reason),
            None => {}
        }
        let calls = std::mem::take(&mut self.calls);
        let calls: Vec<ToolCall> = calls
            .into_iter()
            .map(|call| self.answerable(call, cut.is_some()))
            .collect();
        if !calls.is_empty() {
            self.ready.push_back(LlmStreamEvent::ToolCalls(calls));
        }
        self.ready.push_back(LlmStreamEvent::Done(end));
        Ok(())
    }

    /// A call that has an id of its own and a name that can be sent again. Arguments that
    /// are no object stay as they are: the turn answers such a call with an error.
    fn answerable(&mut self, call: ToolCall, is_cut: bool) -> ToolCall {
        let ToolCall {
            mut id,
            name,
            arguments,
        } = call;
        if id.is_empty() || !self.checks.call_ids.insert(id.clone()) {
            id = format!("call_{}", Uuid::new_v4().simple());
            self.checks.call_ids.insert(id.clone());
        }
        ToolCall {
            id,
            name: self.name(name),
            arguments: understood(arguments, is_cut),
        }
    }

    fn name(&self, name: String) -> String {
        if names::is_valid(&name) {
            return name;
        }
        let made = names::made_valid(name);
        // What was made of it must not be a tool that the model did not ask for.
        if self.checks.tools.contains(&made) {
            return names::made_valid(format!("unknown_{made}"));
        }
        made
    }
}

/// Arguments, as a text where they were not understood.
fn understood(arguments: Value, is_cut: bool) -> Value {
    match &arguments {
        // Upstream's drivers make nothing of arguments that are cut.
        Value::Object(fields) if is_cut && fields.is_empty() => Value::String(String::new()),
        Value::Object(_) if is_within(&arguments, DEPTH_MAX) => arguments,
        Value::String(text) => Value::String(text.chars().take(WRITTEN_MAX).collect()),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => Value::String(other.to_string().chars().take(WRITTEN_MAX).collect()),
    }
}

/// Whether a value is no deeper than so many levels.
fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(held) => levels > 0 && held.iter().all(|one| is_within(one, levels - 1)),
        Value::Object(held) => levels > 0 && held.values().all(|one| is_within(one, levels - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

#[cfg(test)]
mod tests;
