//! Changes that share a transaction, where there is one writer.

use super::*;
use crate::db::AllOrgs;
use futures::FutureExt;
use mortise_proto::error::Outcome;

/// One that others have opened leaves room for ten milliseconds, and a test may be held up
/// for longer: what must share a transaction is tried again.
const TRIES: usize = 100;

async fn stores(folder: &Path) -> [Reference; 2] {
    let url = format!("sqlite:{}", folder.join("m.db").display());
    let file = Reference::open(config(url)).await.unwrap();
    [file, in_memory().await]
}

async fn put(tx: &mut AllOrgs, name: String) -> Result<u64, StoreError> {
    let put = "INSERT INTO replies (org_id, request_id, method, created_at, body) \
               VALUES (9, $1, '', 0, '')";
    tx.query(put).bind(name).execute().await
}

async fn names(store: &Reference) -> Vec<String> {
    let mut reader = store.inner.db.read_all_orgs().await.unwrap();
    let names = "SELECT request_id FROM replies WHERE org_id = 9 ORDER BY request_id";
    let names: Vec<(String,)> = reader.query_as(names).fetch_all().await.unwrap();
    names.into_iter().map(|(name,)| name).collect()
}

/// Two changes of one transaction: the first is made and waits for the commit, the second
/// has its turn. `None` if they came into two.
async fn two_of_one<'a>(
    store: &'a Reference,
    try_number: usize,
) -> Option<(
    AllOrgs,
    impl Future<Output = Result<(), StoreError>> + use<'a>,
)> {
    let db = &store.inner.db;
    let mut first = db.write_all_orgs().await.unwrap();
    let mut second = Box::pin(db.write_all_orgs());
    assert!(second.as_mut().now_or_never().is_none(), "two writers");
    put(&mut first, format!("first-{try_number}"))
        .await
        .unwrap();
    let mut committed = Box::pin(first.commit());
    tokio::select! {
        biased;
        second = second.as_mut() => Some((second.unwrap(), committed)),
        result = committed.as_mut() => {
            result.unwrap();
            drop(second.await.unwrap());
            None
        }
    }
}

/// A change that waits while another is made goes into the same commit, and neither is
/// durable before.
#[tokio::test]
async fn changes_share_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    let [file, _] = stores(folder.path()).await;
    for number in 0..TRIES {
        let before = names(&file).await;
        let Some((mut second, committed)) = two_of_one(&file, number).await else {
            continue;
        };
        assert_eq!(names(&file).await, before);
        put(&mut second, format!("second-{number}")).await.unwrap();
        let (first, second) = futures::join!(committed, second.commit());
        first.unwrap();
        second.unwrap();
        assert_eq!(names(&file).await.len(), before.len() + 2);
        return;
    }
    panic!("no two changes shared a commit");
}

/// A change that fails, in whatever way, is undone alone.
#[tokio::test]
async fn a_failing_change_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()).await {
        let mut tried = 0;
        for end in ["dropped", "dropped within", "failed", "refused"] {
            loop {
                tried += 1;
                assert!(tried < TRIES, "no two changes shared a commit");
                let Some((mut second, committed)) = two_of_one(&store, tried).await else {
                    continue;
                };
                put(&mut second, format!("{end}-{tried}")).await.unwrap();
                match end {
                    "dropped within" => drop(put(&mut second, "again".into()).now_or_never()),
                    "failed" => drop(
                        put(&mut second, format!("first-{tried}"))
                            .await
                            .unwrap_err(),
                    ),
                    _ => {}
                }
                if end == "failed" {
                    let (error, first) = futures::join!(second.commit(), committed);
                    assert_eq!(error.unwrap_err().outcome, Outcome::NotApplied);
                    first.unwrap();
                } else {
                    drop(second);
                    committed.await.unwrap();
                }
                let names = names(&store).await;
                assert!(names.contains(&format!("first-{tried}")), "{names:?}");
                assert!(
                    names.iter().all(|name| name.starts_with("first")),
                    "{names:?}"
                );
                break;
            }
        }
        let mut last = store.inner.db.write_all_orgs().await.unwrap();
        put(&mut last, "first-last".into()).await.unwrap();
        last.commit().await.unwrap();
        store.close().await;
    }
}

/// Where the transaction ends by itself, all that shared it hear that nothing happened, and
/// nothing of it is there.
#[tokio::test]
async fn a_transaction_that_ends_by_itself_is_of_nobody() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path()).await {
        for number in 0..TRIES {
            let before = names(&store).await;
            let Some((mut second, committed)) = two_of_one(&store, number).await else {
                continue;
            };
            second.query("ROLLBACK").execute().await.unwrap();
            // Refused, so that its part is to be undone: it is not there any more.
            drop(second);
            let error = committed.await.unwrap_err();
            assert_eq!(error.outcome, Outcome::NotApplied, "{error}");
            assert!(error.is_transient(), "{error}");
            assert_eq!(names(&store).await, before);
            break;
        }
        let mut last = store.inner.db.write_all_orgs().await.unwrap();
        put(&mut last, "last".into()).await.unwrap();
        last.commit().await.unwrap();
        assert!(names(&store).await.contains(&"last".to_string()));
        store.close().await;
    }
}

/// Many callers at once, of several orgs and sessions, some of which are given up: what was
/// acknowledged is there, and each answer is the call's own.
#[tokio::test(flavor = "multi_thread")]
async fn many_at_once() {
    use everruns_core::traits::SessionStorageStore;
    use mortise_proto::rpc::table::session_storage_store_service::SET_VALUE;
    let folder = tempfile::tempdir().unwrap();
    let [file, _] = stores(folder.path()).await;
    let mut callers = Vec::new();
    for org_id in 1..=3 {
        let session = new_session(&adapter(&file, org_id)).await;
        for number in 0..40 {
            let request = format!("request-{number}");
            let set = call(&file, org_id, SET_VALUE.method, &request);
            callers.push(tokio::spawn(async move {
                let (key, value) = (format!("key-{number}"), format!("{org_id}-{number}"));
                let storage = set.storage();
                let set = storage.set_value(session, &key, &value);
                if number % 4 == 3 {
                    let within = std::time::Duration::from_micros(50 * number);
                    drop(tokio::time::timeout(within, set).await);
                } else {
                    set.await.unwrap();
                }
                // The same again is the same change.
                storage.set_value(session, &key, "other").await.unwrap();
                let seen = storage.get_value(session, &key).await.unwrap().unwrap();
                let is_given_up = number % 4 == 3 && seen == "other";
                assert!(seen == value || is_given_up, "{seen}, not {value}");
            }));
        }
    }
    for caller in callers {
        caller.await.unwrap();
    }
    file.close().await;
}
