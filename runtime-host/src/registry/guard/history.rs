//! The history as every provider takes it, whatever is stored.
//!
//! A session is written to by many: a turn and its tools, users who send messages while a
//! tool runs, schedules, other hosts, and models that answer oddly. Providers refuse a
//! history whose calls and results do not pair up, and they refuse it for ever. So what a
//! model is given is put in order here, each time it is given:
//!
//! - A message with calls is followed by one result for each, in the order of the calls.
//!   What was stored between comes after the last result. A call without a result gets an
//!   error in its place; a result without a call, and a second one of the same call, are
//!   left out.
//! - Ids of calls differ from each other, names of tools are allowed ones, arguments are
//!   objects.
//! - Messages of a model that hold nothing are left out.

use super::names;
use everruns_core::llm_driver_registry::{
    LlmContentPart, LlmMessage, LlmMessageContent, LlmMessageRole,
};
use everruns_core::tool_types::ToolCall;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet, VecDeque};
use uuid::Uuid;

/// What a model reads in the place of a result that was not stored.
const NO_RESULT: &str = "Tool error: the call was interrupted and has no result";

/// What a model reads in the place of a message without words. Providers refuse those.
const NO_WORDS: &str = "(empty message)";

/// Which ids of calls a provider takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallIds {
    /// The longest, in bytes.
    pub(crate) bytes_max: usize,
    /// Whether all but letters, digits, `-` and `_` are refused.
    pub(crate) plain: bool,
}

/// A history that a provider takes.
pub(super) struct Sendable {
    pub(super) messages: Vec<LlmMessage>,
    /// The ids of all calls in it, as they are stored and as they are sent.
    pub(super) call_ids: HashSet<String>,
}

/// Puts a history in order.
pub(super) fn sendable(messages: Vec<LlmMessage>, ids: CallIds) -> Sendable {
    let mut results = Results::of(&messages);
    let mut taken = Ids::new(ids);
    let mut left: Vec<Option<LlmMessage>> = messages.into_iter().map(Some).collect();
    let mut ordered = Vec::with_capacity(left.len());
    for at in 0..left.len() {
        let Some(mut message) = left.get_mut(at).and_then(Option::take) else {
            continue;
        };
        match message.role {
            LlmMessageRole::System => ordered.push(message),
            LlmMessageRole::User => {
                if is_blank(&message.content) {
                    message.content = NO_WORDS.into();
                }
                ordered.push(message);
            }
            LlmMessageRole::Assistant => {
                let calls = message.tool_calls.take().unwrap_or_default();
                if calls.is_empty() && is_blank(&message.content) {
                    continue;
                }
                let (calls, answers) = answered(calls, at, &mut results, &mut taken, &mut left);
                message.tool_calls = Some(calls).filter(|calls| !calls.is_empty());
                ordered.push(message);
                ordered.extend(answers);
            }
            // Those that belong to a call were taken with it.
            LlmMessageRole::Tool => {}
        }
    }
    Sendable {
        messages: ordered,
        call_ids: taken.known,
    }
}

/// A message's calls as they are sent, and the result of each.
fn answered(
    calls: Vec<ToolCall>,
    at: usize,
    results: &mut Results,
    taken: &mut Ids,
    left: &mut [Option<LlmMessage>],
) -> (Vec<ToolCall>, Vec<LlmMessage>) {
    let mut answers = Vec::with_capacity(calls.len());
    let calls = calls.into_iter().map(|call| {
        let found = results.take(&call.id, at);
        let found = found.and_then(|found| left.get_mut(found).and_then(Option::take));
        let mut answer = found.unwrap_or_else(|| LlmMessage::text(LlmMessageRole::Tool, NO_RESULT));
        let id = taken.id(call.id);
        answer.tool_call_id = Some(id.clone());
        answers.push(answer);
        ToolCall {
            id,
            name: names::made_valid(call.name),
            arguments: object(call.arguments),
        }
    });
    let calls = calls.collect();
    (calls, answers)
}

/// Arguments as providers take them. What was no object is shown to the model that wrote it.
fn object(arguments: Value) -> Value {
    if arguments.is_object() {
        return arguments;
    }
    let written = match arguments {
        Value::String(text) => text,
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_)) => other.to_string(),
    };
    json!({ "invalid_arguments": written })
}

/// Whether a message has neither words nor anything to look at or listen to.
fn is_blank(content: &LlmMessageContent) -> bool {
    match content {
        LlmMessageContent::Text(text) => text.trim().is_empty(),
        LlmMessageContent::Parts(parts) => parts.iter().all(|part| match part {
            LlmContentPart::Text { text } => text.trim().is_empty(),
            LlmContentPart::Image { .. } | LlmContentPart::Audio { .. } => false,
        }),
    }
}

/// Where the results of a history are, and where its calls.
#[derive(Default)]
struct Results {
    results: HashMap<String, VecDeque<usize>>,
    calls: HashMap<String, VecDeque<usize>>,
}

// === impl Results ===

impl Results {
    fn of(messages: &[LlmMessage]) -> Self {
        let mut found = Self::default();
        for (at, message) in messages.iter().enumerate() {
            if message.role == LlmMessageRole::Tool
                && let Some(id) = &message.tool_call_id
            {
                found.results.entry(id.clone()).or_default().push_back(at);
            }
            for call in message.tool_calls.iter().flatten() {
                found
                    .calls
                    .entry(call.id.clone())
                    .or_default()
                    .push_back(at);
            }
        }
        found
    }

    /// The first result of a call that is made at a place: after it, and before another
    /// message calls with the same id.
    fn take(&mut self, id: &str, at: usize) -> Option<usize> {
        let next = self.calls.get_mut(id).and_then(|calls| {
            calls.retain(|call| *call > at);
            calls.front().copied()
        });
        let results = self.results.get_mut(id)?;
        results.retain(|result| *result > at);
        let first = *results.front()?;
        if next.is_some_and(|next| first > next) {
            return None;
        }
        results.pop_front()
    }
}

/// Ids of calls, none of them twice.
struct Ids {
    allowed: CallIds,
    known: HashSet<String>,
    sent: HashSet<String>,
}

// === impl Ids ===

impl Ids {
    fn new(allowed: CallIds) -> Self {
        Self {
            allowed,
            known: HashSet::new(),
            sent: HashSet::new(),
        }
    }

    /// The id that stands for a stored one: the same each time the history is sent, so
    /// that what a provider remembers of it holds.
    fn id(&mut self, stored: String) -> String {
        self.known.insert(stored.clone());
        let mut id = stored.clone();
        let mut times = 0_u32;
        while !self.allowed.allow(&id) || self.sent.contains(&id) {
            let name = format!("{times} {stored}");
            let uuid = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
            id = format!("call_{}", uuid.simple());
            times += 1;
        }
        self.sent.insert(id.clone());
        self.known.insert(id.clone());
        id
    }
}

// === impl CallIds ===

impl CallIds {
    /// Every id that is not empty.
    pub(crate) const ANY: Self = Self {
        bytes_max: usize::MAX,
        plain: false,
    };

    fn allow(self, id: &str) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !id.is_empty() && id.len() <= self.bytes_max && (!self.plain || id.bytes().all(is_plain))
    }
}

#[cfg(test)]
mod tests;
