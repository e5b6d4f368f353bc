//! What is wrong with a file: where, with what value, why, and what to do about it.

use mortise_adapter_server::{Diagnostic, nearest};
use std::collections::BTreeSet;

/// Longer values are cut in messages.
const SHOWN_MAX: usize = 60;

/// Below these keys stands what may be a secret: no value is shown.
const SECRETIVE: [&str; 6] = ["api_key", "token", "metadata", "headers", "env", "config"];

/// Values of platform files in diagnostics.
pub(super) trait OfValue {
    /// Shows the value, unless the path says that it may be a secret.
    fn of(self, value: &str) -> Self;
}

/// Those that were found so far: one per path, the first.
#[derive(Debug, Default)]
pub(super) struct Diagnostics {
    found: Vec<Diagnostic>,
    paths: BTreeSet<String>,
}

// === impl Diagnostics ===

impl Diagnostics {
    /// Adds one, unless something is wrong there or below it already: what follows from
    /// a fault is no news.
    pub(super) fn add(&mut self, fault: Diagnostic) {
        let is_below = |path: &String| {
            let rest = path.strip_prefix(&fault.path);
            rest.is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        if !self.paths.iter().any(is_below) && self.paths.insert(fault.path.clone()) {
            self.found.push(fault);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Diagnostic> {
        self.found
    }
}

impl OfValue for Diagnostic {
    fn of(mut self, value: &str) -> Self {
        if !is_secretive(&self.path) {
            let mut shown: String = value.chars().take(SHOWN_MAX).collect();
            if shown.len() < value.len() {
                shown.push('…');
            }
            self.value = Some(format!("{shown:?}"));
        }
        self
    }
}

fn is_secretive(path: &str) -> bool {
    path.split(['.', '[']).any(|part| SECRETIVE.contains(&part))
}

/// The path of what a key leads to.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_string()
    } else {
        format!("{path}.{key}")
    }
}

/// What to write instead of a name that nothing has.
pub(super) fn instead<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    match nearest(name, known) {
        Some(known) => format!("did you mean {known:?}?"),
        None => otherwise.to_string(),
    }
}
