//! Limits of what SQL may do, and large and hostile input.

use super::super::common::awkward_texts;
use super::super::refusals::stream_refused_with;
use super::{DB, query, query_refused, run, run_refused, select, session_with, value};
use crate::check::{Outcome, present, same, that};
use crate::context::Cx;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::session_sql_db_store_service::SQL_QUERY;
use serde_json::json;

/// Numbers from 1, as many as stand in the place of `{}`.
fn numbers(count: usize) -> String {
    format!(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {count}) \
         SELECT x FROM n"
    )
}

pub(super) async fn sql_09_escapes(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (a)").await?;
    let reasons = [
        ErrorReason::SqlAuthorizerBlocked,
        ErrorReason::SqlQueryError,
    ];
    let escapes = [
        "ATTACH 'other.db' AS other",
        "ATTACH DATABASE '/etc/passwd' AS p",
        "VACUUM INTO '/tmp/copy.db'",
        "PRAGMA writable_schema = ON",
        "PRAGMA temp_store_directory = '/tmp'",
        "SELECT load_extension('evil')",
        "SELECT writefile('/tmp/x', 'y')",
        "SELECT readfile('/etc/passwd')",
    ];
    for sql in escapes {
        run_refused(&cx, &session, sql, &reasons).await?;
        query_refused(&cx, &session, sql, &reasons).await?;
    }
    Ok(())
}

pub(super) async fn sql_10_thousand_rows(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (a)").await?;
    for count in [1_001, 5_000] {
        let table = select(&cx, &session, &numbers(count)).await?;
        same(
            &format!("the rows of a result of {count}"),
            &table.rows.len(),
            &1_000,
        )?;
        same(
            &format!("SqlQueryEnd.truncated of a result of {count}"),
            &table.truncated,
            &true,
        )?;
        same(
            "the last of 1,000 rows",
            &table.rows[999].as_str(),
            &"[1000]",
        )?;
    }
    Ok(())
}

pub(super) async fn sql_11_whole(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (a)").await?;
    for count in [1, 999, 1_000] {
        let table = select(&cx, &session, &numbers(count)).await?;
        same(
            &format!("the rows of a result of {count}"),
            &table.rows.len(),
            &count,
        )?;
        same(
            &format!("SqlQueryEnd.truncated of a result of {count}"),
            &table.truncated,
            &false,
        )?;
    }
    let none = select(&cx, &session, "SELECT a FROM t").await?;
    same(
        "SqlQueryEnd.truncated of a result without rows",
        &none.truncated,
        &false,
    )
}

pub(super) async fn sql_17_runaway(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (a); INSERT INTO t VALUES (1)").await?;
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) \
                   SELECT count(*) FROM n";
    let reasons = [
        ErrorReason::SqlQueryTimeout,
        ErrorReason::SqlLimitExceeded,
        ErrorReason::SqlResultTooLarge,
    ];
    let request = query(&session, DB, endless);
    let error = stream_refused_with(&cx, &SQL_QUERY, request, &reasons).await?;
    if error.reason == Some(ErrorReason::SqlQueryTimeout) {
        let seconds = present(
            "metadata[\"timeout_seconds\"] of SQL_QUERY_TIMEOUT",
            error.metadata.get("timeout_seconds"),
        )?;
        that(
            "metadata[\"timeout_seconds\"] of SQL_QUERY_TIMEOUT",
            "a whole number of seconds",
            seconds.parse::<u64>().is_ok(),
            seconds,
        )?;
    }
    same(
        "a query after the one without an end",
        &value(&cx, &session, "SELECT a FROM t").await?,
        &json!(1),
    )
}

pub(super) async fn sql_29_awkward_values(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)").await?;
    let mut texts = awkward_texts();
    texts.push("ü".repeat(256 * 1024));
    for text in &texts {
        // A literal ends at a NUL: it is put together from its characters' numbers.
        let parts: Vec<_> = text
            .split('\0')
            .map(|part| format!("'{}'", part.replace('\'', "''")))
            .collect();
        let sql = format!(
            "INSERT INTO t (a) VALUES ({})",
            parts.join(" || char(0) || ")
        );
        run(&cx, &session, &sql).await?;
        same(
            "the text that was inserted last",
            &value(&cx, &session, "SELECT a FROM t ORDER BY id DESC LIMIT 1").await?,
            &json!(text),
        )?;
    }
    Ok(())
}
