//! Apps and their channels.

use super::{org_two, platform, refuses, same};
use everruns_core::app::{App, AppStatus, ChannelType};
use everruns_core::typed_id::{AgentId, AgentIdentityId, AppChannelId, AppId, HarnessId};
use everruns_runtime::RuntimeHostAdapter;
use futures::future::join_all;
use mortise_reference::{Reference, ReferenceConfig};
use mortise_runtime_host::local::demo;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::simulator;
use mortise_test_support::in_process::{adapter, serve};
use mortise_test_support::scenario::{TestHost, seed_with};
use serde_json::{Value, json};

/// An app is a draft, published, a draft again, archived, and only then destroyed.
#[tokio::test]
async fn the_life_of_an_app() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let identity = AgentIdentityId::new();
        let agent = Some(demo::agent_id());
        let config = json!({"token": "t\0ü", "n": u64::MAX, "none": null});
        let made = store
            .create_app(
                "Desk \0",
                Some("Helps"),
                demo::harness_id(),
                agent,
                Some(identity),
                Some(ChannelType::Webhook),
                Some(&config),
            )
            .await
            .unwrap();
        assert_eq!((&made.status, made.published_at), (&AppStatus::Draft, None));
        assert_eq!((made.org_id, made.agent_id), (1, agent));
        assert_eq!(made.agent_identity_id, Some(identity));
        let session = store
            .get_session_by_id(stage.session_id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(made.owner_principal_id, session.owner_principal_id);
        assert_eq!(made.channels[0].channel_config, config);
        assert!(made.channels[0].enabled);
        same(
            &store.get_app(made.public_id).await.unwrap().unwrap(),
            &made,
        );
        assert!(store.get_app(AppId::new()).await.unwrap().is_none());

        let published = store.publish_app(made.public_id).await.unwrap();
        assert_eq!(published.status, AppStatus::Published);
        assert!(published.published_at.is_some());
        let draft = store.unpublish_app(made.public_id).await.unwrap();
        let expected = App {
            updated_at: draft.updated_at,
            ..made.clone()
        };
        same(&draft, &expected);

        refuses(store.destroy_app(made.public_id).await, "archive it first");
        store.delete_app(made.public_id).await.unwrap();
        store.delete_app(made.public_id).await.unwrap();
        let archived = store.get_app(made.public_id).await.unwrap().unwrap();
        assert_eq!(archived.status, AppStatus::Archived);
        refuses(store.publish_app(made.public_id).await, "archived");
        store.destroy_app(made.public_id).await.unwrap();
        assert!(store.get_app(made.public_id).await.unwrap().is_none());
        for gone in [made.public_id, AppId::new()] {
            refuses(store.delete_app(gone).await, "not found");
            refuses(store.destroy_app(gone).await, "not found");
            refuses(store.publish_app(gone).await, "not found");
        }
    }
}

/// What an app is bound to must be there and active; the identity is left, cleared and
/// set.
#[tokio::test]
async fn what_an_app_is_bound_to() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let make = async |harness, agent, channel_type, config: Option<&Value>| {
            let app = store.create_app("a", None, harness, agent, None, channel_type, config);
            app.await.map(|app| app.public_id)
        };
        let harness = demo::harness_id();
        let app = make(harness, None, None, None).await.unwrap();
        refuses(make(HarnessId::new(), None, None, None).await, "not found");
        refuses(
            make(harness, Some(AgentId::new()), None, None).await,
            "not found",
        );
        refuses(
            make(harness, None, None, Some(&json!({}))).await,
            "channel_type",
        );

        let (one, other) = (AgentIdentityId::new(), AgentIdentityId::new());
        for (change, expected) in [
            (None, None),
            (Some(Some(one)), Some(one)),
            (None, Some(one)),
            (Some(Some(other)), Some(other)),
            (Some(None), None),
        ] {
            let app = store.update_app(app, None, None, None, None, change).await;
            assert_eq!(app.unwrap().agent_identity_id, expected);
        }
        let agent = Some(demo::agent_id());
        let changed = store.update_app(app, Some("b"), Some("d"), None, agent, None);
        let changed = changed.await.unwrap();
        assert_eq!(
            (changed.name.as_str(), changed.description.as_deref()),
            ("b", Some("d"))
        );
        assert_eq!((changed.harness_id, changed.agent_id), (harness, agent));
        store.delete_agent(demo::agent_id()).await.unwrap();
        let change = store.update_app(app, None, None, None, agent, None);
        refuses(change.await, "archived");
        let change = store.update_app(AppId::new(), None, None, None, None, None);
        refuses(change.await, "not found");
    }
}

/// Apps are listed by name; archived ones when they are asked for, and those of
/// another org never.
#[tokio::test]
async fn lists_of_apps() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let (_, _, two) = org_two(&stage).await;
        let mut ids = Vec::new();
        for (name, description) in [
            ("zeta", None),
            ("Alpha", Some("Große Hilfe")),
            ("old", None),
        ] {
            let app = store.create_app(
                name,
                description,
                demo::harness_id(),
                None,
                None,
                None,
                None,
            );
            ids.push(app.await.unwrap().public_id);
        }
        store.publish_app(ids[0]).await.unwrap();
        store.delete_app(ids[2]).await.unwrap();
        for (search, archived, expected) in [
            (None, false, &["Alpha", "zeta"][..]),
            (None, true, &["Alpha", "old", "zeta"]),
            (Some("ZET"), true, &["zeta"]),
            (Some("große hilfe"), false, &["Alpha"]),
            (Some("%"), true, &[]),
        ] {
            let apps = store.list_apps(search, archived).await.unwrap();
            let names: Vec<_> = apps.iter().map(|app| app.name.as_str()).collect();
            assert_eq!(names, expected, "{search:?}");
        }
        assert!(two.list_apps(None, true).await.unwrap().is_empty());
        assert!(two.get_app(ids[0]).await.unwrap().is_none());
        refuses(two.delete_app(ids[0]).await, "not found");
        refuses(two.destroy_app(ids[2]).await, "not found");
    }
}

/// Channels of all types are added, changed field by field and removed; an app's
/// channels are its own.
#[tokio::test]
async fn channels() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = platform(&stage);
        let make = async |name: &str| {
            let app = store.create_app(name, None, demo::harness_id(), None, None, None, None);
            app.await.unwrap().public_id
        };
        let (app, other) = (make("a").await, make("b").await);
        let mut channels = Vec::new();
        for (channel_type, config, enabled) in [
            (
                ChannelType::Slack,
                Some(json!({"bot_token": "x"})),
                Some(false),
            ),
            (ChannelType::AgUi, Some(json!({})), None),
            (ChannelType::Schedule, None, None),
            (ChannelType::Webhook, Some(Value::Null), Some(true)),
            (ChannelType::A2a, Some(json!([1.0, 1])), None),
            (ChannelType::Fcp, Some(json!("text")), None),
        ] {
            let added = store
                .add_app_channel(app, channel_type.clone(), config.as_ref(), enabled)
                .await
                .unwrap();
            assert_eq!(added.channel_type, channel_type);
            assert_eq!(added.channel_config, config.unwrap_or(json!({})));
            assert_eq!(added.enabled, enabled.unwrap_or(true));
            channels.push(added);
        }
        same(
            &store.get_app(app).await.unwrap().unwrap().channels,
            &channels,
        );

        let slack = channels[0].public_id;
        let changed = store
            .update_app_channel(app, slack, None, None, Some(true))
            .await
            .unwrap();
        assert_eq!(
            (changed.enabled, &changed.channel_config),
            (true, &json!({"bot_token": "x"}))
        );
        let changed = store
            .update_app_channel(app, slack, Some(ChannelType::Fcp), Some(&json!({})), None)
            .await
            .unwrap();
        assert_eq!(
            (changed.channel_type, changed.channel_config),
            (ChannelType::Fcp, json!({}))
        );
        let foreign = store.update_app_channel(other, slack, None, None, Some(false));
        refuses(foreign.await, "not found");
        refuses(store.delete_app_channel(other, slack).await, "not found");
        let unknown = store.delete_app_channel(app, AppChannelId::new());
        refuses(unknown.await, "not found");
        store.delete_app_channel(app, slack).await.unwrap();
        refuses(store.delete_app_channel(app, slack).await, "not found");

        // Every one that is added at the same time is there.
        let added = (0..8).map(|_| store.add_app_channel(other, ChannelType::A2a, None, None));
        for added in join_all(added).await {
            added.unwrap();
        }
        assert_eq!(
            store.get_app(other).await.unwrap().unwrap().channels.len(),
            8
        );
    }
}

/// A storage without a key keeps no channel's secrets, in words that say so, and keeps
/// channels that have none.
#[tokio::test]
async fn secrets_need_a_key() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let mut config = ReferenceConfig::new(database.fresh(folder.path()).await);
        config.allow_test_seed = true;
        let server = serve(Reference::open(config).await.unwrap()).await;
        let adapter = adapter(&server.endpoint).await;
        let session_id = seed_with(&adapter, simulator()).await;
        let store = adapter.platform_store(1, session_id).unwrap();
        let app = store
            .create_app(
                "a",
                None,
                demo::harness_id(),
                None,
                None,
                Some(ChannelType::AgUi),
                None,
            )
            .await
            .unwrap();
        let secret = json!({"token": "MARKER-1c"});
        let added = store
            .add_app_channel(app.public_id, ChannelType::AgUi, Some(&secret), None)
            .await;
        let error = added.unwrap_err().to_string();
        assert!(error.contains("Encryption not configured"), "{error}");
        assert!(!error.contains("MARKER-1c"), "{error}");
        assert_eq!(
            store
                .get_app(app.public_id)
                .await
                .unwrap()
                .unwrap()
                .channels
                .len(),
            1
        );
    }
}
