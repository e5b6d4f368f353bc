//! SQL databases of a session.

mod databases;
mod limits;
mod queries;
mod repeats;
mod statements;

use super::refusals::{refused_with, stream_refused_with};
use crate::check::{Outcome, broken, present, same};
use crate::context::Cx;
use crate::exchange::message;
use crate::rule::{Group, Need, Rule};
use mortise_proto::pb::sql_query_response::Part;
use mortise_proto::pb::{self, ErrorReason};
use mortise_proto::rpc::table::session_sql_db_store_service::{
    CREATE_DATABASE, GET_DATABASE, LIST_DATABASES, NAME, SQL_EXECUTE, SQL_QUERY, SQL_SCHEMA,
};

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard("SQL-01", "SqlExecute makes the database when it is missing.", "SQL:145", databases::sql_01_made_by_execute)
        .hard("SQL-02", "What CREATE and INSERT put in, SELECT gives back, columns and rows in order.", "SQL:23-32", queries::sql_02_round_trip)
        .hard("SQL-03", "rows_affected counts the rows that INSERT, UPDATE and DELETE touched, over all statements.", "SQL:35", statements::sql_03_rows_affected)
        .hard("SQL-04", "SqlQuery and SqlSchema of a database that is missing are SQL_DATABASE_NOT_FOUND with its name alone.", "SQL:66", databases::sql_04_missing)
        .hard("SQL-05", "CreateDatabase of one that is there is SQL_DATABASE_ALREADY_EXISTS with its name alone.", "SQL:68", databases::sql_05_twice)
        .hard("SQL-06", "Every method refuses a name that is not 1 to 64 letters, digits and underscores with SQL_INVALID_DATABASE_NAME.", "SQC:47", databases::sql_06_invalid_names)
        .hard("SQL-07", "A syntax error is SQL_QUERY_ERROR.", "SQL:77", statements::sql_07_wrong_sql)
        .hard("SQL-08", "SqlQuery refuses whatever would change something, and changes nothing.", "SQL:152", queries::sql_08_read_only)
        .soft("SQL-09", "ATTACH, VACUUM INTO, load_extension and PRAGMAs that lead out of the database are refused.", "SQL:86", limits::sql_09_escapes)
        .soft("SQL-10", "Of more than 1,000 rows 1,000 come, with truncated and a row_count of as many.", "SQC:47, SQL:29", limits::sql_10_thousand_rows)
        .hard("SQL-11", "A result that is whole says so: truncated is false, also for 1,000 rows and for none.", "session_sql_db_store.proto, SqlQueryEnd", limits::sql_11_whole)
        .hard("SQL-12", "Integers of 64 bits, reals, NULL, text and blobs come back exactly and of their type.", "session_sql_db_store.proto, SqlRow", queries::sql_12_values)
        .soft("SQL-13", "SqlSchema gives tables, columns, types, notnull, pk, defaults and row counts, in order, and of one table when asked.", "SQL:40-57", queries::sql_13_schema)
        .hard("SQL-14", "ListDatabases, GetDatabase and DeleteDatabase agree; deleting returns true once, then false.", "SQL:126-143", databases::sql_14_agree)
        .hard("SQL-15", "Sessions do not see each other's databases.", "SQL:118", databases::sql_15_isolated)
        .hard("SQL-16", "Errors of the SQL have different reasons, and none of them is SQL_INTERNAL.", "SQL:64-107", statements::sql_16_reasons)
        .soft("SQL-17", "A query that never ends is stopped with SQL_QUERY_TIMEOUT and its seconds, or by another limit, and the server keeps serving.", "SQL:80", limits::sql_17_runaway).full()
        .hard("SQL-18", "All statements of a call happen or none: what came before a failure is undone, a database made for it is not there.", "session_sql_db_store.proto, SqlExecute", statements::sql_18_all_or_nothing)
        .hard("SQL-19", "A transaction still open at the end is SQL_QUERY_ERROR and leaves nothing; one that was ended is kept.", "session_sql_db_store.proto, SqlExecute", statements::sql_19_transactions)
        .hard("SQL-20", "Foreign keys are enforced.", "session_sql_db_store.proto, SqlExecute", statements::sql_20_foreign_keys)
        .hard("SQL-21", "Every call stands alone: temporary tables and settings end with it.", "session_sql_db_store.proto", statements::sql_21_stands_alone)
        .hard("SQL-22", "SqlQuery runs one statement: two are SQL_QUERY_ERROR.", "session_sql_db_store.proto, SqlQuery", queries::sql_22_one_statement)
        .hard("SQL-23", "The case of a database's name matters.", "session_sql_db_store.proto", databases::sql_23_case_matters)
        .hard("SQL-24", "Each keyed change that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", repeats::sql_24_repeats).full()
        .hard("SQL-25", "Statements whose caller went away before the answer are done once when they are sent again.", "context.proto, request_id", repeats::sql_25_lost_replies).full()
        .hard("SQL-26", "Of 16 that make one database at the same time exactly one succeeds, the others get SQL_DATABASE_ALREADY_EXISTS.", "session_sql_db_store.proto", repeats::sql_26_one_maker).full()
        .hard("SQL-27", "32 changes of one row at the same time are all done, one after the other.", "session_sql_db_store.proto, SqlExecute", repeats::sql_27_concurrent).full()
        .hard("SQL-28", "A change that was answered over one connection is readable over another at once.", "read your writes", repeats::sql_28_second_view).full()
        .hard("SQL-29", "Text with NUL, line ends, emoji and 512 KiB survives.", "web_fetch.rs:256", limits::sql_29_awkward_values).full()
        .hard("SQL-30", "A session id that is malformed is refused as INVALID_FIELD by every method.", "ID:85-121", databases::sql_30_malformed_session)
        .hard("SQL-31", "Another org sees no database of a session whose id it knows, and cannot change one.", "context.proto", databases::sql_31_other_org).needs(&[Need::OtherOrg])
        .hard("SQL-32", "CreateDatabase in a session that does not exist is SQL_INTERNAL, and ListDatabases of it is empty.", "session_sql_db_store.proto, CreateDatabase", databases::sql_32_unknown_session).needs(&[Need::Session])
        .list()
}

/// A database that queries are run against.
const DB: &str = "data";

fn create(session_id: &str, name: &str) -> pb::CreateDatabaseRequest {
    pb::CreateDatabaseRequest {
        context: None,
        session_id: session_id.into(),
        name: name.into(),
    }
}

fn list(session_id: &str) -> pb::ListDatabasesRequest {
    pb::ListDatabasesRequest {
        context: None,
        session_id: session_id.into(),
    }
}

fn get(session_id: &str, name: &str) -> pb::GetDatabaseRequest {
    pb::GetDatabaseRequest {
        context: None,
        session_id: session_id.into(),
        name: name.into(),
    }
}

fn delete(session_id: &str, name: &str) -> pb::DeleteDatabaseRequest {
    pb::DeleteDatabaseRequest {
        context: None,
        session_id: session_id.into(),
        name: name.into(),
    }
}

fn execute(session_id: &str, database_name: &str, sql: &str) -> pb::SqlExecuteRequest {
    pb::SqlExecuteRequest {
        context: None,
        session_id: session_id.into(),
        database_name: database_name.into(),
        sql: sql.into(),
    }
}

fn query(session_id: &str, database_name: &str, sql: &str) -> pb::SqlQueryRequest {
    pb::SqlQueryRequest {
        context: None,
        session_id: session_id.into(),
        database_name: database_name.into(),
        sql: sql.into(),
    }
}

fn schema(session_id: &str, database_name: &str, table: Option<&str>) -> pb::SqlSchemaRequest {
    pb::SqlSchemaRequest {
        context: None,
        session_id: session_id.into(),
        database_name: database_name.into(),
        table: table.map(Into::into),
    }
}

/// A session whose database has been given these statements.
async fn session_with(cx: &Cx, sql: &str) -> Outcome<String> {
    let session = cx.session().await?;
    run(cx, &session, sql).await?;
    Ok(session)
}

/// Runs statements; how many rows they touched.
async fn run(cx: &Cx, session: &str, sql: &str) -> Outcome<u64> {
    let answer = cx.call(&SQL_EXECUTE, execute(session, DB, sql)).await?;
    Ok(answer.rows_affected)
}

/// Statements that have to be refused with a reason.
async fn run_refused(cx: &Cx, session: &str, sql: &str, reasons: &[ErrorReason]) -> Outcome {
    refused_with(cx, &SQL_EXECUTE, execute(session, DB, sql), reasons).await?;
    Ok(())
}

/// A query that has to be refused with a reason.
async fn query_refused(cx: &Cx, session: &str, sql: &str, reasons: &[ErrorReason]) -> Outcome {
    stream_refused_with(cx, &SQL_QUERY, query(session, DB, sql), reasons).await?;
    Ok(())
}

/// A whole result.
#[derive(Debug, PartialEq, Eq)]
struct Table {
    columns: Vec<String>,
    /// Each a JSON array.
    rows: Vec<String>,
    truncated: bool,
}

/// A query's result, whose stream must have its form: columns, rows, end.
async fn select(cx: &Cx, session: &str, sql: &str) -> Outcome<Table> {
    let answers = cx.collect(&SQL_QUERY, query(session, DB, sql)).await?;
    let shape = message(&answers);
    let mut parts = answers.into_iter().map(|answer| answer.part);
    let Some(Some(Part::Columns(columns))) = parts.next() else {
        return broken("the first message of SqlQuery", "the columns", shape);
    };
    let (mut rows, mut end) = (Vec::new(), None);
    for part in parts {
        match part {
            Some(Part::Rows(run)) if end.is_none() => {
                rows.extend(run.rows.into_iter().map(|row| row.values_json));
            }
            Some(Part::End(said)) if end.is_none() => end = Some(said),
            Some(Part::Rows(_) | Part::End(_) | Part::Columns(_)) | None => {
                return broken("the stream of SqlQuery", "columns, rows, end", shape);
            }
        }
    }
    let end = present("the end of the stream of SqlQuery", end)?;
    same(
        "SqlQueryEnd.row_count, against the rows that were sent",
        &end.row_count,
        &u64::try_from(rows.len()).unwrap_or(u64::MAX),
    )?;
    Ok(Table {
        columns: columns.names,
        rows,
        truncated: end.truncated,
    })
}

/// The only value of the only row of a result.
async fn value(cx: &Cx, session: &str, sql: &str) -> Outcome<serde_json::Value> {
    let table = select(cx, session, sql).await?;
    let rows: Vec<Vec<serde_json::Value>> = parsed(&table)?;
    match rows.as_slice() {
        [row] if row.len() == 1 => Ok(row[0].clone()),
        _ => broken(
            "the result of a query for one value",
            "one row with one value",
            message(&table),
        ),
    }
}

/// The rows of a result as JSON values.
fn parsed(table: &Table) -> Outcome<Vec<Vec<serde_json::Value>>> {
    let rows = table.rows.iter();
    let parsed: Result<_, _> = rows.map(|row| serde_json::from_str(row)).collect();
    match parsed {
        Ok(rows) => Ok(rows),
        Err(_) => broken(
            "SqlRow.values_json",
            "a JSON array of values",
            message(&table.rows),
        ),
    }
}

async fn names(cx: &Cx, session: &str) -> Outcome<Vec<String>> {
    let databases = cx.call(&LIST_DATABASES, list(session)).await?.databases;
    Ok(databases.into_iter().map(|info| info.name).collect())
}

async fn found(cx: &Cx, session: &str, name: &str) -> Outcome<Option<pb::DatabaseInfo>> {
    Ok(cx.call(&GET_DATABASE, get(session, name)).await?.database)
}

async fn tables(cx: &Cx, session: &str, table: Option<&str>) -> Outcome<Vec<pb::TableSchema>> {
    let runs = cx.collect(&SQL_SCHEMA, schema(session, DB, table)).await?;
    Ok(runs.into_iter().flat_map(|run| run.tables).collect())
}

async fn made(cx: &Cx, session: &str, name: &str) -> Outcome<pb::DatabaseInfo> {
    let answer = cx.call(&CREATE_DATABASE, create(session, name)).await?;
    present("CreateDatabase.database", answer.database)
}
