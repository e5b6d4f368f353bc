//! Over a socket, on every database: memories.

use everruns_core::MemoryStoreBackend;
use everruns_core::memory_store::{Memory, MemoryContentPart, MemoryKind, MemoryQuery};
use everruns_core::org_public_id_from_internal;
use everruns_core::typed_id::{MemoryId, MemoryStoreId, OrgId};
use everruns_runtime::RuntimeHostAdapter;
use futures::future::join_all;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::TestHost;
use serde_json::json;

fn org(id: i64) -> OrgId {
    org_public_id_from_internal(id).parse().unwrap()
}

async fn memory(
    store: &dyn MemoryStoreBackend,
    id: MemoryStoreId,
    content: &str,
    importance: u8,
    tags: &[&str],
) -> Memory {
    let tags = tags.iter().map(ToString::to_string).collect();
    let parts = vec![MemoryContentPart::image("aGk=".repeat(1000), "image/png")];
    store
        .create_memory(
            id,
            content.into(),
            parts,
            MemoryKind::Fact,
            importance,
            tags,
        )
        .await
        .unwrap()
}

async fn found(store: &dyn MemoryStoreBackend, query: MemoryQuery) -> (Vec<String>, usize) {
    let (memories, total) = store.recall(query).await.unwrap();
    let contents = memories.into_iter().map(|memory| memory.content).collect();
    (contents, total)
}

/// Ten callers at once get one default store; another org gets another, and sees neither
/// the first nor what is in it, whichever way it asks.
#[tokio::test(flavor = "multi_thread")]
async fn stores_of_orgs() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = stage.adapter.memory_store(1).unwrap();
        let asked = (0..10).map(|_| store.get_or_create_default_store(org(1)));
        let stores: Vec<_> = join_all(asked)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert!(stores.iter().all(|found| found.id == stores[0].id));
        assert!(stores[0].is_default);
        assert_eq!(
            (stores[0].org_id, stores[0].name.as_str()),
            (org(1), "default")
        );
        memory(store.as_ref(), stores[0].id, "ours", 5, &[]).await;

        let foreign = stage.mesh.adapter(2).build().await.unwrap();
        let foreign = foreign.memory_store(2).unwrap();
        let theirs = foreign.get_or_create_default_store(org(2)).await.unwrap();
        assert_ne!(theirs.id, stores[0].id);
        assert!(foreign.get_store(stores[0].id).await.unwrap().is_none());
        assert!(foreign.get_or_create_default_store(org(1)).await.is_err());
        for store_id in [None, Some(stores[0].id)] {
            let query = MemoryQuery {
                store_id,
                ..MemoryQuery::default()
            };
            assert_eq!(found(foreign.as_ref(), query).await, (vec![], 0));
        }
        assert_eq!(foreign.count_active(stores[0].id).await.unwrap(), 0);
        let planted = foreign.create_memory(
            stores[0].id,
            "x".into(),
            vec![],
            MemoryKind::Fact,
            1,
            vec![],
        );
        assert!(planted.await.unwrap_err().to_string().contains("not found"));
        assert!(
            store
                .get_store(MemoryStoreId::new())
                .await
                .unwrap()
                .is_none()
        );
    }
}

/// Recall: the most important first and then the newest, by any part of content or tag
/// in any case, by all tags, by kind; the limit comes last.
#[tokio::test]
async fn recalling() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = stage.adapter.memory_store(1).unwrap();
        let store = store.as_ref();
        let id = store.get_or_create_default_store(org(1)).await.unwrap().id;
        assert_eq!(found(store, MemoryQuery::default()).await, (vec![], 0));
        memory(store, id, "Likes ÄPFEL\0", 0, &["fruit", "food"]).await;
        let kept = memory(store, id, "older", 255, &["food"]).await;
        memory(store, id, "newer", 10, &["Food", "Äpfelmus"]).await;
        assert_eq!(kept.importance, 10);
        let all = found(store, MemoryQuery::default()).await;
        assert_eq!(all.0, ["newer", "older", "Likes ÄPFEL\0"]);
        let by = |query: &str| MemoryQuery {
            query: Some(query.into()),
            store_id: Some(id),
            ..MemoryQuery::default()
        };
        assert_eq!(
            found(store, by("äpfel")).await.0,
            ["newer", "Likes ÄPFEL\0"]
        );
        assert_eq!(found(store, by("%")).await.1, 0);
        let tagged = |tags: &[&str]| MemoryQuery {
            tags: Some(tags.iter().map(ToString::to_string).collect()),
            ..MemoryQuery::default()
        };
        assert_eq!(
            found(store, tagged(&["food"])).await.0,
            ["older", "Likes ÄPFEL\0"]
        );
        assert_eq!(found(store, tagged(&["food", "fruit"])).await.1, 1);
        assert_eq!(found(store, tagged(&[])).await.1, 3);
        let kind = MemoryQuery {
            kind: Some(MemoryKind::Context),
            ..MemoryQuery::default()
        };
        assert_eq!(found(store, kind).await.1, 0);
        let one = MemoryQuery {
            limit: 1,
            ..MemoryQuery::default()
        };
        assert_eq!(found(store, one).await, (vec!["newer".to_string()], 3));

        let (memories, _) = store.recall(by("older")).await.unwrap();
        assert_eq!(json!(memories), json!([kept]));
        assert!(!store.forget(MemoryStoreId::new(), kept.id).await.unwrap());
        assert!(!store.forget(id, MemoryId::new()).await.unwrap());
        assert_eq!(store.count_active(id).await.unwrap(), 3);
        assert!(store.forget(id, kept.id).await.unwrap());
        assert!(!store.forget(id, kept.id).await.unwrap());
        assert_eq!(store.count_active(id).await.unwrap(), 2);
        assert_eq!(found(store, by("older")).await.1, 0);
        for n in 0..12 {
            memory(store, id, &n.to_string(), 1, &[]).await;
        }
        let (ten, total) = found(store, MemoryQuery::default()).await;
        assert_eq!((ten.len(), total), (10, 14));
    }
}
