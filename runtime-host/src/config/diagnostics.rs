//! What is wrong with a configuration.

use mortise_adapter_server::Diagnostic;
use std::fmt;
use toml::Value;

/// What stands in the place of a secret.
pub(super) const MASK: &str = "***";

/// Keys whose values are not shown.
const SECRETS: &[&str] = &["sha256"];

/// Everything that is wrong, in the order of the sections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

/// What is wrong with a value, and what to do.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) reason: String,
    pub(super) remedy: String,
}

// === impl Bad ===

impl Bad {
    pub(super) fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }
}

/// A value as it may be shown.
pub(super) fn shown(path: &str, value: &Value) -> String {
    let key = path.rsplit('.').next().unwrap_or(path);
    let text = value.to_string();
    if SECRETS.contains(&key) {
        MASK.into()
    } else if text.contains('@') {
        // An address with a password in it.
        "...@...".into()
    } else {
        text
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.0.iter().enumerate() {
            let line_break = if number == 0 { "" } else { "\n" };
            write!(f, "{line_break}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
