//! Turns that wait for tool results from outside.

use super::over_front::Set;
use super::steer::{Errand, MANAGES, errand, run_errand};
use super::test_host::{TestHost, played};
use everruns_core::session::SessionStatus;
use everruns_core::{Session, ToolDefinition};
use futures::StreamExt;
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::platform::PlatformFile;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A tool that the application has.
pub fn tool() -> Value {
    json!({
        "type": "client_side",
        "name": "ask_person",
        "description": "Asks the person at the screen.",
        "parameters": { "type": "object", "properties": {} },
    })
}

/// A session whose application has a tool. It says nothing else: that turns wait for the
/// tool is the host's business.
pub fn with_tool(session: &mut Session) {
    session.tools = vec![serde_json::from_value::<ToolDefinition>(tool()).unwrap()];
}

pub fn result(id: &str, result: Value) -> Value {
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

/// Results whose storing failed half way can be sent again: what is stored is not stored
/// twice, and the turn goes on. The host is killed when the results are stored and its
/// journal does not know of them yet.
#[tokio::test(flavor = "multi_thread")]
async fn results_are_sent_again() {
    let call = Answer::ToolCall("ask_person", json!({}));
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["Blue it is."])]).await;
    let platform = PlatformFile::with(&played(&fake)).agent_with("tools", &json!([tool()]));
    let mut set = Set::over(&platform, &["--journal", "adapter"]).await;
    let (_, ended) = set.begin("Which colour?").await.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::WaitingForToolResults);
    let id = ended.tool_calls[0].id.clone();
    let blue = result(&id, json!("blue"));
    let goes_on = "\"step\":\"reason\"";
    set.front.hold("TurnJournalService/PutTurn", goes_on);
    let url = format!(
        "{}/v1/sessions/{}/tool-results",
        set.host.http, set.session_id
    );
    let cut_off = tokio::spawn(reqwest::Client::new().post(url).json(&blue).send());
    set.front.until_met(1).await;
    set.host.kill().await;
    assert!(cut_off.await.unwrap().is_err());
    set.front.heal();
    set.start_host().await;
    assert_eq!(set.count("tool.completed").await, 1);
    assert_eq!(set.status().await, SessionStatus::WaitingForToolResults);

    let (status, done) = set.post("/tool-results", &blue).await;
    assert_eq!((status, &done["resumed"]), (202, &json!(true)), "{done}");
    set.until_counted("session.idled", 1).await;
    assert_eq!(set.count("tool.completed").await, 1);
    assert_eq!(set.count("turn.completed").await, 1);
    assert!(fake.requests().pop().unwrap().to_string().contains("blue"));
}

/// A tool of the *agent* is the application's as one of the session is: the turn asks for
/// it, waits, is given its result, and completes.
#[tokio::test]
async fn a_tool_of_the_agent() {
    let call = Answer::ToolCall("ask_person", json!({ "about": "colours" }));
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["Blue it is."])]).await;
    let platform = PlatformFile::with(&played(&fake)).agent_with("tools", &json!([tool()]));
    let stage = TestHost::set_up(platform, &[], &[], |_| {}).await;
    let told: Value = reqwest::get(stage.url(""))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(told["session"]["tools"], Value::Null, "{told}");

    let (events, ended) = stage.run("Which colour?").await.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::WaitingForToolResults);
    let asked = events.iter().find(|e| e.r#type == "tool.call_requested");
    let asked: Value = serde_json::from_str(&asked.unwrap().data_json).unwrap();
    let call = &asked["tool_calls"][0];
    assert_eq!(call["name"], "ask_person", "{asked}");
    assert_eq!(call["arguments"], json!({ "about": "colours" }), "{asked}");
    assert_eq!(stage.status().await, SessionStatus::WaitingForToolResults);
    assert_eq!(stage.count("tool.completed").await, 0);

    let id = call["id"].as_str().unwrap();
    assert_eq!(id, ended.tool_calls[0].id);
    let (status, done) = stage.post("/tool-results", result(id, json!("blue"))).await;
    assert_eq!((status, &done["resumed"]), (202, &json!(true)), "{done}");
    while stage.count("session.idled").await < 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.count("tool.completed").await, 1);
    assert_eq!(stage.count("turn.completed").await, 1);
    let asked = fake.requests();
    let tools = asked[0]["tools"].as_array().unwrap().iter();
    let offered = tools.filter(|tool| tool["function"]["name"] == "ask_person");
    assert_eq!(offered.count(), 1, "the model is offered it");
    assert!(asked[1].to_string().contains("blue"), "{}", asked[1]);
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

/// A message that the agent of another session sends is seen by the turn under way. That
/// this turn goes on to wait for its application is no reason to end it: it has the message.
#[tokio::test]
async fn a_turn_that_waits_keeps_what_it_has_seen() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["First."]);
    let call = Answer::ToolCall("ask_person", json!({}));
    let mut answers = VecDeque::from([held, call, Answer::Text(vec!["Blue, and Oslo."])]);
    let fake = FakeOpenAi::play(move |request| match errand(request, "and Oslo?") {
        Some(answer) => answer,
        None => answers.pop_front().unwrap(),
    })
    .await;
    let stage = TestHost::set_with(played(&fake), &MANAGES, with_tool).await;
    let mut turn = stage.run("Which colour?").await;
    turn.until("output.message.started").await;
    run_errand(&stage.host.http, Errand::Send, stage.session_id).await;
    // What is sent into the turn has it ask the model once more.
    let (status, _) = stage.post("/messages", json!({ "text": "well?" })).await;
    assert_eq!(status, 202);
    gate.add_permits(2);
    let (_, ended) = turn.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::WaitingForToolResults);
    let mut asked = fake.requests();
    asked.retain(|request| request.to_string().contains("Which colour?"));
    assert!(asked[1].to_string().contains("and Oslo?"));
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
