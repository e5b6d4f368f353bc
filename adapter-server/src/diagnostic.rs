//! What is wrong with what a person wrote, in a configuration or a file: where, with what
//! value, why, and what to do about it.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where it is, such as `turns.max_running`; empty for the file as a whole.
    pub path: String,
    /// The value, as it is shown; `None` where it may be a secret or is no single value.
    pub value: Option<String>,
    /// The environment variable that the value came from.
    pub variable: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

// === impl Diagnostic ===

impl Diagnostic {
    /// Without a value.
    pub fn new(
        path: impl Into<String>,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            value: None,
            variable: None,
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            variable,
            value,
            reason,
            remedy,
        } = self;
        if !path.is_empty() {
            write!(f, "{path}")?;
            if let Some(value) = value {
                write!(f, " = {value}")?;
            }
            if let Some(variable) = variable {
                write!(f, " (from {variable})")?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{reason}; {remedy}")
    }
}

/// The known name that was probably meant: one edit away, and one more for every four
/// letters.
pub fn nearest<'n>(given: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let given = given.to_lowercase();
    let distance = |name: &'n str| (strsim::damerau_levenshtein(&given, name), name);
    let (distance, name) = known.into_iter().map(distance).min()?;
    // Of a name of two letters one is half of it.
    let is_near = distance <= 1 + name.len() / 4 && 2 * distance <= name.len();
    is_near.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A letter that is missing or changed over is forgiven; another word is not taken for
    /// a known one.
    #[test]
    fn a_misspelt_name_is_found() {
        let known = ["listen", "turns", "main", "a"];
        for (given, meant) in [
            ("lisen", Some("listen")),
            ("mian", Some("main")),
            ("Turns", Some("turns")),
            ("secrets", None),
            ("aa", None),
        ] {
            assert_eq!(nearest(given, known), meant, "{given}");
        }
    }

    /// An empty path is the file as a whole.
    #[test]
    fn it_says_where_what_why_and_the_remedy() {
        let mut diagnostic = Diagnostic::new("turns.max", "is no number", "write one");
        assert_eq!(diagnostic.to_string(), "turns.max: is no number; write one");
        diagnostic.value = Some("\"x\"".into());
        diagnostic.variable = Some("MORTISE_TURNS_MAX".into());
        let full = "turns.max = \"x\" (from MORTISE_TURNS_MAX): is no number; write one";
        assert_eq!(diagnostic.to_string(), full);
        let whole = Diagnostic::new("", "is no TOML", "mend it");
        assert_eq!(whole.to_string(), "is no TOML; mend it");
    }
}
