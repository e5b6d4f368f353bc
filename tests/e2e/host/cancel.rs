//! Cancelling a turn, wherever it is.

use super::test_host::{TestHost, played};
use everruns_core::session::SessionStatus;
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// In a long call of the model: the call ends, `turn.cancelled` is stored with its
/// reason, the session is idle and its next turn works.
#[tokio::test]
async fn in_a_call_of_the_model() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate, vec!["Never ", "said."]);
    let fake = FakeOpenAi::start(vec![held, Answer::Text(vec!["Here."])]).await;
    let stage = TestHost::played(&fake, &[]).await;
    let mut turn = stage.run("?").await;
    turn.until("output.message.started").await;

    let wrong = json!({ "turn_id": "turn_00000000000000000000000000000000" });
    let (status, error) = stage.post("/cancel", wrong).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (409, &json!("NO_TURN")),
        "{error}"
    );
    let (status, done) = stage.post("/cancel", json!({ "reason": "enough" })).await;
    assert_eq!(
        (status, &done["outcome"]),
        (200, &json!("cancelled")),
        "{done}"
    );
    assert_eq!(stage.status().await, SessionStatus::Idle);
    let (events, ended) = turn.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::Cancelled);
    let told = events.iter().find(|event| event.r#type == "turn.cancelled");
    assert!(told.unwrap().data_json.contains("enough"));
    assert_eq!(events.last().unwrap().r#type, "session.idled");

    let next = stage.run("again?").await;
    assert_eq!(next.outcome().await, pb::TurnOutcome::Completed);
    let (status, _) = stage.post("/cancel", json!({})).await;
    assert_eq!(status, 409, "there is nothing to cancel");
}

/// In a tool that would run for long: it ends with the turn.
#[tokio::test]
async fn in_a_tool() {
    let call = Answer::ToolCall("bash", json!({ "commands": "sleep 50" }));
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["Never said."])]).await;
    let arguments = [
        "--capability",
        "session_file_system",
        "--capability",
        "virtual_bash",
    ];
    let stage = TestHost::set_with(played(&fake), &arguments, |session| {
        session.agent_id = None;
        session.capabilities = vec![everruns_core::AgentCapabilityConfig::new("virtual_bash")];
    })
    .await;
    let mut turn = stage.run("?").await;
    turn.until("tool.started").await;
    let (status, done) = stage.post("/cancel", json!({})).await;
    assert_eq!(
        (status, &done["outcome"]),
        (200, &json!("cancelled")),
        "{done}"
    );
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Cancelled);
    assert_eq!(stage.status().await, SessionStatus::Idle);
    assert_eq!(stage.count("tool.completed").await, 0);
    assert_eq!(fake.requests().len(), 1);
}

/// On its way to begin, on a host that is full: it is cancelled as it begins, and does
/// not run to its end first.
#[tokio::test]
async fn before_it_begins() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["Yes."]);
    let fake = FakeOpenAi::start(vec![held, Answer::HeldAfter(vec!["Never "])]).await;
    let stage = TestHost::played(&fake, &["--turns-max", "1"]).await;
    let first = stage.run("one").await;
    let other = stage.another_session().await;
    let post = async |what: &str, body: Value| -> Value {
        let url = format!("{}/v1/sessions/{other}/{what}", stage.host.http);
        let sent = reqwest::Client::new().post(url).json(&body).send();
        sent.await.unwrap().json().await.unwrap()
    };
    let queued = post("turns", json!({ "text": "two", "when_busy": "queue" }));
    let cancelled = async {
        stage.until_counted(&["mortise_turns_queued"], 1.0).await;
        post("cancel", json!({})).await
    };
    let released = async {
        stage.until_counted(&["mortise_turns_queued"], 1.0).await;
        // The call to cancel is sent before this one, which is answered.
        stage.ready().await;
        gate.add_permits(2);
    };
    let all = async { tokio::join!(queued, cancelled, released) };
    let all = timeout(Duration::from_secs(60), all).await;
    let (turn, done, ()) = all.expect("no one waits for the turn's own end");
    assert_eq!(done["outcome"], "cancelled", "{done}");
    assert_eq!(turn["outcome"], "cancelled", "{turn}");
    assert_eq!(first.outcome().await, pb::TurnOutcome::Completed);
}
