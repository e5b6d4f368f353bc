//! What queries and schemas give.

use super::super::common::same_json;
use super::{Table, parsed, query_refused, run, select, session_with, tables, value};
use crate::check::{Outcome, same, that};
use crate::context::Cx;
use mortise_proto::pb::{self, ErrorReason};
use serde_json::json;

pub(super) async fn sql_02_round_trip(cx: Cx) -> Outcome {
    let session = session_with(
        &cx,
        "CREATE TABLE people (name TEXT, age INTEGER); \
         INSERT INTO people VALUES ('Ann', 41), ('Bob', 7); INSERT INTO people VALUES ('Cid', 70)",
    )
    .await?;
    let table = select(
        &cx,
        &session,
        "SELECT name, age FROM people ORDER BY age DESC",
    )
    .await?;
    same("SqlColumns.names", &table.columns, &vec!["name", "age"])?;
    same(
        "the rows of SqlQuery",
        &parsed(&table)?,
        &vec![
            vec![json!("Cid"), json!(70)],
            vec![json!("Ann"), json!(41)],
            vec![json!("Bob"), json!(7)],
        ],
    )?;
    let twice = select(
        &cx,
        &session,
        "SELECT age AS x, name AS x FROM people LIMIT 1",
    )
    .await?;
    same(
        "SqlColumns.names of two columns of one name",
        &twice.columns,
        &vec!["x", "x"],
    )?;
    same(
        "the row of two columns of one name",
        &parsed(&twice)?,
        &vec![vec![json!(41), json!("Ann")]],
    )?;
    let none = select(&cx, &session, "SELECT name FROM people WHERE age > 100").await?;
    same(
        "a result without rows",
        &none,
        &Table {
            columns: vec!["name".into()],
            rows: Vec::new(),
            truncated: false,
        },
    )
}

pub(super) async fn sql_08_read_only(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (a); INSERT INTO t VALUES (1)").await?;
    let changes = [
        "INSERT INTO t VALUES (2)",
        "INSERT INTO t VALUES (2) RETURNING a",
        "UPDATE t SET a = 2",
        "DELETE FROM t RETURNING a",
        "DROP TABLE t",
        "CREATE TABLE u (b)",
        "WITH x AS (SELECT 2 AS b) INSERT INTO t SELECT b FROM x",
        "REPLACE INTO t VALUES (2)",
        "PRAGMA user_version = 5",
    ];
    let reasons = [
        ErrorReason::SqlAuthorizerBlocked,
        ErrorReason::SqlQueryError,
    ];
    for sql in changes {
        query_refused(&cx, &session, sql, &reasons).await?;
    }
    let blocked = [ErrorReason::SqlAuthorizerBlocked];
    query_refused(&cx, &session, "INSERT INTO t VALUES (2)", &blocked).await?;
    same(
        "the table after queries that would have changed it",
        &value(&cx, &session, "SELECT group_concat(a) FROM t").await?,
        &json!("1"),
    )?;
    same(
        "the tables after a query that would have made one",
        &value(
            &cx,
            &session,
            "SELECT group_concat(name) FROM sqlite_schema",
        )
        .await?,
        &json!("t"),
    )
}

pub(super) async fn sql_22_one_statement(cx: Cx) -> Outcome {
    let session = session_with(&cx, "CREATE TABLE t (a); INSERT INTO t VALUES (1)").await?;
    for sql in ["SELECT 1; SELECT 2", "SELECT 1; DELETE FROM t"] {
        query_refused(&cx, &session, sql, &[ErrorReason::SqlQueryError]).await?;
    }
    same(
        "the rows after `SELECT 1; DELETE FROM t`",
        &value(&cx, &session, "SELECT count(*) FROM t;").await?,
        &json!(1),
    )
}

pub(super) async fn sql_12_values(cx: Cx) -> Outcome {
    let session = session_with(
        &cx,
        "CREATE TABLE t (a); INSERT INTO t VALUES (9007199254740993), (-9223372036854775808), \
         (9223372036854775807), (0), (0.1), (1.0), (1e300), (5e-324), (9e999), (-9e999), (NULL), (''), \
         ('1'), ('null'), ('ключ 👩‍👧'), (x''), (x'00ff10'), (CAST(x'ff41' AS TEXT))",
    )
    .await?;
    let table = select(&cx, &session, "SELECT a FROM t ORDER BY rowid").await?;
    let exact = [
        (0, "[9007199254740993]"),
        (1, "[-9223372036854775808]"),
        (2, "[9223372036854775807]"),
        (3, "[0]"),
        (4, "[0.1]"),
        (5, "[1.0]"),
        (8, "[\"Infinity\"]"),
        (9, "[\"-Infinity\"]"),
        (10, "[null]"),
        (11, "[\"\"]"),
        (12, "[\"1\"]"),
        (13, "[\"null\"]"),
        (14, "[\"ключ 👩‍👧\"]"),
        (15, "[{\"$base64\":\"\"}]"),
        (16, "[{\"$base64\":\"AP8Q\"}]"),
        (17, "[{\"$base64\":\"/0E=\"}]"),
    ];
    same("the number of rows", &table.rows.len(), &18)?;
    for (index, expected) in exact {
        same_json("SqlRow.values_json", &table.rows[index], expected)?;
    }
    // As doubles: their digits may be written in several ways.
    for (index, expected) in [(6, 1e300), (7, 5e-324)] {
        let row: Vec<f64> = serde_json::from_str(&table.rows[index]).unwrap_or_default();
        same(
            "SqlRow.values_json of a REAL, read as a double",
            &row,
            &vec![expected],
        )?;
    }
    for index in [5, 6] {
        let text = table.rows[index].as_str();
        let is_real = text.contains(['.', 'e', 'E']);
        that(
            "SqlRow.values_json of a REAL",
            "a number with a fraction or an exponent",
            is_real,
            text,
        )?;
    }
    Ok(())
}

pub(super) async fn sql_13_schema(cx: Cx) -> Outcome {
    let session = session_with(
        &cx,
        "CREATE TABLE a (x); CREATE TABLE Zoo (\
         id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'none', size DECIMAL(10,2), any_thing); \
         CREATE TABLE _u (a TEXT, b TEXT, PRIMARY KEY (a, b)); CREATE INDEX i ON Zoo (name); \
         CREATE VIEW v AS SELECT * FROM Zoo; INSERT INTO Zoo (size) VALUES (1), (2)",
    )
    .await?;
    let all = tables(&cx, &session, None).await?;
    let names: Vec<_> = all.iter().map(|table| table.name.as_str()).collect();
    same("SqlSchema.tables", &names, &vec!["Zoo", "_u", "a"])?;
    let zoo = pb::TableSchema {
        name: "Zoo".into(),
        row_count: 2,
        columns: vec![
            column("id", "INTEGER", false, true, None),
            column("name", "TEXT", true, false, Some("'none'")),
            column("size", "DECIMAL(10,2)", false, false, None),
            column("any_thing", "", false, false, None),
        ],
    };
    same("SqlSchema of the table Zoo", &all.first(), &Some(&zoo))?;
    let keys: Vec<_> = all[1].columns.iter().map(|column| column.pk).collect();
    same(
        "ColumnSchema.pk of a key of two columns",
        &keys,
        &vec![true, true],
    )?;
    same(
        "SqlSchema of the table `zoo`: the case of ASCII letters does not matter",
        &tables(&cx, &session, Some("zoo")).await?,
        &vec![zoo],
    )?;
    for other in ["nothing", "v", "i", "sqlite_schema", "'; DROP TABLE a; --"] {
        same(
            &format!("SqlSchema of `{other}`, which is no table"),
            &tables(&cx, &session, Some(other)).await?,
            &vec![],
        )?;
    }
    run(
        &cx,
        &session,
        "DROP TABLE a; DROP VIEW v; DROP TABLE Zoo; DROP TABLE _u",
    )
    .await?;
    same(
        "SqlSchema of a database without tables",
        &tables(&cx, &session, None).await?,
        &vec![],
    )
}

fn column(
    name: &str,
    declared: &str,
    notnull: bool,
    pk: bool,
    default: Option<&str>,
) -> pb::ColumnSchema {
    pb::ColumnSchema {
        name: name.into(),
        r#type: declared.into(),
        notnull,
        pk,
        default_value: default.map(Into::into),
    }
}
