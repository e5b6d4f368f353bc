//! How single values are written. A value from the environment is text, so every
//! kind can be read from text as well.

use super::diagnostics::Bad;
use bytesize::ByteSize;
use mortise_adapter_client::{ConfigError, Endpoint};
use mortise_adapter_server::{ListenAddress, SocketGroup, SocketMode};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use toml::Value;

/// Text that is not empty.
pub(super) fn text(value: &Value) -> Result<String, Bad> {
    match value.as_str().map(str::trim) {
        Some("") => Err(Bad::new("it is empty", "give it a value or leave it out")),
        Some(text) => Ok(text.into()),
        None => Err(Bad::new("it is not text", "write it in quotes")),
    }
}

/// The path of a file or folder.
pub(super) fn path(value: &Value) -> Result<PathBuf, Bad> {
    text(value).map(PathBuf::from)
}

/// `true` or `false`.
pub(super) fn flag(value: &Value) -> Result<bool, Bad> {
    let written = value.as_str().and_then(|text| text.parse().ok());
    let flag = value.as_bool().or(written);
    flag.ok_or_else(|| Bad::new("it is neither yes nor no", "write true or false"))
}

/// A whole number within bounds.
pub(super) fn number(min: usize, max: usize) -> impl Fn(&Value) -> Result<usize, Bad> {
    move |value| {
        let written = value.as_str().and_then(|text| text.parse().ok());
        let number = value.as_integer().or(written);
        let number = number.and_then(|number| usize::try_from(number).ok());
        let remedy = || format!("write a whole number from {min} to {max}");
        let number = number.ok_or_else(|| Bad::new("it is not such a number", remedy()))?;
        if (min..=max).contains(&number) {
            Ok(number)
        } else {
            Err(Bad::new("it is out of range", remedy()))
        }
    }
}

/// A share from 0 to 1.
pub(super) fn ratio(value: &Value) -> Result<f64, Bad> {
    #[allow(clippy::cast_precision_loss)]
    let whole = value.as_integer().map(|whole| whole as f64);
    let written = value.as_str().and_then(|text| text.parse().ok());
    let ratio = value.as_float().or(whole).or(written);
    ratio
        .filter(|ratio| (0.0..=1.0).contains(ratio))
        .ok_or_else(|| Bad::new("it is not a ratio", "write a number from 0.0 to 1.0"))
}

/// A length of time that is not nothing, such as `30s`.
pub(super) fn duration(value: &Value) -> Result<Duration, Bad> {
    let remedy = "write a number with its unit: 250ms, 30s, 10m, 2h";
    let text = text(value).map_err(|_| Bad::new("it is not a duration", remedy))?;
    let found = humantime::parse_duration(&text);
    let found =
        found.map_err(|error| Bad::new(format!("it is not a duration: {error}"), remedy))?;
    if found.is_zero() {
        return Err(Bad::new("it is zero; give a longer time", remedy));
    }
    Ok(found)
}

/// How a size is written.
const SIZE: &str = "write a number with its unit: 512 KiB, 64 MiB";

/// A number of bytes that is not nothing, such as `64 MiB`.
pub(super) fn size(value: &Value) -> Result<usize, Bad> {
    match size_or_none(value)? {
        0 => Err(Bad::new("it is out of range", SIZE)),
        bytes => Ok(bytes),
    }
}

/// The same, which may be zero.
pub(super) fn size_or_none(value: &Value) -> Result<usize, Bad> {
    let text = text(value).map_err(|_| Bad::new("it is not a size", SIZE))?;
    let found = ByteSize::from_str(&text).map_err(|_| Bad::new("it is not a size", SIZE))?;
    usize::try_from(found.as_u64()).map_err(|_| Bad::new("it is out of range", SIZE))
}

/// One of a few words.
pub(super) fn choice<T: Copy>(words: &[(&str, T)]) -> impl Fn(&Value) -> Result<T, Bad> {
    move |value| {
        let given = value.as_str();
        let found = words.iter().find(|(word, _)| Some(*word) == given);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = words
                .iter()
                .map(|(word, _)| format!("\"{word}\""))
                .collect();
            Bad::new(
                "there is no such choice",
                format!("write {}", words.join(" or ")),
            )
        })
    }
}

/// Where to listen.
pub(super) fn listen(value: &Value) -> Result<ListenAddress, Bad> {
    let remedy = "write unix:/run/mortise/host.sock or 127.0.0.1:7450";
    let text = text(value)?;
    text.parse().map_err(|problem: String| {
        Bad::new(
            format!("it is not an address to listen at: {problem}"),
            remedy,
        )
    })
}

/// The mode of a socket's file.
pub(super) fn socket_mode(value: &Value) -> Result<SocketMode, Bad> {
    let remedy = "write octal digits in quotes, such as \"0660\"";
    let text = text(value).map_err(|_| Bad::new("it is not text", remedy))?;
    text.parse()
        .map_err(|_| Bad::new("it is not a mode from 0000 to 0777", remedy))
}

/// The group of a socket's file.
pub(super) fn socket_group(value: &Value) -> Result<SocketGroup, Bad> {
    let remedy = "write the name of a group in quotes";
    let text = text(value).map_err(|_| Bad::new("it is not the name of a group", remedy))?;
    text.parse()
        .map_err(|problem: String| Bad::new(problem, remedy))
}

/// Where an adapter listens.
pub(super) fn endpoint(value: &Value) -> Result<Endpoint, Bad> {
    let remedy = "write unix:/run/adapter.sock, http://127.0.0.1:7443, https://storage.example.com:7443 or dns:///storage.example.com:7443";
    text(value)?.parse().map_err(|error| match error {
        ConfigError::Endpoint { problem, .. } => Bad::new(
            format!("it is not an adapter's endpoint: {problem}"),
            remedy,
        ),
        other @ (ConfigError::Credentials { .. }
        | ConfigError::NoEndpoint(_)
        | ConfigError::Exposed { .. }
        | ConfigError::Routes(_)
        | ConfigError::Runtime(_)) => Bad::new(other.to_string(), remedy),
    })
}

/// The name of an environment variable.
pub(super) fn name(value: &Value) -> Result<String, Bad> {
    let name = text(value)?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    match name.chars().all(is_part) {
        true => Ok(name),
        false => Err(Bad::new(
            "it is not the name of an environment variable",
            "list names alone, such as DATABASE_URL; their values are those that the host has",
        )),
    }
}

/// The SHA-256 of a token, in hexadecimal digits.
pub(super) fn sha256(value: &Value) -> Result<[u8; 32], Bad> {
    let remedy = "write the 64 digits that `printf %s TOKEN | sha256sum` prints";
    let bad = || Bad::new("it is not a SHA-256", remedy);
    let text = text(value).map_err(|_| bad())?;
    let mut digest = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return Err(bad());
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        let digits = text.get(2 * index..2 * index + 2).ok_or_else(bad)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| bad())?;
    }
    Ok(digest)
}

/// A list; one value alone, or text with commas, is one as well.
pub(super) fn list<T>(
    item: impl Fn(&Value) -> Result<T, Bad>,
) -> impl Fn(&Value) -> Result<Vec<T>, Bad> {
    move |value| match value {
        Value::Array(items) => items.iter().map(&item).collect(),
        Value::String(text) => {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            parts
                .map(|part| item(&Value::String(part.into())))
                .collect()
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            Ok(vec![item(value)?])
        }
        Value::Table(_) => Err(Bad::new("it is a table", "write a list: [ ..., ... ]")),
    }
}

/// Orgs, by their internal ids.
pub(super) fn orgs(value: &Value) -> Result<BTreeSet<i64>, Bad> {
    let remedy = "list the internal ids of orgs: [1, 2]";
    let org = |value: &Value| {
        let written = value.as_str().and_then(|text| text.parse().ok());
        let id = value.as_integer().or(written);
        id.ok_or_else(|| Bad::new("an org's id is a whole number", remedy))
    };
    let orgs: BTreeSet<_> = list(org)(value)?.into_iter().collect();
    if orgs.is_empty() {
        return Err(Bad::new("there is no org in it", remedy));
    }
    Ok(orgs)
}

/// What `parse` makes of the text, with its own error as the reason.
pub(super) fn checked<T, E: Display>(
    parse: impl Fn(&str) -> Result<T, E>,
    remedy: &'static str,
) -> impl Fn(&Value) -> Result<String, Bad> {
    move |value| {
        let text = text(value)?;
        match parse(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(Bad::new(error.to_string(), remedy)),
        }
    }
}
