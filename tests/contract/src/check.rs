//! What a rule says in the end, and the few expectations that rules are written with.

use std::fmt::Debug;

/// The end of a rule: it is kept, or it stops before that.
pub(crate) type Outcome<T = ()> = Result<T, Stop>;

/// Why a rule stopped before its end.
#[derive(Debug, Clone)]
pub(crate) enum Stop {
    /// The server broke it.
    Broken(Breach),
    /// It could not be held against this server, and why.
    Skipped(String),
}

/// How a server broke a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    /// What was looked at.
    pub(crate) what: String,
    /// What it had to be.
    pub(crate) expected: String,
    /// What it was.
    pub(crate) got: String,
}

/// How much of a value is shown.
const SHOWN_CHARS: usize = 600;

pub(crate) fn broken<T>(
    what: impl Into<String>,
    expected: impl Into<String>,
    got: impl Into<String>,
) -> Outcome<T> {
    Err(Stop::Broken(Breach {
        what: what.into(),
        expected: expected.into(),
        got: got.into(),
    }))
}

pub(crate) fn skipped<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Stop::Skipped(why.into()))
}

/// Two values are equal.
pub(crate) fn same<T: PartialEq<U> + Debug + ?Sized, U: Debug + ?Sized>(
    what: &str,
    got: &T,
    expected: &U,
) -> Outcome {
    match got == expected {
        true => Ok(()),
        false => broken(what, shown(expected), shown(got)),
    }
}

/// Two values differ.
pub(crate) fn different<T: PartialEq + Debug + ?Sized>(what: &str, got: &T, from: &T) -> Outcome {
    match got == from {
        false => Ok(()),
        true => broken(what, format!("anything but {}", shown(from)), shown(got)),
    }
}

/// Something holds of a value.
pub(crate) fn that<T: Debug + ?Sized>(what: &str, expected: &str, holds: bool, got: &T) -> Outcome {
    match holds {
        true => Ok(()),
        false => broken(what, expected, shown(got)),
    }
}

/// A value is there.
pub(crate) fn present<T>(what: &str, got: Option<T>) -> Outcome<T> {
    match got {
        Some(value) => Ok(value),
        None => broken(what, "to be there", "absent"),
    }
}

/// A value is not there.
pub(crate) fn absent<T: Debug>(what: &str, got: Option<T>) -> Outcome {
    match got {
        None => Ok(()),
        Some(value) => broken(what, "absent", shown(&value)),
    }
}

/// A text holds a word, whatever its case.
pub(crate) fn says(what: &str, text: &str, word: &str) -> Outcome {
    let holds = text.to_lowercase().contains(&word.to_lowercase());
    that(what, &format!("a text that contains `{word}`"), holds, text)
}

/// A value as far as it is shown.
pub(crate) fn shown(value: &(impl Debug + ?Sized)) -> String {
    crate::exchange::clipped(value, SHOWN_CHARS)
}
