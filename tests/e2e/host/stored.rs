//! What is stored is readable, whatever it is, and a session that is deleted takes nothing.

use super::test_host::{Sse, TestHost};
use everruns_core::events::{EventContext, EventData, EventRequest};
use everruns_core::traits::EventEmitter;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Events that upstream knows no type of, or cannot read the data of.
fn odd() -> [(&'static str, Value); 4] {
    [
        ("vendor.future", json!({"n": u64::MAX, "list": [null, 1.0]})),
        ("schedule.triggered", json!({"schedule": 7})),
        ("turn.started", json!({"turn_id": 7})),
        ("session.idled", json!("gone")),
    ]
}

async fn emit_odd(stage: &TestHost) {
    for (event_type, data) in odd() {
        let event = EventRequest {
            event_type: event_type.into(),
            ts: chrono::Utc::now(),
            session_id: stage.session_id,
            context: EventContext::empty(),
            data: EventData::Unsupported {
                event_type: event_type.into(),
                data,
            },
            metadata: None,
            tags: None,
        };
        stage.adapter.event_emitter().emit(event).await.unwrap();
    }
}

/// Events that the host cannot understand are shown with their data as it is stored, by
/// every way of reading; turns of their session run, can be cancelled and go on after a
/// restart.
#[tokio::test]
async fn events_that_nobody_understands_are_shown() {
    let gate = Arc::new(Semaphore::new(0));
    let answers = vec![
        Answer::Text(vec!["Here."]),
        Answer::Held(gate, vec!["Never ", "said."]),
    ];
    let fake = FakeOpenAi::start(answers).await;
    let stage = TestHost::played(&fake, &[]).await;
    emit_odd(&stage).await;

    let page: Value = reqwest::get(stage.url("/events"))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let mut sse = Sse::open(reqwest::Client::new().get(stage.url("/events"))).await;
    let mut client = stage.client().await;
    let request = pb::ReadEventsRequest {
        org_id: 1,
        session_id: stage.session_id.to_string(),
        after_sequence: 0,
        limit: 0,
    };
    let read = client
        .read_events(request)
        .await
        .unwrap()
        .into_inner()
        .events;
    for (position, (event_type, data)) in odd().into_iter().enumerate() {
        let shown = &page["events"][position];
        assert_eq!(
            (&shown["type"], &shown["data"]),
            (&json!(event_type), &data)
        );
        assert_eq!(shown["sequence"], position + 1);
        let sent = sse.next().await.unwrap();
        assert_eq!((sent.event.as_str(), &sent.data), (event_type, shown));
        let raw: Value = serde_json::from_str(&read[position].data_json).unwrap();
        assert_eq!((read[position].r#type.as_str(), raw), (event_type, data));
    }
    assert_eq!(page["next_after"], 4);

    assert_eq!(
        stage.run("?").await.outcome().await,
        pb::TurnOutcome::Completed
    );
    let mut held = stage.run("again?").await;
    held.until("output.message.started").await;
    emit_odd(&stage).await;
    let (status, done) = stage.post("/cancel", json!({})).await;
    assert_eq!(
        (status, &done["outcome"]),
        (200, &json!("cancelled")),
        "{done}"
    );
    assert_eq!(held.outcome().await, pb::TurnOutcome::Cancelled);
}

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

/// A turn under way is cancelled when its session is deleted; nothing of it is stored any
/// more, no other begins, and the host says why.
#[tokio::test]
async fn a_deleted_session_has_no_turns() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["word "; 1000]);
    let fake = FakeOpenAi::start(vec![held]).await;
    let stage = TestHost::played(&fake, &[]).await;
    let mut turn = stage.run("?").await;
    turn.until("output.message.started").await;
    let outside = SessionId::from_uuid(Uuid::nil());
    let platform = stage.adapter.platform_store(1, outside).unwrap();
    platform.delete_session(stage.session_id).await.unwrap();
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
