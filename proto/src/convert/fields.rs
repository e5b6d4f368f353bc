//! Fields of any message, from the wire and to it. Every helper from the wire takes
//! the field's name first, and its error starts with it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use everruns_core::typed_id::{IdMarker, TypedId};
use prost::UnknownEnumValue;
use prost_types::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::{ConvertError, Result};

/// First and last second that protobuf allows in a Timestamp: the years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

const NANOS_PER_SECOND: u32 = 1_000_000_000;

/// The most characters of a wrong value that an error repeats.
const SHOWN_CHARS: usize = 64;

// === fields ===

/// A field that must be there.
pub fn required<T>(field: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| ConvertError::new(field, "is missing; send it"))
}

/// The message in a field that must be there.
pub fn nested<W, D>(field: &str, value: Option<W>) -> Result<D>
where
    D: TryFrom<W, Error = ConvertError>,
{
    D::try_from(required(field, value)?).map_err(|error| error.within(field))
}

/// The message in a field that may be absent.
pub fn optional_nested<W, D>(field: &str, value: Option<W>) -> Result<Option<D>>
where
    D: TryFrom<W, Error = ConvertError>,
{
    value
        .map(D::try_from)
        .transpose()
        .map_err(|error| error.within(field))
}

/// Every message of a list; an error names the position.
pub fn list<W, D>(field: &str, values: Vec<W>) -> Result<Vec<D>>
where
    D: TryFrom<W, Error = ConvertError>,
{
    let convert = |(position, value)| {
        D::try_from(value)
            .map_err(|error: ConvertError| error.within(&format!("{field}[{position}]")))
    };
    values.into_iter().enumerate().map(convert).collect()
}

/// Every value of a map; an error names the key.
pub fn map<W, D, C>(
    field: &str,
    values: BTreeMap<String, W>,
    convert: impl Fn(W) -> Result<D>,
) -> Result<C>
where
    C: FromIterator<(String, D)>,
{
    let convert = |(key, value)| match convert(value) {
        Ok(value) => Ok((key, value)),
        Err(error) => Err(error.within(&format!("{field}[{key:?}]"))),
    };
    values.into_iter().map(convert).collect()
}

/// Messages for the wire.
pub(crate) fn to_list<D, W: From<D>>(values: Vec<D>) -> Vec<W> {
    values.into_iter().map(W::from).collect()
}

/// A map for the wire, ordered by key: equal maps are equal bytes.
pub(crate) fn to_map<D, W: From<D>>(
    values: impl IntoIterator<Item = (String, D)>,
) -> BTreeMap<String, W> {
    let convert = |(key, value)| (key, W::from(value));
    values.into_iter().map(convert).collect()
}

// === ids ===

/// A typed id, such as `session_` and 32 hex digits.
pub fn id<M: IdMarker>(field: &str, text: &str) -> Result<TypedId<M>> {
    text.parse().map_err(|_| {
        let found = shown(text);
        let prefix = TypedId::<M>::prefix();
        ConvertError::new(
            field,
            format!("is {found}; send `{prefix}_` and 32 lower-case hex digits"),
        )
    })
}

/// A typed id that may be absent. An empty one is not absent but wrong.
pub fn optional_id<M: IdMarker>(field: &str, text: Option<&str>) -> Result<Option<TypedId<M>>> {
    text.map(|text| id(field, text)).transpose()
}

/// A bare UUID.
pub fn uuid(field: &str, text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| {
        let found = shown(text);
        ConvertError::new(
            field,
            format!("is {found}; send a UUID, 32 hex digits in the form 8-4-4-4-12"),
        )
    })
}

/// A bare UUID that may be absent.
pub fn optional_uuid(field: &str, text: Option<&str>) -> Result<Option<Uuid>> {
    text.map(|text| uuid(field, text)).transpose()
}

// === numbers and enums ===

/// An enum of the wire. Unspecified and numbers without a name are refused.
pub fn wire_enum<W>(field: &str, number: i32) -> Result<W>
where
    W: TryFrom<i32, Error = UnknownEnumValue>,
{
    if number == 0 {
        return Err(ConvertError::unspecified::<W>().within(field));
    }
    W::try_from(number).map_err(|_| {
        let name = short_name::<W>();
        ConvertError::new(
            field,
            format!("is {number}, which is no {name}; send a value that {name} names"),
        )
    })
}

/// An upstream enum, by way of its wire form `W`.
pub fn enumeration<W, D>(field: &str, number: i32) -> Result<D>
where
    W: TryFrom<i32, Error = UnknownEnumValue>,
    D: TryFrom<W, Error = ConvertError>,
{
    D::try_from(wire_enum::<W>(field, number)?).map_err(|error| error.within(field))
}

/// A count.
pub fn count(field: &str, number: u64) -> Result<usize> {
    usize::try_from(number).map_err(|_| {
        let most = usize::MAX;
        ConvertError::new(field, format!("is {number}; send at most {most}"))
    })
}

// === time ===

/// A point in time, to the nanosecond.
pub fn timestamp(field: &str, value: Option<Timestamp>) -> Result<DateTime<Utc>> {
    let Timestamp { seconds, nanos } = required(field, value)?;
    u32::try_from(nanos)
        .ok()
        .filter(|nanos| *nanos < NANOS_PER_SECOND && SECONDS.contains(&seconds))
        .and_then(|nanos| DateTime::from_timestamp(seconds, nanos))
        .ok_or_else(|| {
            ConvertError::new(
                field,
                format!(
                    "is {seconds} s and {nanos} ns; send a time in the years 1 to 9999, \
                     with 0 to 999999999 ns"
                ),
            )
        })
}

/// A point in time that may be absent.
pub fn optional_timestamp(field: &str, value: Option<Timestamp>) -> Result<Option<DateTime<Utc>>> {
    value.map(|value| timestamp(field, Some(value))).transpose()
}

/// A point in time for the wire. A leap second, which protobuf does not know,
/// becomes the first second after it.
#[must_use]
pub fn to_timestamp(time: DateTime<Utc>) -> Timestamp {
    let nanos = time.timestamp_subsec_nanos();
    Timestamp {
        seconds: time.timestamp() + i64::from(nanos / NANOS_PER_SECOND),
        nanos: (nanos % NANOS_PER_SECOND) as i32,
    }
}

// === open values ===

/// One JSON value.
pub fn json(field: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| {
        let found = shown(text);
        ConvertError::new(
            field,
            format!("is {found}; send one JSON value, such as {{}} or null ({error})"),
        )
    })
}

/// One JSON value that may be absent; `null` is not absent.
pub fn optional_json(field: &str, text: Option<&str>) -> Result<Option<Value>> {
    text.map(|text| json(field, text)).transpose()
}

/// One JSON value that may hold secrets: an error says where it breaks off, and
/// nothing of what it holds.
pub fn secret_json(field: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ConvertError::new(
            field,
            format!(
                "is not JSON at line {line} column {column}; send one JSON value, such as {{}} or null"
            ),
        )
    })
}

/// One JSON value for the wire.
#[must_use]
pub fn json_text(value: &Value) -> String {
    value.to_string()
}

// === texts of errors ===

/// A wrong value, quoted and short.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}... ({} bytes)", &text[..end], text.len()),
    }
}

/// `SessionStatus` for `mortise_proto::pb::SessionStatus`.
pub(super) fn short_name<W>() -> &'static str {
    let name = std::any::type_name::<W>();
    name.rsplit("::").next().unwrap_or(name)
}
