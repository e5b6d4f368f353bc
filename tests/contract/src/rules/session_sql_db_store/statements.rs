//! What statements do, alone and together.

use super::super::refusals::{has_reason, refused_with};
use super::{DB, execute, found, query_refused, run, run_refused, session_with, value};
use crate::check::{Outcome, absent, different, same};
use crate::context::Cx;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::session_sql_db_store_service::SQL_EXECUTE;
use serde_json::json;

pub(super) async fn sql_03_rows_affected(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let cases = [
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", 0),
        ("INSERT INTO t (a) VALUES (1), (2), (3)", 3),
        ("UPDATE t SET a = 9 WHERE a > 1", 2),
        ("UPDATE t SET a = 9 WHERE a > 100", 0),
        ("INSERT INTO t (a) VALUES (4) RETURNING id", 1),
        (
            "INSERT INTO t (a) VALUES (5); DELETE FROM t WHERE a = 9; SELECT * FROM t",
            3,
        ),
        ("SELECT * FROM t", 0),
        (
            "CREATE TABLE log (a); CREATE TRIGGER keep AFTER INSERT ON t BEGIN \
             INSERT INTO log VALUES (new.a); INSERT INTO log VALUES (new.a); END",
            0,
        ),
        ("INSERT INTO t (a) VALUES (6)", 1),
        ("DELETE FROM t", 4),
    ];
    for (sql, expected) in cases {
        same(
            &format!("SqlExecute.rows_affected of `{sql}`"),
            &run(&cx, &session, sql).await?,
            &expected,
        )?;
    }
    same(
        "the rows that the trigger wrote",
        &value(&cx, &session, "SELECT count(*) FROM log").await?,
        &json!(2),
    )
}

pub(super) async fn sql_07_wrong_sql(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (a)").await?;
    for sql in [
        "SELEC 1",
        "SELECT * FROM nothing",
        "SELECT nothing FROM t",
        "SELECT (",
    ] {
        run_refused(&cx, &session, sql, &[ErrorReason::SqlQueryError]).await?;
        query_refused(&cx, &session, sql, &[ErrorReason::SqlQueryError]).await?;
    }
    Ok(())
}

pub(super) async fn sql_16_reasons(cx: Cx) -> Outcome {
    let session = session_with(
        &cx,
        "CREATE TABLE t (a INTEGER UNIQUE NOT NULL CHECK (a < 10)); INSERT INTO t VALUES (1)",
    )
    .await?;
    let breaches = [
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t VALUES (NULL)",
        "INSERT INTO t VALUES (10)",
        "CREATE TABLE t (b)",
    ];
    for sql in breaches {
        let request = execute(&session, DB, sql);
        let error = refused_with(&cx, &SQL_EXECUTE, request, &[ErrorReason::SqlQueryError]).await?;
        different(
            "the text of the error, which the model is shown",
            error.message.as_str(),
            "",
        )?;
    }
    let request = execute(&session, "no-name", "SELECT 1");
    let wrong_name = cx.refused(&SQL_EXECUTE, request).await?;
    has_reason(
        "SqlExecute with a name that is none",
        &wrong_name,
        &[ErrorReason::SqlInvalidDatabaseName],
    )
}

pub(super) async fn sql_18_all_or_nothing(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let sql = "CREATE TABLE t (a); INSERT INTO t VALUES (1); INSERT INTO nothing VALUES (2)";
    run_refused(&cx, &session, sql, &[ErrorReason::SqlQueryError]).await?;
    absent(
        "GetDatabase.database after the SqlExecute failed that would have made it",
        found(&cx, &session, DB).await?,
    )?;
    run(
        &cx,
        &session,
        "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1)",
    )
    .await?;
    let cases = [
        "INSERT INTO t VALUES (2); INSERT INTO t VALUES (1)",
        "DELETE FROM t; SELEC 1",
        "DROP TABLE t; CREATE TABLE u (b); SELECT * FROM nothing",
        "UPDATE t SET a = 5; ATTACH 'x.db' AS x",
    ];
    for sql in cases {
        let reasons = [
            ErrorReason::SqlQueryError,
            ErrorReason::SqlAuthorizerBlocked,
        ];
        run_refused(&cx, &session, sql, &reasons).await?;
        same(
            &format!("the table after `{sql}` failed"),
            &value(&cx, &session, "SELECT group_concat(a) FROM t").await?,
            &json!("1"),
        )?;
    }
    Ok(())
}

pub(super) async fn sql_19_transactions(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (a)").await?;
    run(&cx, &session, "BEGIN; INSERT INTO t VALUES (1); COMMIT").await?;
    run(&cx, &session, "BEGIN; INSERT INTO t VALUES (2); ROLLBACK").await?;
    let open = "BEGIN; INSERT INTO t VALUES (3)";
    run_refused(&cx, &session, open, &[ErrorReason::SqlQueryError]).await?;
    same(
        "the rows after a transaction that was committed, one rolled back and one left open",
        &value(&cx, &session, "SELECT group_concat(a) FROM t").await?,
        &json!("1"),
    )?;
    // Nothing of the open one is in the way of the next call.
    same(
        "SqlExecute.rows_affected after a transaction was left open",
        &run(&cx, &session, "INSERT INTO t VALUES (4)").await?,
        &1,
    )
}

pub(super) async fn sql_20_foreign_keys(cx: Cx) -> Outcome {
    let session = session_with(
        &cx,
        "CREATE TABLE p (id INTEGER PRIMARY KEY); \
         CREATE TABLE c (p INTEGER REFERENCES p (id) ON DELETE CASCADE); \
         INSERT INTO p VALUES (1); INSERT INTO c VALUES (1), (1)",
    )
    .await?;
    let orphan = "INSERT INTO c VALUES (2)";
    run_refused(&cx, &session, orphan, &[ErrorReason::SqlQueryError]).await?;
    same(
        "SqlExecute.rows_affected of a DELETE whose foreign keys delete two more",
        &run(&cx, &session, "DELETE FROM p").await?,
        &1,
    )?;
    same(
        "the rows that pointed at the deleted one",
        &value(&cx, &session, "SELECT count(*) FROM c").await?,
        &json!(0),
    )
}

pub(super) async fn sql_21_stands_alone(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (a)").await?;
    // A server that refuses temporary tables has none to forget.
    let temporary = execute(
        &session,
        DB,
        "CREATE TEMP TABLE tmp (a); INSERT INTO tmp VALUES (1)",
    );
    drop(cx.attempt(&SQL_EXECUTE, temporary).await);
    query_refused(
        &cx,
        &session,
        "SELECT a FROM tmp",
        &[ErrorReason::SqlQueryError],
    )
    .await?;
    let setting = execute(&session, DB, "PRAGMA foreign_keys = OFF");
    drop(cx.attempt(&SQL_EXECUTE, setting).await);
    let tables = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id))";
    run(&cx, &session, tables).await?;
    let orphan = "INSERT INTO c VALUES (7)";
    run_refused(&cx, &session, orphan, &[ErrorReason::SqlQueryError]).await
}
