//! Turns whose work goes on after them: `spawn_background` keeps a run in the resource
//! registry, its artifacts in the workspace, and tells the session when it is done.

use everruns_core::events::EventData;
use everruns_core::session_resource::SessionResourceStatus;
use everruns_runtime::RuntimeHostAdapter;
use futures::StreamExt;
use mortise_runtime_host::engine::LocalEngines;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::{TestHost, serve_turns};
use mortise_test_support::script::{Actor, DONE, call};
use serde_json::{Value, json};
use std::sync::Arc;

const CAPABILITIES: &[&str] = &[
    "virtual_bash",
    "session_file_system",
    "background_execution",
];

/// Spawns a run in a turn and lets a worker answer what it says when it has ended. The
/// run as the turn was told of it, and the session's last question.
async fn run(actor: &Actor, arguments: Value) -> (Value, String) {
    let outcomes = actor
        .turn(vec![vec![call("spawn_background", arguments)]])
        .await;
    let spawned = outcomes[0].ok().clone();

    let host = serve_turns(&actor.adapter, Arc::new(LocalEngines)).await;
    let log = actor.adapter.event_log().unwrap();
    let mut events = log.follow(actor.session_id, 0).await.unwrap();
    // The turn that spawned the run may still be there to answer what it says.
    let (mut told, mut answered, mut idle) = (None, false, false);
    let mut said = String::new();
    while !idle {
        let event = events.next().await.unwrap().unwrap();
        idle = answered && event.event_type == "session.idled";
        match event.data {
            EventData::InputMessage(input) => {
                let parts = input.message.content.iter();
                said = parts.filter_map(|part| part.as_text()).collect();
                told = said
                    .starts_with("Background run")
                    .then_some(input.message.id);
            }
            EventData::LlmGeneration(asked) => {
                let mut given = asked.messages.iter().map(|message| message.id);
                answered |= given.any(|id| told == Some(id));
            }
            _ => {}
        }
    }
    host.drain().await;
    (spawned, said)
}

/// A run outlives the turn that began it: its output and its result are files, the
/// registry says how it ended, and a turn of its own tells the model.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_after_its_turn() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, CAPABILITIES).await;
        let commands = "mkdir -p /workspace/out && echo counted > /workspace/out/a.txt && cat /workspace/out/a.txt";
        let arguments = json!({"tool": "bash", "args": {"commands": commands}, "title": "Count"});
        let (spawned, said) = run(&actor, arguments).await;
        let run_id = spawned["run_id"].as_str().unwrap();
        assert!(said.starts_with("Background run completed."), "{said}");
        assert!(said.contains(run_id) && said.contains("Count"), "{said}");

        let registry = actor.adapter.session_resource_registry().unwrap();
        let found = registry.get(actor.session_id, run_id).await.unwrap();
        let found = found.unwrap();
        assert_eq!(found.status, SessionResourceStatus::Completed);
        assert_eq!(found.kind, "background_run");
        assert_eq!(found.display_name, "Count");
        assert_eq!(found.metadata["status_text"], "Completed");

        let files = actor.adapter.file_store();
        let read = async |path: &str| {
            let file = files.read_file(actor.session_id, path).await.unwrap();
            file.unwrap_or_else(|| panic!("{path}")).content.unwrap()
        };
        assert_eq!(read("/out/a.txt").await, "counted\n");
        let log = read(spawned["log_path"].as_str().unwrap()).await;
        assert!(log.contains("counted"), "{log}");
        let result = read(spawned["result_path"].as_str().unwrap()).await;
        assert!(result.contains("counted"), "{result}");
        let messages = actor.messages().await;
        assert_eq!(messages.last().unwrap().content[0].as_text(), Some(DONE));
    }
}

/// A run that fails says so in the registry and in its session; a tool that cannot run
/// in the background is refused, and nothing is registered.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_fails() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let actor = Actor::new(&stage, CAPABILITIES).await;
        let arguments = json!({"tool": "bash", "args": {}});
        let (spawned, said) = run(&actor, arguments).await;
        assert!(said.starts_with("Background run failed."), "{said}");
        let registry = actor.adapter.session_resource_registry().unwrap();
        let run_id = spawned["run_id"].as_str().unwrap();
        let found = registry.get(actor.session_id, run_id).await.unwrap();
        assert_eq!(found.unwrap().status, SessionResourceStatus::Failed);

        let refused = json!({"tool": "read_file", "args": {"path": "/workspace/a"}});
        let outcomes = actor
            .turn(vec![vec![call("spawn_background", refused)]])
            .await;
        let error = outcomes[0].error.clone().unwrap_or_default();
        assert!(
            error.contains("does not support background execution"),
            "{outcomes:?}"
        );
        let entries = registry.list(actor.session_id, None).await.unwrap();
        assert_eq!(entries.len(), 1);
    }
}
