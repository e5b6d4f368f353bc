#![allow(clippy::unwrap_used)]

use super::*;
use std::fmt::Write;

fn user(text: &str) -> LlmMessage {
    LlmMessage::text(LlmMessageRole::User, text)
}

fn calls(ids: &[&str]) -> LlmMessage {
    let call = |id: &&str| ToolCall {
        id: (*id).into(),
        name: "look".into(),
        arguments: json!({}),
    };
    LlmMessage {
        tool_calls: Some(ids.iter().map(call).collect()),
        ..LlmMessage::text(LlmMessageRole::Assistant, "")
    }
}

fn result(id: &str, text: &str) -> LlmMessage {
    LlmMessage {
        tool_call_id: Some(id.into()),
        ..LlmMessage::text(LlmMessageRole::Tool, text)
    }
}

fn said(text: &str) -> LlmMessage {
    LlmMessage::text(LlmMessageRole::Assistant, text)
}

/// A history in one line: calls as their ids, results as `id=text`.
fn line(messages: &[LlmMessage]) -> String {
    let mut line = String::new();
    for message in messages {
        let text = message.content_as_text();
        match (&message.tool_calls, &message.tool_call_id) {
            (Some(calls), _) => {
                let ids: Vec<_> = calls.iter().map(|call| call.id.as_str()).collect();
                write!(line, "[{}] ", ids.join(" ")).unwrap();
            }
            (None, Some(id)) => write!(line, "{id}={text} ").unwrap(),
            (None, None) => write!(line, "{text} ").unwrap(),
        }
    }
    line.replace(NO_RESULT, "none").trim_end().to_string()
}

fn sent(messages: Vec<LlmMessage>) -> String {
    line(&sendable(messages, CallIds::ANY).messages)
}

/// Every call is followed by its one result, whatever was stored between them, beside
/// them or not at all.
#[test]
fn calls_and_results_stand_together() {
    for (stored, expected) in [
        (
            vec![
                user("q"),
                calls(&["a", "b"]),
                result("b", "2"),
                user("hey"),
                result("a", "1"),
            ],
            "q [a b] a=1 b=2 hey",
        ),
        (
            vec![
                calls(&["a"]),
                user("hey"),
                said("so"),
                result("a", "1"),
                user("q"),
            ],
            "[a] a=1 hey so q",
        ),
        (
            vec![calls(&["a", "b"]), user("q"), result("b", "2")],
            "[a b] a=none b=2 q",
        ),
        (
            vec![result("a", "0"), calls(&["a"]), user("q")],
            "[a] a=none q",
        ),
        (
            vec![
                calls(&["a"]),
                result("a", "1"),
                result("a", "2"),
                result("x", "3"),
                said(" "),
            ],
            "[a] a=1",
        ),
        (vec![user(" "), said("yes")], "(empty message) yes"),
    ] {
        assert_eq!(sent(stored), expected);
    }
}

/// An id that is there twice is another one the second time, with its own result, and the
/// same one each time the history is sent.
#[test]
fn ids_are_unique_and_lasting() {
    let stored = || {
        vec![
            calls(&["a"]),
            result("a", "1"),
            calls(&["a", "a", ""]),
            result("a", "2"),
            result("a", "3"),
            calls(&["a"]),
            result("a", "4"),
        ]
    };
    let first = sendable(stored(), CallIds::ANY).messages;
    let results = first.iter().filter(|one| one.role == LlmMessageRole::Tool);
    let results: Vec<_> = results.collect();
    let texts: Vec<_> = results.iter().map(|one| one.content_as_text()).collect();
    assert_eq!(texts, ["1", "2", "3", NO_RESULT, "4"]);
    let ids: HashSet<_> = results.iter().map(|one| one.tool_call_id.clone()).collect();
    assert_eq!(ids.len(), 5);
    assert_eq!(line(&first), sent(stored()));

    let plain = CallIds {
        bytes_max: 40,
        plain: true,
    };
    let odd = sendable(vec![calls(&["toolu.1", &"x".repeat(41)])], plain).messages;
    for call in odd[0].tool_calls.as_ref().unwrap() {
        assert!(plain.allow(&call.id), "{}", call.id);
    }
}

/// A result that comes only for the second call of an id is not the first one's.
#[test]
fn a_later_call_keeps_its_result() {
    let stored = vec![calls(&["a"]), user("q"), calls(&["a"]), result("a", "2")];
    let sent = sendable(stored, CallIds::ANY).messages;
    let texts: Vec<_> = sent.iter().map(LlmMessage::content_as_text).collect();
    assert_eq!(texts, ["", NO_RESULT, "q", "", "2"]);
}

/// Names that providers refuse and arguments that are no object can be sent all the same.
#[test]
fn odd_calls_can_be_sent() {
    let mut message = calls(&["a", "b", "c"]);
    let odd = [
        ("", json!([])),
        ("two words", json!("{\"x\"")),
        ("fine", json!(null)),
    ];
    for (call, (name, arguments)) in message.tool_calls.iter_mut().flatten().zip(odd) {
        (call.name, call.arguments) = (name.into(), arguments);
    }
    let sent = sendable(vec![message], CallIds::ANY).messages;
    let calls = sent[0].tool_calls.clone().unwrap();
    let seen: Vec<_> = calls
        .into_iter()
        .map(|call| (call.name, call.arguments))
        .collect();
    let written = |text: &str| json!({ "invalid_arguments": text });
    let expected = [
        ("unnamed_tool".to_string(), written("[]")),
        ("two_words".to_string(), written("{\"x\"")),
        ("fine".to_string(), written("null")),
    ];
    assert_eq!(seen, expected);
}
