//! Statements over an open database, and their results.

use crate::stores::session_sql_db_store::limits::{ROWS, SQL_BYTES};
use crate::stores::session_sql_db_store::sandbox::Sandbox;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use everruns_core::session_sqldb::{ColumnSchema, SessionSqlDbError, SqlQueryResult, TableSchema};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::ValueRef;
use rusqlite::{Batch, Row};
use serde::Serialize;
use serde_json::{Value, json};
use std::io;

const TABLES: &str = "SELECT name FROM pragma_table_list \
    WHERE schema = 'main' AND type IN ('table', 'virtual') \
      AND lower(substr(name, 1, 7)) <> 'sqlite_' AND (?1 IS NULL OR name = ?1 COLLATE NOCASE) \
    ORDER BY name COLLATE BINARY";

/// A hidden column of kind 1 belongs to a virtual table's workings; 2 and 3 are
/// generated ones.
const COLUMNS: &str = "SELECT name, type, \"notnull\", pk, dflt_value \
    FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid";

/// Runs every statement and counts the rows that they touch.
pub(super) fn execute(sandbox: &Sandbox, sql: &str) -> Result<u64, SessionSqlDbError> {
    readable(sql)?;
    let connection = &sandbox.connection;
    let mut batch = Batch::new(connection, sql);
    let mut rows_affected = 0;
    for number in 1_u64.. {
        sandbox.next_statement()?;
        let blame = |error| blamed(sandbox.fault(error), number);
        let Some(mut statement) = batch.next().map_err(blame)? else {
            if number == 1 {
                return Err(no_statement());
            }
            break;
        };
        let before = connection.total_changes();
        let mut rows = statement.raw_query();
        while rows.next().map_err(blame)?.is_some() {}
        // `changes` is of the last statement that could change rows, maybe not this one.
        if connection.total_changes() != before {
            rows_affected += connection.changes();
        }
    }
    if !connection.is_autocommit() {
        let problem = "the transaction is still open; end it with COMMIT in the same call";
        return Err(SessionSqlDbError::QueryError(problem.into()));
    }
    Ok(rows_affected)
}

/// Runs one statement that changes nothing.
pub(super) fn query(sandbox: &Sandbox, sql: &str) -> Result<SqlQueryResult, SessionSqlDbError> {
    readable(sql)?;
    let fault = |error| sandbox.fault(error);
    let mut batch = Batch::new(&sandbox.connection, sql);
    let mut statement = batch.next().map_err(fault)?.ok_or_else(no_statement)?;
    if !statement.readonly() {
        let problem = "a query changes nothing; use sql_execute";
        return Err(SessionSqlDbError::AuthorizerBlocked(problem.into()));
    }
    if batch.next().map_err(fault)?.is_some() {
        let problem = "a query is one statement, and there are several";
        return Err(SessionSqlDbError::QueryError(problem.into()));
    }
    let columns: Vec<String> = statement
        .column_names()
        .into_iter()
        .map(Into::into)
        .collect();
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let mut room = Room::new(sandbox);
    let mut truncated = false;
    let mut found = statement.raw_query();
    while let Some(row) = found.next().map_err(fault)? {
        if rows.len() == ROWS {
            truncated = true;
            break;
        }
        room.fits(bytes(row, columns.len()).map_err(fault)?)?;
        let values = values(row, columns.len()).map_err(fault)?;
        room.take(&values)?;
        rows.push(values);
    }
    Ok(SqlQueryResult {
        columns,
        row_count: rows.len(),
        rows,
        truncated,
    })
}

/// Describes the tables, or the one that is asked for.
pub(super) fn schema(
    sandbox: &Sandbox,
    table: Option<&str>,
) -> Result<Vec<TableSchema>, SessionSqlDbError> {
    let fault = |error| sandbox.fault(error);
    let connection = &sandbox.connection;
    let names: rusqlite::Result<Vec<String>> = connection
        .prepare(TABLES)
        .and_then(|mut found| found.query_map([table], |row| row.get(0))?.collect());
    let mut room = Room::new(sandbox);
    let mut tables = Vec::new();
    for name in names.map_err(fault)? {
        sandbox.watch.check()?;
        let columns: rusqlite::Result<Vec<ColumnSchema>> = connection
            .prepare(COLUMNS)
            .and_then(|mut found| found.query_map([&name], column)?.collect());
        let count = format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\""));
        let row_count = connection.query_row(&count, [], |row| row.get(0));
        let table = TableSchema {
            columns: columns.map_err(fault)?,
            row_count: row_count.map_err(fault)?,
            name,
        };
        room.take(&table)?;
        tables.push(table);
    }
    Ok(tables)
}

fn column(row: &Row<'_>) -> rusqlite::Result<ColumnSchema> {
    Ok(ColumnSchema {
        name: row.get(0)?,
        column_type: row.get(1)?,
        notnull: row.get(2)?,
        pk: row.get::<_, i64>(3)? > 0,
        default_value: row.get(4)?,
    })
}

fn values(row: &Row<'_>, width: usize) -> rusqlite::Result<Vec<Value>> {
    (0..width)
        .map(|column| row.get_ref(column).map(value))
        .collect()
}

/// The bytes of a row's texts and blobs.
fn bytes(row: &Row<'_>, width: usize) -> rusqlite::Result<usize> {
    let bytes = |column| {
        Ok(match row.get_ref(column)? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len(),
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 0,
        })
    };
    (0..width).map(bytes).sum()
}

/// A value as `session_sql_db_store.proto` says.
fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(f64::INFINITY) => "Infinity".into(),
        ValueRef::Real(f64::NEG_INFINITY) => "-Infinity".into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => blob(bytes),
        },
        ValueRef::Blob(bytes) => blob(bytes),
    }
}

fn blob(bytes: &[u8]) -> Value {
    json!({"$base64": STANDARD.encode(bytes)})
}

// === what the caller hears ===

/// SQLite takes a NUL for the end, and would leave the rest out.
pub(super) fn readable(sql: &str) -> Result<(), SessionSqlDbError> {
    let problem = if sql.contains('\0') {
        "the SQL holds a NUL; write char(0) instead".into()
    } else if sql.len() > SQL_BYTES {
        let bytes = sql.len();
        format!("the SQL has {bytes} bytes, at most {SQL_BYTES} are taken; send it in parts")
    } else {
        return Ok(());
    };
    Err(SessionSqlDbError::QueryError(problem))
}

fn no_statement() -> SessionSqlDbError {
    SessionSqlDbError::QueryError("there is no statement".into())
}

/// A caller of more than one statement is told which failed, and what became of those
/// before it.
fn blamed(error: SessionSqlDbError, number: u64) -> SessionSqlDbError {
    match (error, number) {
        (SessionSqlDbError::QueryError(text), 2..) => SessionSqlDbError::QueryError(format!(
            "{text} (statement {number}; those before it were undone)"
        )),
        (error, _) => error,
    }
}

// === Room ===

/// What is left of the bytes that a result may have.
struct Room<'a> {
    sandbox: &'a Sandbox,
    left: usize,
}

impl<'a> Room<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        let left = sandbox.watch.limits().result_bytes;
        Self { sandbox, left }
    }

    /// Fails before something is converted that there is no room for.
    fn fits(&self, bytes: usize) -> Result<(), SessionSqlDbError> {
        if bytes > self.left {
            return Err(self.sandbox.watch.limits().too_large());
        }
        Ok(())
    }

    /// Makes room for one more part of the result.
    fn take(&mut self, part: &impl Serialize) -> Result<(), SessionSqlDbError> {
        // One byte stands between two parts.
        let mut bytes = Counter(1);
        serde_json::to_writer(&mut bytes, part)
            .map_err(|fault| SessionSqlDbError::Internal(fault.to_string()))?;
        let left = self.left.checked_sub(bytes.0);
        self.left = left.ok_or_else(|| self.sandbox.watch.limits().too_large())?;
        Ok(())
    }
}

/// Counts what is written.
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
