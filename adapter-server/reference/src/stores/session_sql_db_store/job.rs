//! What a call asks of the engine, and what comes of it: the same within this process
//! and in a worker.

use crate::stores::session_sql_db_store::image::{Image, Revision};
use crate::stores::session_sql_db_store::rules::Mode;
use crate::stores::session_sql_db_store::sandbox::Sandbox;
use crate::stores::session_sql_db_store::statements;
use crate::stores::session_sql_db_store::watch::Watch;
use everruns_core::session_sqldb::{SessionSqlDbError, SqlQueryResult, TableSchema};
use std::sync::Arc;

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum Job {
    /// The result of one statement.
    Query(String),
    /// The tables, or one of them.
    Schema(Option<String>),
    /// What statements make of the database.
    Execute(String),
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Done {
    Rows(SqlQueryResult),
    Tables(Vec<TableSchema>),
    /// The new image, and how many rows were touched.
    Changed(Revision, u64),
}

// === impl Job ===

impl Job {
    /// Refuses what need not be tried.
    pub(super) fn check(&self) -> Result<(), SessionSqlDbError> {
        match self {
            Self::Query(sql) | Self::Execute(sql) => statements::readable(sql),
            Self::Schema(_) => Ok(()),
        }
    }

    /// Runs it over an image, on this thread.
    pub(super) fn run(&self, image: &Image, watch: Arc<Watch>) -> Result<Done, SessionSqlDbError> {
        match self {
            Self::Query(sql) => {
                let sandbox = Sandbox::open(image, Mode::Query, watch)?;
                statements::query(&sandbox, sql).map(Done::Rows)
            }
            Self::Schema(table) => {
                let sandbox = Sandbox::open(image, Mode::Query, watch)?;
                statements::schema(&sandbox, table.as_deref()).map(Done::Tables)
            }
            Self::Execute(sql) => {
                let sandbox = Sandbox::open(image, Mode::Execute, watch)?;
                let rows_affected = statements::execute(&sandbox, sql)?;
                Ok(Done::Changed(sandbox.close(image)?, rows_affected))
            }
        }
    }
}

// === impl Done ===

impl Done {
    pub(super) fn rows(self) -> Result<SqlQueryResult, SessionSqlDbError> {
        match self {
            Self::Rows(result) => Ok(result),
            Self::Tables(_) | Self::Changed(..) => Err(mistaken()),
        }
    }

    pub(super) fn tables(self) -> Result<Vec<TableSchema>, SessionSqlDbError> {
        match self {
            Self::Tables(tables) => Ok(tables),
            Self::Rows(_) | Self::Changed(..) => Err(mistaken()),
        }
    }

    pub(super) fn changed(self) -> Result<(Revision, u64), SessionSqlDbError> {
        match self {
            Self::Changed(revision, rows_affected) => Ok((revision, rows_affected)),
            Self::Rows(_) | Self::Tables(_) => Err(mistaken()),
        }
    }
}

fn mistaken() -> SessionSqlDbError {
    SessionSqlDbError::Internal("the database engine answered another question".into())
}
