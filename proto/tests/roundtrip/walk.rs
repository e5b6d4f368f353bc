//! The walk over a message: every way in which one field of it can be wrong, as the
//! contract's descriptors and comments name them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use mortise_proto::convert::{ConvertError, Result};
use prost_reflect::{DynamicMessage, FieldDescriptor, MapKey, ReflectMessage as _, Value};
use uuid::Uuid;

use crate::secrets::{MARKER, is_secret, message};

/// One way in which a message is wrong.
pub(crate) struct Fault {
    /// Where.
    pub(crate) path: String,
    /// A text, and whether the error repeats it: a secret it must not.
    shown: Option<(String, bool)>,
    /// The message with it.
    spoiled: DynamicMessage,
}

pub(crate) fn dynamic<W: prost::Message>(name: &str, wire: &W) -> DynamicMessage {
    DynamicMessage::decode(message(name), wire.encode_to_vec().as_slice()).unwrap()
}

/// Accepts the message as it is, and refuses it with each fault by its path.
pub(crate) fn refuses<W, D>(name: &str, wire: &W, convert: impl Fn(W) -> Result<D>)
where
    W: prost::Message + Default + Clone,
{
    assert!(convert(wire.clone()).is_ok(), "{name} is refused as it is");
    let faults = spoil(&dynamic(name, wire));
    assert!(!faults.is_empty(), "{name} has no fault to test");
    for Fault {
        path,
        shown,
        spoiled,
    } in faults
    {
        let Err(error) = convert(spoiled.transcode_to().unwrap()) else {
            panic!("{name}: {path} was not refused");
        };
        assert_eq!(error.path, path, "{name}: {error}");
        says_what_to_do(&error);
        if let Some((text, expected)) = shown {
            assert_eq!(
                error.to_string().contains(&text),
                expected,
                "{name}: {error}"
            );
        }
    }
}

fn says_what_to_do(error: &ConvertError) {
    assert!(error.problem.contains("; send "), "{error}");
    assert!(!error.problem.ends_with('.'), "{error}");
}

/// The message with one fault each, in every field of it and of what it holds.
pub(crate) fn spoil(message: &DynamicMessage) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (field, value) in message.fields() {
        let name = field.name();
        if let Some(path) = required(&field) {
            faults.push(Fault {
                path,
                shown: None,
                spoiled: without(message, &field),
            });
        }
        for (within, shown, value) in spoil_value(&field, value) {
            let mut spoiled = message.clone();
            spoiled.set_field(&field, value);
            let path = format!("{name}{within}");
            faults.push(Fault {
                path,
                shown,
                spoiled,
            });
        }
    }
    faults
}

/// Path below the field, what its error shows, and the spoiled value.
type Spoiled = (String, Option<(String, bool)>, Value);

fn spoil_value(field: &FieldDescriptor, value: &Value) -> Vec<Spoiled> {
    match value {
        Value::Message(time) if time.descriptor().name() == "Timestamp" => [
            (1, -1),
            (59, 1_000_000_000),
            (253_402_300_800, 0),
            (i64::MIN, 0),
        ]
        .map(|(seconds, nanos)| {
            let mut time = time.clone();
            time.set_field_by_name("seconds", Value::I64(seconds));
            time.set_field_by_name("nanos", Value::I32(nanos));
            let shown = (seconds.to_string(), true);
            (String::new(), Some(shown), Value::Message(time))
        })
        .into(),
        Value::Message(inner) => spoil(inner)
            .into_iter()
            .map(|fault| {
                (
                    format!(".{}", fault.path),
                    fault.shown,
                    Value::Message(fault.spoiled),
                )
            })
            .collect(),
        Value::List(items) => (0..items.len())
            .flat_map(|position| {
                spoil_value(field, &items[position])
                    .into_iter()
                    .map(move |(path, shown, item)| {
                        let mut items = items.clone();
                        items[position] = item;
                        (format!("[{position}]{path}"), shown, Value::List(items))
                    })
            })
            .collect(),
        Value::Map(entries) => entries
            .iter()
            .flat_map(|(key, item)| {
                let MapKey::String(name) = key else {
                    panic!("{key:?}")
                };
                spoil_value(field, item)
                    .into_iter()
                    .map(move |(path, shown, item)| {
                        let mut entries = entries.clone();
                        entries.insert(key.clone(), item);
                        (format!("[{name:?}]{path}"), shown, Value::Map(entries))
                    })
            })
            .collect(),
        Value::EnumNumber(_) => {
            let unknown = (
                String::new(),
                Some(("99".to_string(), true)),
                Value::EnumNumber(99),
            );
            let unset = (String::new(), None, Value::EnumNumber(0));
            vec![unknown, unset]
        }
        Value::String(text) => spoil_text(field, text),
        Value::Bool(_)
        | Value::I32(_)
        | Value::I64(_)
        | Value::U32(_)
        | Value::U64(_)
        | Value::F32(_)
        | Value::F64(_)
        | Value::Bytes(_) => Vec::new(),
    }
}

fn spoil_text(field: &FieldDescriptor, text: &str) -> Vec<Spoiled> {
    let typed_id = |text: &str| {
        text.rsplit_once('_')
            .is_some_and(|(_, hex)| hex.len() == 32 && Uuid::parse_str(hex).is_ok())
    };
    let (wrong, shown) = if field.name().ends_with("_json") {
        (format!("{{\"{MARKER}\""), (MARKER, !is_secret(field)))
    } else if typed_id(text) || Uuid::parse_str(text).is_ok() {
        ("nonsense".to_string(), ("nonsense", true))
    } else {
        return Vec::new();
    };
    let shown = Some((shown.0.to_string(), shown.1));
    vec![
        (String::new(), shown, Value::String(wrong)),
        (String::new(), None, Value::String(String::new())),
    ]
}

/// The path of the error when the field is left out, if it may not be. Of the
/// fields that the contract requires, those whose absence can be told: protobuf
/// has an absent string for an empty one.
fn required(field: &FieldDescriptor) -> Option<String> {
    if let Some(oneof) = field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic())
    {
        let path = format!("{}.{}", field.parent_message().name(), oneof.name());
        return REQUIRED.contains(&path).then(|| oneof.name().to_string());
    }
    let path = format!("{}.{}", field.parent_message().name(), field.name());
    let told = field.kind().as_message().is_some() || field.kind().as_enum().is_some();
    (told && REQUIRED.contains(&path)).then(|| field.name().to_string())
}

fn without(message: &DynamicMessage, field: &FieldDescriptor) -> DynamicMessage {
    let mut message = message.clone();
    message.clear_field(field);
    message
}

/// `Message.field` of everything whose comment in the contract starts with REQUIRED.
static REQUIRED: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto/mortise/adapter/v1");
    let mut found = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let (mut message, mut is_required) = (String::new(), false);
        for line in fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["//", "REQUIRED.", ..] | ["//", "REQUIRED,", ..] => is_required = true,
                ["//", ..] | [] => {}
                ["message", name, ..] => message = (*name).to_string(),
                ["oneof", name, ..] | [_, name, "=", ..] if is_required => {
                    found.insert(format!("{message}.{name}"));
                    is_required = false;
                }
                [..] => is_required = false,
            }
        }
    }
    assert!(found.contains("Session.status") && found.contains("ToolDefinition.kind"));
    found
});
