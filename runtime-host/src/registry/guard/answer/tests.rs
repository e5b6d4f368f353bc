#![allow(clippy::unwrap_used)]

use super::*;
use futures::stream;
use serde_json::json;

const KEY: &str = "sk-0123456789abcdef";

fn call(id: &str, name: &str, arguments: Value) -> ToolCall {
    ToolCall {
        id: id.into(),
        name: name.into(),
        arguments,
    }
}

fn done(reason: &str) -> LlmStreamEvent {
    LlmStreamEvent::Done(Box::new(LlmCompletionMetadata {
        completion_tokens: Some(7),
        finish_reason: Some(reason.into()),
        ..LlmCompletionMetadata::default()
    }))
}

fn text(text: &str) -> LlmStreamEvent {
    LlmStreamEvent::TextDelta(text.into())
}

/// What came out: the text, the calls, and the reason to finish or the error.
async fn outcome(
    events: Vec<LlmStreamEvent>,
) -> (String, Vec<ToolCall>, std::result::Result<String, String>) {
    let checks = Checks {
        secrets: KnownSecrets::new([KEY]),
        silence_max: Duration::from_secs(120),
        call_ids: HashSet::from(["old".to_string()]),
        tools: HashSet::from(["delete_all".to_string()]),
        tokens_max: None,
    };
    let events = stream::iter(events.into_iter().map(Ok));
    let mut answer = checked(Box::pin(events), checks);
    let (mut said, mut calls) = (String::new(), Vec::new());
    while let Some(event) = answer.next().await {
        match event {
            Ok(LlmStreamEvent::TextDelta(text)) => said.push_str(&text),
            Ok(LlmStreamEvent::ToolCalls(found)) => calls = found,
            Ok(LlmStreamEvent::Done(end)) => return (said, calls, Ok(end.finish_reason.unwrap())),
            Ok(LlmStreamEvent::Error(words)) => return (said, calls, Err(words)),
            Ok(other) => panic!("{other:?}"),
            Err(error) => return (said, calls, Err(error.to_string())),
        }
    }
    (said, calls, Err("nothing".into()))
}

/// An answer counts when its end was announced and there is something in it; whatever
/// else it was is an error that passes, and quotes no key.
#[tokio::test]
async fn only_announced_ends_count() {
    let whole = outcome(vec![text("It is "), text("42."), done("stop")]).await;
    assert_eq!(
        (whole.0.as_str(), whole.2),
        ("It is 42.", Ok("stop".into()))
    );
    let cut = outcome(vec![text("It is "), done("length")]).await;
    assert_eq!(cut.2, Ok("length".into()));
    for events in [
        vec![text("It is ")],
        vec![],
        vec![text(" \n"), done("stop")],
        vec![
            text("It is "),
            LlmStreamEvent::Error(format!("bad key {KEY}")),
        ],
        vec![LlmStreamEvent::Error("overload".into())],
        vec![text("It is "), done("error")],
        vec![LlmStreamEvent::ToolCalls(vec![call("a", "x", json!({}))])],
    ] {
        let told = format!("{events:?}");
        let (_, calls, end) = outcome(events).await;
        let error = end.unwrap_err();
        assert!(calls.is_empty(), "{told}");
        assert!(error.contains("temporarily unavailable"), "{told}: {error}");
        assert!(!error.contains(&KEY[..12]), "{error}");
    }
    let empty = outcome(vec![done("content_filter")]).await.2.unwrap_err();
    assert!(!empty.contains("temporarily"), "{empty}");
}

/// A provider that says nothing is given up, after as long as it is allowed to.
#[tokio::test(start_paused = true)]
async fn silence_has_an_end() {
    let checks = Checks {
        secrets: KnownSecrets::default(),
        silence_max: Duration::from_secs(120),
        call_ids: HashSet::new(),
        tools: HashSet::new(),
        tokens_max: None,
    };
    let events = stream::iter([Ok(text("It "))]).chain(stream::pending());
    let mut answer = checked(Box::pin(events), checks);
    let began = tokio::time::Instant::now();
    assert!(matches!(
        answer.next().await,
        Some(Ok(LlmStreamEvent::TextDelta(_)))
    ));
    let error = answer.next().await.unwrap().unwrap_err().to_string();
    assert_eq!(began.elapsed(), Duration::from_secs(120));
    assert!(error.contains("timed out"), "{error}");
    assert!(answer.next().await.is_none());
}

/// Calls get ids of their own and names that can be sent; what is no object is a text.
#[tokio::test]
async fn odd_calls_can_be_kept() {
    let odd = vec![
        call("", "look", json!({ "a": 1 })),
        call("old", "look", json!([])),
        call("b", "delete all", json!(null)),
        call("b", "", json!("{\"a\"")),
    ];
    let (_, calls, end) = outcome(vec![LlmStreamEvent::ToolCalls(odd), done("tool_calls")]).await;
    assert_eq!(end, Ok("tool_calls".into()));
    let ids: HashSet<_> = calls.iter().map(|call| call.id.as_str()).collect();
    assert!(ids.len() == 4 && !ids.contains("") && !ids.contains("old") && ids.contains("b"));
    let seen: Vec<_> = calls
        .iter()
        .map(|call| (call.name.as_str(), call.arguments.clone()))
        .collect();
    let expected = [
        ("look", json!({ "a": 1 })),
        ("look", json!("[]")),
        ("unknown_delete_all", json!("null")),
        ("unnamed_tool", json!("{\"a\"")),
    ];
    assert_eq!(seen, expected);

    let cut = vec![
        call("a", "look", json!({})),
        call("c", "look", json!({ "a": 1 })),
    ];
    let (_, calls, _) = outcome(vec![LlmStreamEvent::ToolCalls(cut), done("length")]).await;
    assert_eq!(
        calls[0].arguments,
        json!(""),
        "what was cut is not understood"
    );
    assert!(calls[1].arguments.is_object());

    let mut deep = json!({});
    for _ in 0..100 {
        deep = json!({ "a": deep });
    }
    let deep = vec![call("a", "look", deep)];
    let (_, calls, _) = outcome(vec![LlmStreamEvent::ToolCalls(deep), done("tool_calls")]).await;
    assert!(calls[0].arguments.is_string());
}
