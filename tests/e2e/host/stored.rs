//! What is stored is readable, whatever it is, and a session that is deleted takes nothing.

use super::steer::{Errand, MANAGES, errand, run_errand};
use super::test_host::TestHost;
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A model can be made to write arguments that are deeper than the contract allows: the tool
/// is not run, the model reads why, and the turn and the session continue.
#[tokio::test]
async fn deep_arguments_cost_a_call() {
    let deep = (0..122).fold(json!(1), |value, _| json!([value]));
    let answers = vec![
        Answer::ToolCall("add", json!({ "deep": deep })),
        Answer::Text(vec!["Here."]),
    ];
    let fake = FakeOpenAi::start(answers).await;
    let stage = TestHost::played(&fake, &[]).await;
    let (_, ended) = stage.run("?").await.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::Completed);
    let asked = fake.requests().pop().unwrap().to_string();
    assert!(asked.contains("the tool was not run"), "{asked}");
    let next = stage.run("again?").await;
    assert_eq!(next.outcome().await, pb::TurnOutcome::Completed);
    let page = reqwest::get(stage.url("/events")).await.unwrap();
    assert_eq!(page.status(), 200);
}

/// What a client sends as a tool's result is refused where it would be rounded or could
/// not be read again, with the field named.
#[tokio::test]
async fn what_would_be_rounded_is_refused() {
    let stage = TestHost::set(&[]).await;
    let client = reqwest::Client::new();
    for (result, problem) in [
        ("18446744073709551616", "an integer outside"),
        ("3.14159265358979323846", "a double cannot keep"),
        (
            &format!("{}{}", "[".repeat(101), "]".repeat(101)),
            "deeper than 100",
        ),
    ] {
        let body = format!(r#"{{"results":[{{"tool_call_id":"c","result":{result}}}]}}"#);
        let sent = client.post(stage.url("/tool-results")).body(body);
        let answer = sent.send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let error: Value = answer.json().await.unwrap();
        let text = error["error"]["message"].as_str().unwrap();
        assert!(text.contains(problem), "{text}");
    }
}

/// A turn under way is cancelled when its session is deleted, past its host, by the agent of
/// another one; nothing of it is stored any
/// more, no other begins, and the host says why.
#[tokio::test]
async fn a_deleted_session_has_no_turns() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["word "; 1000]);
    let fake = FakeOpenAi::play(move |request| errand(request, "").unwrap_or(held.clone())).await;
    let stage = TestHost::played(&fake, &MANAGES).await;
    let mut turn = stage.run("?").await;
    turn.until("output.message.started").await;
    run_errand(&stage.host.http, Errand::Delete, stage.session_id).await;
    let stored = stage.stored().await.len();
    // The turn learns of it with what the model says next.
    gate.add_permits(2000);
    let (_, ended) = turn.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::Cancelled);
    assert_eq!(
        stage.stored().await.len(),
        stored,
        "a deleted session takes nothing"
    );

    let (status, error) = stage.post("/turns", json!({ "text": "again?" })).await;
    let reason = &error["error"]["reason"];
    assert_eq!(
        (status, reason),
        (409, &json!("SESSION_ARCHIVED")),
        "{error}"
    );
    let (status, error) = stage.post("/messages", json!({ "text": "hello?" })).await;
    assert_eq!(status, 409, "{error}");
    let turns = format!("{}/v1/turns", stage.host.http);
    let turns: Value = reqwest::get(turns).await.unwrap().json().await.unwrap();
    assert_eq!(turns["turns"], json!([]));
    // It is read on, and nothing waits for it at the next start.
    let stage = stage.restart_after_kill().await;
    assert_eq!(stage.stored().await.len(), stored);
    let turns = format!("{}/v1/turns", stage.host.http);
    let turns: Value = reqwest::get(turns).await.unwrap().json().await.unwrap();
    assert_eq!(turns["turns"], json!([]));
}
