//! Reads a value of a file into the struct it stands for, and finds everything that is
//! wrong with it: what cannot be read is noted, left out, and the rest is read again.

use crate::platform_file::diagnostics::{Diagnostics, OfValue, instead, join};
use mortise_adapter_server::Diagnostic;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess,
    SeqAccess, Visitor,
};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::slice;

/// Reads what stands at a path. `None` if nothing of it can be read.
pub(super) fn read<T: DeserializeOwned>(
    value: &Value,
    path: &str,
    faults: &mut Diagnostics,
) -> Option<T> {
    let mut left_out = BTreeSet::new();
    loop {
        let reader = Reader {
            value,
            path: path.to_string(),
            left_out: &left_out,
        };
        match T::deserialize(reader) {
            Ok(read) => return Some(read),
            Err(Problem(fault)) => {
                let at = fault.path.clone();
                faults.add(fault);
                if at == path || !left_out.insert(at) {
                    return None;
                }
            }
        }
    }
}

/// A value, and where it stands.
struct Reader<'a> {
    value: &'a Value,
    path: String,
    left_out: &'a BTreeSet<String>,
}

/// Why a value cannot be read. Its path is empty until the reader knows it.
#[derive(Debug)]
pub(super) struct Problem(Diagnostic);

// === impl Problem ===

impl Problem {
    fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self(Diagnostic::new("", reason, remedy))
    }

    fn at(mut self, path: &str, value: &Value) -> Self {
        if self.0.path.is_empty() {
            self.0.path = path.to_string();
            self.0 = match value {
                Value::String(text) => self.0.of(text),
                Value::Null | Value::Bool(_) | Value::Number(_) => self.0.of(&value.to_string()),
                Value::Array(_) | Value::Object(_) => self.0,
            };
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Problem {}

/// Never with what was found instead: it may be a secret.
impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(
            message.to_string(),
            "write it as docs/platform-file.md says",
        )
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new("is of the wrong kind", format!("write {}", plain(expected)))
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new("is not allowed here", format!("write {expected}"))
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        Self::new(format!("has {length} parts"), format!("write {expected}"))
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        let otherwise = format!("the keys here are {}", known.join(", "));
        let remedy = instead(field, known.iter().copied(), &otherwise);
        Self::new("is not a known key", remedy)
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        let otherwise = format!("write one of {}", known.join(", "));
        let remedy = instead(variant, known.iter().copied(), &otherwise);
        Self::new("is not a known value", remedy)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("lacks {field}"), "write it")
    }
}

/// What the derived code expects, for people who do not know its types.
fn plain(expected: &dyn de::Expected) -> String {
    match expected.to_string().as_str() {
        "u32" | "u64" | "usize" => "a whole number from 0 on".to_string(),
        "f64" => "a number".to_string(),
        "a boolean" => "true or false".to_string(),
        "a sequence" => "a list".to_string(),
        "a map" => "a mapping".to_string(),
        text if text.starts_with("struct ") => "a mapping with the keys of this entry".to_string(),
        text => text.to_string(),
    }
}

// === impl Reader ===

impl<'de> Reader<'de> {
    fn visit<V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Problem> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), _, _) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (_, _, Some(number)) => visitor.visit_f64(number),
                (None, None, None) => Err(Problem::custom("is not a number")),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items {
                reader: self,
                items: items.iter(),
                index: 0,
            }),
            Value::Object(fields) => visitor.visit_map(Fields {
                reader: self,
                fields: fields.iter(),
                value: None,
            }),
        }
    }

    fn below(&self, path: String, value: &'de Value) -> Reader<'de> {
        Reader {
            value,
            path,
            left_out: self.left_out,
        }
    }
}

impl<'de> de::Deserializer<'de> for Reader<'de> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let visited = self.visit(visitor);
        visited.map_err(|problem| problem.at(&self.path, self.value))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.value {
            Value::Null => visitor.visit_none(),
            Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let read = match self.value {
            Value::String(text) => visitor.visit_enum(Variant(text)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => Err(Problem::new("is of the wrong kind", "write a word")),
        };
        read.map_err(|problem| problem.at(&self.path, self.value))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Items<'r, 'de> {
    reader: &'r Reader<'de>,
    items: slice::Iter<'de, Value>,
    index: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Problem> {
        for value in self.items.by_ref() {
            let path = format!("{}[{}]", self.reader.path, self.index);
            self.index += 1;
            if !self.reader.left_out.contains(&path) {
                return seed.deserialize(self.reader.below(path, value)).map(Some);
            }
        }
        Ok(None)
    }
}

struct Fields<'r, 'de> {
    reader: &'r Reader<'de>,
    fields: serde_json::map::Iter<'de>,
    value: Option<(String, &'de Value)>,
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Problem> {
        for (key, value) in self.fields.by_ref() {
            let path = join(&self.reader.path, key);
            if self.reader.left_out.contains(&path) {
                continue;
            }
            let read = seed.deserialize(key.as_str().into_deserializer());
            // What stands below an unknown key may be a secret.
            let unknown = |problem: Problem| problem.at(&path, &Value::Array(Vec::new()));
            let read = read.map_err(unknown)?;
            self.value = Some((path, value));
            return Ok(Some(read));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        let (path, value) = self
            .value
            .take()
            .ok_or_else(|| Problem::custom("a value without a key"))?;
        seed.deserialize(self.reader.below(path, value))
    }
}

/// A word that stands for a variant.
struct Variant<'de>(&'de str);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Problem;
    type Variant = <de::value::StrDeserializer<'de, Problem> as EnumAccess<'de>>::Variant;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), Problem> {
        let word: de::value::StrDeserializer<'de, Problem> = self.0.into_deserializer();
        word.variant_seed(seed)
    }
}
