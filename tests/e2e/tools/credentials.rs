//! Upstream's agent handoff asks for a user's connections before it starts.

use everruns_core::capabilities::AgentHandoffCapability;
use everruns_core::typed_id::SessionId;
use everruns_core::{Agent, Session};
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::user_connection_resolver::Connection;
use mortise_runtime_host::engine::TurnEnd;
use mortise_runtime_host::local::demo;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::TestHost;
use mortise_test_support::script::{Actor, Call, Casting, call};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

/// An agent that may hand work to the demo's agent, which needs a connection. Its
/// session is itself a child: a handoff that may start is then refused, and says so.
async fn actor(stage: &TestHost, user: Option<Uuid>, pauses: bool) -> Actor {
    let targets = json!({ "targets": [{
        "id": "repo", "name": "Repository",
        "agent_id": demo::agent_id().to_string(),
        "harness_id": demo::harness_id().to_string(),
        "required_connections": ["github"],
    }] });
    let owned = |agent: &mut Agent, session: &mut Session| {
        agent.capabilities[0].config = targets;
        session.resolved_owner_user_id = user;
        session.parent_session_id = Some(SessionId::new());
        session.hints = Some(HashMap::from([("setup_connection".into(), json!(pauses))]));
    };
    Casting::on(stage)
        .register(AgentHandoffCapability)
        .with(owned)
        .set()
        .await
}

fn hand_off() -> Vec<Vec<Call>> {
    let arguments = json!({ "target": "repo", "task": "Open a pull request." });
    vec![vec![call("start_agent_handoff", arguments)]]
}

/// A handoff starts once its user has the connection that it needs; until then the
/// model is told which is missing, or the turn waits for the user to connect.
#[tokio::test]
async fn a_handoff_needs_its_users_connection() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let (anna, ben) = (Uuid::new_v4(), Uuid::new_v4());
        let seed = stage.adapter.test_seed().unwrap();
        let token = Connection {
            user_id: anna,
            provider: "github".into(),
            token: "gho_token".into(),
            metadata: None,
        };
        seed.put_connection(token).await.unwrap();

        for user in [None, Some(ben)] {
            let outcomes = actor(&stage, user, false).await.turn(hand_off()).await;
            assert_eq!(
                outcomes[0].ok()["connection_required"],
                "github",
                "{outcomes:?}"
            );
        }
        let (end, _) = actor(&stage, Some(ben), true)
            .await
            .turn_to_its_end(hand_off())
            .await;
        assert_eq!(end, TurnEnd::WaitingForToolResults);

        let connected = actor(&stage, Some(anna), false).await;
        let outcomes = connected.turn(hand_off()).await;
        let text = outcomes[0].error.clone().unwrap_or_default();
        assert!(
            text.contains("cannot be started from child sessions"),
            "{outcomes:?}"
        );
        let resolver = connected.adapter.connection_resolver().unwrap();
        let user = resolver.get_connection_user(connected.session_id, "github");
        assert_eq!(user.await.unwrap(), Some(anna));
    }
}
