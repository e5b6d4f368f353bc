//! Making, listing and deleting databases, and who sees them.

use super::super::common::{not_before, refused_as_invalid};
use super::super::refusals::{NO_SESSION_IDS, refused_with, stream_refused_with};
use super::{
    DB, create, delete, execute, found, get, list, made, names, query, run, schema, value,
};
use crate::check::{Outcome, absent, present, same, that};
use crate::context::{Cx, fresh_id};
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::table::session_sql_db_store_service::{
    CREATE_DATABASE, DELETE_DATABASE, GET_DATABASE, LIST_DATABASES, SQL_EXECUTE, SQL_QUERY,
    SQL_SCHEMA,
};

pub(super) async fn sql_01_made_by_execute(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    absent(
        "GetDatabase.database before anything was made",
        found(&cx, &session, DB).await?,
    )?;
    run(&cx, &session, "CREATE TABLE t (a)").await?;
    let database = present(
        "GetDatabase.database after SqlExecute",
        found(&cx, &session, DB).await?,
    )?;
    same("DatabaseInfo.name", &database.name.as_str(), &DB)?;
    same(
        "ListDatabases.databases after SqlExecute",
        &names(&cx, &session).await?,
        &vec![DB],
    )
}

pub(super) async fn sql_04_missing(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let reasons = [ErrorReason::SqlDatabaseNotFound];
    let request = query(&session, "nothing", "SELECT 1");
    let error = stream_refused_with(&cx, &SQL_QUERY, request, &reasons).await?;
    same(
        "the text of SqlQuery's error",
        &error.message.as_str(),
        &"nothing",
    )?;
    let request = schema(&session, "nothing", None);
    let error = stream_refused_with(&cx, &SQL_SCHEMA, request, &reasons).await?;
    same(
        "the text of SqlSchema's error",
        &error.message.as_str(),
        &"nothing",
    )?;
    same(
        "ListDatabases.databases after a query of one that is missing",
        &names(&cx, &session).await?,
        &Vec::<String>::new(),
    )
}

pub(super) async fn sql_05_twice(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    made(&cx, &session, DB).await?;
    run(
        &cx,
        &session,
        "CREATE TABLE t (a); INSERT INTO t VALUES (7)",
    )
    .await?;
    let reasons = [ErrorReason::SqlDatabaseAlreadyExists];
    let error = refused_with(&cx, &CREATE_DATABASE, create(&session, DB), &reasons).await?;
    same(
        "the text of CreateDatabase's error",
        &error.message.as_str(),
        &DB,
    )?;
    same(
        "what was in the database before the second CreateDatabase",
        &value(&cx, &session, "SELECT a FROM t").await?,
        &serde_json::json!(7),
    )
}

pub(super) async fn sql_06_invalid_names(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    let long = "n".repeat(65);
    let names = [
        "",
        "with-hyphen",
        "../up",
        "a/b",
        "a b",
        "a.db",
        "dätä",
        "nul\0",
        ":memory:",
        &long,
    ];
    let reasons = [ErrorReason::SqlInvalidDatabaseName];
    for name in names {
        refused_with(&cx, &CREATE_DATABASE, create(&session, name), &reasons).await?;
        refused_with(&cx, &GET_DATABASE, get(&session, name), &reasons).await?;
        refused_with(&cx, &DELETE_DATABASE, delete(&session, name), &reasons).await?;
        let request = execute(&session, name, "SELECT 1");
        refused_with(&cx, &SQL_EXECUTE, request, &reasons).await?;
        let request = query(&session, name, "SELECT 1");
        stream_refused_with(&cx, &SQL_QUERY, request, &reasons).await?;
        let request = schema(&session, name, None);
        stream_refused_with(&cx, &SQL_SCHEMA, request, &reasons).await?;
    }
    let longest = "N_9".repeat(21) + "z";
    for name in ["0", "_", longest.as_str()] {
        same(
            "CreateDatabase.database.name",
            &made(&cx, &session, name).await?.name.as_str(),
            &name,
        )?;
    }
    Ok(())
}

pub(super) async fn sql_14_agree(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    same(
        "ListDatabases.databases of a fresh session",
        &names(&cx, &session).await?,
        &Vec::<String>::new(),
    )?;
    for name in ["pear", "Fig", "apple"] {
        let database = made(&cx, &session, name).await?;
        not_before(
            "updated_at of a new database, against created_at",
            database.updated_at.as_ref(),
            database.created_at.as_ref(),
        )?;
        same(
            "GetDatabase.database, against what CreateDatabase said",
            &found(&cx, &session, name).await?,
            &Some(database),
        )?;
    }
    same(
        "ListDatabases.databases",
        &names(&cx, &session).await?,
        &vec!["Fig", "apple", "pear"],
    )?;
    for expected in [true, false] {
        same(
            "DeleteDatabase.deleted",
            &cx.call(&DELETE_DATABASE, delete(&session, "pear"))
                .await?
                .deleted,
            &expected,
        )?;
    }
    absent(
        "GetDatabase.database after DeleteDatabase",
        found(&cx, &session, "pear").await?,
    )?;
    same(
        "ListDatabases.databases after DeleteDatabase",
        &names(&cx, &session).await?,
        &vec!["Fig", "apple"],
    )?;
    // A name is free again, and nothing of the old database is left.
    run(&cx, &session, "CREATE TABLE t (a)").await?;
    cx.call(&DELETE_DATABASE, delete(&session, DB)).await?;
    made(&cx, &session, DB).await?;
    same(
        "the tables of a database made after one of its name was deleted",
        &value(&cx, &session, "SELECT count(*) FROM sqlite_schema").await?,
        &serde_json::json!(0),
    )
}

pub(super) async fn sql_15_isolated(cx: Cx) -> Outcome {
    let (one, other) = (cx.session().await?, cx.session().await?);
    run(
        &cx,
        &one,
        "CREATE TABLE t (a); INSERT INTO t VALUES ('one')",
    )
    .await?;
    absent(
        "GetDatabase.database in another session",
        found(&cx, &other, DB).await?,
    )?;
    run(
        &cx,
        &other,
        "CREATE TABLE t (a); INSERT INTO t VALUES ('other')",
    )
    .await?;
    for (session, expected) in [(&one, "one"), (&other, "other")] {
        same(
            "the value in each session's database of the same name",
            &value(&cx, session, "SELECT a FROM t").await?,
            &serde_json::json!(expected),
        )?;
    }
    cx.call(&DELETE_DATABASE, delete(&other, DB)).await?;
    same(
        "the value after the other session's database was deleted",
        &value(&cx, &one, "SELECT a FROM t").await?,
        &serde_json::json!("one"),
    )
}

pub(super) async fn sql_23_case_matters(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    made(&cx, &session, "data").await?;
    made(&cx, &session, "DATA").await?;
    run(&cx, &session, "CREATE TABLE t (a)").await?;
    let request = query(&session, "DATA", "SELECT a FROM t");
    let reasons = [ErrorReason::SqlQueryError];
    stream_refused_with(&cx, &SQL_QUERY, request, &reasons).await?;
    same(
        "ListDatabases.databases",
        &names(&cx, &session).await?,
        &vec!["DATA", "data"],
    )
}

pub(super) async fn sql_30_malformed_session(cx: Cx) -> Outcome {
    let reasons = [ErrorReason::InvalidField];
    for id in NO_SESSION_IDS {
        refused_as_invalid(&cx, &CREATE_DATABASE, create(id, DB)).await?;
        refused_as_invalid(&cx, &LIST_DATABASES, list(id)).await?;
        refused_as_invalid(&cx, &GET_DATABASE, get(id, DB)).await?;
        refused_as_invalid(&cx, &DELETE_DATABASE, delete(id, DB)).await?;
        refused_as_invalid(&cx, &SQL_EXECUTE, execute(id, DB, "SELECT 1")).await?;
        stream_refused_with(&cx, &SQL_QUERY, query(id, DB, "SELECT 1"), &reasons).await?;
        stream_refused_with(&cx, &SQL_SCHEMA, schema(id, DB, None), &reasons).await?;
    }
    Ok(())
}

pub(super) async fn sql_31_other_org(cx: Cx) -> Outcome {
    let session = cx.session().await?;
    run(
        &cx,
        &session,
        "CREATE TABLE t (a); INSERT INTO t VALUES (1)",
    )
    .await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    names(&cx, &session).await?;
    found(&cx, &session, DB).await?;
    value(&cx, &session, "SELECT a FROM t").await?;
    let other = cx.in_other_org()?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = other.attempt(&LIST_DATABASES, list(&session)).await {
        same(
            "ListDatabases.databases in another org",
            &answer.databases,
            &vec![],
        )?;
    }
    if let Ok(answer) = other.attempt(&GET_DATABASE, get(&session, DB)).await {
        absent("GetDatabase.database in another org", answer.database)?;
    }
    other
        .refused_collect(&SQL_QUERY, query(&session, DB, "SELECT a FROM t"))
        .await?;
    other
        .refused_collect(&SQL_SCHEMA, schema(&session, DB, None))
        .await?;
    let attack = execute(&session, DB, "DELETE FROM t; DROP TABLE t");
    drop(other.attempt(&SQL_EXECUTE, attack).await);
    drop(
        other
            .attempt(&CREATE_DATABASE, create(&session, "more"))
            .await,
    );
    if let Ok(answer) = other.attempt(&DELETE_DATABASE, delete(&session, DB)).await {
        that(
            "DeleteDatabase.deleted in another org",
            "false",
            !answer.deleted,
            &answer,
        )?;
    }
    same(
        "the value in its own org",
        &value(&cx, &session, "SELECT a FROM t").await?,
        &serde_json::json!(1),
    )?;
    same(
        "ListDatabases.databases in its own org",
        &names(&cx, &session).await?,
        &vec![DB],
    )
}

pub(super) async fn sql_32_unknown_session(cx: Cx) -> Outcome {
    let session = fresh_id("session");
    let reasons = [ErrorReason::SqlInternal];
    refused_with(&cx, &CREATE_DATABASE, create(&session, DB), &reasons).await?;
    same(
        "ListDatabases.databases of a session that does not exist",
        &names(&cx, &session).await?,
        &Vec::<String>::new(),
    )
}
