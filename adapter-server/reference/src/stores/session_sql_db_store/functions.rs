//! Some of SQLite's functions again: its own take the product of the lengths of two
//! values, which is minutes for two of a MiB, and nothing can stop them. These take the
//! sum. SQLite does not ask between the functions of a row whether to go on, so these
//! ask for themselves.

use crate::stores::session_sql_db_store::watch::Watch;
use memchr::memmem;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ffi};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

/// Sets of characters up to this size are looked through one by one.
const FEW: usize = 16;

/// A character has at most so many bytes.
const CHARACTER_BYTES: usize = 4;

/// What a function gives.
enum Answer {
    Null,
    Integer(i64),
    /// UTF-8, if what it was made of was.
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

type Function = fn(&Context<'_>, usize) -> rusqlite::Result<Answer>;

const FUNCTIONS: &[(&str, i32, Function)] = &[
    ("trim", 2, |context, _| trimmed(context, true, true)),
    ("ltrim", 2, |context, _| trimmed(context, true, false)),
    ("rtrim", 2, |context, _| trimmed(context, false, true)),
    ("instr", 2, |context, _| Ok(position(context))),
    ("replace", 3, replaced),
    ("unhex", 2, |context, _| Ok(unhexed(context))),
];

/// Puts these functions in the place of SQLite's.
pub(super) fn register(
    connection: &Connection,
    watch: &Arc<Watch>,
    value_bytes: usize,
) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for &(name, arguments, function) in FUNCTIONS {
        let watch = watch.clone();
        connection.create_scalar_function(name, arguments, flags, move |context| {
            if watch.check().is_err() {
                return Err(failure(ffi::SQLITE_INTERRUPT));
            }
            function(context, value_bytes)
        })?;
    }
    Ok(())
}

fn failure(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
}

// === impl Answer ===

impl ToSql for Answer {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(bytes) => ValueRef::Text(bytes),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

// === arguments ===

/// An argument as text; `None` for NULL.
fn text<'a>(context: &'a Context<'_>, argument: usize) -> Option<Cow<'a, [u8]>> {
    match context.get_raw(argument) {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string().into_bytes().into()),
        ValueRef::Real(number) => Some(real(number).into_bytes().into()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes.into()),
    }
}

/// A number as SQLite writes it, with 15 digits.
fn real(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Inf" } else { "-Inf" }.into();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let written = format!("{:.14e}", number.abs());
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits = mantissa.replace('.', "");
    let digits = digits.trim_end_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    let or_zero = |fraction: &str| if fraction.is_empty() { "0" } else { fraction }.to_string();
    if !(-4..15).contains(&exponent) {
        let (first, rest) = digits.split_at(1);
        let direction = if exponent < 0 { '-' } else { '+' };
        let rest = or_zero(rest);
        return format!("{sign}{first}.{rest}e{direction}{:02}", exponent.abs());
    }
    let Ok(before) = usize::try_from(exponent + 1) else {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    };
    if before == 0 {
        return format!("{sign}0.{digits}");
    }
    let padded = format!("{digits:0<before$}");
    let (whole, fraction) = padded.split_at(before);
    format!("{sign}{whole}.{}", or_zero(fraction))
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// SQLite takes a NUL for the end of most texts.
fn until_nul(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, text);
    end.map_or(text, |end| &text[..end])
}

// === trim ===

/// The characters of a text.
struct Characters<'a> {
    few: Vec<&'a [u8]>,
    many: HashSet<&'a [u8]>,
}

impl<'a> Characters<'a> {
    fn of(mut text: &'a [u8]) -> Self {
        let (mut few, mut many) = (Vec::new(), HashSet::new());
        while let Some(&first) = text.first() {
            let rest = text[1..].iter();
            let length = match first {
                0xc0.. => 1 + rest.take_while(|byte| is_continuation(**byte)).count(),
                _ => 1,
            };
            let (character, after) = text.split_at(length);
            if few.len() < FEW {
                few.push(character);
            } else {
                many.insert(character);
            }
            text = after;
        }
        Self { few, many }
    }

    fn has(&self, character: &[u8]) -> bool {
        self.few.contains(&character) || self.many.contains(character)
    }

    /// How long the one of them is that a text begins with.
    fn length_at_begin(&self, text: &[u8]) -> Option<usize> {
        let begins = |n: &usize| text.get(..*n).is_some_and(|it| self.has(it));
        (1..=CHARACTER_BYTES).find(begins)
    }

    /// How long the one of them is that a text ends with.
    fn length_at_end(&self, text: &[u8]) -> Option<usize> {
        let ends = |n: &usize| {
            let begin = text.len().checked_sub(*n);
            begin.is_some_and(|begin| self.has(&text[begin..]))
        };
        (1..=CHARACTER_BYTES).find(ends)
    }
}

fn trimmed(context: &Context<'_>, left: bool, right: bool) -> rusqlite::Result<Answer> {
    let (Some(text), Some(set)) = (text(context, 0), text(context, 1)) else {
        return Ok(Answer::Null);
    };
    let set = Characters::of(until_nul(&set));
    let mut rest: &[u8] = &text;
    while left && let Some(length) = set.length_at_begin(rest) {
        rest = &rest[length..];
    }
    while right && let Some(length) = set.length_at_end(rest) {
        rest = &rest[..rest.len() - length];
    }
    Ok(Answer::Text(rest.to_vec()))
}

// === instr ===

/// From 1 on, in characters, or in bytes if both are blobs; 0 if it is not there.
fn position(context: &Context<'_>) -> Answer {
    let (Some(hay), Some(needle)) = (text(context, 0), text(context, 1)) else {
        return Answer::Null;
    };
    let is_blob = |argument| matches!(context.get_raw(argument), ValueRef::Blob(_));
    let are_bytes = is_blob(0) && is_blob(1);
    let begins_within = |needle: &[u8]| needle.first().copied().is_some_and(is_continuation);
    if !are_bytes && begins_within(&needle) {
        // No character begins so, except a broken one at the very beginning.
        return Answer::Integer(i64::from(hay.starts_with(&needle)));
    }
    let Some(place) = memmem::find(&hay, &needle) else {
        return Answer::Integer(0);
    };
    let before = &hay[..place];
    let before = match are_bytes {
        true => before.len(),
        false => begun(before),
    };
    Answer::Integer(1 + i64::try_from(before).unwrap_or(i64::MAX))
}

/// How many characters begin in a text, whatever its first byte is.
fn begun(text: &[u8]) -> usize {
    let rest = text.iter().skip(1);
    text.len().min(1) + rest.filter(|byte| !is_continuation(**byte)).count()
}

// === replace ===

fn replaced(context: &Context<'_>, value_bytes: usize) -> rusqlite::Result<Answer> {
    let (Some(whole), Some(pattern)) = (text(context, 0), text(context, 1)) else {
        return Ok(Answer::Null);
    };
    if until_nul(&pattern).is_empty() {
        return Ok(Answer::Text(whole.into_owned()));
    }
    let Some(other) = text(context, 2) else {
        return Ok(Answer::Null);
    };
    let finder = memmem::Finder::new(&pattern);
    let mut made = Vec::with_capacity(whole.len());
    let mut from = 0;
    for place in finder.find_iter(&whole) {
        made.extend_from_slice(&whole[from..place]);
        made.extend_from_slice(&other);
        from = place + pattern.len();
        if made.len() > value_bytes {
            return Err(failure(ffi::SQLITE_TOOBIG));
        }
    }
    made.extend_from_slice(&whole[from..]);
    Ok(Answer::Text(made))
}

// === unhex ===

/// The bytes of hexadecimal digits, between which some characters may stand; NULL for
/// anything else. Bytes that are no UTF-8 are not taken for one another, as SQLite does.
fn unhexed(context: &Context<'_>) -> Answer {
    let (Some(text), Some(ignored)) = (text(context, 0), text(context, 1)) else {
        return Answer::Null;
    };
    let ignored = Characters::of(&ignored);
    let mut rest = until_nul(&text);
    let mut bytes = Vec::with_capacity(rest.len() / 2);
    let digit = |at: Option<&u8>| at.and_then(|byte| char::from(*byte).to_digit(16));
    while !rest.is_empty() {
        if let Some(high) = digit(rest.first()) {
            let Some(low) = digit(rest.get(1)) else {
                return Answer::Null;
            };
            bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
            rest = &rest[2..];
            continue;
        }
        let Some(length) = ignored.length_at_begin(rest) else {
            return Answer::Null;
        };
        rest = &rest[length..];
    }
    Answer::Blob(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::SqlLimits;
    use rusqlite::types::Value;

    const VALUES: &[&str] = &[
        "NULL",
        "''",
        "'a'",
        "'aa'",
        "'abcabc'",
        "'  x  '",
        "'äöü'",
        "'öü'",
        "'ü'",
        "'€uro€'",
        "'😀a😀'",
        "'😀'",
        "'c'",
        "'A1'",
        "'61 62-63'",
        "'616'",
        "' -'",
        "'a' || char(0) || 'b'",
        "char(0)",
        "x''",
        "x'6162'",
        "x'00ff80'",
        "x'ff'",
        "x'80'",
        "x'c3a4'",
        "x'a4'",
        "0",
        "-7",
        "12",
        "1.0",
        "0.1",
        "-2.5e-7",
        "1e15",
        "123456789012345678.0",
        "1e300",
        "9e999",
        "-9e999",
        "1.0/3",
        "'.'",
        "1",
        "'0'",
        "'abcdefghijklmnopqrstuvwxyzäöü'",
        "'cäaö'",
    ];

    fn with_ours() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let patient = SqlLimits {
            time: std::time::Duration::from_secs(600),
            ..SqlLimits::default()
        };
        let watch = Arc::new(Watch::begin(patient));
        register(&connection, &watch, 1 << 20).unwrap();
        connection
    }

    /// Whatever they are given, they answer as SQLite's own do: the same value of the same
    /// type.
    #[test]
    fn they_answer_as_sqlite_does() {
        let (sqlite, ours) = (Connection::open_in_memory().unwrap(), with_ours());
        let is_broken = |value: &str| ["x'00ff80'", "x'ff'", "x'80'", "x'a4'"].contains(&value);
        let mut calls = Vec::new();
        for one in VALUES {
            for other in VALUES {
                for name in ["trim", "ltrim", "rtrim", "instr"] {
                    calls.push(format!("{name}({one}, {other})"));
                }
                if !is_broken(one) && !is_broken(other) {
                    calls.push(format!("unhex({one}, {other})"));
                }
                for third in ["NULL", "''", "'ä'", "7"] {
                    calls.push(format!("replace({one}, {other}, {third})"));
                }
            }
        }
        for call in calls {
            // Of a value that is not UTF-8, its bytes.
            let sql = format!("SELECT typeof({call}), CAST({call} AS BLOB)");
            let ask = |connection: &Connection| {
                connection.query_row(&sql, [], |row| {
                    Ok((row.get::<_, Value>(0)?, row.get::<_, Value>(1)?))
                })
            };
            assert_eq!(ask(&ours).unwrap(), ask(&sqlite).unwrap(), "{call}");
        }
    }

    /// An expression that SQLite stores in its schema may use them, as it may SQLite's own.
    #[test]
    fn indexes_may_use_them() {
        let connection = with_ours();
        connection
            .execute_batch(
                "PRAGMA trusted_schema = OFF; CREATE TABLE t(a, b AS (replace(a, 'x', 'y'))); \
                 CREATE INDEX i ON t(trim(a, '-')); INSERT INTO t(a) VALUES ('-x-');",
            )
            .unwrap();
        let sql = "SELECT b FROM t INDEXED BY i WHERE trim(a, '-') = 'x'";
        let found: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, "-y-");
    }
}
