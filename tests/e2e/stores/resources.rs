//! Over a socket, on every database: leases and the resource registry.

use chrono::TimeDelta;
use everruns_core::leased_resource::{LeasedResourceStatus, UpsertLeasedResource};
use everruns_core::resource_ownership::{
    LEASED_RESOURCE_EXTERNAL_ID_KEY, LEASED_RESOURCE_ID_KEY, LEASED_RESOURCE_PROVIDER_KEY,
    LEASED_RESOURCE_TYPE_KEY,
};
use everruns_core::session_resource::{
    RegisterSessionResource, SessionResourceFilter, SessionResourceStatus,
};
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::TestHost;
use serde_json::{Value, json};
use uuid::Uuid;

fn lease(session_id: SessionId, external_id: &str) -> UpsertLeasedResource {
    UpsertLeasedResource {
        session_id,
        provider: "daytona".into(),
        resource_type: "sandbox".into(),
        external_id: external_id.into(),
        display_name: Some("Box\0".into()),
        owner_user_id: Some(Uuid::from_u128(7)),
        lease_duration_seconds: 900,
        metadata: json!({"region": "eu", "big": 9_007_199_254_740_993_i64}),
    }
}

fn entry(session_id: SessionId, resource_id: &str, metadata: Value) -> RegisterSessionResource {
    RegisterSessionResource {
        session_id,
        resource_id: resource_id.into(),
        kind: "subagent".into(),
        display_name: "Counter".into(),
        status: SessionResourceStatus::Active,
        metadata,
    }
}

/// A lease is one however often it is refreshed, runs from its last refresh, survives its
/// release in the list, and comes back to life; another session and another org see
/// nothing of it.
#[tokio::test]
async fn leases() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = stage.adapter.leased_resource_store().unwrap();
        let session = stage.session_id;
        let first = store
            .upsert_resource(lease(session, "sbx\0"))
            .await
            .unwrap();
        let second = store
            .upsert_resource(lease(session, "sbx\0"))
            .await
            .unwrap();
        assert_eq!(first.id, second.id);
        assert_eq!(first.created_at, second.created_at);
        assert!(second.last_touched_at > first.last_touched_at);
        assert_eq!(
            second.lease_expires_at - second.last_touched_at,
            TimeDelta::seconds(900)
        );
        assert_eq!(second.metadata, lease(session, "x").metadata);
        assert_eq!(second.owner_user_id, Some(Uuid::from_u128(7)));

        let released = store
            .release_resource(session, "daytona", "sandbox", "sbx\0")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(released.status, LeasedResourceStatus::Released);
        let none = store.release_resource(session, "daytona", "sandbox", "other");
        assert!(none.await.unwrap().is_none());
        let listed = store.list_resources(session).await.unwrap();
        assert_eq!(json!(listed), json!([released]));
        let again = store
            .upsert_resource(lease(session, "sbx\0"))
            .await
            .unwrap();
        assert_eq!(again.id, first.id);
        assert_eq!(again.status, LeasedResourceStatus::Active);

        let foreign = stage.mesh.adapter(2).build().await.unwrap();
        let foreign = foreign.leased_resource_store().unwrap();
        assert!(foreign.list_resources(session).await.unwrap().is_empty());
        let stolen = foreign.release_resource(session, "daytona", "sandbox", "sbx\0");
        assert!(stolen.await.unwrap().is_none());
        let error = foreign.upsert_resource(lease(session, "sbx\0")).await;
        assert!(error.unwrap_err().to_string().contains("session not found"));
    }
}

/// A lease is in the registry as well, as ownership checks read it there.
#[tokio::test]
async fn leases_are_registered() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let leases = stage.adapter.leased_resource_store().unwrap();
        let registry = stage.adapter.session_resource_registry().unwrap();
        let session = stage.session_id;
        let made = leases.upsert_resource(lease(session, "sbx")).await.unwrap();
        let filter = SessionResourceFilter {
            kind: Some("sandbox".into()),
            status: Some(SessionResourceStatus::Active),
        };
        let entries = registry.list(session, Some(&filter)).await.unwrap();
        let [entry] = entries.as_slice() else {
            panic!("{entries:?}")
        };
        for (key, value) in [
            (LEASED_RESOURCE_PROVIDER_KEY, "daytona"),
            (LEASED_RESOURCE_TYPE_KEY, "sandbox"),
            (LEASED_RESOURCE_EXTERNAL_ID_KEY, "sbx"),
            (LEASED_RESOURCE_ID_KEY, &made.id.to_string()),
        ] {
            assert_eq!(entry.metadata[key], value);
        }
        let release = leases.release_resource(session, "daytona", "sandbox", "sbx");
        release.await.unwrap();
        assert!(
            registry
                .list(session, Some(&filter))
                .await
                .unwrap()
                .is_empty()
        );
        let entry = registry.get(session, &entry.resource_id).await.unwrap();
        assert_eq!(entry.unwrap().status, SessionResourceStatus::Released);
    }
}

/// Entries are replaced whole, filtered, changed in their status alone and removed once.
#[tokio::test]
async fn the_registry() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let registry = stage.adapter.session_resource_registry().unwrap();
        let session = stage.session_id;
        let nested = json!({"text": "x\0y".repeat(40_000), "n": [1, 1.0, null, u64::MAX]});
        let first = registry
            .register(entry(session, "a\0", nested.clone()))
            .await
            .unwrap();
        assert_eq!(first.metadata, nested);
        registry
            .register(entry(session, "b", json!(null)))
            .await
            .unwrap();
        let mut changed = entry(session, "a\0", json!({}));
        changed.status = SessionResourceStatus::Completed;
        changed.kind = "run".into();
        let second = registry.register(changed).await.unwrap();
        assert_eq!(second.created_at, first.created_at);
        assert!(second.updated_at > first.updated_at);
        let updated = registry
            .update_status(session, "a\0", SessionResourceStatus::Failed)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(updated.metadata, json!({}));
        let unknown = registry.update_status(session, "c", SessionResourceStatus::Failed);
        assert!(unknown.await.unwrap().is_none());

        let found = async |kind: Option<&str>, status| {
            let filter = SessionResourceFilter {
                kind: kind.map(Into::into),
                status,
            };
            let found = registry.list(session, Some(&filter)).await.unwrap();
            let ids: Vec<String> = found.into_iter().map(|entry| entry.resource_id).collect();
            ids
        };
        assert_eq!(found(None, None).await, ["a\0", "b"]);
        assert_eq!(found(Some("run"), None).await, ["a\0"]);
        assert_eq!(
            found(None, Some(SessionResourceStatus::Active)).await,
            ["b"]
        );
        let both = found(Some("run"), Some(SessionResourceStatus::Active)).await;
        assert!(both.is_empty());
        assert_eq!(registry.list(session, None).await.unwrap().len(), 2);

        let foreign = stage.mesh.adapter(2).build().await.unwrap();
        let foreign = foreign.session_resource_registry().unwrap();
        assert!(foreign.list(session, None).await.unwrap().is_empty());
        assert!(foreign.get(session, "b").await.unwrap().is_none());
        assert!(!foreign.deregister(session, "b").await.unwrap());

        assert!(registry.deregister(session, "b").await.unwrap());
        assert!(!registry.deregister(session, "b").await.unwrap());
        assert!(registry.get(session, "b").await.unwrap().is_none());
    }
}

/// Fifty quick registrations of one run leave one entry with the last value.
#[tokio::test(flavor = "multi_thread")]
async fn a_progress_channel() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let registry = stage.adapter.session_resource_registry().unwrap();
        let session = stage.session_id;
        for n in 0..50 {
            let step = entry(session, "run", json!({ "step": n }));
            registry.register(step).await.unwrap();
        }
        let many = (0..20).map(|n| registry.register(entry(session, "other", json!(n))));
        for done in futures::future::join_all(many).await {
            done.unwrap();
        }
        let entries = registry.list(session, None).await.unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].metadata, json!({"step": 49}));
    }
}
