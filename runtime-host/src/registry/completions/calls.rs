//! Calls of tools, put together from the pieces in which they come.
//!
//! OpenAI numbers calls, and each piece has its call's number. Others that speak the
//! protocol leave the number out, give all calls the same one, or begin with one.

use everruns_core::tool_types::ToolCall;
use serde_json::{Map, Value};

/// The calls of an answer so far.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Call>);

#[derive(Debug, Default)]
struct Call {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

/// One piece of a call, as it came.
struct Piece<'a> {
    index: Option<u64>,
    id: &'a str,
    name: &'a str,
    arguments: String,
}

// === impl Calls ===

impl Calls {
    /// Takes a piece in.
    pub(super) fn take(&mut self, piece: &Value) {
        let piece = Piece::of(piece);
        let at = self.place(&piece);
        let call = match at.and_then(|at| self.0.get_mut(at)) {
            Some(call) => call,
            None => {
                self.0.push(Call {
                    index: piece.index,
                    ..Call::default()
                });
                let Some(new) = self.0.last_mut() else {
                    return;
                };
                new
            }
        };
        if !piece.id.is_empty() {
            call.id = piece.id.into();
        }
        if !piece.name.is_empty() {
            call.name = piece.name.into();
        }
        call.arguments.push_str(&piece.arguments);
    }

    /// Which call a piece belongs to; `None` if it begins one.
    fn place(&self, piece: &Piece<'_>) -> Option<usize> {
        let place = match (piece.index, piece.id) {
            (Some(index), _) => self.0.iter().rposition(|call| call.index == Some(index)),
            (None, "") => self.0.len().checked_sub(1),
            (None, id) => return self.0.iter().rposition(|call| call.id == id),
        };
        place.filter(|place| {
            self.0
                .get(*place)
                .is_some_and(|call| !piece.begins_after(call))
        })
    }

    /// The calls. Arguments that are no JSON stay the text that they are.
    pub(super) fn finish(self) -> Vec<ToolCall> {
        self.0.into_iter().map(Call::finish).collect()
    }
}

// === impl Call ===

impl Call {
    fn finish(self) -> ToolCall {
        let written = self.arguments;
        let arguments = if written.trim().is_empty() {
            Value::Object(Map::new())
        } else {
            serde_json::from_str(&written).unwrap_or(Value::String(written))
        };
        ToolCall {
            id: self.id,
            name: self.name,
            arguments,
        }
    }

    fn is_whole(&self) -> bool {
        serde_json::from_str::<Map<String, Value>>(&self.arguments).is_ok()
    }
}

// === impl Piece ===

impl<'a> Piece<'a> {
    fn of(piece: &'a Value) -> Self {
        let function = piece.get("function").unwrap_or(&Value::Null);
        let text = |value: Option<&'a Value>| value.and_then(Value::as_str).unwrap_or_default();
        let arguments = match function.get("arguments") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            // Some write the object itself.
            Some(other) => other.to_string(),
        };
        Self {
            index: piece.get("index").and_then(Value::as_u64),
            id: text(piece.get("id")),
            name: text(function.get("name")),
            arguments,
        }
    }

    /// Whether it begins another call than the one that its number, or its place, says: it
    /// has another id, or it has no id and names a tool when that call is whole.
    fn begins_after(&self, call: &Call) -> bool {
        let other_id = !self.id.is_empty() && !call.id.is_empty() && self.id != call.id;
        let unnamed = self.id.is_empty() && !self.name.is_empty();
        other_id || (unnamed && !call.name.is_empty() && call.is_whole())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn calls(pieces: Vec<Value>) -> Vec<(String, String, Value)> {
        let mut calls = Calls::default();
        for piece in &pieces {
            calls.take(piece);
        }
        let whole = calls.finish().into_iter();
        whole
            .map(|call| (call.id, call.name, call.arguments))
            .collect()
    }

    fn piece(index: Value, id: Value, name: Value, arguments: Value) -> Value {
        json!({ "index": index, "id": id, "function": { "name": name, "arguments": arguments } })
    }

    /// However an API numbers its pieces, each belongs to its call, and arguments that
    /// were not understood are not made up.
    #[test]
    fn pieces_are_put_together() {
        let none = Value::Null;
        let made = |id: &str, name: &str, arguments: Value| (id.into(), name.into(), arguments);
        let both = vec![
            made("a", "x", json!({ "n": 1 })),
            made("b", "y", json!({ "n": 2 })),
        ];
        for (number_of_a, number_of_b) in [
            (json!(0), json!(1)),
            (json!(1), json!(2)),
            (json!(0), json!(0)),
            (none.clone(), none.clone()),
        ] {
            let found = calls(vec![
                piece(number_of_a.clone(), json!("a"), json!("x"), json!("")),
                piece(number_of_a, none.clone(), none.clone(), json!("{\"n\":1}")),
                piece(number_of_b.clone(), json!("b"), json!("y"), json!("{\"n\"")),
                piece(number_of_b, none.clone(), none.clone(), json!(":2}")),
            ]);
            assert_eq!(found, both);
        }
        let mixed = calls(vec![
            piece(none.clone(), json!("a"), json!("x"), json!("{\"n\"")),
            piece(none.clone(), json!("b"), json!("y"), json!("{\"n\":2")),
            piece(none.clone(), json!("a"), none.clone(), json!(":1}")),
            piece(none.clone(), json!("b"), none.clone(), json!("}")),
        ]);
        assert_eq!(mixed, both);
        let unnamed = calls(vec![
            piece(none.clone(), none.clone(), json!("x"), json!({ "n": 1 })),
            piece(none.clone(), none.clone(), json!("y"), json!({ "n": 2 })),
        ]);
        assert_eq!(unnamed.len(), 2);
        for (written, understood) in [
            ("", json!({})),
            ("[]", json!([])),
            ("null", none),
            ("{\"n\": 1", json!("{\"n\": 1")),
        ] {
            let found = calls(vec![piece(
                json!(0),
                json!("a"),
                json!("x"),
                json!(written),
            )]);
            assert_eq!(found, [made("a", "x", understood)]);
        }
    }
}
