//! The grammar of open values: the one check of `..._json` fields, which the sender of
//! a request and its receiver both make. `context.proto` states it for everybody.
//!
//! Every value that passes can be read by every JSON parser in use, and says the same
//! to each of them: none of it is too deep, rounded or half a character.

use super::{ConvertError, Result};
use crate::patch::PIECES_MAX;
use crate::pb;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// How deep an open value may nest. A string, number, `true`, `false` or `null` has no
/// depth; every object and array adds one.
pub const VALUE_DEPTH_MAX: usize = 100;

/// How deep an event's payload may nest. Payloads hold open values, inside messages,
/// inside lists: what holds them has a margin of its own.
pub const PAYLOAD_DEPTH_MAX: usize = 120;

/// The longest number, in characters. Some parsers refuse numbers of 1,000.
const NUMBER_CHARS_MAX: usize = 400;

/// The most significant digits that a double can keep.
const DOUBLE_DIGITS_MAX: usize = 17;

/// As many digits are kept whatever they are.
const DOUBLE_DIGITS_SAFE: usize = 15;

/// Requests whose open values can be checked. Generated for every request.
pub trait OpenValues {
    /// Refuses the first open value that breaks the grammar, by its path.
    fn check_values(&self) -> Result<()> {
        Ok(())
    }
}

/// Why a text is not an open value. Says nothing of what the text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    NotJson { line: usize, column: usize },
    Deep { at: usize, depth_max: usize },
    Integer { at: usize },
    Decimal { at: usize },
    Number { at: usize },
    Surrogate { at: usize },
}

/// Checks the text of an open value. An empty one counts as left out: whether it may be
/// is the field's business.
pub fn check_value(field: &str, text: &str) -> Result<()> {
    check(field, text, VALUE_DEPTH_MAX)
}

/// Checks the payload of an event.
pub fn check_payload(field: &str, text: &str) -> Result<()> {
    check(field, text, PAYLOAD_DEPTH_MAX)
}

/// Whether a text is an open value.
#[must_use]
pub fn is_open_value(text: &str) -> bool {
    flaw(text, VALUE_DEPTH_MAX).is_none()
}

/// Whether a text is the payload of an event.
#[must_use]
pub fn is_payload(text: &str) -> bool {
    flaw(text, PAYLOAD_DEPTH_MAX).is_none()
}

fn check(field: &str, text: &str, depth_max: usize) -> Result<()> {
    match flaw(text, depth_max) {
        Some(flaw) if !text.is_empty() => Err(ConvertError::new(field, flaw.to_string())),
        Some(_) | None => Ok(()),
    }
}

/// A payload within the bound: each part that stands too deep becomes the string of its
/// JSON. For records of the past, which no code acts on.
#[must_use]
pub fn flattened(payload: Value) -> Value {
    flat(payload, PAYLOAD_DEPTH_MAX)
}

fn flat(value: Value, levels: usize) -> Value {
    match (value, levels.checked_sub(1)) {
        (value @ (Value::Array(_) | Value::Object(_)), None) => Value::String(value.to_string()),
        (Value::Array(values), Some(levels)) => {
            let values = values.into_iter().map(|value| flat(value, levels));
            Value::Array(values.collect())
        }
        (Value::Object(values), Some(levels)) => {
            let flat = |(key, value)| (key, flat(value, levels));
            Value::Object(values.into_iter().map(flat).collect())
        }
        (value, _) => value,
    }
}

// === for generated code ===

/// An event whose data may come as a difference: what they are is checked when they are
/// put together.
pub fn check_event(event: Option<&pb::NewEvent>, patch: Option<&pb::DataPatch>) -> Result<()> {
    let Some(patch) = patch else {
        return check_held("event", event);
    };
    if patch.base_sequence < 1 {
        let problem = format!("is {}; name a stored event, from 1", patch.base_sequence);
        return Err(ConvertError::new("data_patch.base_sequence", problem));
    }
    if patch.pieces.len() > PIECES_MAX {
        let problem = format!("are {}; send at most {PIECES_MAX}", patch.pieces.len());
        return Err(ConvertError::new("data_patch.pieces", problem));
    }
    let Some(event) = event else {
        return Ok(());
    };
    if !event.data_json.is_empty() {
        let problem = "is given beside data_patch; send one of the two";
        return Err(ConvertError::new("event.data_json", problem));
    }
    check_optional("event.metadata_json", event.metadata_json.as_deref())
}

/// An open value of a field that says whether it is there: an empty one is no value.
pub(crate) fn check_optional(field: &str, text: Option<&str>) -> Result<()> {
    match text {
        Some("") => {
            let problem = "is empty; send one JSON value, or leave the field out";
            Err(ConvertError::new(field, problem))
        }
        Some(text) => check_value(field, text),
        None => Ok(()),
    }
}

pub(crate) fn check_map(field: &str, values: &BTreeMap<String, String>) -> Result<()> {
    let mut values = values.iter();
    values.try_for_each(|(key, text)| check_value(&format!("{field}[{key:?}]"), text))
}

pub(crate) fn check_held<W: OpenValues>(field: &str, held: Option<&W>) -> Result<()> {
    let checked = held.map_or(Ok(()), OpenValues::check_values);
    checked.map_err(|error| error.within(field))
}

/// Checks the messages of a list by their positions, those of a map by their keys.
pub(crate) fn check_each<'a, K: fmt::Debug, W: OpenValues + 'a>(
    field: &str,
    mut held: impl Iterator<Item = (K, &'a W)>,
) -> Result<()> {
    held.try_for_each(|(key, held)| {
        let checked = held.check_values();
        checked.map_err(|error| error.within(&format!("{field}[{key:?}]")))
    })
}

// === the grammar ===

/// What is wrong with a text.
fn flaw(text: &str, depth_max: usize) -> Option<Flaw> {
    // It takes no notice of what values mean, and needs no stack however deep they are.
    if let Err(fault) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let (line, column) = (fault.line(), fault.column());
        return Some(Flaw::NotJson { line, column });
    }
    let scan = Scan {
        text,
        at: 0,
        depth_max,
    };
    scan.flaw()
}

/// A walk over a text that is JSON.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    depth_max: usize,
}

// === impl Scan ===

impl Scan<'_> {
    fn flaw(mut self) -> Option<Flaw> {
        let mut depth = 0_usize;
        while let Some(byte) = self.byte(0) {
            match byte {
                b'"' => {
                    if let Some(flaw) = self.string() {
                        return Some(flaw);
                    }
                    continue;
                }
                b'-' | b'0'..=b'9' => {
                    if let Some(flaw) = self.number() {
                        return Some(flaw);
                    }
                    continue;
                }
                b'{' | b'[' => {
                    depth += 1;
                    if depth > self.depth_max {
                        let (at, depth_max) = (self.at, self.depth_max);
                        return Some(Flaw::Deep { at, depth_max });
                    }
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
        }
        None
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    /// Walks over a string.
    fn string(&mut self) -> Option<Flaw> {
        self.at += 1;
        while let Some(byte) = self.byte(0) {
            match byte {
                b'"' => {
                    self.at += 1;
                    break;
                }
                b'\\' if self.byte(1) == Some(b'u') => {
                    let at = self.at;
                    match self.unit() {
                        Some(0xD800..=0xDBFF) => {
                            if !matches!(self.unit(), Some(0xDC00..=0xDFFF)) {
                                return Some(Flaw::Surrogate { at });
                            }
                        }
                        Some(0xDC00..=0xDFFF) => return Some(Flaw::Surrogate { at }),
                        Some(_) | None => {}
                    }
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        None
    }

    /// Walks over one `\u` and its four hex digits, if there is one.
    fn unit(&mut self) -> Option<u16> {
        let escape = self.text.as_bytes().get(self.at..self.at + 6)?;
        let digits = escape.strip_prefix(b"\\u")?;
        let digits = std::str::from_utf8(digits).ok()?;
        let unit = u16::from_str_radix(digits, 16).ok()?;
        self.at += 6;
        Some(unit)
    }

    /// Walks over a number.
    fn number(&mut self) -> Option<Flaw> {
        let at = self.at;
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let is_of_number =
            |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().take_while(|byte| is_of_number(byte)).count();
        self.at += length;
        let number = self.text.get(at..self.at).unwrap_or_default();
        if number.contains(['.', 'e', 'E']) {
            return match number.len() > NUMBER_CHARS_MAX {
                true => Some(Flaw::Number { at }),
                false => (!is_kept_by_a_double(number)).then_some(Flaw::Decimal { at }),
            };
        }
        let is_integer = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
        (!is_integer).then_some(Flaw::Integer { at })
    }
}

/// Whether a double keeps every significant digit of a number.
fn is_kept_by_a_double(number: &str) -> bool {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0').trim_end_matches('0');
    let Ok(double) = number.parse::<f64>() else {
        return false;
    };
    if digits.is_empty() {
        return true;
    }
    let double = double.abs();
    if !double.is_finite() || double == 0.0 || digits.len() > DOUBLE_DIGITS_MAX {
        return false;
    }
    if digits.len() <= DOUBLE_DIGITS_SAFE && double.is_normal() {
        return true;
    }
    let after_point = digits.len() - 1;
    let kept = format!("{double:.after_point$e}");
    let kept = kept.split('e').next().unwrap_or_default();
    kept.bytes().filter(|byte| *byte != b'.').eq(digits.bytes())
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { line, column } => write!(
                f,
                "is not one JSON value, at line {line} column {column}; send one, such as {{}} or null"
            ),
            Self::Deep { at, depth_max } => write!(
                f,
                "nests deeper than {depth_max} levels, at byte {at}; send a flatter value, or the deep part as a string"
            ),
            Self::Integer { at } => write!(
                f,
                "holds an integer outside -2^63 to 2^64-1, at byte {at}; send it as a string"
            ),
            Self::Decimal { at } => write!(
                f,
                "holds a number that a double cannot keep to the digit, at byte {at}; send it as a string"
            ),
            Self::Number { at } => write!(
                f,
                "holds a number of more than {NUMBER_CHARS_MAX} characters, at byte {at}; send it as a string"
            ),
            Self::Surrogate { at } => write!(
                f,
                "holds half of a surrogate pair, at byte {at}; send whole characters"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
