//! What the databases' error codes mean, as far as they decide anything here: SQLite's
//! result codes and PostgreSQL's SQLSTATEs.

use sqlx::postgres::PgDatabaseError;

pub(crate) const BUSY: u32 = 5;
pub(crate) const LOCKED: u32 = 6;
const NO_MEMORY: u32 = 7;
pub(crate) const READ_ONLY: u32 = 8;
const INTERRUPTED: u32 = 9;
const IO: u32 = 10;
const CORRUPT: u32 = 11;
const FULL: u32 = 13;
pub(crate) const CANNOT_OPEN: u32 = 14;
const PROTOCOL: u32 = 15;
pub(crate) const NOT_A_DATABASE: u32 = 26;

const LOCK_NOT_AVAILABLE: &str = "55P03";

/// The most characters of a database's own text that are passed on.
const TEXT_MAX: usize = 300;

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

/// What an error says of the connection that it came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Soundness {
    /// It may be used again.
    Sound,
    /// The state of its transaction is unknown: it must not be used again.
    Doubtful,
    /// Neither it nor any other that was opened before it.
    Stale,
}

/// What an error of the database means.
pub(crate) fn failure(error: &sqlx::Error) -> Failure {
    if let Some(code) = sqlstate(error) {
        return of_sqlstate(&code);
    }
    match primary_code(error) {
        Some(
            BUSY | LOCKED | NO_MEMORY | READ_ONLY | INTERRUPTED | IO | FULL | CANNOT_OPEN
            | PROTOCOL,
        ) => Failure::Passing,
        _ => Failure::Final,
    }
}

/// See appendix A of PostgreSQL's manual.
fn of_sqlstate(code: &str) -> Failure {
    match code {
        // Serialization failure, deadlock, a lock that did not come in time, and a key
        // that another transaction has just written.
        "40001" | "40P01" | LOCK_NOT_AVAILABLE | "23505" => Failure::Undone,
        // A transaction that was left alone for too long, and a primary that has become
        // a standby.
        "25P03" | "25006" => Failure::Passing,
        // Connection exceptions, insufficient resources, operator intervention (a
        // statement that a time limit stopped, too), system errors.
        _ if ["08", "53", "57", "58"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Failure::Passing
        }
        _ => Failure::Final,
    }
}

/// What an error says of its connection. SQLite rolls some transactions back by itself
/// and leaves others open; after a failed fsync only a file that is opened anew can be
/// trusted. A PostgreSQL server that has become read-only, or a way to it that broke,
/// is the same for every connection.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the driver's enum is open, and what is not known to be harmless is doubtful"
)]
pub(crate) fn soundness(error: &sqlx::Error) -> Soundness {
    if let Some(code) = sqlstate(error) {
        return match code.as_str() {
            "25006" | "57P02" | "57P03" => Soundness::Stale,
            "25P03" | "57P01" | "57P05" => Soundness::Doubtful,
            code if code.starts_with("08") => Soundness::Stale,
            _ => Soundness::Sound,
        };
    }
    match error {
        sqlx::Error::Database(_) => match primary_code(error) {
            Some(IO | CORRUPT | NOT_A_DATABASE | READ_ONLY) => Soundness::Stale,
            Some(NO_MEMORY | INTERRUPTED | FULL | CANNOT_OPEN | PROTOCOL) => Soundness::Doubtful,
            _ => Soundness::Sound,
        },
        sqlx::Error::RowNotFound
        | sqlx::Error::Encode(_)
        | sqlx::Error::Decode(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::TypeNotFound { .. } => Soundness::Sound,
        sqlx::Error::Io(_) => Soundness::Stale,
        _ => Soundness::Doubtful,
    }
}

/// Whether an error is a reason to find out if changes can still be made.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the driver's enum is open, and all the rest is about one statement"
)]
pub(crate) fn is_fault(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(_) => {
            failure(error) == Failure::Passing
                || matches!(primary_code(error), Some(CORRUPT | NOT_A_DATABASE))
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// Whether an error is about one change, and the database takes others now. A lock that did
/// not come in time is not: each that is tried after it would wait for as long.
pub(crate) fn is_of_one_change(error: &sqlx::Error) -> bool {
    let has_waited = sqlstate(error).is_some_and(|code| code == LOCK_NOT_AVAILABLE);
    failure(error) != Failure::Passing
        && soundness(error) == Soundness::Sound
        && !is_fault(error)
        && !has_waited
}

/// What others are told of an error: its code and a name for it. The databases' own
/// texts name files, and quote values.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the driver's enum is open, and all the rest is one thing here"
)]
pub(crate) fn said(error: &sqlx::Error) -> String {
    if let Some(code) = sqlstate(error) {
        return match name_of_sqlstate(&code) {
            Some(name) => format!("{name} (SQLSTATE {code})"),
            None => format!("SQLSTATE {code}"),
        };
    }
    match error {
        sqlx::Error::Database(cause) => {
            let code = cause.code().unwrap_or_default();
            // SQLite's texts are constants, or name a table or a constraint.
            format!("{} (SQLite code {code})", bounded(cause.message()))
        }
        sqlx::Error::Io(cause) => bounded(&cause.to_string()),
        sqlx::Error::PoolTimedOut => "no connection became free".into(),
        sqlx::Error::PoolClosed => "the database is closed".into(),
        sqlx::Error::WorkerCrashed => "the connection broke".into(),
        sqlx::Error::Tls(_) => "TLS with the server failed".into(),
        _ => "an unexpected answer".into(),
    }
}

/// What the log is told of an error: the database's own words, within bounds.
pub(crate) fn logged(error: &sqlx::Error) -> String {
    error
        .as_database_error()
        .map_or_else(|| said(error), |cause| bounded(cause.message()))
}

fn name_of_sqlstate(code: &str) -> Option<&'static str> {
    Some(match code {
        "25006" => "the server is read-only",
        "25P03" => "the transaction was left alone for too long",
        "53100" => "the server's disk is full",
        "53200" => "the server is out of memory",
        "53300" => "the server has too many connections",
        "57014" => "the statement was stopped",
        "57P01" => "the connection was ended by the server's administrator",
        "57P02" => "the server crashed",
        "57P03" => "the server is starting or stopping",
        "58030" => "the server's disk failed",
        _ => match code.get(..2)? {
            "08" => "the connection failed",
            "22" => "a value does not fit",
            "23" => "a constraint",
            "53" => "the server is short of something",
            "57" => "an operator stepped in",
            "58" => "the server's system failed",
            _ => return None,
        },
    })
}

/// A text of a database or of the system, on one line and not longer than is useful.
pub(crate) fn bounded(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(TEXT_MAX)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(TEXT_MAX).is_some() {
        shown.push_str("...");
    }
    shown
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
