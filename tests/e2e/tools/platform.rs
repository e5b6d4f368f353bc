//! Turns whose tools manage the platform: all fourteen of upstream's.

use mortise_reference::{EncryptionKey, Reference, ReferenceConfig};
use mortise_runtime_host::local::demo;
use mortise_test_support::database::Database;
use mortise_test_support::in_process::{mesh, serve};
use mortise_test_support::scenario::{TestHost, host_adapter, seed};
use mortise_test_support::script::{Actor, Call, Casting, ToolOutcome, call};
use serde_json::{Value, json};

const MANAGEMENT: &str = "platform_management";

/// One call per reply, so that each sees what the one before has done.
fn one_by_one(calls: impl IntoIterator<Item = (&'static str, Value)>) -> Vec<Vec<Call>> {
    let reply = |(tool, arguments): (&str, Value)| vec![call(tool, arguments)];
    calls.into_iter().map(reply).collect()
}

#[track_caller]
fn text<'a>(outcome: &'a ToolOutcome, key: &str) -> &'a str {
    let found = outcome.ok()[key].as_str();
    found.unwrap_or_else(|| panic!("no {key} in {outcome:?}"))
}

#[track_caller]
fn says(outcome: &ToolOutcome, words: &str) {
    let told = outcome.error.clone().unwrap_or_default() + &outcome.result.to_string();
    assert!(told.contains(words), "`{words}` is not in {outcome:?}");
}

/// manage_harnesses, read_harnesses, manage_agents, read_agents: made, read, changed,
/// copied, listed, archived; what is refused reaches the model in words.
#[tokio::test]
async fn harnesses_and_agents() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, &[MANAGEMENT]).await;
        for (manage, read, id, list) in [
            (
                "manage_harnesses",
                "read_harnesses",
                "harness_id",
                "harnesses",
            ),
            ("manage_agents", "read_agents", "agent_id", "agents"),
        ] {
            let create = json!({
                "operation": "create", "name": "made", "display_name": "Made",
                "description": "d", "system_prompt": "Do.", "capabilities": ["test_math"],
            });
            let outcomes = actor
                .turn(one_by_one([
                    (manage, create.clone()),
                    (manage, create),
                    (read, json!({})),
                ]))
                .await;
            let made = text(&outcomes[0], "id").to_string();
            assert_eq!(text(&outcomes[0], "status"), "Active");
            says(&outcomes[1], "already has the name");
            assert!(
                outcomes[2].ok()[list].to_string().contains(&made),
                "{outcomes:?}"
            );

            let change = json!({"operation": "update", id: made, "system_prompt": "Do more."});
            let outcomes = actor
                .turn(one_by_one([
                    (manage, change.clone()),
                    (read, json!({"id": made})),
                    (manage, json!({"operation": "delete", id: made})),
                    (read, json!({})),
                    (read, json!({"id": made})),
                    (manage, change),
                ]))
                .await;
            outcomes[0].ok();
            let found = outcomes[1].ok();
            assert_eq!(found["system_prompt"], "Do more.");
            assert_eq!(found["display_name"], "Made");
            assert_eq!(found["capabilities"], json!(["test_math"]));
            outcomes[2].ok();
            assert!(
                !outcomes[3].ok()[list].to_string().contains(&made),
                "{outcomes:?}"
            );
            assert_eq!(text(&outcomes[4], "status"), "Archived");
            says(&outcomes[5], "archived");
        }
    }
}

/// A harness is copied, and its parent set and cleared by null.
#[tokio::test]
async fn inheritance() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, &[MANAGEMENT]).await;
        let demo = demo::harness_id().to_string();
        let outcomes = actor
            .turn(one_by_one([(
                "manage_harnesses",
                json!({"operation": "copy", "harness_id": demo}),
            )]))
            .await;
        assert_eq!(text(&outcomes[0], "name"), "mortise-demo-copy");
        let copy = text(&outcomes[0], "id");
        let parent = |parent: Value| {
            let change = json!({
                "operation": "update", "harness_id": copy, "parent_harness_id": parent,
            });
            ("manage_harnesses", change)
        };
        let outcomes = actor
            .turn(one_by_one([
                parent(json!(demo)),
                parent(json!(copy)),
                parent(Value::Null),
            ]))
            .await;
        assert_eq!(text(&outcomes[0], "parent_harness_id"), demo);
        says(&outcomes[1], "inherits from");
        assert_eq!(outcomes[2].ok()["parent_harness_id"], Value::Null);
    }
}

/// manage_apps, manage_app_channels, read_apps: an app's life with its channels.
#[tokio::test]
async fn apps() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, &[MANAGEMENT]).await;
        let create = json!({
            "operation": "create", "name": "Desk", "harness_id": demo::harness_id().to_string(),
            "channel_type": "slack", "channel_config": {"bot_token": "x"},
        });
        let outcomes = actor.turn(one_by_one([("manage_apps", create)])).await;
        let app = text(&outcomes[0], "id").to_string();
        assert_eq!(text(&outcomes[0], "status"), "draft");
        assert_eq!(
            outcomes[0].ok()["channels"][0]["channel_config"]["bot_token"],
            "x"
        );

        let on = |operation: &str| json!({"operation": operation, "app_id": app});
        let add = json!({"operation": "add", "app_id": app, "channel_type": "ag_ui"});
        let outcomes = actor
            .turn(one_by_one([
                ("manage_app_channels", add),
                (
                    "manage_apps",
                    json!({"operation": "update", "app_id": app, "name": "Help"}),
                ),
                ("manage_apps", on("publish")),
                ("read_apps", json!({"search": "help"})),
                ("manage_apps", on("unpublish")),
                ("manage_apps", on("destroy")),
            ]))
            .await;
        let channel = outcomes[0].ok()["channel"]["id"].clone();
        assert_eq!(text(&outcomes[1], "name"), "Help");
        assert_eq!(text(&outcomes[2], "status"), "published");
        assert_eq!(outcomes[3].ok()["count"], 1);
        assert_eq!(outcomes[3].ok()["apps"][0]["channel_count"], 2);
        assert_eq!(outcomes[4].ok()["published_at"], Value::Null);
        says(&outcomes[5], "archive it first");

        let change = json!({
            "operation": "update", "app_id": app, "channel_id": channel, "enabled": false,
            "channel_config": {"anonymous": false},
        });
        let remove = json!({"operation": "delete", "app_id": app, "channel_id": channel});
        let outcomes = actor
            .turn(one_by_one([
                ("manage_app_channels", change),
                ("manage_app_channels", remove.clone()),
                ("manage_app_channels", remove),
                ("manage_apps", on("delete")),
                ("read_apps", json!({})),
                ("read_apps", json!({"include_archived": true})),
                ("manage_apps", on("destroy")),
                ("read_apps", json!({"id": app})),
            ]))
            .await;
        assert_eq!(outcomes[0].ok()["channel"]["enabled"], false);
        assert_eq!(
            outcomes[0].ok()["channel"]["channel_config"],
            json!({"anonymous": false})
        );
        outcomes[1].ok();
        says(&outcomes[2], "not found");
        outcomes[3].ok();
        assert_eq!(outcomes[4].ok()["count"], 0);
        assert_eq!(outcomes[5].ok()["count"], 1);
        outcomes[6].ok();
        says(&outcomes[7], "not found");
    }
}

/// manage_sessions without a harness takes the default one; session_send_message,
/// session_read_messages, session_read_response, session_context_report and
/// read_sessions then work on the new session.
#[tokio::test]
async fn sessions() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, &[MANAGEMENT]).await;
        let agent = demo::agent_id().to_string();
        let create = json!({"operation": "create", "agent_id": agent, "title": "T"});
        let outcomes = actor
            .turn(one_by_one([
                ("manage_sessions", create),
                ("read_harnesses", json!({})),
            ]))
            .await;
        let session = text(&outcomes[0], "id").to_string();
        let generic = outcomes[1].ok()["harnesses"][0].clone();
        assert_eq!(generic["name"], "Generic");
        assert_eq!(outcomes[0].ok()["harness_id"], generic["id"]);

        let said = json!({"session_id": session, "content": "Is anybody there?"});
        let named = json!({"session_id": session});
        let outcomes = actor
            .turn(one_by_one([
                ("session_read_response", named.clone()),
                ("session_send_message", said.clone()),
                ("session_read_messages", named.clone()),
                (
                    "session_read_response",
                    json!({"session_id": session, "timeout_secs": 0}),
                ),
                ("session_context_report", named.clone()),
                ("read_sessions", json!({"id": session})),
                ("read_sessions", json!({"agent_id": agent, "limit": 1})),
                (
                    "manage_sessions",
                    json!({"operation": "delete", "session_id": session}),
                ),
                ("read_sessions", json!({"agent_id": agent})),
                ("session_send_message", said),
            ]))
            .await;
        assert_eq!(text(&outcomes[0], "status"), "started");
        outcomes[1].ok();
        let messages = &outcomes[2].ok()["messages"];
        assert_eq!(messages[0]["content"], "Is anybody there?");
        assert_eq!(messages[0]["role"], "user");
        assert_eq!(text(&outcomes[3], "status"), "active");
        assert!(outcomes[4].ok()["estimated_input_tokens"].as_u64() > Some(0));
        assert_eq!(text(&outcomes[5], "title"), "T");
        assert_eq!(outcomes[6].ok()["sessions"][0]["id"], session.as_str());
        outcomes[7].ok();
        assert!(
            !outcomes[8].ok().to_string().contains(&session),
            "{outcomes:?}"
        );
        says(&outcomes[9], "archived");
    }
}

/// read_capabilities finds what can be handed out, and every link leads to the web
/// console that the storage names.
#[tokio::test]
async fn capabilities_and_links() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let mut config = ReferenceConfig::new(database.fresh(folder.path()).await);
        config.encryption_key = Some(EncryptionKey::from_bytes([7; 32]));
        config.allow_test_seed = true;
        config.platform_base_url = "https://console.example.com/".into();
        config.capabilities = Some(vec!["test_math".into(), "session_storage".into()]);
        let server = serve(Reference::open(config).await.unwrap()).await;
        let mesh = mesh(&server.endpoint);
        let (adapter, _seen) = host_adapter(&mesh).await;
        seed(&adapter).await;
        let casting = Casting::through(&mesh, &adapter).capability(MANAGEMENT);
        let actor = casting.set().await;
        let outcomes = actor
            .turn(one_by_one([
                ("read_capabilities", json!({})),
                ("read_capabilities", json!({"search": "MATH"})),
                ("read_capabilities", json!({"id": "session_storage"})),
                ("read_capabilities", json!({"id": "web_fetch"})),
            ]))
            .await;
        assert_eq!(outcomes[0].ok()["count"], 2);
        assert_eq!(outcomes[1].ok()["capabilities"][0]["id"], "test_math");
        assert_eq!(
            text(&outcomes[2], "ui_link"),
            "https://console.example.com/capabilities/session_storage"
        );
        says(&outcomes[3], "not found");
    }
}
