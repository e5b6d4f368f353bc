//! Holds the comments of the contract and the options beside them against each other:
//! people read the comments, programs read the options, and both are the specification.

use crate::codegen::{self, reasons};
use anyhow::Result;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, ServiceDescriptor};
use regex::Regex;
use std::fs;
use std::path::Path;

/// Comments that speak of UUIDs beside the format of their field.
const UUID_ELSEWHERE: &[&str] = &["usually a UUID", "for a user, the UUID"];

/// What the comments say, as patterns.
struct Words {
    id: Regex,
    bytes: Regex,
    code: Regex,
    metadata: Regex,
    quoted: Regex,
}

pub(super) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let pool = codegen::contract(root)?;
    let words = Words {
        id: Regex::new("`([a-z]+)_` and 32 hex")?,
        bytes: Regex::new("(?:at most|of 1 to) ([0-9,]+) (bytes|KiB|MiB)")?,
        code: Regex::new("^([A-Z_]+)(?:, or ([A-Z_]+) )?")?,
        metadata: Regex::new("Metadata: ((?:`[a-z_]+`(?:, )?)+)")?,
        quoted: Regex::new("`([a-z_]+)`")?,
    };
    for service in codegen::own_services(&pool) {
        features(&service, &pool, faults)?;
    }
    for message in codegen::own_messages(&pool) {
        for field in message.fields() {
            let rules = codegen::message_option(&field.options(), &pool, "field")?;
            let name = format!("{}.{}", message.name(), field.name());
            for fault in field_faults(&field, &comment(&field), rules.as_ref(), &words) {
                faults.push(format!("{name}: {fault}"));
            }
        }
        for choice in message.oneofs().filter(|choice| !choice.is_synthetic()) {
            let says = comment_at(&message.parent_file(), choice.path()).contains("REQUIRED");
            let stated = codegen::option_value(&choice.options(), &pool, "exactly_one")?;
            if says != stated.as_bool().unwrap_or(false) {
                faults.push(format!(
                    "{}.{}: its comment and its option `exactly_one` differ",
                    message.name(),
                    choice.name()
                ));
            }
        }
        session_in_context(&message, &pool, faults)?;
    }
    let page = fs::read_to_string(root.join("docs/errors.md"))?;
    for reason in reasons::reasons(&pool)? {
        reason_faults(&reason, &page, &words, faults);
    }
    Ok(())
}

fn field_faults(
    field: &FieldDescriptor,
    comment: &str,
    rules: Option<&DynamicMessage>,
    words: &Words,
) -> Vec<String> {
    let mut faults = Vec::new();
    let says = comment.contains("REQUIRED");
    if says != flag(rules, "required") {
        faults.push(format!(
            "its comment {} REQUIRED, its option `field` says `required: {}`",
            if says { "says" } else { "does not say" },
            !says
        ));
    }
    let is_bare = comment.starts_with("REQUIRED.")
        || comment.starts_with("REQUIRED, may be empty.")
        || comment.starts_with("REQUIRED, with ");
    let narrows = number(rules, "when") != 0 || flag(rules, "not_empty");
    let conditional = comment.contains("REQUIRED in ") || comment.contains("REQUIRED if ");
    if is_bare && number(rules, "when") != 0 || conditional && !narrows {
        faults.push("its comment and `when` of its option differ".into());
    }
    let stated = text(rules, "id");
    let said = words.id.captures(comment).map(|found| found[1].to_string());
    let is_uuid = comment.contains("UUID")
        && !UUID_ELSEWHERE.iter().any(|words| comment.contains(words))
        && said.is_none();
    let said = said.unwrap_or_else(|| {
        if is_uuid {
            "uuid".into()
        } else {
            String::new()
        }
    });
    let is_text = matches!(field.kind(), prost_reflect::Kind::String) && !field.is_map();
    if is_text && said != stated {
        faults.push(format!(
            "its comment says id `{said}`, its option `{stated}`"
        ));
    }
    let has_bytes = is_text || matches!(field.kind(), prost_reflect::Kind::Bytes);
    let said = words.bytes.captures(comment).map_or(0, |found| {
        let unit = match &found[2] {
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            _ => 1,
        };
        found[1].replace(',', "").parse().unwrap_or(0) * unit
    });
    if has_bytes && said != number(rules, "max_bytes") {
        faults.push(format!(
            "its comment says at most {said} bytes, its option {}",
            number(rules, "max_bytes")
        ));
    }
    faults
}

/// A context that must name a session says so, and so does its service.
fn session_in_context(
    message: &prost_reflect::MessageDescriptor,
    pool: &DescriptorPool,
    faults: &mut Vec<String>,
) -> Result<()> {
    let Some(context) = message.get_field_by_name("context") else {
        return Ok(());
    };
    let says = comment(&context).contains("with session_id");
    for service in codegen::own_services(pool) {
        let takes = service.methods().any(|method| method.input() == *message);
        let store = codegen::message_option(&service.options(), pool, "store")?;
        if takes && says != flag(store.as_ref(), "session_in_context") {
            faults.push(format!(
                "{}.context: its comment and `session_in_context` of {} differ",
                message.name(),
                service.name()
            ));
        }
    }
    Ok(())
}

/// Every feature is a value of Feature, and every value belongs to one service.
fn features(
    service: &ServiceDescriptor,
    pool: &DescriptorPool,
    faults: &mut Vec<String>,
) -> Result<()> {
    let store = codegen::message_option(&service.options(), pool, "store")?;
    let stated: Vec<String> = store
        .and_then(|store| {
            let names = store.get_field_by_name("features")?;
            let names = names.as_list()?.iter();
            names.map(|name| name.as_str().map(String::from)).collect()
        })
        .unwrap_or_default();
    let Some(all) = pool.get_enum_by_name("mortise.adapter.v1.Feature") else {
        return Ok(());
    };
    for value in all.values().filter(|value| value.number() != 0) {
        let path = value.path().to_vec();
        let said = comment_at(&value.parent_enum().parent_file(), &path);
        let says = said.contains(&format!("For {}:", service.name()));
        if says != stated.iter().any(|name| name == value.name()) {
            faults.push(format!(
                "{}: its comment and `features` of {} differ",
                value.name(),
                service.name()
            ));
        }
    }
    for name in stated {
        if !all.values().any(|value| value.name() == name) {
            faults.push(format!("{}: no feature is called {name}", service.name()));
        }
    }
    Ok(())
}

/// The comment of a reason and its line in docs/errors.md say what its option says.
fn reason_faults(reason: &reasons::Reason, page: &str, words: &Words, faults: &mut Vec<String>) {
    let name = &reason.name;
    let path = reason.value.path().to_vec();
    let comment = comment_at(&reason.value.parent_enum().parent_file(), &path);
    let found = words.code.captures(&comment);
    let part = |index| {
        let found = found.as_ref()?;
        Some(found.get(index)?.as_str().to_string())
    };
    let code = screaming(&reason.code);
    let or_code = reason.or_code.as_deref().map(screaming);
    if part(1).as_deref() != Some(&code) || part(2) != or_code {
        faults.push(format!(
            "{name}: its comment and the codes of its option differ"
        ));
    }
    let said: Vec<String> = words
        .metadata
        .captures(&comment)
        .map_or_else(Vec::new, |found| {
            let keys = words
                .quoted
                .captures_iter(found.get(1).map_or("", |keys| keys.as_str()));
            keys.map(|key| key[1].to_string()).collect()
        });
    if said != reason.metadata {
        faults.push(format!(
            "{name}: its comment and the metadata of its option differ"
        ));
    }
    let codes = or_code.map_or_else(|| format!("`{code}`"), |or| format!("`{code}`, `{or}`"));
    let line = page
        .lines()
        .find(|line| line.starts_with(&format!("| `{name}` |")));
    let Some(line) = line else {
        faults.push(format!("docs/errors.md lacks {name}"));
        return;
    };
    let keys = reason
        .metadata
        .iter()
        .all(|key| line.contains(&format!("`{key}`")));
    if !line.starts_with(&format!("| `{name}` | {codes} |")) || !keys {
        faults.push(format!(
            "docs/errors.md: the line of {name} does not begin with {codes}, or lacks a key of {:?}",
            reason.metadata
        ));
    }
}

/// `NOT_FOUND` for `NotFound`.
fn screaming(name: &str) -> String {
    let mut out = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_uppercase() && index > 0 {
            out.push('_');
        }
        out.extend(letter.to_uppercase());
    }
    out
}

fn comment(field: &FieldDescriptor) -> String {
    comment_at(&field.parent_message().parent_file(), field.path())
}

/// The comment before an element, in one line.
fn comment_at(file: &prost_reflect::FileDescriptor, path: &[i32]) -> String {
    let proto = file.file_descriptor_proto();
    let places = proto
        .source_code_info
        .iter()
        .flat_map(|info| &info.location);
    let text = places
        .filter(|place| place.path == path)
        .find_map(|place| place.leading_comments.as_deref())
        .unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn flag(message: Option<&DynamicMessage>, field: &str) -> bool {
    let value = message.and_then(|message| message.get_field_by_name(field));
    value.and_then(|value| value.as_bool()).unwrap_or(false)
}

fn number(message: Option<&DynamicMessage>, field: &str) -> u64 {
    let value = message.and_then(|message| message.get_field_by_name(field));
    let value = value.as_deref();
    value
        .and_then(|value| {
            let number = value.as_enum_number().map(i64::from);
            value
                .as_u64()
                .or_else(|| number.and_then(|number| number.try_into().ok()))
        })
        .unwrap_or(0)
}

fn text(message: Option<&DynamicMessage>, field: &str) -> String {
    let value = message.and_then(|message| message.get_field_by_name(field));
    let value = value
        .as_deref()
        .and_then(|value| value.as_str().map(String::from));
    value.unwrap_or_default()
}
