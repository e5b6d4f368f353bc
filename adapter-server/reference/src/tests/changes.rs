//! Changes that are sent twice.

use super::*;
use everruns_core::SessionStatus;
use everruns_core::traits::{SessionFileSystem, SessionMutator, SessionStorageStore};
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::runtime_host_service::SET_SESSION_STATUS;
use mortise_proto::rpc::table::session_file_system_service as files;
use mortise_proto::rpc::table::session_mutator_service::UPDATE_SESSION_TITLE;
use mortise_proto::rpc::table::session_storage_store_service as storage;

/// The first answer is given again, and what has happened since stays.
#[tokio::test]
async fn the_first_answer_again() {
    let store = Store::new().await;
    let plain = store.org1();
    let session = new_session(&plain).await;

    let write = store.call(files::WRITE_FILE.method, "write");
    let first = write
        .files()
        .write_file(session, "/a", "one", "text")
        .await
        .unwrap();
    plain
        .files()
        .write_file(session, "/a", "two", "text")
        .await
        .unwrap();
    let again = write
        .files()
        .write_file(session, "/a", "one", "text")
        .await
        .unwrap();
    assert_eq!(json!(first), json!(again));
    let read = plain
        .files()
        .read_file(session, "/a")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(read.content.as_deref(), Some("two"));

    let cas = store.call(files::WRITE_FILE_IF_CONTENT_MATCHES.method, "cas");
    let cas = cas.files();
    for _ in 0..2 {
        let won = cas.write_file_if_content_matches(session, "/a", "two", "text", "three", "text");
        assert!(won.await.unwrap().is_some());
    }

    let delete = store.call(files::DELETE_FILE.method, "delete");
    for _ in 0..2 {
        assert!(
            delete
                .files()
                .delete_file(session, "/a", false)
                .await
                .unwrap()
        );
    }
    assert!(
        !plain
            .files()
            .delete_file(session, "/a", false)
            .await
            .unwrap()
    );

    let make = store.call(files::CREATE_DIRECTORY.method, "make");
    let first = make.files().create_directory(session, "/d").await.unwrap();
    plain
        .files()
        .delete_file(session, "/d", false)
        .await
        .unwrap();
    assert_eq!(
        json!(make.files().create_directory(session, "/d").await.unwrap()),
        json!(first)
    );
    assert!(
        plain
            .files()
            .stat_file(session, "/d")
            .await
            .unwrap()
            .is_none()
    );

    let title = store.call(UPDATE_SESSION_TITLE.method, "title");
    let first = title
        .session_changes()
        .update_session_title(session, "t".into())
        .await
        .unwrap();
    let active = plain
        .set_session_status(1, session, SessionStatus::Active)
        .await
        .unwrap();
    let again = title
        .session_changes()
        .update_session_title(session, "t".into())
        .await
        .unwrap();
    assert_eq!(json!(first), json!(again));
    assert!(active.updated_at > first.updated_at);

    let status = store.call(SET_SESSION_STATUS.method, "status");
    let first = status
        .set_session_status(1, session, SessionStatus::Idle)
        .await
        .unwrap();
    let again = status
        .set_session_status(1, session, SessionStatus::Idle)
        .await
        .unwrap();
    assert_eq!(first.updated_at, again.updated_at);

    let set = store.call(storage::SET_VALUE.method, "set");
    set.storage().set_value(session, "k", "v").await.unwrap();
    let delete = store.call(storage::DELETE_VALUE.method, "unset");
    assert!(delete.storage().delete_value(session, "k").await.unwrap());
    set.storage().set_value(session, "k", "v").await.unwrap();
    assert_eq!(plain.storage().get_value(session, "k").await.unwrap(), None);
    assert!(delete.storage().delete_value(session, "k").await.unwrap());
}

/// Two calls with one id that arrive together happen once.
#[tokio::test(flavor = "multi_thread")]
async fn together_is_once() {
    let store = Store::new().await;
    let session = new_session(&store.org1()).await;
    let write = store.call(files::WRITE_FILE.method, "write");
    let calls = (0..8).map(|_| {
        let write = write.clone();
        tokio::spawn(async move {
            write
                .files()
                .write_file(session, "/a", "x", "text")
                .await
                .unwrap()
        })
    });
    let answers: Vec<_> = futures::future::join_all(calls)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(
        answers
            .iter()
            .all(|answer| json!(answer) == json!(answers[0]))
    );
    assert_eq!(answers[0].created_at, answers[0].updated_at);
}

/// A refusal is not remembered: nothing has happened, and the same request may
/// succeed later. Another method under a used id is refused and does nothing.
#[tokio::test]
async fn refusals_and_reuse() {
    let store = Store::new().await;
    let plain = store.org1();
    let session = new_session(&plain).await;
    let write = store.call(files::WRITE_FILE.method, "id");
    plain.files().create_directory(session, "/a").await.unwrap();
    write
        .files()
        .write_file(session, "/a", "x", "text")
        .await
        .unwrap_err();
    plain
        .files()
        .delete_file(session, "/a", false)
        .await
        .unwrap();
    write
        .files()
        .write_file(session, "/a", "x", "text")
        .await
        .unwrap();

    let delete = store.call(files::DELETE_FILE.method, "id");
    let error = delete
        .files()
        .delete_file(session, "/a", false)
        .await
        .unwrap_err();
    let error = StoreError::from(error);
    assert_eq!(error.reason, Some(ErrorReason::RequestIdReused));
    assert!(
        plain
            .files()
            .stat_file(session, "/a")
            .await
            .unwrap()
            .is_some()
    );

    // The id belongs to the org: another may use the same.
    let theirs = call(&store.reference, 2, files::CREATE_DIRECTORY.method, "id");
    let session = new_session(&theirs).await;
    theirs
        .files()
        .create_directory(session, "/a")
        .await
        .unwrap();
}

/// Old answers go, as many as come; young ones stay.
#[tokio::test]
async fn old_answers_are_dropped() {
    let store = Store::new().await;
    let plain = store.org1();
    let session = new_session(&plain).await;
    let count = async |condition: &'static str| -> i64 {
        let mut conn = store.reference.inner.db.read_all_orgs().await.unwrap();
        let (count,) = conn.query_as(condition).fetch_one().await.unwrap();
        count
    };
    for _ in 0..3 {
        let group = (0..300).map(|_| plain_event(session)).collect();
        assert!(plain.events().append(group).await.iter().all(Result::is_ok));
    }
    assert_eq!(count("SELECT count(*) FROM replies").await, 900);
    let mut tx = store.reference.inner.db.write_all_orgs().await.unwrap();
    tx.query("UPDATE replies SET created_at = 1")
        .execute()
        .await
        .unwrap();
    tx.commit().await.unwrap();
    for _ in 0..3 {
        let group = (0..300).map(|_| plain_event(session)).collect();
        assert!(plain.events().append(group).await.iter().all(Result::is_ok));
    }
    assert_eq!(count("SELECT count(*) FROM replies").await, 900);
    assert_eq!(
        count("SELECT count(*) FROM replies WHERE created_at = 1").await,
        0
    );
    assert_eq!(count("SELECT count(*) FROM events").await, 1800);
}

/// Answers are kept for so much time that passes, whatever the clock says: one that stands
/// days ahead at the next start drops none.
#[tokio::test]
async fn a_clock_that_jumps_forgets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let url = database().fresh(folder.path()).await;
    let open = async || Reference::open(config(url.clone())).await.unwrap();
    let day = 24 * 60 * 60 * 1_000_000_000_i64;
    let first = open().await;
    let session = new_session(&adapter(&first, 1)).await;
    for request_id in ["old", "new"] {
        let event = AppendRequest {
            request_id: request_id.into(),
            ..plain_event(session)
        };
        append(&adapter(&first, 1), event).await.unwrap();
    }
    let mut tx = first.inner.db.write_all_orgs().await.unwrap();
    for (request_id, days) in [("old", 17), ("new", 8)] {
        tx.query("UPDATE replies SET created_at = created_at - $1 WHERE request_id = $2")
            .bind(days * day)
            .bind(request_id)
            .execute()
            .await
            .unwrap();
    }
    let rest = "DELETE FROM replies WHERE request_id NOT IN ('old', 'new')";
    tx.query(rest).execute().await.unwrap();
    tx.commit().await.unwrap();
    first.close().await;

    let second = open().await;
    let mut conn = second.inner.db.read_all_orgs().await.unwrap();
    let kept = "SELECT request_id FROM replies";
    let kept: Vec<(String,)> = conn.query_as(kept).fetch_all().await.unwrap();
    assert_eq!(kept, [("new".to_string(),)]);
    drop(conn);
    second.close().await;
}

fn plain_event(session: SessionId) -> AppendRequest {
    super::plain(session)
}
