//! The check of a request's open values: every `..._json` field of it and of what it
//! holds, by its path.

use super::redact::{camel_case, real_oneof, rust_name};
use super::{own_messages, snake_case};
use anyhow::Result;
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The field that holds an event's payload, which may nest deeper than a value.
const PAYLOAD: &str = "data_json";

/// The field that may stand in its place.
const PATCH: &str = "data_patch";

pub(super) fn generate(pool: &DescriptorPool) -> Result<String> {
    let mut out = String::from(
        "use crate::convert::Result;\nuse crate::convert::open_value::{self, OpenValues};\nuse crate::pb;\n",
    );
    let holders = holders(pool);
    let requests: BTreeSet<String> = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| method.input().full_name().to_string())
        .collect();
    for message in own_messages(pool) {
        let holds = holders.contains(message.full_name());
        if !holds && !requests.contains(message.full_name()) {
            continue;
        }
        writeln!(out, "impl OpenValues for pb::{} {{", message.name())?;
        if holds {
            let checks = checks(&message, &holders);
            writeln!(
                out,
                "fn check_values(&self) -> Result<()> {{ {checks} Ok(()) }}"
            )?;
        }
        writeln!(out, "}}")?;
    }
    Ok(out)
}

/// One statement for each field that is an open value or holds one.
fn checks(message: &MessageDescriptor, holders: &BTreeSet<String>) -> String {
    // The data of an event may come as a difference, which is no value.
    if message.get_field_by_name(PATCH).is_some() {
        return format!("open_value::check_event(self.event.as_ref(), self.{PATCH}.as_ref())?;");
    }
    let mut checks = String::new();
    for field in message.fields().filter(|field| real_oneof(field).is_none()) {
        let name = field.name();
        let place = format!("self.{}", rust_name(name));
        let check = if is_open(&field) {
            match (field.is_map(), field.supports_presence(), name) {
                (true, _, _) => format!("open_value::check_map(\"{name}\", &{place})"),
                (false, true, _) => {
                    format!("open_value::check_optional(\"{name}\", {place}.as_deref())")
                }
                (false, false, PAYLOAD) => {
                    format!("open_value::check_payload(\"{name}\", &{place})")
                }
                (false, false, _) => format!("open_value::check_value(\"{name}\", &{place})"),
            }
        } else if !holds(&field, holders) {
            continue;
        } else if field.is_map() {
            format!("open_value::check_each(\"{name}\", {place}.iter())")
        } else if field.is_list() {
            format!("open_value::check_each(\"{name}\", {place}.iter().enumerate())")
        } else {
            format!("open_value::check_held(\"{name}\", {place}.as_ref())")
        };
        checks += &format!("{check}?;");
    }
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        checks += &checks_of_oneof(message, &oneof, holders).unwrap_or_default();
    }
    checks
}

fn checks_of_oneof(
    message: &MessageDescriptor,
    oneof: &OneofDescriptor,
    holders: &BTreeSet<String>,
) -> Option<String> {
    let (module, kind) = (snake_case(message.name()), camel_case(oneof.name()));
    let mut arms = String::new();
    let mut is_covered = true;
    for field in oneof.fields() {
        let name = field.name();
        let variant = format!("pb::{module}::{kind}::{}", camel_case(name));
        if is_open(&field) {
            arms += &format!("{variant}(text) => open_value::check_value(\"{name}\", text)?,");
        } else if holds(&field, holders) {
            arms += &format!("{variant}(held) => open_value::check_held(\"{name}\", Some(held))?,");
        } else {
            is_covered = false;
        }
    }
    if arms.is_empty() {
        return None;
    }
    let rest = if is_covered { "" } else { "_ => {}" };
    let rust = rust_name(oneof.name());
    Some(format!(
        "if let Some(held) = &self.{rust} {{ match held {{ {arms} {rest} }} }}"
    ))
}

/// Whether the field is one JSON value, or a map of them.
fn is_open(field: &FieldDescriptor) -> bool {
    let kind = field.kind();
    let is_text = match kind.as_message() {
        Some(entry) if entry.is_map_entry() => entry.map_entry_value_field().kind() == Kind::String,
        Some(_) => false,
        None => kind == Kind::String,
    };
    is_text && field.name().ends_with("_json")
}

/// The messages that have an open value or hold a message that does.
fn holders(pool: &DescriptorPool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    loop {
        let more: Vec<_> = own_messages(pool)
            .into_iter()
            .filter(|message| !found.contains(message.full_name()))
            .filter(|message| {
                let mut fields = message.fields();
                fields.any(|field| is_open(&field) || holds(&field, &found))
            })
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more.iter().map(|message| message.full_name().to_string()));
    }
}

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
