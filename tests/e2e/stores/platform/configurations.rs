//! Harnesses, agents, capabilities.

use super::{file, org_two, platform, refuses, same};
use crate::wire::Raw;
use everruns_core::agent::AgentStatus;
use everruns_core::harness::{Harness, HarnessStatus};
use everruns_core::typed_id::{AgentId, HarnessId};
use everruns_runtime::{AgentBuilder, HarnessBuilder, RuntimeHostAdapter};
use futures::future::join_all;
use mortise_adapter_client::PhaseKind;
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{CREATE_AGENT, LIST_AGENTS};
use mortise_runtime_host::local::demo;
use mortise_test_support::database::Database;
use mortise_test_support::in_process::{adapter, mesh, reference_on, serve};
use mortise_test_support::scenario::{TestHost, seed};
use prost::Message;
use tonic::Code;

fn named(harnesses: &[Harness]) -> Vec<&str> {
    harnesses
        .iter()
        .map(|harness| harness.name.as_str())
        .collect()
}

/// A harness is made, found, changed field by field, and archived: then it is still
/// there, but not listed, not changed and not used.
#[tokio::test]
async fn the_life_of_a_harness() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let capabilities = ["session_storage".to_string(), "acme:unknown".to_string()];
        let made = store
            .create_harness("base", Some("Base \0"), None, "", None, &capabilities)
            .await
            .unwrap();
        assert_eq!(
            (made.name.as_str(), made.system_prompt.as_str()),
            ("base", "")
        );
        assert_eq!(
            (made.display_name.as_deref(), &made.description),
            (Some("Base \0"), &None)
        );
        assert_eq!(
            (&made.status, made.is_built_in),
            (&HarnessStatus::Active, false)
        );
        let ids: Vec<_> = made
            .capabilities
            .iter()
            .map(|named| named.capability_id())
            .collect();
        assert_eq!(ids, ["session_storage", "acme:unknown"]);
        same(&store.get_harness(made.id).await.unwrap().unwrap(), &made);
        assert!(store.get_harness(HarnessId::new()).await.unwrap().is_none());

        let changed = store
            .update_harness(made.id, None, None, Some("d"), Some("p"), None)
            .await
            .unwrap();
        assert!(changed.updated_at > made.updated_at);
        let expected = Harness {
            description: Some("d".into()),
            system_prompt: "p".into(),
            updated_at: changed.updated_at,
            ..made.clone()
        };
        same(&changed, &expected);

        store.delete_harness(made.id).await.unwrap();
        store.delete_harness(made.id).await.unwrap();
        let archived = store.get_harness(made.id).await.unwrap().unwrap();
        assert_eq!(archived.status, HarnessStatus::Archived);
        assert!(archived.archived_at.is_some());
        assert!(!named(&store.list_harnesses().await.unwrap()).contains(&"base"));
        let change = store.update_harness(made.id, None, None, None, Some("q"), None);
        refuses(change.await, "archived");
        let used = store.create_session(made.id, None, None, None, None, None);
        refuses(used.await, "archived");
        refuses(store.copy_harness(made.id, None).await, "archived");

        let unknown = HarnessId::new();
        let change = store.update_harness(unknown, Some("x"), None, None, None, None);
        refuses(change.await, "not found");
        refuses(store.delete_harness(unknown).await, "not found");
        refuses(store.copy_harness(unknown, None).await, "not found");
    }
}

/// A parent is set, left and cleared; it must be active, and must not lead back.
#[tokio::test]
async fn parents_of_harnesses() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let make = async |name: &str, parent| {
            let made = store
                .create_harness(name, None, None, "", parent, &[])
                .await;
            made.map(|harness| harness.id)
        };
        let root = make("root", None).await.unwrap();
        let middle = make("middle", Some(root)).await.unwrap();
        let leaf = make("leaf", Some(middle)).await.unwrap();
        let chain = stage.adapter.harness_store(1);
        let chain = chain.get_harness_chain(leaf).await.unwrap();
        assert_eq!(named(&chain), ["root", "middle", "leaf"]);

        let change = async |id, parent| {
            let changed = store
                .update_harness(id, None, None, None, None, parent)
                .await;
            changed.map(|harness| harness.parent_harness_id)
        };
        assert_eq!(change(leaf, None).await.unwrap(), Some(middle));
        assert_eq!(change(leaf, Some(Some(root))).await.unwrap(), Some(root));
        assert_eq!(change(leaf, Some(None)).await.unwrap(), None);
        for parent in [root, middle] {
            refuses(change(root, Some(Some(parent))).await, "inherits from");
        }
        refuses(
            change(leaf, Some(Some(HarnessId::new()))).await,
            "not found",
        );
        store.delete_harness(root).await.unwrap();
        refuses(make("late", Some(root)).await, "archived");
    }
}

/// A copy has an id and a name of its own, and everything else.
#[tokio::test]
async fn copies() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let original = HarnessBuilder::new("rich", "prompt")
            .initial_file(file("/a.txt", "a"))
            .build();
        let seed = stage.adapter.test_seed().unwrap();
        seed.put_harness(original.clone()).await.unwrap();
        for (asked, name) in [
            (None, "rich-copy"),
            (None, "rich-copy-2"),
            (Some("poor"), "poor"),
        ] {
            let copy = store.copy_harness(original.id, asked).await.unwrap();
            assert_ne!(copy.id, original.id);
            let expected = Harness {
                id: copy.id,
                name: name.into(),
                created_at: copy.created_at,
                updated_at: copy.updated_at,
                ..original.clone()
            };
            same(&copy, &expected);
        }
        refuses(
            store.copy_harness(original.id, Some("poor")).await,
            "already",
        );
    }
}

/// Every org has a harness of its own that is built in and named "Generic", which the
/// tools look for; it stays as it is, and can be copied.
#[tokio::test]
async fn the_default_harness() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let (_, _, two) = org_two(&stage).await;
        let lists = join_all((0..8).map(|_| store.list_harnesses())).await;
        let mut generic = Vec::new();
        for list in lists {
            let list = list.unwrap();
            assert_eq!(named(&list), ["Generic", "mortise-demo"]);
            generic.push(list[0].clone());
        }
        let generic = generic.swap_remove(0);
        assert!(generic.is_built_in);
        let theirs = two.list_harnesses().await.unwrap();
        assert_eq!(named(&theirs), ["Generic"]);
        assert_ne!(theirs[0].id, generic.id);
        assert!(two.get_harness(generic.id).await.unwrap().is_none());

        let change = store.update_harness(generic.id, None, None, Some("mine"), None, None);
        refuses(change.await, "built in");
        refuses(store.delete_harness(generic.id).await, "built in");
        let copy = store.copy_harness(generic.id, None).await.unwrap();
        assert_eq!(
            (copy.name.as_str(), copy.is_built_in),
            ("generic-copy", false)
        );
        let session = store.create_session(generic.id, None, None, None, None, None);
        assert_eq!(session.await.unwrap().harness_id, generic.id);
    }
}

/// An agent is made, found, changed field by field, and archived.
#[tokio::test]
async fn the_life_of_an_agent() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let capabilities = ["test_math".to_string()];
        let made = store
            .create_agent("adder", None, Some("adds"), "Add.", &capabilities)
            .await
            .unwrap();
        let found = store.get_agent_by_id(made.public_id).await.unwrap();
        same(&found.unwrap(), &made);
        let found = stage.adapter.agent_store(1).get_agent(made.public_id).await;
        same(&found.unwrap().unwrap(), &made);
        assert!(
            store
                .get_agent_by_id(AgentId::new())
                .await
                .unwrap()
                .is_none()
        );
        let changed = store
            .update_agent(made.public_id, Some("summer"), Some("S"), None, None)
            .await
            .unwrap();
        assert_eq!(
            (changed.name.as_str(), changed.display_name.as_deref()),
            ("summer", Some("S"))
        );
        assert_eq!(
            (changed.system_prompt.as_str(), changed.created_at),
            ("Add.", made.created_at)
        );
        let names = |agents: Vec<everruns_core::Agent>| -> Vec<String> {
            agents.into_iter().map(|agent| agent.name).collect()
        };
        assert_eq!(
            names(store.list_agents().await.unwrap()),
            ["mortise-demo", "summer"]
        );

        store.delete_agent(made.public_id).await.unwrap();
        assert_eq!(names(store.list_agents().await.unwrap()), ["mortise-demo"]);
        let archived = store
            .get_agent_by_id(made.public_id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(archived.status, AgentStatus::Archived);
        let change = store.update_agent(made.public_id, None, None, None, Some("p"));
        refuses(change.await, "archived");
        let change = store.update_agent(AgentId::new(), None, None, None, None);
        refuses(change.await, "not found");
        refuses(store.delete_agent(AgentId::new()).await, "not found");
    }
}

/// A name is one that can be given, and one active record of the org has it, however
/// many want it at once. Archiving frees it, and what another org has does not count.
#[tokio::test]
async fn names() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let (_, _, two) = org_two(&stage).await;
        for name in [
            "",
            "Upper",
            "a b",
            "-a",
            "a--b",
            "ü",
            "a\0b",
            &"a".repeat(65),
        ] {
            let agent = store.create_agent(name, None, None, "", &[]).await;
            refuses(agent, "is not allowed");
            let harness = store.create_harness(name, None, None, "", None, &[]).await;
            refuses(harness, "is not allowed");
        }
        let wanted = join_all((0..8).map(|_| store.create_agent("one", None, None, "", &[]))).await;
        let (made, refused): (Vec<_>, Vec<_>) = wanted.into_iter().partition(Result::is_ok);
        assert_eq!((made.len(), refused.len()), (1, 7));
        for refused in refused {
            refuses(refused, "already has the name");
        }
        let one = made.into_iter().next().unwrap().unwrap().public_id;
        two.create_agent("one", None, None, "", &[]).await.unwrap();
        store
            .create_harness("one", None, None, "", None, &[])
            .await
            .unwrap();
        let other = store
            .create_agent("other", None, None, "", &[])
            .await
            .unwrap();
        let taken = store.update_agent(other.public_id, Some("one"), None, None, None);
        refuses(taken.await, "already has the name");
        let kept = store
            .update_agent(one, Some("one"), None, None, Some("p"))
            .await;
        assert_eq!(kept.unwrap().system_prompt, "p");
        store.delete_agent(one).await.unwrap();
        let free = store.update_agent(other.public_id, Some("one"), None, None, None);
        assert_eq!(free.await.unwrap().name, "one");
    }
}

/// Capabilities are all there, found by any of their texts, and counted by who has
/// them in this org.
#[tokio::test]
async fn capabilities() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let all = store.list_capabilities(None).await.unwrap();
        assert!(all.len() > 20, "{}", all.len());
        assert!(all.is_sorted_by(|one, other| one.name <= other.name));
        let math = all
            .iter()
            .find(|info| info.id.as_str() == "test_math")
            .unwrap();
        assert!(!math.tool_definitions.is_empty());
        assert_eq!((math.agent_count, math.harness_count), (1, 0));
        let math = store.list_capabilities(Some("TEST_MATH")).await.unwrap();
        assert_eq!(math.len(), 1);
        assert!(
            store
                .list_capabilities(Some("no such thing"))
                .await
                .unwrap()
                .is_empty()
        );
        let twice = ["test_math".to_string(), "test_math".to_string()];
        let agent = store
            .create_agent("twice", None, None, "", &twice)
            .await
            .unwrap();
        let count = async || {
            let found = store.list_capabilities(Some("test_math")).await;
            found.unwrap()[0].agent_count
        };
        assert_eq!(count().await, 2);
        store.delete_agent(agent.public_id).await.unwrap();
        assert_eq!(count().await, 1);
        let (_, _, two) = org_two(&stage).await;
        assert_eq!(
            two.list_capabilities(Some("test_math")).await.unwrap()[0].agent_count,
            0
        );
    }
}

/// What a phase of a turn has read is read again after a change through its platform
/// store.
#[tokio::test]
async fn a_phase_sees_its_own_changes() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let phase = stage.adapter.phase(stage.session_id, PhaseKind::Act);
        let agents = phase.agent_store(1);
        let prompt = async || {
            let agent = agents.get_agent(demo::agent_id()).await.unwrap();
            agent.unwrap().system_prompt
        };
        assert_ne!(prompt().await, "Anew.");
        let store = phase.platform_store(1, stage.session_id).unwrap();
        let changed = store.update_agent(demo::agent_id(), None, None, None, Some("Anew."));
        changed.await.unwrap();
        assert_eq!(prompt().await, "Anew.");
        phase.finish_phase().await.unwrap();
    }
}

/// Many large records are one list.
#[tokio::test]
async fn a_long_list() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let seed = stage.adapter.test_seed().unwrap();
        for number in 0..40 {
            let prompt = "ü".repeat(500_000);
            let agent = AgentBuilder::new(format!("big-{number:02}"), prompt).build();
            seed.put_agent(agent).await.unwrap();
        }
        let agents = store.list_agents().await.unwrap();
        assert_eq!(agents.len(), 41);
        assert!(agents.is_sorted_by(|one, other| one.name < other.name));
        assert_eq!(agents[39].system_prompt.chars().count(), 500_000);
    }
}

/// A change that is sent twice happens once; a call that does not say for which
/// session it is made is refused by name.
#[tokio::test]
async fn contexts_of_calls() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let server = serve(reference_on(database, folder.path()).await).await;
        let session_id = seed(&adapter(&server.endpoint).await).await;
        let raw = Raw::connect(&server.endpoint).await;
        let context = |session_id: &str| {
            Some(pb::CallContext {
                org_id: 1,
                session_id: session_id.into(),
                request_id: "again".into(),
                ..Default::default()
            })
        };
        let request = pb::CreateAgentRequest {
            context: context(&session_id.to_string()),
            name: "one".into(),
            ..Default::default()
        };
        let mut answers = Vec::new();
        for _ in 0..2 {
            let answer = raw.call(CREATE_AGENT.method.path, &request).await.unwrap();
            let answer = pb::CreateAgentResponse::decode(answer.as_slice()).unwrap();
            answers.push(answer.agent.unwrap());
        }
        assert_eq!(answers[0], answers[1]);
        for session_id in ["", "session_1"] {
            let request = pb::ListAgentsRequest {
                context: context(session_id),
            };
            let error = raw
                .call(LIST_AGENTS.method.path, &request)
                .await
                .unwrap_err();
            assert_eq!(
                (error.code, error.field.as_deref()),
                (Code::InvalidArgument, Some("context.session_id")),
                "{error}"
            );
        }
        let foreign = mesh(&server.endpoint).adapter(1).build().await.unwrap();
        let foreign = foreign.platform_store(2, session_id).unwrap();
        refuses(foreign.list_agents().await, "serves org 1");
        refuses(
            foreign.wait_for_idle(session_id, Some(0)).await,
            "serves org 1",
        );
    }
}
