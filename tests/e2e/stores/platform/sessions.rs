//! Sessions.

use super::{file, org_two, platform, refuses, same};
use everruns_core::Session;
use everruns_core::session::{SessionStatus, SubagentStatus};
use everruns_core::typed_id::{AgentId, HarnessId, PrincipalId, SessionId};
use everruns_runtime::{AgentBuilder, HarnessBuilder, RuntimeHostAdapter};
use mortise_proto::StoreError;
use mortise_proto::pb::ErrorReason;
use mortise_runtime_host::local::demo;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::{moment, said};
use mortise_test_support::scenario::{TestHost, ask};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;
use uuid::Uuid;

/// A session belongs to whom the calling one belongs to, and starts with the files of
/// its harness and agent. Blueprints are kept as they are given.
#[tokio::test]
async fn made_for_the_caller() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let seed = stage.adapter.test_seed().unwrap();
        let harness = HarnessBuilder::new("h", "")
            .initial_file(file("/h.txt", "h"))
            .build();
        let agent = AgentBuilder::new("a", "")
            .initial_file(file("/a.txt", "a"))
            .build();
        let caller = Session {
            owner_principal_id: PrincipalId::from_seed(77),
            resolved_owner_user_id: Some(Uuid::from_u128(7)),
            ..demo::session(1, moment())
        };
        seed.put_harness(harness.clone()).await.unwrap();
        seed.put_agent(agent.clone()).await.unwrap();
        seed.put_session(caller.clone()).await.unwrap();
        let store = stage.adapter.platform_store(1, caller.id).unwrap();
        let agent_id = Some(agent.public_id);
        let made = store
            .create_session(harness.id, agent_id, Some("t"), Some("uk-UA"), None, None)
            .await
            .unwrap();
        assert_eq!((made.harness_id, made.agent_id), (harness.id, agent_id));
        assert_eq!(
            (made.title.as_deref(), made.locale.as_deref()),
            (Some("t"), Some("uk-UA"))
        );
        assert_eq!(made.status, SessionStatus::Started);
        assert_eq!(made.organization_id, caller.organization_id);
        assert_eq!(made.owner_principal_id, caller.owner_principal_id);
        assert_eq!(made.resolved_owner_user_id, caller.resolved_owner_user_id);
        same(
            &store.get_session_by_id(made.id).await.unwrap().unwrap(),
            &made,
        );
        let found = stage.adapter.session_store(1).get_session(made.id).await;
        same(&found.unwrap().unwrap(), &made);
        let files = stage.adapter.file_store();
        for (path, content) in [("/h.txt", "h"), ("/a.txt", "a")] {
            let file = files.read_file(made.id, path).await.unwrap().unwrap();
            assert_eq!(file.content.as_deref(), Some(content));
        }

        for config in [None, Some(Value::Null), Some(json!({"depth": 3}))] {
            let made = store
                .create_session(harness.id, None, None, None, Some("scout"), config.as_ref())
                .await
                .unwrap();
            assert_eq!(made.blueprint_id.as_deref(), Some("scout"));
            assert_eq!(made.blueprint_config, config);
        }
        let unknown = store.create_session(HarnessId::new(), None, None, None, None, None);
        refuses(unknown.await, "not found");
        let unknown = Some(AgentId::new());
        let unknown = store.create_session(harness.id, unknown, None, None, None, None);
        refuses(unknown.await, "not found");
        let outside = stage.adapter.platform_store(1, SessionId::new()).unwrap();
        let made = outside.create_session(harness.id, None, None, None, None, None);
        refuses(made.await, "not found");
        assert!(
            store
                .get_session_by_id(SessionId::new())
                .await
                .unwrap()
                .is_none()
        );
    }
}

/// The newest come first, as many as asked for, of one agent or of all. Archived ones
/// are not listed, and are still there.
#[tokio::test]
async fn lists_of_sessions() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let (_, theirs, two) = org_two(&stage).await;
        let agent = store
            .create_agent("other", None, None, "", &[])
            .await
            .unwrap();
        let mut made = Vec::new();
        for number in 0..25 {
            let agent_id = (number % 5 == 0).then_some(agent.public_id);
            let session = store
                .create_session(demo::harness_id(), agent_id, None, None, None, None)
                .await;
            made.push(session.unwrap().id);
        }
        made.reverse();
        let list = async |limit, agent_id| -> Vec<SessionId> {
            let sessions = store.list_sessions(limit, agent_id).await.unwrap();
            sessions.into_iter().map(|session| session.id).collect()
        };
        assert_eq!(list(Some(3), None).await, made[..3]);
        assert_eq!(list(None, None).await, made[..20]);
        assert_eq!(list(Some(100), None).await.len(), 26);
        assert!(list(Some(0), None).await.is_empty());
        let of_agent: Vec<_> = made.iter().skip(4).step_by(5).copied().collect();
        assert_eq!(list(Some(100), Some(agent.public_id)).await, of_agent);
        assert_eq!(
            list(Some(usize::MAX), Some(agent.public_id)).await,
            of_agent
        );

        store.delete_session(made[0]).await.unwrap();
        store.delete_session(made[0]).await.unwrap();
        assert_eq!(list(Some(1), None).await, made[1..2]);
        let archived = store.get_session_by_id(made[0]).await.unwrap().unwrap();
        assert!(archived.finished_at.is_some());
        refuses(store.delete_session(SessionId::new()).await, "not found");
        assert_eq!(two.list_sessions(Some(100), None).await.unwrap().len(), 1);
        assert!(two.get_session_by_id(made[1]).await.unwrap().is_none());
        refuses(two.delete_session(made[1]).await, "not found");
        refuses(store.delete_session(theirs).await, "not found");
    }
}

/// Whose subagent a session is can be said again, and the last word holds.
#[tokio::test]
async fn subagents() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let (_, theirs, _) = org_two(&stage).await;
        let parent = stage.session_id;
        let child = store
            .create_session(demo::harness_id(), None, None, None, None, None)
            .await
            .unwrap()
            .id;
        for status in [SubagentStatus::Running, SubagentStatus::Completed] {
            let said = store
                .set_subagent_metadata(child, parent, "Scout", "look", status.clone())
                .await
                .unwrap();
            let found = store.get_session_by_id(child).await.unwrap().unwrap();
            same(&found, &said);
            assert_eq!(found.parent_session_id, Some(parent));
            assert_eq!(found.subagent_name.as_deref(), Some("Scout"));
            assert_eq!(found.subagent_task.as_deref(), Some("look"));
            assert_eq!(found.subagent_status, Some(status));
        }
        for (child, parent, words) in [
            (child, child, "its own"),
            (SessionId::new(), parent, "not found"),
            (child, SessionId::new(), "not found"),
            (child, theirs, "not found"),
            (theirs, parent, "not found"),
        ] {
            let said =
                store.set_subagent_metadata(child, parent, "s", "t", SubagentStatus::Running);
            refuses(said.await, words);
        }
    }
}

/// Before a model was asked, the report estimates from what is stored; afterwards it
/// tells what was sent, and what has come since.
#[tokio::test]
async fn context_reports() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let session = stage.session_id;
        let report = async || store.get_session_context_report(session).await.unwrap();
        let tokens = |report: &everruns_core::SessionContextReport, key: &str| {
            let mut sections = report.sections.iter();
            sections
                .find(|section| section.key == key)
                .map_or(0, |section| section.tokens)
        };

        let first = report().await;
        assert_eq!(first.session_id, session.to_string());
        assert_eq!(first.model, "llmsim-model");
        assert!(tokens(&first, "system_prompt") > 0, "{first:?}");
        assert!(tokens(&first, "tools") > 0, "{first:?}");
        assert_eq!(tokens(&first, "conversation"), 0);
        assert_eq!(
            first
                .cumulative_usage
                .as_ref()
                .map(|usage| usage.input_tokens),
            None
        );
        let of_tools = |source: &str| first.contributions.iter().any(|c| c.source_id == source);
        assert!(
            of_tools("tool:read_file") && of_tools("session_file_system"),
            "{first:?}"
        );

        ask(&stage.adapter, session, "What is 2 + 2?").await;
        let second = report().await;
        assert_eq!(second.model, first.model);
        assert!(tokens(&second, "conversation") > 0, "{second:?}");
        let used = second.cumulative_usage.clone().unwrap();
        assert!(used.input_tokens > 0, "{used:?}");
        // Within a fifth of what really is sent, where nothing was known of it.
        let (guessed, sent) = (tokens(&first, "tools"), tokens(&second, "tools"));
        assert!(guessed.abs_diff(sent) <= sent / 5, "{guessed} and {sent}");

        let emitter = stage.adapter.event_emitter();
        emitter
            .emit(said(session, &"x".repeat(4000)))
            .await
            .unwrap();
        let third = report().await;
        let grown = tokens(&third, "conversation") - tokens(&second, "conversation");
        assert!((1000..1200).contains(&grown), "{grown}");
        let sum: u32 = third.sections.iter().map(|section| section.tokens).sum();
        assert_eq!(third.estimated_input_tokens, sum);

        let (_, _, two) = org_two(&stage).await;
        for unknown in [
            two.get_session_context_report(session).await,
            store.get_session_context_report(SessionId::new()).await,
        ] {
            refuses(unknown, "not found");
        }
    }
}

/// Values that keep being written hold up neither an event of their session nor its
/// deletion, after which nothing more is written there.
#[tokio::test]
async fn values_that_keep_coming_hold_up_no_deletion() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let session = stage.session_id;
        let values = stage.adapter.storage_store().unwrap();
        let writers: Vec<_> = (0..8)
            .map(|number| {
                let values = values.clone();
                tokio::spawn(async move {
                    let key = format!("k{number}");
                    loop {
                        if let Err(error) = values.set_value(session, &key, "v").await {
                            return StoreError::from(&error).reason;
                        }
                    }
                })
            })
            .collect();
        let store = platform(&stage);
        let deleted = async {
            let emitter = stage.adapter.event_emitter();
            emitter.emit(said(session, "hello")).await.unwrap();
            store.delete_session(session).await.unwrap();
        };
        let deleted = timeout(Duration::from_secs(20), deleted).await;
        deleted.unwrap_or_else(|_| panic!("{database:?}: the session is deleted"));
        for writer in writers {
            let refused = Some(ErrorReason::SessionArchived);
            assert_eq!(writer.await.unwrap(), refused, "{database:?}");
        }
    }
}
