//! Changes that are sent again, and changes at the same time.

use super::super::common::{lost_reply, repeated};
use super::super::refusals::has_reason;
use super::{DB, create, delete, execute, names, run, session_with, value};
use crate::check::{Outcome, same};
use crate::context::Cx;
use futures::future::{join_all, try_join_all};
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::session_sql_db_store_service::{
    CREATE_DATABASE, DELETE_DATABASE, SQL_EXECUTE,
};
use serde_json::json;
use std::time::Instant;

pub(super) async fn sql_24_repeats(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    repeated(&cx, &CREATE_DATABASE, create(&session, DB)).await?;
    run(
        &cx,
        &session,
        "CREATE TABLE t (n); INSERT INTO t VALUES (0)",
    )
    .await?;
    let add = execute(&session, DB, "UPDATE t SET n = n + 1");
    let answer = repeated(&cx, &SQL_EXECUTE, add).await?;
    same("SqlExecute.rows_affected", &answer.rows_affected, &1)?;
    same(
        "a number after one addition that was sent three times",
        &value(&cx, &session, "SELECT n FROM t").await?,
        &json!(1),
    )?;
    // A database made since stays: a repeated answer changes nothing.
    let first = cx.repeating();
    let answer = first.call(&DELETE_DATABASE, delete(&session, DB)).await?;
    same("DeleteDatabase.deleted", &answer.deleted, &true)?;
    cx.call(&CREATE_DATABASE, create(&session, DB)).await?;
    let again = first.call(&DELETE_DATABASE, delete(&session, DB)).await?;
    same(
        "DeleteDatabase.deleted of the same request_id",
        &again,
        &answer,
    )?;
    same(
        "ListDatabases.databases after an older DeleteDatabase was sent again",
        &names(&cx, &session).await?,
        &vec![DB],
    )
}

pub(super) async fn sql_25_lost_replies(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (a)").await?;
    let sql = "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)";
    let answer = lost_reply(&cx, &SQL_EXECUTE, execute(&session, DB, sql)).await?;
    same("SqlExecute.rows_affected", &answer.rows_affected, &2)?;
    same(
        "the rows of two INSERTs that were sent again",
        &value(&cx, &session, "SELECT count(*) FROM t").await?,
        &json!(2),
    )?;
    let answer = lost_reply(&cx, &DELETE_DATABASE, delete(&session, DB)).await?;
    same("DeleteDatabase.deleted", &answer.deleted, &true)?;
    lost_reply(&cx, &CREATE_DATABASE, create(&session, DB)).await?;
    same(
        "ListDatabases.databases",
        &names(&cx, &session).await?,
        &vec![DB],
    )
}

pub(super) async fn sql_26_one_maker(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let makers = (0..16).map(|_| cx.attempt(&CREATE_DATABASE, create(&session, DB)));
    let answers = join_all(makers).await;
    let made = answers.iter().filter(|answer| answer.is_ok()).count();
    for error in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        has_reason(
            "CreateDatabase of a database that another call made",
            error,
            &[ErrorReason::SqlDatabaseAlreadyExists],
        )?;
    }
    same("how many of 16 made the database", &made, &1)?;
    same(
        "ListDatabases.databases",
        &names(&cx, &session).await?,
        &vec![DB],
    )
}

pub(super) async fn sql_27_concurrent(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (n); INSERT INTO t VALUES (0)").await?;
    let other = cx.over_new_connection();
    let additions = (0..32).map(|index| added([&cx, &other][index % 2], &session));
    try_join_all(additions).await?;
    same(
        "a number after 32 additions",
        &value(&cx, &session, "SELECT n FROM t").await?,
        &json!(32),
    )
}

/// Adds one. What had to wait longer than statements may take is sent again, as a caller
/// does that must have it done.
async fn added(cx: &Cx, session: &str) -> Outcome {
    let (cx, until) = (cx.repeating(), Instant::now() + cx.shared.patience);
    let addition = || execute(session, DB, "UPDATE t SET n = n + 1");
    while Instant::now() < until {
        match cx.attempt(&SQL_EXECUTE, addition()).await {
            Ok(_) => return Ok(()),
            Err(error) if error.reason == Some(ErrorReason::SqlQueryTimeout) => {}
            Err(_) => break,
        }
    }
    cx.call(&SQL_EXECUTE, addition()).await.map(drop)
}

pub(super) async fn sql_28_second_view(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (n); INSERT INTO t VALUES (0)").await?;
    let other = cx.over_new_connection();
    for round in 1..=10 {
        run(&cx, &session, "UPDATE t SET n = n + 1").await?;
        same(
            "the number over another connection",
            &value(&other, &session, "SELECT n FROM t").await?,
            &json!(round),
        )?;
    }
    Ok(())
}
