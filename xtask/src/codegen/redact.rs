//! What the generated messages know about their secrets: a `Debug` that prints
//! whether one is there and never what it is, and `Secrets`, which finds one.

use super::{option_value, own_messages, snake_case};
use anyhow::Result;
use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor, OneofDescriptor};
use std::collections::BTreeSet;
use std::fmt::Write;

pub(super) fn generate(pool: &DescriptorPool) -> Result<String> {
    let mut out = String::from(
        "use crate::pb;\nuse crate::redact::{MaybeEmpty, Redacted, Secrets};\nuse std::fmt;\n",
    );
    debug(&mut out, pool)?;
    let holders = holders(pool);
    for message in own_messages(pool) {
        let name = message.name();
        writeln!(out, "impl Secrets for pb::{name} {{")?;
        let found = secrets_of(&message, pool, &holders);
        if !found.is_empty() {
            writeln!(
                out,
                "fn secret(&self, counts: &dyn Fn(&str) -> bool) -> Option<&'static str> {{ None"
            )?;
            for one in found {
                writeln!(out, ".or_else(|| {one})")?;
            }
            writeln!(out, "}}")?;
        }
        writeln!(out, "}}")?;
    }
    Ok(out)
}

fn debug(out: &mut String, pool: &DescriptorPool) -> Result<()> {
    for message in messages_with_secrets(pool) {
        let name = message.name();
        let mut body = format!("f.debug_struct(\"{name}\")");
        for field in message.fields().filter(|field| real_oneof(field).is_none()) {
            let rust = rust_name(field.name());
            let held = shown(&field, &format!("&self.{rust}"), pool);
            write!(body, ".field(\"{rust}\", {held})")?;
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            let rust = rust_name(oneof.name());
            write!(body, ".field(\"{rust}\", &self.{rust})")?;
            debug_oneof(out, &message, &oneof, pool)?;
        }
        debug_impl(out, &format!("pb::{name}"), &format!("{body}.finish()"))?;
    }
    Ok(())
}

/// The choice is a type of its own, and is debugged by itself too.
fn debug_oneof(
    out: &mut String,
    message: &MessageDescriptor,
    oneof: &OneofDescriptor,
    pool: &DescriptorPool,
) -> Result<()> {
    let mut arms = String::new();
    for field in oneof.fields() {
        let variant = camel_case(field.name());
        let held = shown(&field, "held", pool);
        write!(
            arms,
            "Self::{variant}(held) => f.debug_tuple(\"{variant}\").field({held}).finish(),"
        )?;
    }
    let (module, kind) = (snake_case(message.name()), camel_case(oneof.name()));
    debug_impl(
        out,
        &format!("pb::{module}::{kind}"),
        &format!("match self {{ {arms} }}"),
    )
}

fn debug_impl(out: &mut String, name: &str, body: &str) -> Result<()> {
    writeln!(
        out,
        "impl fmt::Debug for {name} {{
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{ {body} }}
        }}"
    )?;
    Ok(())
}

/// The field as it may be shown, borrowed; `place` borrows it as it is.
fn shown(field: &FieldDescriptor, place: &str, pool: &DescriptorPool) -> String {
    if is_secret(field, pool) {
        format!("&Redacted::of({place})")
    } else {
        place.to_string()
    }
}

/// One expression for each field that is a secret or whose message may hold one.
fn secrets_of(
    message: &MessageDescriptor,
    pool: &DescriptorPool,
    holders: &BTreeSet<String>,
) -> Vec<String> {
    let mut found = Vec::new();
    for field in message.fields() {
        if real_oneof(&field).is_some() {
            continue;
        }
        let rust = rust_name(field.name());
        if is_secret(&field, pool) {
            found.push(format!(
                "self.{rust}.counted(\"{}.{}\", counts)",
                message.name(),
                field.name()
            ));
        } else if holds(&field, holders) {
            found.push(format!("self.{rust}.secret(counts)"));
        }
    }
    for oneof in message.oneofs() {
        found.extend(secrets_of_oneof(message, &oneof, pool, holders));
    }
    found
}

fn secrets_of_oneof(
    message: &MessageDescriptor,
    oneof: &OneofDescriptor,
    pool: &DescriptorPool,
    holders: &BTreeSet<String>,
) -> Option<String> {
    let (module, kind) = (snake_case(message.name()), camel_case(oneof.name()));
    let mut arms = String::new();
    let mut is_covered = true;
    for field in oneof.fields() {
        real_oneof(&field)?;
        let variant = format!("pb::{module}::{kind}::{}", camel_case(field.name()));
        if is_secret(&field, pool) {
            let name = format!("{}.{}", message.name(), field.name());
            arms += &format!("{variant}(held) => held.counted(\"{name}\", counts),");
        } else if holds(&field, holders) {
            arms += &format!("{variant}(held) => held.secret(counts),");
        } else {
            is_covered = false;
        }
    }
    if arms.is_empty() {
        return None;
    }
    let rest = if is_covered { "" } else { "_ => None," };
    let rust = rust_name(oneof.name());
    Some(format!(
        "self.{rust}.as_ref().and_then(|held| match held {{ {arms} {rest} }})"
    ))
}

/// The messages that have a secret or hold a message that does.
fn holders(pool: &DescriptorPool) -> BTreeSet<String> {
    let mut holders: BTreeSet<String> = messages_with_secrets(pool)
        .iter()
        .map(|message| message.full_name().to_string())
        .collect();
    loop {
        let more: Vec<_> = own_messages(pool)
            .into_iter()
            .filter(|message| !holders.contains(message.full_name()))
            .filter(|message| message.fields().any(|field| holds(&field, &holders)))
            .collect();
        if more.is_empty() {
            return holders;
        }
        holders.extend(more.iter().map(|message| message.full_name().to_string()));
    }
}

/// Whether the field's message, or that of its map's values, may hold a secret.
fn holds(field: &FieldDescriptor, holders: &BTreeSet<String>) -> bool {
    let kind = field.kind();
    let Some(message) = kind.as_message() else {
        return false;
    };
    if message.is_map_entry() {
        return holds(&message.map_entry_value_field(), holders);
    }
    holders.contains(message.full_name())
}

/// The oneof that the field stands in, unless it is the one of `optional`.
pub(super) fn real_oneof(field: &FieldDescriptor) -> Option<OneofDescriptor> {
    field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic())
}

/// `user_token` as `UserToken`.
pub(super) fn camel_case(name: &str) -> String {
    name.split('_')
        .filter(|word| !word.is_empty())
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        })
        .collect()
}

pub(super) fn messages_with_secrets(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    own_messages(pool)
        .into_iter()
        .filter(|message| message.fields().any(|field| is_secret(&field, pool)))
        .collect()
}

fn is_secret(field: &FieldDescriptor, pool: &DescriptorPool) -> bool {
    option_value(&field.options(), pool, "secret")
        .ok()
        .and_then(|value| value.as_bool())
        .unwrap_or(false)
}

pub(super) fn rust_name(field: &str) -> String {
    match field {
        "type" => "r#type".into(),
        other => other.into(),
    }
}
