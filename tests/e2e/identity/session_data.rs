//! What a session keeps beside its history: files, values, secrets.

use super::{Pair, pair, same, same_debug};
use everruns_core::session_file::InitialFile;
use everruns_runtime::RuntimeHostAdapter;

/// All nine file methods give the same, errors among them.
#[tokio::test]
async fn files_are_the_same() {
    let Pair {
        local,
        remote,
        session_id,
        _server,
        ..
    } = pair().await;
    let (here, there) = (local.file_store(), remote.file_store());
    let written = there
        .write_file(session_id, "/a/b.txt", "α\r\n\0", "text")
        .await;
    same(
        here.read_file(session_id, "/a/b.txt")
            .await
            .map(Option::unwrap),
        written,
    );
    same(
        here.read_file(session_id, "/none").await,
        there.read_file(session_id, "/none").await,
    );
    same(
        here.read_file(session_id, "/a").await,
        there.read_file(session_id, "/a").await,
    );
    same(
        here.stat_file(session_id, "/a/b.txt").await,
        there.stat_file(session_id, "/a/b.txt").await,
    );
    same(
        here.list_directory(session_id, "/a").await,
        there.list_directory(session_id, "/a").await,
    );
    let changed = there
        .write_file_if_content_matches(session_id, "/a/b.txt", "α\r\n\0", "text", "x\ny", "text")
        .await
        .unwrap();
    assert_eq!(changed.unwrap().content.as_deref(), Some("x\ny"));
    let stale = there
        .write_file_if_content_matches(session_id, "/a/b.txt", "stale", "text", "z", "text")
        .await
        .unwrap();
    assert!(stale.is_none());
    same(
        here.grep_files(session_id, "y", None).await,
        there.grep_files(session_id, "y", None).await,
    );
    let made = there.create_directory(session_id, "/d").await;
    same(here.create_directory(session_id, "/d").await, made);
    let seed = InitialFile {
        path: "/ro.txt".into(),
        content: "fixed".into(),
        encoding: "text".into(),
        is_readonly: true,
    };
    there.seed_initial_file(session_id, &seed).await.unwrap();
    same(
        here.write_file(session_id, "/ro.txt", "no", "text").await,
        there.write_file(session_id, "/ro.txt", "no", "text").await,
    );
    assert!(
        there
            .delete_file(session_id, "/a/b.txt", false)
            .await
            .unwrap()
    );
    assert!(
        !there
            .delete_file(session_id, "/a/b.txt", false)
            .await
            .unwrap()
    );
}

/// The optional store works where X has it.
#[tokio::test]
async fn values_and_secrets_are_the_same() {
    let Pair {
        local,
        remote,
        session_id,
        _server,
        ..
    } = pair().await;
    let (here, there) = (
        local.storage_store().unwrap(),
        remote.storage_store().unwrap(),
    );
    there.set_value(session_id, "k", "").await.unwrap();
    there.set_secret(session_id, "k", "hush").await.unwrap();
    same(
        here.get_value(session_id, "k").await,
        there.get_value(session_id, "k").await,
    );
    same(
        here.get_value(session_id, "none").await,
        there.get_value(session_id, "none").await,
    );
    same(
        here.get_secret(session_id, "k").await,
        there.get_secret(session_id, "k").await,
    );
    same_debug(
        &here.list_keys(session_id).await.unwrap(),
        &there.list_keys(session_id).await.unwrap(),
    );
    same_debug(
        &here.list_secrets(session_id).await.unwrap(),
        &there.list_secrets(session_id).await.unwrap(),
    );
    assert!(there.delete_value(session_id, "k").await.unwrap());
    assert!(!there.delete_value(session_id, "k").await.unwrap());
    assert!(there.delete_secret(session_id, "k").await.unwrap());
}
