//! Subagents: a turn that waits for the turn of another session, which the storage
//! asked for and a host's worker runs.

use everruns_core::message::MessageRole;
use everruns_runtime::RuntimeHostAdapter;
use mortise_runtime_host::engine::LocalEngines;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::{TestHost, serve_turns};
use mortise_test_support::script::{Actor, DONE, call};
use serde_json::json;
use std::sync::Arc;

/// A parent spawns a subagent, which works with tools of its own and answers; the
/// parent sees the answer, finds the subagent again and asks it once more. Every
/// message is answered by one turn, whatever the number of hosts.
#[tokio::test(flavor = "multi_thread")]
async fn a_parent_and_its_subagent() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, &["subagents", "session_storage"]).await;
        actor.script.on(
            "count the beans",
            vec![vec![call(
                "kv_store",
                json!({"operation": "set", "key": "beans", "value": "42"}),
            )]],
        );
        let mut hosts = Vec::new();
        for _ in 0..2 {
            hosts.push(serve_turns(&actor.adapter, Arc::new(LocalEngines)).await);
        }

        let outcomes = actor
            .turn(vec![
                vec![call(
                    "spawn_subagent",
                    json!({"name": "Counter", "task": "count the beans"}),
                )],
                vec![call("get_subagents", json!({"name_or_id": "Counter"}))],
                vec![call(
                    "message_subagent",
                    json!({"name_or_id": "Counter", "message": "and again"}),
                )],
            ])
            .await;
        let spawned = outcomes[0].ok();
        assert_eq!(spawned["status"], "idle", "{spawned}");
        assert_eq!(spawned["result"], DONE, "{spawned}");
        assert_eq!(outcomes[1].ok()["task"], "count the beans");
        outcomes[2].ok();

        let child = spawned["subagent_id"].as_str().unwrap().parse().unwrap();
        let platform = actor.adapter.platform_store(1, actor.session_id).unwrap();
        let status = platform.wait_for_idle(child, Some(60)).await.unwrap();
        assert_eq!(status, "idle");
        for host in hosts {
            host.drain().await;
        }
        let kept = actor.adapter.storage_store().unwrap();
        let beans = kept.get_value(child, "beans").await.unwrap();
        assert_eq!(beans.as_deref(), Some("42"));
        let messages = actor.adapter.message_store().load(child).await.unwrap();
        let said = |role: MessageRole| messages.iter().filter(|m| m.role == role).count();
        assert_eq!(said(MessageRole::User), 2);
        // One with the call, one that ends the first turn, one that ends the second.
        assert_eq!(said(MessageRole::Agent), 3);
    }
}
