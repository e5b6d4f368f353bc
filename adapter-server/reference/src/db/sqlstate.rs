//! What the databases' error codes mean, as far as they decide anything here: SQLite's
//! result codes and PostgreSQL's SQLSTATEs.

use sqlx::postgres::PgDatabaseError;

pub(crate) const BUSY: u32 = 5;
pub(crate) const LOCKED: u32 = 6;
const NO_MEMORY: u32 = 7;
pub(crate) const READ_ONLY: u32 = 8;
const IO: u32 = 10;
const FULL: u32 = 13;
pub(crate) const CANNOT_OPEN: u32 = 14;
pub(crate) const NOT_A_DATABASE: u32 = 26;

/// What a database says went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It cannot answer now and may later.
    Passing,
    /// Another change came between, and the transaction is undone: the same change may
    /// succeed at once.
    Undone,
    /// It will say the same again.
    Final,
}

/// What an error of the database means.
pub(crate) fn failure(error: &sqlx::Error) -> Failure {
    if let Some(code) = sqlstate(error) {
        return of_sqlstate(&code);
    }
    match primary_code(error) {
        Some(BUSY | LOCKED | NO_MEMORY | IO | FULL | CANNOT_OPEN) => Failure::Passing,
        _ => Failure::Final,
    }
}

/// See appendix A of PostgreSQL's manual.
fn of_sqlstate(code: &str) -> Failure {
    match code {
        // Serialization failure, deadlock, a lock that did not come in time, and a key
        // that another transaction has just written.
        "40001" | "40P01" | "55P03" | "23505" => Failure::Undone,
        // A statement that was stopped, as an administrator or a time limit does.
        "57014" => Failure::Passing,
        // A primary that has become a standby.
        "25006" => Failure::Passing,
        // Connection exceptions, insufficient resources, operator intervention, system
        // errors.
        _ if ["08", "53", "57", "58"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Failure::Passing
        }
        _ => Failure::Final,
    }
}

/// PostgreSQL's SQLSTATE.
pub(crate) fn sqlstate(error: &sqlx::Error) -> Option<String> {
    let error = error
        .as_database_error()?
        .try_downcast_ref::<PgDatabaseError>()?;
    Some(error.code().to_string())
}

/// SQLite's result code without its extension.
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let error = error.as_database_error()?;
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        return None;
    }
    error.code()?.parse::<u32>().ok().map(|code| code & 0xff)
}
