//! Sessions as applications create them.

use super::test_host::TestHost;
use mortise_runtime_host::local::demo;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};

/// Everything that a session may have is taken over HTTP, stored, and answered; its files
/// are in its workspace, where a tool reads them.
#[tokio::test]
async fn a_session_has_what_its_creator_chose() {
    let read = Answer::ToolCall("read_file", json!({ "path": "/workspace/notes.txt" }));
    let fake = FakeOpenAi::start(vec![read, Answer::Text(vec!["So it says."])]).await;
    let stage = TestHost::played(&fake, &[]).await;
    let asked = json!({
        "harness_id": demo::harness_id(),
        "agent_id": demo::agent_id(),
        "title": "All of it",
        "locale": "de-AT",
        "tags": ["one", "two"],
        "capabilities": [{ "ref": "session_storage", "config": {} }],
        "tools": [{
            "type": "client_side",
            "name": "ask_person",
            "description": "Asks the person at the screen.",
            "parameters": { "type": "object", "properties": {} },
        }],
        "mcp_servers": { "maps": { "type": "http", "url": "https://maps.example/mcp" } },
        "system_prompt": "Be brief.",
        "initial_files": [{ "path": "/notes.txt", "content": "from the start" }],
        "hints": { "rich_media": true },
        "network_access": { "allowed": ["maps.example"] },
        "max_iterations": 7,
    });
    let (status, made) = create(&stage, &asked).await;
    assert_eq!(status, 201, "{made}");
    for field in [
        "title",
        "locale",
        "tags",
        "system_prompt",
        "hints",
        "max_iterations",
    ] {
        assert_eq!(made[field], asked[field], "{field} of {made}");
    }
    assert_eq!(made["tools"][0]["name"], "ask_person");
    assert_eq!(made["capabilities"][0]["ref"], "session_storage");
    assert_eq!(
        made["mcpServers"]["maps"]["url"], "https://maps.example",
        "its path may be a secret"
    );
    assert_eq!(made["network_access"]["allowed"], json!(["maps.example"]));
    let id = made["id"].as_str().unwrap();
    let url = format!("{}/v1/sessions/{id}", stage.host.http);
    let told: Value = reqwest::get(&url).await.unwrap().json().await.unwrap();
    assert_eq!(told["session"], made);
    // The server of `mcp_servers` is not there, and keeps no turn from running.
    let turn = reqwest::Client::new().post(format!("{url}/turns"));
    let turn = turn
        .json(&json!({ "text": "What do the notes say?" }))
        .send();
    let turn: Value = turn.await.unwrap().json().await.unwrap();
    assert_eq!(turn["outcome"], "completed", "{turn}");
    let asked = fake.requests().pop().unwrap().to_string();
    assert!(asked.contains("from the start"), "{asked}");
}

/// A model that the org does not have and a field that does not exist are refused by name.
#[tokio::test]
async fn wrong_wishes_are_refused() {
    let stage = TestHost::set(&[]).await;
    let unknown = "model_0190000000007000800000000000000f";
    for (field, value, named, expected) in [
        ("model_id", json!(unknown), "model_id", 404),
        (
            "mcp_servers",
            json!({ "shell": { "type": "stdio", "command": "/bin/sh" } }),
            "mcp_servers",
            400,
        ),
        ("tag", json!(["one"]), "tag", 400),
    ] {
        let mut asked = json!({ "harness_id": demo::harness_id() });
        asked[field] = value;
        let (status, error) = create(&stage, &asked).await;
        let error = &error["error"];
        assert_eq!(
            (status, &error["field"]),
            (expected, &json!(named)),
            "{error}"
        );
        assert!(
            error["message"].as_str().unwrap().contains(field),
            "{error}"
        );
    }
}

async fn create(stage: &TestHost, asked: &Value) -> (u16, Value) {
    let url = format!("{}/v1/sessions", stage.host.http);
    let answer = reqwest::Client::new().post(url).json(asked).send().await;
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}
