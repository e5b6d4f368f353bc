//! What is searched for, and where. Both come from a model, so that the time and the
//! memory of each has a bound.

use crate::db::errors::refused;
use crate::labour::Until;
use globset::{GlobBuilder, GlobMatcher};
use mortise_proto::StoreError;
use regex::{Regex, RegexBuilder};
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind};

/// An expression, in bytes: reading one takes some thousand times as much.
const PATTERN_BYTES: usize = 4096;

/// A compiled expression, in bytes. Each byte of a text may cost as many steps as it has
/// states.
const COMPILED_BYTES: usize = 4 * 1024 * 1024;

/// What searching may set aside, in bytes.
const SEARCHING_BYTES: usize = 4 * 1024 * 1024;

/// A path pattern, in bytes: as long as a path.
const PATHS_BYTES: usize = 2048;

/// The prefix under which tools show the workspace.
const WORKSPACE: &str = "/workspace";

/// A line that is longer is searched step by step: nothing else ends a search in the
/// middle of a line.
const LONG_LINE: usize = 4096;

/// The longest line that is searched at once where steps do not tell.
const LONG_LINE_AT_ONCE: usize = 64 * 1024;

/// In a long line it is asked once in so many steps whether to go on.
const ASK_EVERY: usize = 64;

/// What makes a path pattern a glob.
const GLOB: [char; 4] = ['*', '?', '[', '{'];

/// An expression that lines are searched for.
pub(super) struct Pattern {
    regex: Regex,
    source: String,
    /// Made when the first long line comes.
    steps: Option<Steps>,
}

/// An expression as an automaton that takes a byte at a time.
struct Steps {
    automaton: DFA,
    cache: Cache,
}

/// Which paths are searched.
pub(super) struct Paths {
    /// `None`: all of them.
    text: Option<String>,
    glob: Option<GlobMatcher>,
}

// === impl Pattern ===

impl Pattern {
    /// Compiles an expression. Takes a while; not for threads that serve others.
    pub(super) fn compile(pattern: &str) -> Result<Self, StoreError> {
        let bytes = pattern.len();
        if bytes > PATTERN_BYTES {
            let problem = format!(
                "has {bytes} bytes, a pattern has at most {PATTERN_BYTES}; search for a part of it"
            );
            return Err(StoreError::invalid_field("pattern", problem));
        }
        let regex = RegexBuilder::new(pattern)
            .size_limit(COMPILED_BYTES)
            .dfa_size_limit(SEARCHING_BYTES)
            .build();
        Ok(Self {
            regex: regex.map_err(invalid)?,
            source: pattern.to_string(),
            steps: None,
        })
    }

    /// Whether it is in a line.
    pub(super) fn is_in(&mut self, line: &str, until: &Until) -> Result<bool, StoreError> {
        until.check()?;
        if line.len() <= LONG_LINE {
            return Ok(self.regex.is_match(line));
        }
        let steps = match &mut self.steps {
            Some(steps) => steps,
            none => none.insert(Steps::compile(&self.source)?),
        };
        match steps.are_in(line, until)? {
            Some(is_in) => Ok(is_in),
            None if line.len() <= LONG_LINE_AT_ONCE => Ok(self.regex.is_match(line)),
            None => Err(refused(format!(
                "the pattern asks for ends of words (\\b), which are not looked for in a line \
                 of {} bytes with other letters than ASCII; leave them out",
                line.len()
            ))),
        }
    }
}

fn invalid(fault: impl std::fmt::Display) -> StoreError {
    refused(format!("invalid regex pattern: {fault}"))
}

// === impl Steps ===

impl Steps {
    fn compile(pattern: &str) -> Result<Self, StoreError> {
        let automaton = DFA::builder()
            .configure(
                DFA::config()
                    .match_kind(MatchKind::LeftmostFirst)
                    // On bytes of other alphabets it stops, and says so.
                    .unicode_word_boundary(true)
                    .skip_cache_capacity_check(true)
                    .cache_capacity(SEARCHING_BYTES),
            )
            .syntax(syntax::Config::new())
            .thompson(thompson::Config::new().nfa_size_limit(Some(COMPILED_BYTES)))
            .build(pattern)
            .map_err(invalid)?;
        let cache = automaton.create_cache();
        Ok(Self { automaton, cache })
    }

    /// Whether they are in a line; `None` where bytes of other alphabets keep it from
    /// saying so.
    fn are_in(&mut self, line: &str, until: &Until) -> Result<Option<bool>, StoreError> {
        let Self { automaton, cache } = self;
        let Ok(mut state) = automaton.start_state_forward(cache, &Input::new(line)) else {
            return Ok(None);
        };
        for (number, byte) in line.bytes().enumerate() {
            if number % ASK_EVERY == 0 {
                until.check()?;
            }
            match automaton.next_state(cache, state, byte) {
                Ok(next) if next.is_match() => return Ok(Some(true)),
                Ok(next) if next.is_dead() => return Ok(Some(false)),
                Ok(next) if !next.is_quit() => state = next,
                Ok(_) | Err(_) => return Ok(None),
            }
        }
        let end = automaton.next_eoi_state(cache, state);
        Ok(end.ok().map(|end| end.is_match()))
    }
}

// === impl Paths ===

impl Paths {
    /// Reads a path pattern: a glob where it has characters of one, else a text.
    pub(super) fn parse(pattern: Option<&str>) -> Result<Self, StoreError> {
        let Some(pattern) = pattern else {
            return Ok(Self {
                text: None,
                glob: None,
            });
        };
        let bytes = pattern.len();
        if bytes > PATHS_BYTES {
            let problem =
                format!("has {bytes} bytes, a path has at most {PATHS_BYTES}; give a part of it");
            return Err(StoreError::invalid_field("path_pattern", problem));
        }
        let text = within(pattern).to_string();
        let glob = match pattern.contains(GLOB) {
            true => Some(globbed(&text)?),
            false => None,
        };
        Ok(Self {
            text: Some(text),
            glob,
        })
    }

    /// Whether a path is among them. One that contains the text as it stands always is:
    /// names may hold any character.
    pub(super) fn have(&self, path: &str) -> bool {
        let has_text = self.text.as_ref().is_none_or(|text| path.contains(text));
        has_text || self.glob.as_ref().is_some_and(|glob| glob.is_match(path))
    }
}

/// A pattern as of the workspace's root, as stored paths are.
fn within(pattern: &str) -> &str {
    match pattern.strip_prefix(WORKSPACE) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        Some(_) | None => pattern,
    }
}

/// Without a slash it is about names, in any directory; with one it is about the path
/// from the root. `*` and `?` stand for no slash, `**` stands for any number of them.
fn globbed(text: &str) -> Result<GlobMatcher, StoreError> {
    let text = text.strip_prefix("./").unwrap_or(text);
    let from_root = match text {
        text if text.starts_with('/') => text.to_string(),
        text if text.contains('/') => format!("/{text}"),
        name => format!("/**/{name}"),
    };
    let glob = GlobBuilder::new(&from_root)
        .literal_separator(true)
        .backslash_escape(true)
        .build();
    let glob =
        glob.map_err(|fault| refused(format!("invalid path pattern `{text}`: {}", fault.kind())))?;
    Ok(glob.compile_matcher())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The forms that tools tell models to write find what they say.
    #[test]
    fn paths() {
        for (pattern, has, lacks) in [
            (
                "*.txt",
                vec!["/a.txt", "/d/e/b.txt"],
                vec!["/a.txt.md", "/txt", "/a.txt/b"],
            ),
            (
                "/workspace/docs/*",
                vec!["/docs/a", "/docs/b.md"],
                vec!["/docs", "/docs/x/a", "/src/docs/a"],
            ),
            (
                "/workspace/docs/**",
                vec!["/docs/a", "/docs/x/a"],
                vec!["/src/docs/a"],
            ),
            ("docs/*.md", vec!["/docs/a.md"], vec!["/x/docs/a.md"]),
            (
                "**/docs/*.md",
                vec!["/docs/a.md", "/x/docs/a.md"],
                vec!["/docs/x/a.md"],
            ),
            ("./*.rs", vec!["/a.rs"], vec!["/src/b"]),
            ("*.{rs,toml}", vec!["/a.rs", "/x/Cargo.toml"], vec!["/a.md"]),
            ("?.[ch]", vec!["/a.c", "/x/b.h"], vec!["/ab.c", "/a.o"]),
            ("/src", vec!["/src/a.rs", "/tests/src/c.rs"], vec!["/srb"]),
            ("/workspace/src", vec!["/src/a.rs"], vec!["/lib.rs"]),
            ("/workspace", vec!["/a", "/b/c"], vec![]),
            ("/workspacefoo", vec!["/workspacefoo/a"], vec!["/foo"]),
            ("", vec!["/a"], vec![]),
            ("/odd[1]", vec!["/odd[1]/a", "/odd1"], vec!["/odd2"]),
        ] {
            let paths = Paths::parse(Some(pattern)).unwrap();
            for path in has {
                assert!(paths.have(path), "{pattern} lacks {path}");
            }
            for path in lacks {
                assert!(!paths.have(path), "{pattern} has {path}");
            }
        }
        for pattern in ["[", "{a", "a[z-a]"] {
            let error = Paths::parse(Some(pattern)).err().unwrap();
            assert!(error.message.contains("pattern"), "{error}");
        }
    }
}
