//! What is there after a restart.

use super::*;
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::traits::{SessionFileSystem, SessionStorageStore, SessionStore};
use mortise_proto::rpc::table::session_file_system_service::WRITE_FILE;

/// Everything that was acknowledged is there, sequence numbers go on, and answers are
/// still remembered.
#[tokio::test]
async fn a_reopened_storage_has_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("with space?#%41.db");
    // A question mark would be read as a parameter.
    let path = Path::new(&path.display().to_string().replace('?', "")).to_path_buf();
    let store = open(&path).await;
    let before = adapter(&store, 1);
    let session = new_session(&before).await;
    let emit = input(session, &Message::user("kept"));
    let ack = append(&before, emit.clone()).await.unwrap();
    let write = call(&store, 1, WRITE_FILE.method, "write");
    let written = write
        .files()
        .write_file(session, "/a", "x", "text")
        .await
        .unwrap();
    before.storage().set_value(session, "k", "v").await.unwrap();
    before
        .storage()
        .set_secret(session, "s", "sealed")
        .await
        .unwrap();
    let known = before
        .sessions()
        .get_session(session)
        .await
        .unwrap()
        .unwrap();
    store.close().await;
    let closed = before.sessions().get_session(session).await.unwrap_err();
    assert!(StoreError::from(closed).is_transient());
    let closed = append(&before, plain(session)).await.unwrap_err();
    assert!(closed.is_transient());
    assert!(database() == Database::Postgres || path.exists());

    let store = open(&path).await;
    let after = adapter(&store, 1);
    assert_eq!(
        json!(
            after
                .sessions()
                .get_session(session)
                .await
                .unwrap()
                .unwrap()
        ),
        json!(known)
    );
    assert_eq!(append(&after, emit).await.unwrap(), ack);
    assert_eq!(append(&after, plain(session)).await.unwrap().sequence, 2);
    assert_eq!(after.messages().count(session).await.unwrap(), 1);
    let write = call(&store, 1, WRITE_FILE.method, "write");
    let again = write
        .files()
        .write_file(session, "/a", "x", "text")
        .await
        .unwrap();
    assert_eq!(json!(written), json!(again));
    assert_eq!(
        after
            .storage()
            .get_value(session, "k")
            .await
            .unwrap()
            .as_deref(),
        Some("v")
    );
    assert_eq!(
        after
            .storage()
            .get_secret(session, "s")
            .await
            .unwrap()
            .as_deref(),
        Some("sealed")
    );
}

/// A call that is given up in the middle leaves the storage usable, whenever that is.
#[tokio::test]
async fn calls_may_be_given_up() {
    let store = Store::new().await;
    let fs = store.org1();
    let session = new_session(&fs).await;
    let files = fs.files();
    for micros in 0..200 {
        let write = files.write_file(session, "/a", "x", "text");
        let emit = append(&fs, plain(session));
        let both = futures::future::join(write, emit);
        drop(tokio::time::timeout(std::time::Duration::from_micros(micros * 5), both).await);
    }
    fs.files()
        .write_file(session, "/b", "x", "text")
        .await
        .unwrap();
    let last = append(&fs, plain(session)).await.unwrap();
    let read = fs.events().read(session, 0, 1000).await.unwrap();
    let sequences: Vec<i64> = read.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=last.sequence).collect::<Vec<i64>>());
}

/// Two servers on one file keep one record: neither loses or repeats a number.
#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let servers = [open(&path).await, open(&path).await];
    let session = new_session(&adapter(&servers[0], 1)).await;
    let emits = (0..8).map(|n| {
        let adapter = adapter(&servers[n % 2], 1);
        tokio::spawn(async move {
            for _ in 0..8 {
                append(&adapter, plain(session)).await.unwrap();
            }
        })
    });
    for emit in futures::future::join_all(emits).await {
        emit.unwrap();
    }
    for server in &servers {
        let read = adapter(server, 1)
            .events()
            .read(session, 0, 1000)
            .await
            .unwrap();
        let sequences: Vec<i64> = read.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, (1..=64).collect::<Vec<i64>>());
    }
}
