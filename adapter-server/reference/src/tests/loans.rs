//! Connections that are given back in every state.

use super::*;
use futures::FutureExt;
use mortise_proto::error::Outcome;

const PUT: &str = "INSERT INTO replies (org_id, request_id, method, created_at, body) \
                   VALUES (9, 'r', '', 0, '')";

async fn stores(folder: &Path) -> [Reference; 2] {
    let url = format!("sqlite:{}", folder.join("m.db").display());
    let file = Reference::open(config(url)).await.unwrap();
    [file, in_memory().await]
}

async fn kept(store: &Reference) -> i64 {
    let mut reader = store.inner.db.read_all_orgs().await.unwrap();
    let count = "SELECT count(*) FROM replies WHERE org_id = 9";
    let (count,): (i64,) = reader.query_as(count).fetch_one().await.unwrap();
    count
}

async fn put(store: &Reference) {
    let mut tx = store.inner.db.write_all_orgs().await.unwrap();
    tx.query(PUT).execute().await.unwrap();
    tx.commit().await.unwrap();
}

/// A caller that is dropped in the middle of a statement, or with its transaction open,
/// leaves nothing behind and blocks no other call.
#[tokio::test]
async fn a_dropped_caller_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()).await {
        for is_dropped_within in [true, false] {
            let mut tx = store.inner.db.write_all_orgs().await.unwrap();
            if is_dropped_within {
                drop(tx.query(PUT).execute().now_or_never());
            } else {
                tx.query(PUT).execute().await.unwrap();
            }
            drop(tx);
            drop(store.inner.db.write_all_orgs().await.unwrap());
            assert_eq!(kept(&store).await, 0);
        }
        put(&store).await;
        assert_eq!(kept(&store).await, 1);
        store.close().await;
    }
}

/// A transaction that the database has ended by itself is not committed, and nothing of
/// it is left; the next one is whole.
#[tokio::test]
async fn a_transaction_that_has_ended_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()).await {
        let mut tx = store.inner.db.write_all_orgs().await.unwrap();
        tx.query(PUT).execute().await.unwrap();
        tx.query("ROLLBACK").execute().await.unwrap();
        tx.commit().await.unwrap_err();
        assert_eq!(kept(&store).await, 0);
        put(&store).await;
        assert_eq!(kept(&store).await, 1);
        store.close().await;
    }
}

/// What a failed statement was part of is not committed.
#[tokio::test]
async fn a_failed_statement_fails_its_transaction() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()).await {
        let mut tx = store.inner.db.write_all_orgs().await.unwrap();
        tx.query(PUT).execute().await.unwrap();
        tx.query("INSERT INTO replies (org_id) VALUES (9)")
            .execute()
            .await
            .unwrap_err();
        let error = tx.commit().await.unwrap_err();
        assert_eq!(error.outcome, Outcome::NotApplied, "{error}");
        assert_eq!(kept(&store).await, 0);
        store.close().await;
    }
}
