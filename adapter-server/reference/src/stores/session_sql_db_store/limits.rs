//! What session SQL databases are limited to.

use everruns_core::session_sqldb::SessionSqlDbError;
use std::time::Duration;

pub(super) const MIB: usize = 1024 * 1024;

/// Rows of a result. The model is told this number.
pub(super) const ROWS: usize = 1000;

/// SQL text of one call, in bytes.
pub(super) const SQL_BYTES: usize = MIB;

/// A value, and a row of a table, in bytes. Some functions take a time that grows with
/// the square of it and cannot be interrupted, so it is small.
pub(super) const VALUE_BYTES: usize = MIB;

/// What statements may write to temporary files, for sorting and the like, in bytes.
pub(super) const SCRATCH_BYTES: u64 = 512 * MIB as u64;

/// A page of a database, in bytes.
pub(super) const PAGE_BYTES: usize = 4096;

/// How many calls may take all of their memory at once.
const TOGETHER: usize = 2;

/// What session SQL databases are limited to.
#[derive(Debug, Clone)]
pub struct SqlLimits {
    /// How long the statements of one call may run.
    pub time: Duration,
    /// The rows of a result as JSON, in bytes.
    pub result_bytes: usize,
    /// A database, in bytes.
    pub database_bytes: usize,
    /// Memory that SQLite may take for the statements of one call, in bytes: whatever
    /// asks for more fails. A change takes three times the size of its database.
    ///
    /// Without workers all calls are in this process, and SQLite knows no narrower limit
    /// than a process': then calls, and a storage on SQLite with them, have twice
    /// this together. SQLite keeps the lowest limit that it was ever given.
    pub memory_bytes: usize,
    /// Databases of a session.
    pub databases: usize,
}

impl Default for SqlLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            result_bytes: 4 * MIB,
            database_bytes: 64 * MIB,
            memory_bytes: 512 * MIB,
            databases: 10,
        }
    }
}

// === impl SqlLimits ===

impl SqlLimits {
    /// What calls may take together.
    pub(super) fn memory_together(&self) -> usize {
        self.memory_bytes.saturating_mul(TOGETHER)
    }

    /// The limits of calls that share one process.
    pub(super) fn in_one_process(&self) -> Self {
        Self {
            memory_bytes: self.memory_together(),
            ..self.clone()
        }
    }

    pub(super) fn too_late(&self) -> SessionSqlDbError {
        SessionSqlDbError::QueryTimeout(self.time.as_secs().max(1))
    }

    pub(super) fn too_large(&self) -> SessionSqlDbError {
        SessionSqlDbError::ResultTooLarge(format!(
            "it has more than {} bytes; ask for fewer columns or rows",
            self.result_bytes
        ))
    }

    pub(super) fn database_full(&self) -> SessionSqlDbError {
        SessionSqlDbError::LimitExceeded(format!(
            "a database has at most {} bytes; nothing was changed",
            self.database_bytes
        ))
    }

    pub(super) fn too_many(&self) -> SessionSqlDbError {
        SessionSqlDbError::LimitExceeded(format!(
            "a session has at most {} databases",
            self.databases
        ))
    }
}

/// A value that is too long, or a row.
pub(super) fn value_too_large() -> SessionSqlDbError {
    SessionSqlDbError::LimitExceeded(format!("a value or a row has at most {VALUE_BYTES} bytes"))
}

/// Statements that there is not enough memory for.
pub(super) fn no_memory() -> SessionSqlDbError {
    SessionSqlDbError::LimitExceeded("the statement takes too much memory".into())
}

/// Statements whose callers are gone.
pub(super) fn abandoned() -> SessionSqlDbError {
    SessionSqlDbError::Internal("the caller cancelled the call".into())
}

/// An engine that ended in the middle of a call.
pub(super) fn broken_off() -> SessionSqlDbError {
    let text = "the database engine failed unexpectedly (panic); see the server's log";
    SessionSqlDbError::Internal(text.into())
}

/// Statements that sort or gather more than there is room for.
pub(super) fn no_scratch() -> SessionSqlDbError {
    SessionSqlDbError::LimitExceeded(format!(
        "temporary storage (sorting and the like) is limited to {SCRATCH_BYTES} bytes"
    ))
}
