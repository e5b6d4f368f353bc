//! A file of failures that are known: they do not fail a run, so that a server that is not
//! finished can be held against the rest.

use crate::rule::Rule;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Rules that are known to be broken.
#[derive(Debug, Clone, Default)]
pub struct KnownFailures(BTreeSet<String>);

/// Why a file of known failures cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KnownFailuresError {
    /// It cannot be read.
    #[error("--known-failures {path}: {cause}")]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// A line is no rule.
    #[error(
        "--known-failures {path}, line {line}: `{text}` is no rule; write one id a line, such as KV-05, and comments after #"
    )]
    NoSuchRule {
        /// The file's path.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
}

// === impl KnownFailures ===

impl KnownFailures {
    /// Reads a file with one id a line; `#` begins a comment.
    ///
    /// # Errors
    ///
    /// It cannot be read, or a line is not the id of a rule.
    pub fn read(path: &Path, rules: &[Rule]) -> Result<Self, KnownFailuresError> {
        let text = std::fs::read_to_string(path).map_err(|cause| KnownFailuresError::Read {
            path: path.into(),
            cause,
        })?;
        let mut ids = BTreeSet::new();
        for (index, line) in text.lines().enumerate() {
            let id = line.split('#').next().unwrap_or_default().trim();
            if id.is_empty() {
                continue;
            }
            if !rules.iter().any(|rule| rule.id == id) {
                return Err(KnownFailuresError::NoSuchRule {
                    path: path.into(),
                    line: index + 1,
                    text: id.into(),
                });
            }
            ids.insert(id.into());
        }
        Ok(Self(ids))
    }

    /// Whether a rule is in it.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.0.contains(id)
    }
}
