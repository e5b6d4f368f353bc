//! Turns that wait for tool results from outside.

use super::test_host::{TestHost, played};
use everruns_core::events::{EventRequest, ToolCompletedData};
use everruns_core::message::ContentPart;
use everruns_core::session::SessionStatus;
use everruns_core::traits::EventEmitter;
use everruns_core::{Session, ToolDefinition};
use everruns_runtime::RuntimeHostAdapter;
use futures::StreamExt;
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A session whose application has a tool. It says nothing else: that turns wait for the
/// tool is the host's business.
pub(super) fn with_tool(session: &mut Session) {
    let tool = json!({
        "type": "client_side",
        "name": "ask_person",
        "description": "Asks the person at the screen.",
        "parameters": { "type": "object", "properties": {} },
    });
    session.tools = vec![serde_json::from_value::<ToolDefinition>(tool).unwrap()];
}

fn result(id: &str, result: Value) -> Value {
    json!({ "results": [{ "tool_call_id": id, "result": result }] })
}

/// The turn waits, also over `kill -9` of the host, refuses results of other calls by
/// name, and goes on with the result that the model then sees.
#[tokio::test]
async fn a_turn_waits_for_its_application() {
    let call = Answer::ToolCall("ask_person", json!({}));
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["Blue it is."])]).await;
    let stage = TestHost::set_with(played(&fake), &[], with_tool).await;
    let (_, ended) = stage.run("Which colour?").await.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::WaitingForToolResults);
    assert_eq!(ended.tool_calls[0].name, "ask_person");
    let id = ended.tool_calls[0].id.clone();

    let stage = stage.restart_after_kill().await;
    let mut client = stage.client().await;
    let list = client
        .list_turns(pb::ListTurnsRequest {
            org_id: 1,
            ..Default::default()
        })
        .await;
    let turns = list.unwrap().into_inner().turns;
    assert_eq!(turns[0].status(), pb::TurnStatus::WaitingForToolResults);
    assert_eq!(stage.status().await, SessionStatus::WaitingForToolResults);

    let (status, error) = stage
        .post("/tool-results", result("call_9", json!(1)))
        .await;
    let error = &error["error"];
    assert_eq!(
        (status, &error["reason"]),
        (404, &json!("UNKNOWN_TOOL_CALL")),
        "{error}"
    );
    let text = error["message"].as_str().unwrap();
    assert!(text.contains("call_9") && text.contains(&id), "{text}");
    assert_eq!(error["field"], "results[0].tool_call_id");

    let (status, done) = stage
        .post("/tool-results", result(&id, json!("blue")))
        .await;
    assert_eq!((status, &done["resumed"]), (202, &json!(true)), "{done}");
    while stage.count("turn.completed").await < 1 {
        tokio::task::yield_now().await;
    }
    let asked = fake.requests().pop().unwrap().to_string();
    assert!(asked.contains("blue"), "{asked}");
    assert_eq!(stage.count("tool.completed").await, 1);
    let (status, error) = stage.post("/tool-results", result(&id, json!("red"))).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (409, &json!("NOT_WAITING")),
        "{error}"
    );
}

/// A turn that waits can be cancelled, and another message takes its place.
#[tokio::test]
async fn a_turn_that_waits_can_be_left() {
    let call = Answer::ToolCall("ask_person", json!({}));
    let answers = vec![call.clone(), call, Answer::Text(vec!["As you like."])];
    let fake = FakeOpenAi::start(answers).await;
    let stage = TestHost::set_with(played(&fake), &[], with_tool).await;
    let waiting = stage.run("Which colour?").await;
    assert_eq!(
        waiting.outcome().await,
        pb::TurnOutcome::WaitingForToolResults
    );
    let (status, done) = stage.post("/cancel", json!({})).await;
    assert_eq!(
        (status, &done["outcome"]),
        (200, &json!("cancelled")),
        "{done}"
    );
    assert_eq!(stage.status().await, SessionStatus::Idle);

    let waiting = stage.run("Which colour?").await;
    assert_eq!(
        waiting.outcome().await,
        pb::TurnOutcome::WaitingForToolResults
    );
    let next = stage.run("Never mind.").await;
    assert_eq!(next.outcome().await, pb::TurnOutcome::Completed);
    assert_eq!(stage.count("turn.cancelled").await, 2);
    assert_eq!(stage.status().await, SessionStatus::Idle);
}

/// A turn that waits for its application, and the call that it waits for.
async fn waiting(stage: &TestHost) -> String {
    let (_, ended) = stage.run("Which colour?").await.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::WaitingForToolResults);
    ended.tool_calls[0].id.clone()
}

/// Stores the result of a call past the host, as a try that failed leaves it.
async fn stored_before(stage: &TestHost, id: &str) {
    let requested = stage.stored().await;
    let requested = requested
        .iter()
        .find(|event| event.event_type == "turn.started");
    let context = requested.unwrap().context.clone();
    let content = vec![ContentPart::text("blue")];
    let done = ToolCompletedData::success(id.into(), "ask_person".into(), content, None);
    let done = EventRequest::new(stage.session_id, context, done);
    let emitter = stage.adapter.event_emitter();
    emitter.emit(done).await.unwrap();
}

/// Results whose storing failed half way can be sent again: what is stored is not
/// stored twice, and a turn that has all its results goes on, whatever the host had
/// written down of it.
#[tokio::test]
async fn results_are_sent_again() {
    for stranded in [false, true] {
        let call = Answer::ToolCall("ask_person", json!({}));
        let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["Blue it is."])]).await;
        let stage = TestHost::set_with(played(&fake), &[], with_tool).await;
        let id = waiting(&stage).await;
        stored_before(&stage, &id).await;
        if stranded {
            let journal = stage.data.join("turns");
            let journal = journal.join(format!("1-{}.json", stage.session_id));
            let text = std::fs::read_to_string(&journal).unwrap();
            let mut record: Value = serde_json::from_str(&text).unwrap();
            record["turn"]["next"] = json!({ "step": "reason" });
            std::fs::write(&journal, record.to_string()).unwrap();
        }
        let (status, done) = stage
            .post("/tool-results", result(&id, json!("blue")))
            .await;
        assert_eq!((status, &done["resumed"]), (202, &json!(true)), "{done}");
        while stage.count("session.idled").await < 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(stage.count("tool.completed").await, 1, "{stranded}");
        assert_eq!(stage.count("turn.completed").await, 1, "{stranded}");
        assert!(fake.requests().pop().unwrap().to_string().contains("blue"));
    }
}

/// A result that the adapter would not take is refused before anything is stored, with
/// what is too large.
#[tokio::test]
async fn a_result_that_is_too_large_changes_nothing() {
    let call = Answer::ToolCall("ask_person", json!({}));
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["I see."])]).await;
    let small = ["--max-message-mib", "1"];
    let stage = TestHost::set_over(&small, played(&fake), &[], with_tool).await;
    let id = waiting(&stage).await;
    let long = json!("a".repeat(2 << 20));
    let (status, error) = stage.post("/tool-results", result(&id, long.clone())).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (413, &json!("REQUEST_TOO_LARGE")),
        "{error}"
    );
    let (status, error) = stage.post("/turns", json!({ "text": long })).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (413, &json!("REQUEST_TOO_LARGE")),
        "{error}"
    );
    let (status, done) = stage.post("/tool-results", result(&id, json!("x"))).await;
    assert_eq!((status, &done["resumed"]), (202, &json!(true)), "{done}");
    while stage.count("turn.completed").await < 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.count("tool.completed").await, 1);
}

/// A full host has no room for the turn to go on: it says so, and takes the result when
/// there is some.
#[tokio::test]
async fn results_wait_for_room() {
    let gate = Arc::new(Semaphore::new(0));
    let call = Answer::ToolCall("ask_person", json!({}));
    let held = Answer::Held(gate.clone(), vec!["Yes."]);
    let fake = FakeOpenAi::start(vec![call, held]).await;
    let stage = TestHost::set_with(played(&fake), &["--turns-max", "1"], with_tool).await;
    let id = waiting(&stage).await;
    let other = stage.another_session().await;
    let mut turn = stage.turn("And you?");
    turn.session_id = other.to_string();
    let mut client = stage.client().await;
    let other = client.run_turn(turn).await.unwrap().into_inner();
    // It has begun, since it was accepted.
    let (status, error) = stage
        .post("/tool-results", result(&id, json!("blue")))
        .await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (429, &json!("BUSY")),
        "{error}"
    );
    assert_eq!(stage.count("tool.completed").await, 0);
    gate.add_permits(4);
    let rest: Vec<_> = other.collect().await;
    assert!(rest.last().unwrap().is_ok());
    let done = loop {
        let (status, done) = stage
            .post("/tool-results", result(&id, json!("blue")))
            .await;
        if status != 429 {
            break done;
        }
    };
    assert_eq!(done["resumed"], true, "{done}");
    while stage.count("turn.completed").await < 1 {
        tokio::task::yield_now().await;
    }
}

/// A message that another session sends is seen by the turn under way. That this turn
/// goes on to wait for its application is no reason to end it: it has the message.
#[tokio::test]
async fn a_turn_that_waits_keeps_what_it_has_seen() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["First."]);
    let call = Answer::ToolCall("ask_person", json!({}));
    let answers = vec![held, call, Answer::Text(vec!["Blue, and Oslo."])];
    let fake = FakeOpenAi::start(answers).await;
    let stage = TestHost::set_with(played(&fake), &[], with_tool).await;
    let mut turn = stage.run("Which colour?").await;
    turn.until("output.message.started").await;
    let platform = stage.adapter.platform_store(1, stage.session_id).unwrap();
    let sent = platform.send_message(stage.session_id, "and Oslo?").await;
    sent.unwrap();
    // What is sent into the turn has it ask the model once more.
    let (status, _) = stage.post("/messages", json!({ "text": "well?" })).await;
    assert_eq!(status, 202);
    gate.add_permits(2);
    let (_, ended) = turn.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::WaitingForToolResults);
    assert!(fake.requests()[1].to_string().contains("and Oslo?"));
    stage
        .until_counted(&["mortise_rpcs_total", "TakeTurnRequest"], 1.0)
        .await;
    let id = ended.tool_calls[0].id.clone();
    let (status, done) = stage
        .post("/tool-results", result(&id, json!("blue")))
        .await;
    assert_eq!((status, &done["resumed"]), (202, &json!(true)), "{done}");
    while stage.count("session.idled").await < 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.count("turn.completed").await, 1);
    assert_eq!(stage.count("turn.cancelled").await, 0);
    assert_eq!(stage.count("turn.started").await, 1);
}
