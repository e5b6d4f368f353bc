//! Sessions as applications create them.

use super::test_host::TestHost;
use everruns_runtime::RuntimeHostAdapter;
use mortise_runtime_host::local::demo;
use serde_json::{Value, json};

/// Everything that a session may have is taken over HTTP, stored, and answered; its files
/// are in its workspace.
#[tokio::test]
async fn a_session_has_what_its_creator_chose() {
    let stage = TestHost::set(&[]).await;
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
    let read: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(read["session"], made);
    let files = stage.adapter.file_store();
    let file = files
        .read_file(id.parse().unwrap(), "/notes.txt")
        .await
        .unwrap();
    assert_eq!(file.unwrap().content.as_deref(), Some("from the start"));
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
