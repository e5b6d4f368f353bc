//! SQL databases of sessions over a socket, on every database that they are kept in.

mod together;

use everruns_core::session_sqldb::SessionSqlDbError;
use everruns_core::traits::SessionSqlDbStoreRef;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::GrpcHostAdapter;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::{TestHost, seed};
use serde_json::{Value, json};

const NUMBERS: &str = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT ";

fn store(adapter: &GrpcHostAdapter) -> SessionSqlDbStoreRef {
    adapter.sqldb_store().unwrap()
}

/// The rows of a query on the database `d`.
async fn rows(store: &SessionSqlDbStoreRef, session: SessionId, sql: &str) -> Value {
    json!(store.sql_query(session, "d", sql).await.unwrap().rows)
}

/// The error as it is named and told.
fn told<T: std::fmt::Debug>(result: Result<T, SessionSqlDbError>) -> String {
    format!("{:?}", result.unwrap_err())
}

/// A second session, and the databases of an org that has none.
async fn neighbours(stage: &TestHost) -> (SessionId, SessionSqlDbStoreRef) {
    let other_session = seed(&stage.adapter).await;
    let other_org = stage.mesh.adapter(2).build().await.unwrap();
    (other_session, store(&other_org))
}

/// The three ways to see a database agree; a name is checked; other sessions and other
/// orgs have nothing, and can put nothing there.
#[tokio::test]
async fn databases_come_and_go() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let (store, session) = (store(&stage.adapter), stage.session_id);
        let (other_session, other_org) = neighbours(&stage).await;

        let made = store.create_database(session, "made").await.unwrap();
        assert_eq!((made.size_bytes, made.page_count), (0, 0));
        assert_eq!(made.created_at, made.updated_at);
        let executed = store
            .sql_execute(session, "Auto_2", "CREATE TABLE t(a)")
            .await;
        assert_eq!(executed.unwrap().rows_affected, 0);
        let listed = store.list_databases(session).await.unwrap();
        let names: Vec<_> = listed.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["Auto_2", "made"]);
        assert_eq!(json!(listed[1]), json!(made));
        let got = store
            .get_database(session, "Auto_2")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(json!(got), json!(listed[0]));
        assert!(got.size_bytes > 0 && got.page_count > 0);
        assert_eq!(
            told(store.create_database(session, "made").await),
            "DatabaseAlreadyExists(\"made\")"
        );
        store.create_database(session, "MADE").await.unwrap();

        let long = "x".repeat(65);
        for name in ["", "a-b", "../x", "a b", "ü", "a\0", "main.t", &long] {
            let tries = [
                told(store.create_database(session, name).await),
                told(store.get_database(session, name).await),
                told(store.delete_database(session, name).await),
                told(store.sql_execute(session, name, "SELECT 1").await),
                told(store.sql_query(session, name, "SELECT 1").await),
                told(store.sql_schema(session, name, None).await),
            ];
            for told in tries {
                assert!(told.starts_with("InvalidDatabaseName("), "{name:?}: {told}");
            }
        }

        for (store, session) in [(&store, other_session), (&other_org, session)] {
            assert!(store.list_databases(session).await.unwrap().is_empty());
            assert!(store.get_database(session, "made").await.unwrap().is_none());
            assert!(!store.delete_database(session, "made").await.unwrap());
            let absent = "DatabaseNotFound(\"made\")";
            assert_eq!(
                told(store.sql_query(session, "made", "SELECT 1").await),
                absent
            );
            assert_eq!(told(store.sql_schema(session, "made", None).await), absent);
        }
        // The host is told that a session is missing; a model could do nothing about it.
        for session in [session, SessionId::new()] {
            let refused = other_org
                .sql_execute(session, "d", "CREATE TABLE t(a)")
                .await;
            assert!(told(refused).starts_with("Internal(\"session not found: "));
            let refused = other_org.create_database(session, "d").await;
            assert!(told(refused).starts_with("Internal(\"session not found: "));
        }

        assert!(store.delete_database(session, "Auto_2").await.unwrap());
        assert!(!store.delete_database(session, "Auto_2").await.unwrap());
        assert!(
            store
                .get_database(session, "Auto_2")
                .await
                .unwrap()
                .is_none()
        );
        store.create_database(other_session, "made").await.unwrap();
    }
}

/// What was put in comes out: rows and columns in their order, every value exactly, and
/// how many rows were touched.
#[tokio::test]
async fn values_come_back() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let (store, session) = (store(&stage.adapter), stage.session_id);
        let run = async |sql: &str| store.sql_execute(session, "d", sql).await.unwrap();
        let script = "CREATE TABLE t(id INTEGER PRIMARY KEY, v); \
            INSERT INTO t(v) VALUES (NULL), (9007199254740993), (-9223372036854775808), (1.0), \
                (0.1), (5e-324), (9e999), ('Grüße ' || char(0) || '🦀\r\n'), (x'00ff10'), ('')";
        assert_eq!(run(script).await.rows_affected, 10);
        let result = store
            .sql_query(session, "d", "SELECT v, id, v AS v FROM t ORDER BY id")
            .await;
        let result = result.unwrap();
        assert_eq!(result.columns, ["v", "id", "v"]);
        assert_eq!((result.row_count, result.truncated), (10, false));
        let values: Vec<&Value> = result.rows.iter().map(|row| &row[0]).collect();
        assert_eq!(
            serde_json::to_string(&values).unwrap(),
            "[null,9007199254740993,-9223372036854775808,1.0,0.1,5e-324,\"Infinity\",\
             \"Grüße \\u0000🦀\\r\\n\",{\"$base64\":\"AP8Q\"},\"\"]"
        );
        assert_eq!(result.rows[9], [json!(""), json!(10), json!("")]);

        assert_eq!(
            run("UPDATE t SET v = 1 WHERE id > 7").await.rows_affected,
            3
        );
        assert_eq!(run("DELETE FROM t WHERE id > 99").await.rows_affected, 0);
        assert_eq!(run("DELETE FROM t; DROP TABLE t").await.rows_affected, 10);
        let none = store
            .sql_query(session, "d", "SELECT 1 AS a WHERE 0")
            .await
            .unwrap();
        assert_eq!((none.columns, none.rows.len()), (vec!["a".to_string()], 0));
        assert!(!none.truncated);
    }
}

/// Large results cross in runs: a thousand wide rows close to the limit, and the first
/// thousand of a hundred thousand. More bytes than the limit are refused.
#[tokio::test]
async fn large_results_cross() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let (store, session) = (store(&stage.adapter), stage.session_id);
        let fill = format!(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, v); \
             INSERT INTO t {NUMBERS} 100000) SELECT x, 'row ' || x FROM n"
        );
        let filled = store.sql_execute(session, "d", &fill).await.unwrap();
        assert_eq!(filled.rows_affected, 100_000);
        let cut = store
            .sql_query(session, "d", "SELECT * FROM t")
            .await
            .unwrap();
        assert_eq!(
            (cut.row_count, cut.rows.len(), cut.truncated),
            (1000, 1000, true)
        );
        assert_eq!(cut.rows[999], [json!(1000), json!("row 1000")]);
        let count = rows(&store, session, "SELECT count(*), sum(length(v)) FROM t").await;
        assert_eq!(count, json!([[100_000, 888_895]]));

        let wide = format!("{NUMBERS} 1000) SELECT x, hex(zeroblob(2080)) FROM n");
        let wide = store.sql_query(session, "d", &wide).await.unwrap();
        assert_eq!((wide.rows.len(), wide.truncated), (1000, false));
        assert!(
            wide.rows
                .iter()
                .all(|row| row[1].as_str().unwrap().len() == 4160)
        );
        let wider = format!("{NUMBERS} 1000) SELECT x, hex(zeroblob(2100)) FROM n");
        let told = told(store.sql_query(session, "d", &wider).await);
        assert!(told.starts_with("ResultTooLarge("), "{told}");
        let blob = "SELECT randomblob(1000000)";
        let encoded = rows(&store, session, blob).await[0][0]["$base64"].clone();
        assert_eq!(encoded.as_str().unwrap().len(), 1_333_336);
    }
}

/// Each thing that a model can get wrong comes back as the error that says so.
#[tokio::test]
async fn faults_are_told_apart() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let (store, session) = (store(&stage.adapter), stage.session_id);
        let made = "CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1)";
        store.sql_execute(session, "d", made).await.unwrap();
        let execute = async |sql: &str| told(store.sql_execute(session, "d", sql).await);
        let query = async |sql: &str| told(store.sql_query(session, "d", sql).await);
        assert_eq!(
            execute("SELEC 1").await,
            "QueryError(\"near \\\"SELEC\\\": syntax error\")"
        );
        assert_eq!(
            execute("INSERT INTO t VALUES (2); INSERT INTO t VALUES (1)").await,
            "QueryError(\"UNIQUE constraint failed: t.a (statement 2; those before it were undone)\")"
        );
        assert_eq!(
            execute("ATTACH '/etc/passwd' AS x").await,
            "AuthorizerBlocked(\"ATTACH, DETACH and VACUUM are not available\")"
        );
        assert_eq!(
            query("DELETE FROM t").await,
            "AuthorizerBlocked(\"a query changes nothing; use sql_execute\")"
        );
        assert_eq!(
            query("SELECT zeroblob(1000000000)").await,
            "LimitExceeded(\"a value or a row has at most 1048576 bytes\")"
        );
        assert_eq!(
            query("SELECT * FROM u").await,
            "QueryError(\"no such table: u\")"
        );
        assert_eq!(rows(&store, session, "SELECT a FROM t").await, json!([[1]]));
        for number in 1..10 {
            let name = format!("d{number}");
            store.create_database(session, &name).await.unwrap();
        }
        assert_eq!(
            told(store.create_database(session, "one_more").await),
            "LimitExceeded(\"a session has at most 10 databases\")"
        );
    }
}

/// Tables are described with their columns and counted; a table that is not there is an
/// empty list.
#[tokio::test]
async fn schemas_come_back() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let (store, session) = (store(&stage.adapter), stage.session_id);
        let made = "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT NOT NULL, \
                                       at TEXT DEFAULT CURRENT_TIMESTAMP); \
                    CREATE TABLE empty(x); INSERT INTO users(name) VALUES ('a'), ('b')";
        store.sql_execute(session, "d", made).await.unwrap();
        let all = store.sql_schema(session, "d", None).await.unwrap();
        let column = |name, column_type, notnull, pk, default: Option<&str>| json!({"name": name, "type": column_type, "notnull": notnull, "pk": pk, "default_value": default});
        let users = json!({"name": "users", "row_count": 2, "columns": [
            column("id", "INTEGER", false, true, None),
            column("name", "TEXT", true, false, None),
            column("at", "TEXT", false, false, Some("CURRENT_TIMESTAMP")),
        ]});
        let empty = json!({"name": "empty", "row_count": 0, "columns": [
            column("x", "", false, false, None),
        ]});
        assert_eq!(json!(all), json!([empty, users]));
        let one = store.sql_schema(session, "d", Some("USERS")).await.unwrap();
        assert_eq!(json!(one), json!([users]));
        let none = store.sql_schema(session, "d", Some("x")).await.unwrap();
        assert!(none.is_empty());

        // More columns than one message holds.
        let columns: Vec<_> = (0..480)
            .map(|n| format!("\"{n}{}\"", "c".repeat(100)))
            .collect();
        for table in 0..10 {
            let sql = format!("CREATE TABLE wide{table}({})", columns.join(", "));
            store.sql_execute(session, "d", &sql).await.unwrap();
        }
        let all = store.sql_schema(session, "d", None).await.unwrap();
        let columns: usize = all.iter().map(|table| table.columns.len()).sum();
        assert_eq!((all.len(), columns), (12, 4804));
    }
}
