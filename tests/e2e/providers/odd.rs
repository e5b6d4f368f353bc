//! Odd answers of a model: whatever it says, what is kept can be sent again, and nothing
//! runs that was not understood.

use super::{KEY, Outcome, ask_fake};
use everruns_core::events::EventData;
use everruns_core::message::ContentPart;
use mortise_runtime_host::engine::TurnEnd;
use mortise_runtime_host::registry::FINISH_REASON;
use mortise_test_support::fake_openai::{Answer, chunk};
use serde_json::{Value, json};

/// A stream of deltas that ends with a reason.
fn deltas(deltas: Vec<Value>, reason: &str) -> Answer {
    let mut chunks: Vec<String> = deltas.into_iter().map(|one| chunk(one, None)).collect();
    chunks.push(chunk(json!({}), Some(reason)));
    Answer::Chunks(chunks, true)
}

fn piece(index: Value, id: Value, name: Value, arguments: Value) -> Value {
    let mut piece =
        json!({ "type": "function", "function": { "name": name, "arguments": arguments } });
    for (key, value) in [("index", index), ("id", id)] {
        if !value.is_null() {
            piece[key] = value;
        }
    }
    piece
}

fn calls(pieces: Vec<Value>) -> Answer {
    deltas(
        pieces
            .into_iter()
            .map(|piece| json!({ "tool_calls": [piece] }))
            .collect(),
        "tool_calls",
    )
}

/// The results of tools, in order: what each gave, or its error.
fn results(outcome: &Outcome) -> Vec<Result<Value, String>> {
    let parts = outcome.messages.iter().flat_map(|message| &message.content);
    let results = parts.filter_map(|part| match part {
        ContentPart::ToolResult(result) => Some(match &result.error {
            Some(error) => Err(error.clone()),
            None => Ok(result.result.clone().unwrap_or_default()),
        }),
        _ => None,
    });
    results.collect()
}

/// Arguments that are no object, or were cut, are an error that the model reads; the tool
/// does not run. The turn goes on, and what is kept is sent again.
#[tokio::test]
async fn what_was_not_understood_does_not_run() {
    for arguments in [
        "[]",
        "\"text\"",
        "null",
        "7",
        "{\"a\": 6, \"b\"",
        "{\"a\": 6,}",
    ] {
        let odd = calls(vec![piece(
            json!(0),
            json!("a"),
            json!("multiply"),
            json!(arguments),
        )]);
        let again = Answer::ToolCall("multiply", json!({ "a": 6, "b": 7 }));
        let outcome = ask_fake(vec![odd, again, Answer::Text(vec!["42"])]).await;
        assert_eq!(outcome.end, TurnEnd::Completed, "{arguments}");
        let results = results(&outcome);
        assert_eq!(results.len(), 2, "{arguments}");
        let error = results[0].as_ref().unwrap_err();
        assert!(error.contains("no JSON object"), "{arguments}: {error}");
        assert!(results[1].is_ok(), "{arguments}");
        assert!(outcome.requests[1].to_string().contains("no JSON object"));
    }
}

/// Calls without an id, with one id for two, without a name, numbered from one, all with
/// one number or without any: each is a call of its own, and has its result.
#[tokio::test]
async fn odd_calls_are_answered() {
    let none = Value::Null;
    let six = || json!("{\"a\": 6, \"b\": 7}");
    let two = || json!("{\"a\": 2, \"b\": 3}");
    let name = || json!("multiply");
    for (what, pieces, expected) in [
        (
            "no id",
            vec![piece(json!(0), none.clone(), name(), six())],
            1,
        ),
        (
            "one id for two",
            vec![
                piece(json!(0), json!("a"), name(), six()),
                piece(json!(1), json!("a"), name(), two()),
            ],
            2,
        ),
        (
            "from one on",
            vec![piece(json!(1), json!("a"), name(), six())],
            1,
        ),
        (
            "no number",
            vec![
                piece(none.clone(), json!("a"), name(), json!("")),
                piece(none.clone(), none.clone(), none.clone(), six()),
                piece(none.clone(), json!("b"), name(), two()),
            ],
            2,
        ),
        (
            "one number for two",
            vec![
                piece(json!(0), json!("a"), name(), six()),
                piece(json!(0), json!("b"), name(), two()),
            ],
            2,
        ),
        (
            "an object",
            vec![piece(
                none.clone(),
                none.clone(),
                name(),
                json!({ "a": 6, "b": 7 }),
            )],
            1,
        ),
    ] {
        let outcome = ask_fake(vec![calls(pieces), Answer::Text(vec!["42"])]).await;
        assert_eq!(outcome.end, TurnEnd::Completed, "{what}");
        let results = results(&outcome);
        assert_eq!(results.len(), expected, "{what}");
        assert!(results.iter().all(Result::is_ok), "{what}: {results:?}");
    }
    for odd in ["", "two words", &"x".repeat(80)] {
        let call = calls(vec![piece(json!(0), json!("a"), json!(odd), six())]);
        let outcome = ask_fake(vec![call, Answer::Text(vec!["42"])]).await;
        assert_eq!(outcome.end, TurnEnd::Completed, "{odd}");
        assert!(results(&outcome)[0].is_err(), "{odd}");
    }
}

/// An answer that was cut is kept, and says so in its event and its message; what it took
/// is counted. A call in it that was cut does not run.
#[tokio::test]
async fn what_was_cut_says_so() {
    for reason in ["length", "content_filter"] {
        let usage = json!({
            "choices": [], "usage": { "prompt_tokens": 5, "completion_tokens": 9 },
        });
        let chunks = vec![
            chunk(json!({ "content": "It is " }), None),
            chunk(json!({}), Some(reason)),
            usage.to_string(),
        ];
        let outcome = ask_fake(vec![Answer::Chunks(chunks, true)]).await;
        assert_eq!(
            (outcome.end, outcome.last_text.as_str()),
            (TurnEnd::Completed, "It is ")
        );
        let metadata = outcome.messages.last().unwrap().metadata.clone().unwrap();
        assert_eq!(metadata[FINISH_REASON], json!(reason));
        let told = outcome.events.iter().any(|event| {
            matches!(&event.data, EventData::LlmGeneration(generation)
                if generation.metadata.finish_reasons == Some(vec![reason.to_string()])
                    && generation.metadata.usage.as_ref().is_some_and(|usage| usage.output_tokens == 9))
        });
        assert!(told, "{reason}");

        let nothing = ask_fake(vec![deltas(vec![], reason)]).await;
        assert!(matches!(nothing.end, TurnEnd::Failed(_)), "{reason}");
        assert_eq!(nothing.requests.len(), 1, "it would be cut again");
        assert!(!nothing.last_text.is_empty(), "the user is told why");
    }
    let half = piece(json!(0), json!("a"), json!("multiply"), json!("{\"a\": 6"));
    let half = deltas(vec![json!({ "tool_calls": [half] })], "length");
    let outcome = ask_fake(vec![half, Answer::Text(vec!["So."])]).await;
    assert_eq!(outcome.end, TurnEnd::Completed);
    assert!(results(&outcome)[0].is_err());
}

/// What is no announced end is asked for again: silence after some words, an error between
/// them, a page of HTML, a chunk that is no JSON, an empty answer. A reason to finish is an
/// end without `[DONE]`, and `[DONE]` without a reason.
#[tokio::test]
async fn only_an_announced_end_counts() {
    let words = || chunk(json!({ "content": "It is " }), None);
    let error = json!({ "error": { "message": "upstream died", "code": 502 } });
    for (what, odd) in [
        ("no end", Answer::Chunks(vec![words()], false)),
        (
            "an error",
            Answer::Chunks(vec![words(), error.to_string()], true),
        ),
        (
            "no JSON",
            Answer::Chunks(vec![words(), "{\"choi".into()], true),
        ),
        (
            "nothing",
            Answer::Chunks(vec![chunk(json!({}), Some("stop"))], true),
        ),
        ("HTML", Answer::Body("text/html", "<html>Sign in</html>")),
        (
            "no stream",
            Answer::Body("text/event-stream", "<html>Sign in</html>"),
        ),
    ] {
        let outcome = ask_fake(vec![odd, Answer::Text(vec!["It is 42."])]).await;
        assert_eq!(outcome.end, TurnEnd::Completed, "{what}");
        assert_eq!(outcome.last_text, "It is 42.", "{what}");
        assert_eq!(
            (outcome.messages.len(), outcome.requests.len()),
            (2, 2),
            "{what}"
        );
    }
    for ended in [
        Answer::Chunks(vec![words(), chunk(json!({}), Some("stop"))], false),
        Answer::Chunks(vec![words()], true),
    ] {
        let outcome = ask_fake(vec![ended]).await;
        assert_eq!(
            (outcome.end, outcome.requests.len()),
            (TurnEnd::Completed, 1)
        );
    }
}

/// A provider that quotes the key in an error, in the answer's place or in the middle of
/// it, has it kept and shown nowhere; its words are bounded.
#[tokio::test]
async fn a_quoted_key_is_blanked() {
    let quoted: &str = Box::leak(format!("bad key {KEY}, {}", "x".repeat(9000)).into_boxed_str());
    let part: &str = Box::leak(format!("no access for {}...", &KEY[..16]).into_boxed_str());
    let error = json!({ "error": { "message": quoted, "type": "invalid_request_error" } });
    let in_stream = vec![chunk(json!({ "content": "It " }), None), error.to_string()];
    for answer in [
        Answer::Error(400, quoted),
        Answer::Error(401, quoted),
        Answer::Error(403, part),
        Answer::Error(404, part),
        Answer::Chunks(in_stream, true),
    ] {
        let outcome = ask_fake(vec![answer]).await;
        assert!(matches!(outcome.end, TurnEnd::Failed(_)));
        let told = format!(
            "{:?} {:?} {:?}",
            outcome.end, outcome.events, outcome.messages
        );
        assert!(!told.contains(&KEY[..16]), "{told}");
        assert!(!told.contains(&"x".repeat(600)), "{told}");
    }
}
