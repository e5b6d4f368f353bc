//! A file of ids that exist, for servers in which nothing can be made from outside.

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Ids that exist in the server. Each is used by one rule alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixtures {
    /// Sessions without messages, files or values, `session_` and 32 hex digits.
    #[serde(default)]
    pub sessions: Vec<String>,
    /// Harnesses, `harness_` and 32 hex digits.
    #[serde(default)]
    pub harnesses: Vec<String>,
    /// Agents, `agent_` and 32 hex digits.
    #[serde(default)]
    pub agents: Vec<String>,
}

/// Why a fixtures file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FixturesError {
    /// It cannot be read.
    #[error("--fixtures {path}: {cause}")]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It is not what it should be.
    #[error("--fixtures {path}: {cause}")]
    Parse {
        /// Its path.
        path: PathBuf,
        /// Where and why.
        cause: Box<toml::de::Error>,
    },
    /// An id is malformed.
    #[error(
        "--fixtures {path}: {list}[{index}] is `{value}`; write `{prefix}_` and 32 lower-case hex digits"
    )]
    Id {
        /// The file's path.
        path: PathBuf,
        /// The list it stands in.
        list: &'static str,
        /// Its place there.
        index: usize,
        /// The id as it stands.
        value: String,
        /// What it must begin with.
        prefix: &'static str,
    },
}

// === impl Fixtures ===

impl Fixtures {
    /// Reads a TOML file.
    pub fn read(path: &Path) -> Result<Self, FixturesError> {
        let text = std::fs::read_to_string(path).map_err(|cause| FixturesError::Read {
            path: path.into(),
            cause,
        })?;
        let fixtures: Self = toml::from_str(&text).map_err(|cause| FixturesError::Parse {
            path: path.into(),
            cause: Box::new(cause),
        })?;
        fixtures.check(path)?;
        Ok(fixtures)
    }

    fn check(&self, path: &Path) -> Result<(), FixturesError> {
        let lists = [
            ("sessions", "session", &self.sessions),
            ("harnesses", "harness", &self.harnesses),
            ("agents", "agent", &self.agents),
        ];
        for (list, prefix, ids) in lists {
            let wrong = ids.iter().position(|id| !is_id(id, prefix));
            if let Some(index) = wrong {
                return Err(FixturesError::Id {
                    path: path.into(),
                    list,
                    index,
                    value: ids[index].clone(),
                    prefix,
                });
            }
        }
        Ok(())
    }
}

/// Whether a text is an id of a type.
pub(crate) fn is_id(text: &str, prefix: &str) -> bool {
    let digits = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'));
    digits.is_some_and(|digits| {
        digits.len() == 32
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}
