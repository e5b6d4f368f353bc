//! `Debug` for messages that hold secrets: the generated one prints whether a
//! secret is there, and never what it is.

use super::{option_value, own_messages};
use anyhow::Result;
use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor};
use std::fmt::Write;

pub(super) fn generate(pool: &DescriptorPool) -> Result<String> {
    let mut out = String::from("use crate::pb;\nuse crate::redact::Redacted;\nuse std::fmt;\n");
    for message in messages_with_secrets(pool) {
        let name = message.name();
        writeln!(out, "impl fmt::Debug for pb::{name} {{")?;
        writeln!(
            out,
            "fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{"
        )?;
        writeln!(out, "f.debug_struct(\"{name}\")")?;
        for field in message.fields() {
            let rust = rust_name(field.name());
            if is_secret(&field, pool) {
                writeln!(out, ".field(\"{rust}\", &Redacted::of(&self.{rust}))")?;
            } else {
                writeln!(out, ".field(\"{rust}\", &self.{rust})")?;
            }
        }
        writeln!(out, ".finish() }} }}")?;
    }
    Ok(out)
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

fn rust_name(field: &str) -> String {
    match field {
        "type" => "r#type".into(),
        other => other.into(),
    }
}
