//! SQL statements of sessions: what they may do, what comes of them, and what they are
//! limited to. None of it depends on where a database is kept.

mod limits;
pub(super) mod workers;

use super::*;
use crate::SqlLimits;
use everruns_core::session_sqldb::{SessionSqlDbError, SessionSqlDbStore};
use mortise_proto::pb::ErrorReason;
use std::time::Duration;

const COUNT_FOREVER: &str = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) \
                             SELECT count(*) FROM c";

/// A storage with limits that a test meets soon.
async fn limited(limits: SqlLimits) -> Reference {
    let config = ReferenceConfig {
        sql_limits: limits,
        ..config("sqlite::memory:".into())
    };
    Reference::open(config).await.unwrap()
}

/// One storage, with little time for statements and with as much as a busy machine needs.
struct Stores {
    hasty: Reference,
    patient: Reference,
    _folder: TempDir,
}

impl Stores {
    async fn open(time: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("r.db").display());
        let with = async |time| {
            let sql_limits = SqlLimits {
                time,
                ..SqlLimits::default()
            };
            let config = ReferenceConfig {
                sql_limits,
                ..config(url.clone())
            };
            Reference::open(config).await.unwrap()
        };
        Self {
            hasty: with(time).await,
            patient: with(Duration::from_secs(600)).await,
            _folder: folder,
        }
    }

    fn hasty(&self) -> ScopedReference {
        adapter(&self.hasty, 1)
    }

    fn patient(&self) -> ScopedReference {
        adapter(&self.patient, 1)
    }
}

/// The one row of a query.
pub(super) async fn row(
    adapter: &ScopedReference,
    session: SessionId,
    sql: &str,
) -> serde_json::Value {
    let result = adapter
        .databases()
        .sql_query(session, "d", sql)
        .await
        .unwrap();
    assert_eq!(result.rows.len(), 1, "{sql}");
    json!(result.rows[0])
}

/// What kind of error it is.
pub(super) fn kind<T>(result: Result<T, SessionSqlDbError>) -> ErrorReason {
    match result {
        Ok(_) => ErrorReason::Unspecified,
        Err(error) => StoreError::from(error).reason.unwrap(),
    }
}

/// No statement reaches beyond its database, breaks its file or outlives its call.
#[tokio::test]
async fn statements_are_shut_in() {
    let reference = in_memory().await;
    let adapter = adapter(&reference, 1);
    let session = new_session(&adapter).await;
    let made = "CREATE TABLE t(a); CREATE VIEW evil AS SELECT load_extension('/tmp/x.so')";
    adapter
        .databases()
        .sql_execute(session, "d", made)
        .await
        .unwrap();
    for statement in [
        "ATTACH '/tmp/mortise-escape.db' AS x",
        "ATTACH ':memory:' AS x",
        "ATTACH '/tmp/mortise' || '-escape.db' AS x",
        "DETACH main",
        "VACUUM",
        "VACUUM INTO '/tmp/mortise-escape.db'",
        "PRAGMA journal_mode = WAL",
        "PRAGMA writable_schema = ON",
        "PRAGMA temp_store_directory = '/tmp'",
        "PRAGMA hard_heap_limit = 1",
        "PRAGMA max_page_count = 1000000000",
        "PRAGMA page_size = 65536",
        "PRAGMA trusted_schema = ON",
        "PRAGMA case_sensitive_like = ON",
        "SELECT load_extension('/tmp/x.so')",
        "SELECT fts3_tokenizer('simple')",
        "CREATE TEMP TABLE passing(a)",
        "CREATE VIRTUAL TABLE v USING fts4(a)",
        "CREATE VIRTUAL TABLE v USING dbstat",
    ] {
        for statement in [statement.to_string(), format!("SELECT 1; {statement}")] {
            let tried = adapter
                .databases()
                .sql_execute(session, "d", &statement)
                .await;
            assert_eq!(
                kind(tried),
                ErrorReason::SqlAuthorizerBlocked,
                "{statement}"
            );
        }
    }
    assert!(!Path::new("/tmp/mortise-escape.db").exists());
    for statement in [
        "SELECT * FROM evil",
        "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 0, 'CREATE TABLE x(a)')",
        "SELECT writefile('/tmp/mortise-escape.db', 'x')",
        "SELECT * FROM sqlite_dbpage",
    ] {
        let tried = adapter
            .databases()
            .sql_execute(session, "d", statement)
            .await;
        assert_eq!(kind(tried), ErrorReason::SqlQueryError, "{statement}");
    }
}

/// A query reads, and nothing else.
#[tokio::test]
async fn a_query_only_reads() {
    let reference = in_memory().await;
    let adapter = adapter(&reference, 1);
    let session = new_session(&adapter).await;
    let made = "CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1)";
    adapter
        .databases()
        .sql_execute(session, "d", made)
        .await
        .unwrap();
    for statement in [
        "INSERT INTO t VALUES (2)",
        "INSERT INTO t VALUES (2) RETURNING a",
        "UPDATE t SET a = 2",
        "WITH x AS (SELECT 1) DELETE FROM t",
        "DROP TABLE t",
        "CREATE TABLE u(a)",
        "ALTER TABLE t RENAME TO u",
        "PRAGMA user_version = 7",
        "PRAGMA foreign_keys = OFF",
        "BEGIN",
        "SAVEPOINT s",
        "REINDEX",
        "ANALYZE",
        "ATTACH ':memory:' AS x",
        "SELECT load_extension('x')",
    ] {
        let tried = adapter.databases().sql_query(session, "d", statement).await;
        assert_eq!(
            kind(tried),
            ErrorReason::SqlAuthorizerBlocked,
            "{statement}"
        );
    }
    for statement in [
        "SELEC 1",
        "",
        " -- nothing\n;",
        "SELECT * FROM missing",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE t",
        "SELECT 1\0; DROP TABLE t",
    ] {
        let tried = adapter.databases().sql_query(session, "d", statement).await;
        assert_eq!(kind(tried), ErrorReason::SqlQueryError, "{statement:?}");
    }
    assert_eq!(row(&adapter, session, "SELECT a FROM t").await, json!([1]));
}

/// What SQLite offers within one database works: transactions, triggers, foreign keys,
/// views, windows, JSON, full text search, boxes, and PRAGMAs that tell.
#[tokio::test]
async fn ordinary_sqlite_works() {
    let reference = in_memory().await;
    let adapter = adapter(&reference, 1);
    let session = new_session(&adapter).await;
    let run = async |sql: &str| adapter.databases().sql_execute(session, "d", sql).await;
    let affected = async |sql: &str| run(sql).await.unwrap().rows_affected;

    assert_eq!(
        affected("CREATE TABLE t(a INTEGER PRIMARY KEY, b)").await,
        0
    );
    assert_eq!(affected("INSERT INTO t(b) VALUES (1), (2), (3)").await, 3);
    let script = "BEGIN; UPDATE t SET b = b + 1; SAVEPOINT s; DELETE FROM t WHERE a = 1; \
                  RELEASE s; COMMIT; SELECT * FROM t; CREATE TABLE log(a)";
    assert_eq!(affected(script).await, 4);
    assert_eq!(affected("UPDATE t SET b = 0 WHERE a = 99").await, 0);
    let trigger = "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END; \
                   INSERT INTO t(b) VALUES (4) RETURNING a;";
    assert_eq!(affected(trigger).await, 1);
    let keys = "CREATE TABLE child(a REFERENCES t(a)); INSERT INTO child VALUES (77)";
    let Err(SessionSqlDbError::QueryError(text)) = run(keys).await else {
        panic!("a foreign key was not enforced");
    };
    assert_eq!(
        text,
        "FOREIGN KEY constraint failed (statement 2; those before it were undone)"
    );
    let search = "CREATE VIRTUAL TABLE notes USING fts5(body); \
                  CREATE TRIGGER n AFTER INSERT ON log BEGIN INSERT INTO notes VALUES ('seen ' || new.a); END; \
                  INSERT INTO log VALUES (8); \
                  CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1); \
                  INSERT INTO boxes VALUES (1, 0.0, 2.0); CREATE VIEW w AS SELECT a FROM log; \
                  ALTER TABLE log ADD COLUMN at DEFAULT 'now'; ANALYZE; REINDEX; PRAGMA user_version = 7";
    affected(search).await;
    for (query, expected) in [
        ("SELECT count(*) FROM t", json!([3])),
        ("SELECT group_concat(a) FROM w", json!(["4,8"])),
        (
            "SELECT body FROM notes WHERE notes MATCH 'seen'",
            json!(["seen 8"]),
        ),
        ("SELECT id FROM boxes WHERE x0 < 1 AND x1 > 1", json!([1])),
        ("SELECT json_extract('{\"k\":[1,2]}', '$.k[1]')", json!([2])),
        ("SELECT sum(a) OVER () FROM t LIMIT 1", json!([9])),
        ("PRAGMA user_version", json!([7])),
        ("PRAGMA integrity_check", json!(["ok"])),
        ("SELECT count(*) FROM pragma_table_info('t')", json!([2])),
        (
            "EXPLAIN QUERY PLAN SELECT 1",
            json!([1, 0, 0, "SCAN CONSTANT ROW"]),
        ),
    ] {
        assert_eq!(row(&adapter, session, query).await, expected, "{query}");
    }
}

/// Every value comes out as the contract says.
#[tokio::test]
async fn values_are_exact() {
    let reference = in_memory().await;
    let adapter = adapter(&reference, 1);
    let session = new_session(&adapter).await;
    adapter
        .databases()
        .create_database(session, "d")
        .await
        .unwrap();
    let sql = "SELECT NULL, 9007199254740993, -9223372036854775808, 9223372036854775807, 1.0, 0.1, \
               -0.0, 5e-324, 9e999, -9e999, '', 'Grüße' || char(0) || '🦀', x'', x'00ff', \
               CAST(x'ff' AS TEXT), 9e999 - 9e999";
    let result = adapter
        .databases()
        .sql_query(session, "d", sql)
        .await
        .unwrap();
    let text = serde_json::to_string(&result.rows).unwrap();
    assert_eq!(
        text,
        "[[null,9007199254740993,-9223372036854775808,9223372036854775807,1.0,0.1,\
         -0.0,5e-324,\"Infinity\",\"-Infinity\",\"\",\"Grüße\\u0000🦀\",\
         {\"$base64\":\"\"},{\"$base64\":\"AP8=\"},{\"$base64\":\"/w==\"},null]]"
    );
    assert!(!result.truncated);
}

/// A table is described as it was declared; what SQLite makes for itself is left out.
#[tokio::test]
async fn tables_are_described() {
    let reference = in_memory().await;
    let adapter = adapter(&reference, 1);
    let session = new_session(&adapter).await;
    let made = "CREATE TABLE \"odd \"\"name\"(id INTEGER PRIMARY KEY AUTOINCREMENT, \
                  n NUMERIC(10, 2) NOT NULL DEFAULT 0, note, twice AS (n * 2)); \
                INSERT INTO \"odd \"\"name\"(note) VALUES ('a'), ('b'); \
                CREATE TABLE B(x, y, PRIMARY KEY (y, x)) WITHOUT ROWID; CREATE VIEW v AS SELECT 1; \
                CREATE VIRTUAL TABLE a USING fts5(body); CREATE INDEX i ON B(x)";
    adapter
        .databases()
        .sql_execute(session, "d", made)
        .await
        .unwrap();
    let tables = adapter
        .databases()
        .sql_schema(session, "d", None)
        .await
        .unwrap();
    let column = |name, column_type, notnull, pk, default: Option<&str>| json!({"name": name, "type": column_type, "notnull": notnull, "pk": pk, "default_value": default});
    assert_eq!(
        json!(tables),
        json!([
            {"name": "B", "row_count": 0, "columns": [
                column("x", "", true, true, None), column("y", "", true, true, None)]},
            {"name": "a", "row_count": 0, "columns": [column("body", "", false, false, None)]},
            {"name": "odd \"name", "row_count": 2, "columns": [
                column("id", "INTEGER", false, true, None),
                column("n", "NUMERIC(10, 2)", true, false, Some("0")),
                column("note", "", false, false, None),
                column("twice", "", false, false, None)]},
        ])
    );
    let one = adapter
        .databases()
        .sql_schema(session, "d", Some("b"))
        .await
        .unwrap();
    assert_eq!(json!(one), json!(tables[..1]));
    for absent in ["missing", "v", "i", "a_data", "sqlite_sequence", ""] {
        let found = adapter
            .databases()
            .sql_schema(session, "d", Some(absent))
            .await;
        assert!(found.unwrap().is_empty(), "{absent}");
    }
}
