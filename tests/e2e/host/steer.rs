//! Messages into a turn under way.

use super::test_host::{TestHost, played};
use everruns_core::AgentCapabilityConfig;
use everruns_core::typed_id::SessionId;
use mortise_proto::host as pb;
use mortise_runtime_host::local::demo;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The demo's capabilities, and one to manage other sessions with.
pub const MANAGES: [&str; 8] = [
    "--capability",
    "session_file_system",
    "--capability",
    "session_storage",
    "--capability",
    "test_math",
    "--capability",
    MANAGEMENT,
];

const MANAGEMENT: &str = "platform_management";

/// What the agent of another session is asked.
#[derive(Debug, Clone, Copy)]
pub enum Errand {
    /// To send a message into the session.
    Send,
    /// To delete the session.
    Delete,
}

impl Errand {
    fn question(self) -> &'static str {
        match self {
            Self::Send => "Send a message to ",
            Self::Delete => "Delete ",
        }
    }
}

/// What users said last in a request.
pub fn last_user(request: &Value) -> String {
    let mut messages = request["messages"].as_array().unwrap().iter();
    let last = messages.rfind(|message| message["role"] == "user");
    let content = &last.unwrap()["content"];
    let text = content.as_str().or_else(|| content[0]["text"].as_str());
    text.unwrap_or_default().into()
}

/// The model's answer to the agent of another session, which sends this text; `None` if
/// another agent asks.
pub fn errand(request: &Value, text: &str) -> Option<Answer> {
    let asked = last_user(request);
    let session = |errand: Errand| asked.strip_prefix(errand.question());
    let (tool, arguments) = if let Some(session) = session(Errand::Send) {
        let arguments = json!({ "session_id": session, "content": text });
        ("session_send_message", arguments)
    } else {
        let session = session(Errand::Delete)?;
        let arguments = json!({ "operation": "delete", "session_id": session });
        ("manage_sessions", arguments)
    };
    let messages = request["messages"].as_array().unwrap();
    Some(match messages.last().unwrap()["role"] == "tool" {
        true => Answer::Text(vec!["It is done."]),
        false => Answer::ToolCall(tool, arguments),
    })
}

/// Has the agent of another session do something to a session: see [`errand`].
pub async fn run_errand(http: &str, errand: Errand, to: SessionId) {
    let made = json!({
        "harness_id": demo::harness_id(),
        "capabilities": [{ "ref": MANAGEMENT, "config": {} }],
    });
    let client = reqwest::Client::new();
    let sessions = format!("{http}/v1/sessions");
    let made = client.post(&sessions).json(&made).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    let body = json!({ "text": format!("{}{to}", errand.question()) });
    let turn = client.post(format!("{sessions}/{id}/turns")).json(&body);
    let turn: Value = turn.send().await.unwrap().json().await.unwrap();
    assert_eq!(turn["outcome"], "completed", "{turn}");
}

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
pub fn said(request: &Value) -> Vec<(String, String)> {
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
        session.capabilities = vec![AgentCapabilityConfig::new("virtual_bash")];
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

/// What an agent of another session sends into a session whose turn waits for a tool takes
/// the turn's place. The call that has no result then does not stand in its way.
#[tokio::test]
async fn a_message_of_another_session() {
    let fake = FakeOpenAi::play(|request| {
        if let Some(answer) = errand(request, "And Oslo?") {
            return answer;
        }
        match request.to_string().contains("And Oslo?") {
            true => Answer::Text(vec!["Blue."]),
            false => Answer::ToolCall("ask_person", json!({})),
        }
    })
    .await;
    let stage = TestHost::set_with(played(&fake), &MANAGES, super::tool_results::with_tool).await;
    let (_, ended) = stage.run("Which colour?").await.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::WaitingForToolResults);
    run_errand(&stage.host.http, Errand::Send, stage.session_id).await;
    while stage.count("turn.completed").await < 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fake.refusals(), Vec::<String>::new());
    let asked = |request: &Value| last_user(request) == "And Oslo?";
    assert!(fake.requests().iter().any(asked));
}
