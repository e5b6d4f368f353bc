//! Turns that wait for tool results from outside.

use super::stage::{Stage, played};
use everruns_core::session::SessionStatus;
use everruns_core::{Session, ToolDefinition};
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};
use std::collections::HashMap;

/// A session whose application has a tool.
fn with_tool(session: &mut Session) {
    let tool = json!({
        "type": "client_side",
        "name": "ask_person",
        "description": "Asks the person at the screen.",
        "parameters": { "type": "object", "properties": {} },
    });
    session.tools = vec![serde_json::from_value::<ToolDefinition>(tool).unwrap()];
    session.hints = Some(HashMap::from([("setup_connection".into(), json!(true))]));
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
    let stage = Stage::set_with(played(&fake), &[], with_tool).await;
    let (_, ended) = stage.run("Which colour?").await.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::WaitingForToolResults);
    assert_eq!(ended.tool_calls[0].name, "ask_person");
    let id = ended.tool_calls[0].id.clone();

    let stage = stage.killed_and_again().await;
    let mut client = stage.client().await;
    let list = client.list_turns(pb::ListTurnsRequest { org_id: 1 }).await;
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
    let stage = Stage::set_with(played(&fake), &[], with_tool).await;
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
