//! Changes with a request id: sent again they happen once and have the same answer, also
//! where the host was killed before it could answer.

use super::test_host::{TestHost, Turn, played};
use super::tool_results::with_tool;
use mortise_proto::host as pb;
use mortise_proto::host::run_turn_response::Happened;
use mortise_runtime_host::local::demo;
use mortise_test_support::failing_disk::{DiskFault, FailingDisk};
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long anything may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

/// Two held answers of the model, and then short ones.
async fn held() -> (Arc<Semaphore>, FakeOpenAi) {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["First."]);
    let answers = vec![held.clone(), held, Answer::Text(vec!["Done."])];
    (gate, FakeOpenAi::start(answers).await)
}

/// Waits until the session has so many events of a type, and sees that it has no more.
async fn has(stage: &TestHost, event_type: &str, count: usize) {
    let reached = async {
        while stage.count(event_type).await < count {
            tokio::task::yield_now().await;
        }
    };
    let reached = timeout(SOON, reached).await;
    assert!(reached.is_ok(), "{event_type} is stored {count} times");
    assert_eq!(stage.count(event_type).await, count, "{event_type}");
}

/// A turn that is asked for again is the same turn, wherever it is: running, queued, over,
/// before and after kills of the host, over HTTP and gRPC.
#[tokio::test]
async fn a_turn_is_asked_for_again() {
    let (gate, fake) = held().await;
    let mut stage = TestHost::played(&fake, &[]).await;
    let first = json!({ "text": "one", "wait": false });
    let second = json!({ "text": "two", "wait": false, "when_busy": "queue" });
    let (status, running) = stage.post_once("/turns", "key-1", &first).await;
    assert_eq!((status, &running["status"]), (202, &json!("running")));
    let (status, queued) = stage.post_once("/turns", "key-2", &second).await;
    assert_eq!((status, &queued["status"]), (202, &json!("queued")));
    for killed in [false, true] {
        let again = stage.post_once("/turns", "key-1", &first).await;
        assert_eq!(again, (202, running.clone()), "killed: {killed}");
        let again = stage.post_once("/turns", "\"key-2\"", &second).await;
        assert_eq!(again, (202, queued.clone()), "killed: {killed}");
        if !killed {
            stage = stage.restart_after_kill().await;
        }
    }
    gate.add_permits(64);
    has(&stage, "turn.completed", 2).await;
    for _ in 0..2 {
        for (key, asked, turn) in [("key-1", &first, &running), ("key-2", &second, &queued)] {
            let mut asked = asked.clone();
            asked["wait"] = json!(true);
            let (status, ended) = stage.post_once("/turns", key, &asked).await;
            assert_eq!((status, &ended["outcome"]), (200, &json!("completed")));
            assert_eq!(ended["turn_id"], turn["turn_id"]);
            assert_eq!(ended["input_message_id"], turn["input_message_id"]);
            assert_eq!(ended["message"]["role"], "agent", "{ended}");
        }
        let again = Turn::begun(grpc(&stage, "key-1", "one").await).await;
        assert_eq!(json!(again.accepted.turn_id), running["turn_id"]);
        let (events, ended) = again.rest().await;
        assert_eq!(ended.outcome(), pb::TurnOutcome::Completed);
        assert_eq!(events.last().unwrap().r#type, "session.idled");
        stage = stage.restart_after_kill().await;
    }
    has(&stage, "input.message", 2).await;
    has(&stage, "turn.started", 2).await;
}

async fn grpc(stage: &TestHost, key: &str, text: &str) -> tonic::Streaming<pb::RunTurnResponse> {
    let request = pb::RunTurnRequest {
        request_id: Some(key.into()),
        ..stage.turn(text)
    };
    let answer = stage.client().await.run_turn(request).await;
    answer.unwrap().into_inner()
}

/// Two callers with one id at the same time have one turn, and so has one that leaves
/// before the answer; a kill of the host at any moment changes nothing of it.
#[tokio::test]
async fn a_kill_at_any_moment_leaves_one_turn() {
    let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Done."])]).await;
    let mut stage = TestHost::played(&fake, &[]).await;
    for round in 1..=8 {
        let key = format!("round-{round}");
        let mut asked = json!({ "text": format!("round {round}") });
        let what = if round % 3 == 0 {
            "/messages"
        } else {
            asked["when_busy"] = json!("queue");
            "/turns"
        };
        let callers: Vec<_> = (0..2)
            .map(|_| {
                let request = reqwest::Client::new().post(stage.url(what));
                let request = request.header("idempotency-key", &key).json(&asked);
                tokio::spawn(request.send())
            })
            .collect();
        // The kill comes at another moment in each round.
        for _ in 0..(round - 1) * 400 {
            tokio::task::yield_now().await;
        }
        stage = stage.restart_after_kill().await;
        for caller in callers {
            caller.abort();
        }
        let (status, answer) = stage.post_once(what, &key, &asked).await;
        let expected = match what {
            "/turns" => (200, &json!("completed")),
            _ => (202, &Value::Null),
        };
        assert_eq!((status, &answer["outcome"]), expected, "{answer}");
        for event_type in ["input.message", "turn.started", "turn.completed"] {
            has(&stage, event_type, round).await;
        }
    }
}

/// A turn had begun, and its host could not take it out of those that wait and was killed:
/// who asks for it again while its session is busy has its outcome.
#[tokio::test]
async fn a_turn_that_had_begun_is_not_begun_again() {
    let gates = [(); 2].map(|()| Arc::new(Semaphore::new(0)));
    let held = |gate: &Arc<Semaphore>| Answer::Held(gate.clone(), vec!["Held."]);
    let quick = Answer::Text(vec!["Done."]);
    let answers = vec![held(&gates[0]), quick, held(&gates[1])];
    let fake = FakeOpenAi::start(answers).await;
    let mut stage = TestHost::played(&fake, &[]).await;
    // What the host writes down of turns that wait is not removed while the disk fails.
    let disk = FailingDisk::under(Path::new(".queued"), stage.folder());
    stage.restart_on(&disk).await;
    let first = stage.run("one").await;
    let asked = json!({ "text": "two", "when_busy": "queue", "wait": false });
    let (status, queued) = stage.post_once("/turns", "key", &asked).await;
    assert_eq!((status, &queued["status"]), (202, &json!("queued")));
    disk.fail(DiskFault::Remove);
    gates[0].add_permits(64);
    assert_eq!(first.outcome().await, pb::TurnOutcome::Completed);
    has(&stage, "turn.completed", 2).await;
    let mut third = stage.run("three").await;
    third.until("output.message.started").await;
    stage = stage.restart_after_kill().await;
    let again = json!({ "text": "two", "when_busy": "queue" });
    let outcome = stage.post_once("/turns", "key", &again);
    let opened = async {
        // It waits behind the third by then.
        while fake.requests().len() < 4 {
            tokio::task::yield_now().await;
        }
        gates[1].add_permits(64);
    };
    let ((status, ended), ()) = tokio::join!(outcome, opened);
    assert_eq!(
        (status, &ended["outcome"]),
        (200, &json!("completed")),
        "{ended}"
    );
    assert_eq!(ended["turn_id"], queued["turn_id"]);
    has(&stage, "turn.completed", 3).await;
    has(&stage, "input.message", 3).await;
}

/// An id that was used for something else is refused, and says for what; nothing is done.
#[tokio::test]
async fn an_id_is_for_one_request() {
    let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Done."])]).await;
    let stage = TestHost::played(&fake, &[]).await;
    let (status, _) = stage
        .post_once("/turns", "key", &json!({ "text": "one" }))
        .await;
    assert_eq!(status, 200);
    for (what, body, words) in [
        ("/turns", json!({ "text": "two" }), "another RunTurn"),
        (
            "/messages",
            json!({ "text": "one" }),
            "RunTurn, and this is SendMessage",
        ),
    ] {
        let (status, error) = stage.post_once(what, "key", &body).await;
        let error = &error["error"];
        assert_eq!(
            (status, &error["reason"]),
            (422, &json!("REQUEST_ID_REUSED"))
        );
        let text = error["message"].as_str().unwrap();
        assert!(text.contains(words) && text.contains("\"key\""), "{text}");
    }
    has(&stage, "input.message", 1).await;
    let long = "x".repeat(256);
    let (status, error) = stage
        .post_once("/turns", &long, &json!({ "text": "one" }))
        .await;
    assert_eq!(
        (status, &error["error"]["field"]),
        (400, &json!("Idempotency-Key")),
        "{error}"
    );
}

/// A call that was refused is not remembered: sent again when nothing is in its way, it
/// happens.
#[tokio::test]
async fn a_refused_call_is_tried_again() {
    let (gate, fake) = held().await;
    let stage = TestHost::played(&fake, &[]).await;
    let mut first = stage.run("one").await;
    first.until("output.message.started").await;
    let asked = json!({ "text": "two", "when_busy": "refuse" });
    let (status, error) = stage.post_once("/turns", "key", &asked).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (409, &json!("TURN_UNDER_WAY"))
    );
    gate.add_permits(64);
    assert_eq!(first.outcome().await, pb::TurnOutcome::Completed);
    let (status, ended) = stage.post_once("/turns", "key", &asked).await;
    assert_eq!((status, &ended["outcome"]), (200, &json!("completed")));
}

/// A session that is created again is the same session.
#[tokio::test]
async fn a_session_is_created_once() {
    let mut stage = TestHost::set(&[]).await;
    let asked = json!({
        "harness_id": demo::harness_id(),
        "title": "Mine",
        "hints": { "a": 1, "b": 2, "c": 3, "d": 4 },
    });
    let mut made = Vec::new();
    for _ in 0..2 {
        for _ in 0..2 {
            let url = format!("{}/v1/sessions", stage.host.http);
            let request = reqwest::Client::new().post(url);
            let request = request.header("idempotency-key", "key").json(&asked);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 201);
            made.push(answer.json::<Value>().await.unwrap());
        }
        stage = stage.restart_after_kill().await;
    }
    assert!(made.iter().all(|session| *session == made[0]), "{made:?}");
}

/// A message that is sent again into a running turn, and one that begins a turn, are
/// stored once and have the same answer.
#[tokio::test]
async fn a_message_is_sent_once() {
    let (gate, fake) = held().await;
    let mut stage = TestHost::played(&fake, &[]).await;
    let begins = json!({ "text": "one" });
    let steers = json!({ "text": "and two" });
    let begun = stage.post_once("/messages", "key-1", &begins).await;
    assert_eq!((begun.0, &begun.1["steered"]), (202, &json!(false)));
    let steered = stage.post_once("/messages", "key-2", &steers).await;
    assert_eq!((steered.0, &steered.1["steered"]), (202, &json!(true)));
    for _ in 0..2 {
        assert_eq!(stage.post_once("/messages", "key-1", &begins).await, begun);
        assert_eq!(
            stage.post_once("/messages", "key-2", &steers).await,
            steered
        );
        stage = stage.restart_after_kill().await;
    }
    gate.add_permits(64);
    has(&stage, "turn.completed", 1).await;
    has(&stage, "input.message", 2).await;
}

/// Results that are sent again are stored once and have the same answer, and so has a
/// cancellation.
#[tokio::test]
async fn results_and_cancellations_are_taken_once() {
    let call = Answer::ToolCall("ask_person", json!({}));
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["Blue it is."]);
    let fake = FakeOpenAi::start(vec![call, held]).await;
    let mut stage = TestHost::set_with(played(&fake), &[], with_tool).await;
    let (_, ended) = stage.run("Which colour?").await.rest().await;
    let id = ended.tool_calls[0].id.clone();
    let results = json!({ "results": [{ "tool_call_id": id, "result": "blue" }] });
    let taken = stage.post_once("/tool-results", "key-1", &results).await;
    assert_eq!((taken.0, &taken.1["resumed"]), (202, &json!(true)));
    let mut cancelled = None;
    for _ in 0..2 {
        let again = stage.post_once("/tool-results", "key-1", &results).await;
        assert_eq!(again, taken);
        let done = stage.post_once("/cancel", "key-2", &json!({})).await;
        assert_eq!((done.0, &done.1["outcome"]), (200, &json!("cancelled")));
        assert_eq!(*cancelled.get_or_insert(done.clone()), done);
        stage = stage.restart_after_kill().await;
    }
    has(&stage, "tool.completed", 1).await;
    has(&stage, "turn.cancelled", 1).await;
}

/// A stream that was cut is opened again by the same call: it names the same turn and
/// ends as the turn does.
#[tokio::test]
async fn a_stream_is_opened_again() {
    let (gate, fake) = held().await;
    let stage = TestHost::played(&fake, &[]).await;
    let mut turn = Turn::begun(grpc(&stage, "key", "one").await).await;
    turn.until("output.message.started").await;
    let turn_id = turn.accepted.turn_id.clone();
    drop(turn);
    let again = Turn::begun(grpc(&stage, "key", "one").await).await;
    assert_eq!(again.accepted.turn_id, turn_id);
    gate.add_permits(64);
    let mut again = again;
    let mut seen = Vec::new();
    let ended = loop {
        match again.next().await.unwrap() {
            Happened::Event(event) => seen.push(event.r#type),
            Happened::Ended(ended) => break ended,
            other => panic!("an event or the end comes, not {other:?}"),
        }
    };
    assert_eq!(ended.outcome(), pb::TurnOutcome::Completed);
    assert_eq!(seen[0], "input.message");
    assert!(seen.contains(&"turn.completed".to_string()), "{seen:?}");
    has(&stage, "input.message", 1).await;
}
