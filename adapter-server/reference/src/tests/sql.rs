//! SQL databases of sessions: how it is stored what statements change.

use super::*;
use crate::tests::statements::{kind, row};
use everruns_core::session_sqldb::SessionSqlDbStore;
use futures::future::join_all;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::session_sql_db_store_service as sql;

/// A call that fails changes nothing, however far it came, and leaves no database
/// behind.
#[tokio::test]
async fn all_or_nothing() {
    let store = Store::new().await;
    let adapter = store.org1();
    let session = new_session(&adapter).await;
    let run =
        async |name: &str, sql: &str| adapter.databases().sql_execute(session, name, sql).await;
    run("d", "CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let before = adapter
        .databases()
        .get_database(session, "d")
        .await
        .unwrap()
        .unwrap();
    for failing in [
        "INSERT INTO t VALUES (2); INSERT INTO t VALUES (1)",
        "INSERT INTO t VALUES (2); COMMIT",
        "INSERT INTO t VALUES (2); SELEC",
        "BEGIN; INSERT INTO t VALUES (2)",
        "BEGIN; INSERT INTO t VALUES (2); COMMIT; INSERT INTO t VALUES (1)",
    ] {
        assert_eq!(
            kind(run("d", failing).await),
            ErrorReason::SqlQueryError,
            "{failing}"
        );
        let created = run("new", failing).await;
        assert_eq!(kind(created), ErrorReason::SqlQueryError, "{failing}");
    }
    assert_eq!(
        row(&adapter, session, "SELECT count(*) FROM t").await,
        json!([1])
    );
    let databases = adapter.databases().list_databases(session).await.unwrap();
    assert_eq!(json!(databases), json!([before]));

    // What changes nothing is no change, and a rollback changes nothing.
    run(
        "d",
        "BEGIN; DELETE FROM t; ROLLBACK; SELECT 1; UPDATE t SET a = 2 WHERE a = 9",
    )
    .await
    .unwrap();
    let after = adapter
        .databases()
        .get_database(session, "d")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(json!(after), json!(before));
    run("d", "INSERT INTO t VALUES (2)").await.unwrap();
    let after = adapter
        .databases()
        .get_database(session, "d")
        .await
        .unwrap()
        .unwrap();
    assert!(after.updated_at > before.updated_at);
    assert_eq!(after.created_at, before.created_at);
}

/// A change to a large database writes the chunks that differ, and a database that
/// shrinks drops the rest.
#[tokio::test]
async fn a_change_writes_what_differs() {
    let store = Store::new().await;
    let adapter = store.org1();
    let session = new_session(&adapter).await;
    let chunks = async || {
        let mut conn = store.reference.inner.db.read_all_orgs().await.unwrap();
        let sql = "SELECT position, content FROM sql_database_chunks ORDER BY position";
        let rows: Vec<(i64, Vec<u8>)> = conn.query_as(sql).fetch_all().await.unwrap();
        rows
    };
    let fill = "CREATE TABLE t(a INTEGER PRIMARY KEY, b); INSERT INTO t(b) \
                WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 3000) \
                SELECT randomblob(1000) FROM c";
    adapter
        .databases()
        .sql_execute(session, "d", fill)
        .await
        .unwrap();
    let before = chunks().await;
    assert!(before.len() > 40);
    let change = "UPDATE t SET b = randomblob(1000) WHERE a = 1500";
    adapter
        .databases()
        .sql_execute(session, "d", change)
        .await
        .unwrap();
    let after = chunks().await;
    let changed = before.iter().zip(&after).filter(|(old, new)| old != new);
    assert!((1..=3).contains(&changed.count()));

    adapter
        .databases()
        .sql_execute(session, "d", "DELETE FROM t")
        .await
        .unwrap();
    assert_eq!(chunks().await.len(), 1);
    assert!(
        adapter
            .databases()
            .delete_database(session, "d")
            .await
            .unwrap()
    );
    assert!(chunks().await.is_empty());
}

/// A change that is sent twice happens once, also when it could not happen twice.
#[tokio::test]
async fn a_change_happens_once() {
    let store = Store::new().await;
    let plain = store.org1();
    let session = new_session(&plain).await;
    let execute = store.call(sql::SQL_EXECUTE.method, "execute");
    let script = "CREATE TABLE t(a); INSERT INTO t VALUES (1)";
    for _ in 0..2 {
        let result = execute
            .databases()
            .sql_execute(session, "d", script)
            .await
            .unwrap();
        assert_eq!(result.rows_affected, 1);
    }
    let both = store.call(sql::SQL_EXECUTE.method, "both").databases();
    let insert = || both.sql_execute(session, "d", "INSERT INTO t VALUES (2)");
    let results = join_all([insert(), insert(), insert()]).await;
    assert!(results.iter().all(|result| result.is_ok()), "{results:?}");
    assert_eq!(
        row(&plain, session, "SELECT count(*) FROM t").await,
        json!([2])
    );

    let create = store.call(sql::CREATE_DATABASE.method, "create");
    let first = create
        .databases()
        .create_database(session, "e")
        .await
        .unwrap();
    let again = create
        .databases()
        .create_database(session, "e")
        .await
        .unwrap();
    assert_eq!(json!(first), json!(again));
    let delete = store.call(sql::DELETE_DATABASE.method, "delete");
    for _ in 0..2 {
        assert!(
            delete
                .databases()
                .delete_database(session, "e")
                .await
                .unwrap()
        );
    }
    assert!(
        !plain
            .databases()
            .delete_database(session, "e")
            .await
            .unwrap()
    );
    let reused = store.call(sql::SQL_EXECUTE.method, "create");
    assert_eq!(
        kind(
            reused
                .databases()
                .sql_execute(session, "d", "SELECT 1")
                .await
        ),
        ErrorReason::SqlInternal
    );
}

/// Two processes over one storage see each other's changes at once and lose none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shared.db");
    let (one, two) = (open(&path).await, open(&path).await);
    let adapters = [adapter(&one, 1), adapter(&two, 1)];
    let session = new_session(&adapters[0]).await;
    let made = "CREATE TABLE t(a); INSERT INTO t VALUES (0)";
    adapters[0]
        .databases()
        .sql_execute(session, "d", made)
        .await
        .unwrap();
    let changes = (0..40).map(|number| {
        let adapter = adapters[number % 2].clone();
        let sql =
            format!("UPDATE t SET a = a + 1 WHERE a >= 0; INSERT INTO t VALUES (-{number} - 1)");
        tokio::spawn(async move {
            adapter
                .databases()
                .sql_execute(session, "d", &sql)
                .await
                .unwrap()
        })
    });
    for change in join_all(changes).await {
        assert_eq!(change.unwrap().rows_affected, 2);
    }
    for adapter in &adapters {
        let found = row(adapter, session, "SELECT max(a), count(*) FROM t").await;
        assert_eq!(found, json!([40, 41]));
    }

    // A database that was deleted and made again elsewhere is not taken for the old one.
    assert!(
        adapters[0]
            .databases()
            .delete_database(session, "d")
            .await
            .unwrap()
    );
    assert!(
        adapters[1]
            .databases()
            .get_database(session, "d")
            .await
            .unwrap()
            .is_none()
    );
    let again = "CREATE TABLE t(a, b)";
    adapters[0]
        .databases()
        .sql_execute(session, "d", again)
        .await
        .unwrap();
    let found = row(&adapters[1], session, "SELECT count(*) FROM t").await;
    assert_eq!(found, json!([0]));
    one.close().await;
    two.close().await;

    let reopened = open(&path).await;
    let tables = adapter(&reopened, 1)
        .databases()
        .sql_schema(session, "d", None)
        .await;
    assert_eq!(tables.unwrap()[0].columns.len(), 2);
}
