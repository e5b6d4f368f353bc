//! Messages into a turn under way.

use super::test_host::{TestHost, played};
use everruns_core::ToolCall;
use everruns_core::events::{
    EventContext, EventData, EventRequest, InputMessageData, OutputMessageCompletedData,
    ToolCompletedData,
};
use everruns_core::message::{ContentPart, Message};
use everruns_core::traits::EventEmitter;
use everruns_core::typed_id::{MessageId, TurnId};
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::host as pb;
use mortise_runtime_host::local::demo;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A message that comes while the model answers is stored at once and answered by the
/// same turn; one to an idle session begins a turn.
#[tokio::test]
async fn a_turn_answers_what_came_meanwhile() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["First."]);
    let fake = FakeOpenAi::start(vec![held, Answer::Text(vec!["Second."])]).await;
    let stage = TestHost::played(&fake, &[]).await;
    let mut turn = stage.run("one").await;
    turn.until("output.message.started").await;

    let (status, sent) = stage
        .post("/messages", json!({ "text": "and Oslo?" }))
        .await;
    assert_eq!((status, &sent["steered"]), (202, &json!(true)), "{sent}");
    assert_eq!(sent["turn_id"], turn.accepted.turn_id.as_str());
    gate.add_permits(2);
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Completed);
    let requests = fake.requests();
    assert_eq!(requests.len(), 2, "the model was asked once more");
    assert!(!requests[0].to_string().contains("and Oslo?"));
    assert!(requests[1].to_string().contains("and Oslo?"));
    assert_eq!(stage.count("turn.completed").await, 1);

    let (status, sent) = stage.post("/messages", json!({ "text": "three" })).await;
    assert_eq!((status, &sent["steered"]), (202, &json!(false)), "{sent}");
    while stage.count("turn.completed").await < 2 {
        tokio::task::yield_now().await;
    }
    assert!(fake.requests()[2].to_string().contains("three"));
}

/// The roles of a request's messages, and what a tool or a user said.
fn said(request: &Value) -> Vec<(String, String)> {
    let messages = request["messages"].as_array().unwrap().iter();
    let said = messages.map(|message| {
        let [role, content] = ["role", "content"].map(|key| message[key].as_str().unwrap().into());
        (role, content)
    });
    said.skip(1).collect()
}

/// A message that comes while a tool runs is stored between the call and its result. The
/// model is given it after the result, and the session goes on.
#[tokio::test]
async fn a_message_while_a_tool_runs() {
    let call = Answer::ToolCall("bash", json!({ "commands": "sleep 2" }));
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["Done."])]).await;
    let capabilities = ["session_file_system", "virtual_bash"];
    let arguments = capabilities.map(|name| ["--capability", name]).concat();
    let stage = TestHost::set_with(played(&fake), &arguments, |session| {
        session.agent_id = None;
        session.capabilities = vec![everruns_core::AgentCapabilityConfig::new("virtual_bash")];
    })
    .await;
    let mut turn = stage.run("Sleep.").await;
    turn.until("tool.started").await;
    let (status, sent) = stage.post("/messages", json!({ "text": "And?" })).await;
    assert_eq!((status, &sent["steered"]), (202, &json!(true)), "{sent}");
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Completed);
    let said = said(&fake.requests()[1]);
    let roles: Vec<_> = said.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "user"]);
    assert_eq!(said[3].1, "And?");
    let next = stage.run("And now?").await;
    assert_eq!(next.outcome().await, pb::TurnOutcome::Completed);
}

/// Sessions whose stored history no provider takes answer again, by whichever writer they were stored: calls
/// without a result, results twice or of no call, messages between, ids that repeat,
/// arguments and names that cannot be sent.
#[tokio::test]
async fn a_dead_session_comes_back_to_life() {
    let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Alive."])]).await;
    let stage = TestHost::played(&fake, &[]).await;
    let emitter = stage.adapter.event_emitter();
    let context = EventContext::turn(TurnId::new(), MessageId::new());
    let store = async |data: EventData| {
        let stored = EventRequest::new(stage.session_id, context.clone(), data);
        emitter.emit(stored).await.unwrap();
    };
    let call = |id: &str, name: &str, arguments: Value| ToolCall {
        id: id.into(),
        name: name.into(),
        arguments,
    };
    let calls = |calls: Vec<ToolCall>| {
        let message = Message::assistant_with_tools("", calls);
        EventData::from(OutputMessageCompletedData::new(message))
    };
    let user = |text: &str| EventData::from(InputMessageData::new(Message::user(text)));
    let result = |id: &str, text: &str| {
        let content = vec![ContentPart::text(text)];
        let done = ToolCompletedData::success(id.into(), "look".into(), content, None);
        EventData::from(done)
    };
    for data in [
        result("x", "of no call"),
        user("First."),
        calls(vec![
            call("a", "look", json!({})),
            call("b", "look around", json!("{\"cut")),
            call("c", "look", json!([])),
        ]),
        user("Between."),
        result("b", "second"),
        result("a", "first"),
        result("a", "first again"),
        EventData::from(OutputMessageCompletedData::new(Message::assistant(""))),
        calls(vec![
            call("a", "look", json!(null)),
            call("a", "", json!({})),
        ]),
        result("a", "third"),
        result("a", "fourth"),
    ] {
        store(data).await;
    }
    let turn = stage.run("Are you there?").await;
    assert_eq!(turn.outcome().await, pb::TurnOutcome::Completed);
    assert_eq!(fake.refusals(), Vec::<String>::new());
    let said = said(&fake.requests()[0]);
    let roles: Vec<_> = said.iter().map(|(role, _)| role.as_str()).collect();
    let expected = [
        "user",
        "assistant",
        "tool",
        "tool",
        "tool",
        "user",
        "assistant",
        "tool",
        "tool",
        "user",
    ];
    assert_eq!(roles, expected);
    for (at, text) in [
        (2, "first"),
        (3, "second"),
        (5, "Between."),
        (7, "third"),
        (8, "fourth"),
    ] {
        assert!(said[at].1.contains(text), "{at}: {}", said[at].1);
    }
}

/// What the platform's storage is told to send into a session whose turn waits for a tool
/// takes the turn's place. The call that has no result then does not stand in its way.
#[tokio::test]
async fn a_message_past_the_host() {
    let call = Answer::ToolCall("ask_person", json!({}));
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["Blue."])]).await;
    let stage = TestHost::set_with(played(&fake), &[], super::tool_results::with_tool).await;
    let (_, ended) = stage.run("Which colour?").await.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::WaitingForToolResults);
    let elsewhere = demo::session(1, chrono::Utc::now()).id;
    let platform = stage.adapter.platform_store(1, elsewhere).unwrap();
    let sent = platform.send_message(stage.session_id, "And Oslo?");
    sent.await.unwrap();
    while stage.count("turn.completed").await < 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fake.refusals(), Vec::<String>::new());
    let asked = fake.requests().pop().unwrap().to_string();
    assert!(asked.contains("And Oslo?"), "{asked}");
}
