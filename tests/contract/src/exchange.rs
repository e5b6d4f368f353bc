//! What was sent to the server and what came back, kept for the report of a failure.

use crate::client::Failed;
use crate::shown;
use crate::wire::Dial;
use bytes::Bytes;
use prost::Message;
use std::collections::VecDeque;
use std::fmt::{self, Debug, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tonic::Code;

/// How many of a rule's last exchanges are kept.
const KEPT: usize = 6;

/// The most bytes of messages that are kept of one side of an exchange.
const KEPT_BYTES_MAX: usize = 1024 * 1024;

/// How much of the debug form of a message is shown.
const SHOWN_CHARS: usize = 1_000;

/// One call: what was sent and what came back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Exchange {
    /// The method, such as `AgentStoreService/GetAgent`.
    pub method: String,
    /// The request, as protobuf JSON. Long values are cut.
    pub sent: String,
    /// The answer as protobuf JSON, or the error. Long values are cut, and secrets that the
    /// suite did not send are left out.
    pub received: String,
    /// The command that makes the same call, where the request is short enough for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpcurl: Option<String>,
}

/// One side of an exchange.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Messages of the method's type.
    Messages(Vec<Bytes>),
    /// What stands for them.
    Note(String),
}

/// One call as it was made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The HTTP/2 path.
    pub(crate) path: String,
    pub(crate) sent: Content,
    pub(crate) received: Result<Content, Failed>,
}

/// The last calls of a rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    calls: Arc<Mutex<VecDeque<Call>>>,
    is_unanswered: Arc<AtomicBool>,
}

// === impl Content ===

impl Content {
    pub(crate) fn of(messages: &[impl Message]) -> Self {
        let bytes: usize = messages.iter().map(Message::encoded_len).sum();
        if bytes > KEPT_BYTES_MAX {
            return Self::Note(format!("({} messages, {bytes} bytes)", messages.len()));
        }
        let encoded = messages.iter().map(|one| one.encode_to_vec().into());
        Self::Messages(encoded.collect())
    }

    pub(crate) fn raw(message: &Bytes) -> Self {
        match message.len() > KEPT_BYTES_MAX {
            true => Self::Note(format!("({} bytes)", message.len())),
            false => Self::Messages(vec![message.clone()]),
        }
    }

    pub(crate) fn note(text: &str) -> Self {
        Self::Note(text.into())
    }
}

// === impl Log ===

impl Log {
    pub(crate) fn add(&self, call: Call) {
        let code = call.received.as_ref().err().map(|failed| failed.error.code);
        if matches!(code, Some(Code::DeadlineExceeded | Code::Unavailable)) {
            self.is_unanswered.store(true, Ordering::Relaxed);
        }
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// Whether a call ran into its deadline, or found no server.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.is_unanswered.load(Ordering::Relaxed)
    }

    pub(crate) fn exchanges(&self, dial: &Dial, has_token: bool) -> Vec<Exchange> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = calls
            .iter()
            .map(|call| shown::exchange(call, dial, has_token));
        shown.collect()
    }
}

/// A message in its debug form, as far as it is shown.
pub(crate) fn message(value: &(impl Debug + ?Sized)) -> String {
    clipped(value, SHOWN_CHARS)
}

/// The debug form of a value, cut: a large value costs what is shown of it.
pub(crate) fn clipped(value: &(impl Debug + ?Sized), chars_max: usize) -> String {
    let mut text = Clipped {
        text: String::new(),
        left: chars_max,
    };
    if write!(text, "{value:?}").is_err() {
        text.text.push_str(" ...");
    }
    text.text
}

/// Takes so many characters and no more.
struct Clipped {
    text: String,
    left: usize,
}

impl fmt::Write for Clipped {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for character in more.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(character);
        }
        Ok(())
    }
}
