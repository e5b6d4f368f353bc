//! What is wrong with a file: where, with what value, why, and what to do about it.

use std::collections::BTreeSet;
use std::fmt;

/// Longer values are cut in messages.
const SHOWN_MAX: usize = 60;

/// The least likeness (from 0 to 1) of a name that is suggested.
const LIKENESS_MIN: f64 = 0.6;

/// Below these keys stands what may be a secret: no value is shown.
const SECRETIVE: [&str; 6] = ["api_key", "token", "metadata", "headers", "env", "config"];

/// One thing that is wrong with a platform file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where it is, such as `agents[2].default_model`.
    pub path: String,
    /// What stands there, unless it may be a secret or is no single value.
    pub value: Option<String>,
    /// What is wrong with it.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

/// Those that were found so far: one per path, the first.
#[derive(Debug, Default)]
pub(super) struct Diagnostics {
    found: Vec<Diagnostic>,
    paths: BTreeSet<String>,
}

// === impl Diagnostic ===

impl Diagnostic {
    pub(super) fn new(
        path: impl Into<String>,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            value: None,
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }

    /// Shows the value, unless the path says that it may be a secret.
    pub(super) fn of(mut self, value: &str) -> Self {
        if !is_secretive(&self.path) {
            let mut shown: String = value.chars().take(SHOWN_MAX).collect();
            if shown.len() < value.len() {
                shown.push('…');
            }
            self.value = Some(shown);
        }
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            value,
            reason,
            remedy,
        } = self;
        match value {
            Some(value) => write!(f, "{path}: {value:?} {reason}; {remedy}"),
            None => write!(f, "{path}: {reason}; {remedy}"),
        }
    }
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

/// The one of these that a name was probably meant to be.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likely = known
        .into_iter()
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN);
    let best = likely.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.map(|(_, known)| known)
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
