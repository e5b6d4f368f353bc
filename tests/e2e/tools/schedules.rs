//! Turns of the upstream runtime whose tools reach schedules.

use everruns_core::message::MessageRole;
use everruns_runtime::RuntimeHostAdapter;
use mortise_runtime_host::engine::LocalEngines;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::{TestHost, serve_turns};
use mortise_test_support::script::{Actor, DONE, call};
use serde_json::json;
use std::sync::Arc;

/// A model schedules, lists and cancels; the limit reaches it in words.
#[tokio::test]
async fn a_model_schedules() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, &["session_schedule"]).await;
        let create = || {
            vec![call(
                "create_schedule",
                json!({"description": "water the plants", "cron_expression": "0 3 * * *", "timezone": "Europe/Berlin"}),
            )]
        };
        let made = actor.turn(vec![create()]).await;
        let id = made[0].ok()["id"]
            .as_str()
            .or(made[0].result["schedule_id"].as_str());
        let id = id.unwrap_or_else(|| panic!("{made:?}")).to_string();
        let outcomes = actor
            .turn(vec![
                vec![call("list_schedules", json!({}))],
                vec![call("cancel_schedule", json!({ "schedule_id": id }))],
                vec![call(
                    "create_schedule",
                    json!({"description": "x", "cron_expression": "often"}),
                )],
            ])
            .await;
        assert!(outcomes[0].ok().to_string().contains("water the plants"));
        outcomes[1].ok();
        assert!(outcomes[2].error.is_some(), "{outcomes:?}");
        let store = actor.adapter.schedule_store(1).unwrap();
        assert_eq!(
            store
                .count_active_schedules(actor.session_id)
                .await
                .unwrap(),
            0
        );
    }
}

/// A schedule that is due reaches its session: an event, a message, and a turn that a
/// host's worker runs and that answers it.
#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_fires() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, &["session_storage"]).await;
        actor.script.on(
            "note that it is time",
            vec![vec![call(
                "kv_store",
                json!({"operation": "set", "key": "time", "value": "now"}),
            )]],
        );
        let host = serve_turns(&actor.adapter, Arc::new(LocalEngines)).await;

        let session = actor.session_id;
        let log = actor.adapter.event_log().unwrap();
        let mut events = log.follow(session, 0).await.unwrap();
        let store = actor.adapter.schedule_store(1).unwrap();
        let past = chrono::Utc::now() - chrono::TimeDelta::hours(1);
        let description = "note that it is time".to_string();
        let schedule = store
            .create_schedule(session, description, None, Some(past), "UTC".into())
            .await
            .unwrap();
        let mut seen = Vec::new();
        while !seen.contains(&"session.idled".to_string()) {
            let event = futures::StreamExt::next(&mut events)
                .await
                .unwrap()
                .unwrap();
            seen.push(event.event_type);
        }
        assert_eq!(seen[..2], ["schedule.triggered", "input.message"]);
        host.drain().await;

        let kept = actor.adapter.storage_store().unwrap();
        let time = kept.get_value(session, "time").await.unwrap();
        assert_eq!(time.as_deref(), Some("now"));
        let messages = actor.messages().await;
        assert_eq!(messages[0].role, MessageRole::User);
        assert_eq!(
            messages[0].metadata.as_ref().unwrap()["schedule"]["schedule_id"],
            schedule.id.to_string()
        );
        assert_eq!(messages.last().unwrap().content[0].as_text(), Some(DONE));
        let listed = store.list_schedules(session).await.unwrap();
        assert_eq!(listed[0].trigger_count, 1);
        assert!(!listed[0].enabled);
    }
}
