//! Names and other texts that are given: which names can be, and names for copies.

use crate::db::Tx;
use crate::db::errors::refused;
use crate::stores::names;
use crate::stores::names::Kind;
use everruns_core::agent::{MAX_ADDRESSABLE_NAME_LEN, validate_addressable_name};
use mortise_proto::StoreError;

/// What remains of a name that has nothing to keep.
const NAMELESS: &str = "harness";

/// Sets a text to what is given, if anything is.
pub(super) fn set(text: &mut String, given: Option<&str>) {
    if let Some(given) = given {
        *text = given.into();
    }
}

/// The same of a text that may be missing.
pub(super) fn set_optional(text: &mut Option<String>, given: Option<&str>) {
    if let Some(given) = given {
        *text = Some(given.into());
    }
}

/// Fails unless the name is one that can be given.
pub(super) fn check(kind: Kind, name: &str) -> Result<(), StoreError> {
    validate_addressable_name(name).map_err(|problem| {
        let kind = kind.name();
        refused(format!("{kind} name {name:?} is not allowed: {problem}"))
    })
}

/// A name made from the original's that no harness has: `generic-copy`,
/// `generic-copy-2` and so on.
pub(super) async fn free_for_copy(tx: &mut Tx, original: &str) -> Result<String, StoreError> {
    let mut number = 1_u64;
    loop {
        let name = numbered(original, number);
        if !names::is_taken(tx, Kind::Harness, &name, "").await? {
            return Ok(name);
        }
        number += 1;
    }
}

/// The original may be any text; the copy's name is an addressable one.
fn numbered(original: &str, number: u64) -> String {
    let suffix = match number {
        1 => "-copy".to_string(),
        number => format!("-copy-{number}"),
    };
    let lower = original.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let mut stem = words.join("-");
    stem.truncate(MAX_ADDRESSABLE_NAME_LEN - suffix.len());
    match stem.trim_end_matches('-') {
        "" => format!("{NAMELESS}{suffix}"),
        stem => format!("{stem}{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use crate::stores::platform_store::naming::numbered;
    use everruns_core::agent::validate_addressable_name;

    /// Whatever the original is called, the copy's name is one that can be given.
    #[test]
    fn every_copy_has_a_name_that_can_be_given() {
        assert_eq!(numbered("Generic", 1), "generic-copy");
        assert_eq!(numbered("generic", 2), "generic-copy-2");
        assert_eq!(numbered("Mein Großes  Werk!", 1), "mein-gro-es-werk-copy");
        assert_eq!(numbered("世界", 3), "harness-copy-3");
        let long = format!("{}-{}", "a".repeat(58), "b".repeat(40));
        for name in ["", "-", "a--b", &long] {
            for number in [1, 2, u64::MAX] {
                let name = numbered(name, number);
                assert_eq!(validate_addressable_name(&name), Ok(()), "{name}");
            }
        }
    }
}
