//! What was sent to the server and what came back, kept for the report of a failure.

use std::collections::VecDeque;
use std::fmt::{self, Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// How many of a rule's last exchanges are kept.
const KEPT: usize = 6;

/// How much of a message is shown.
const SHOWN_CHARS: usize = 1_000;

/// One call: what was sent and what came back. Secrets are left out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Exchange {
    /// The method, such as `AgentStoreService/GetAgent`.
    pub method: String,
    /// The request.
    pub sent: String,
    /// The answer, or the error.
    pub received: String,
}

/// The last exchanges of a rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<VecDeque<Exchange>>>);

// === impl Log ===

impl Log {
    pub(crate) fn add(&self, method: &str, sent: String, received: String) {
        let mut exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if exchanges.len() == KEPT {
            exchanges.pop_front();
        }
        exchanges.push_back(Exchange {
            method: method.into(),
            sent,
            received,
        });
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        let exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges.iter().cloned().collect()
    }
}

/// A message as far as it is shown.
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
