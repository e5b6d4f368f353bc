//! A database in memory, opened for one call and shut in: what its statements may do,
//! how long and how much is decided here, before the first of them is compiled.

use crate::stores::session_sql_db_store::functions;
use crate::stores::session_sql_db_store::image::{Image, Revision};
use crate::stores::session_sql_db_store::limits;
use crate::stores::session_sql_db_store::limits::{PAGE_BYTES, SQL_BYTES, SqlLimits, VALUE_BYTES};
use crate::stores::session_sql_db_store::rules::{Calls, Mode, refusal};
use crate::stores::session_sql_db_store::watch::{Meter, Watch};
use everruns_core::session_sqldb::SessionSqlDbError;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};
use std::sync::{Arc, Mutex, PoisonError};

/// SQLite asks whether to go on once in so many instructions.
const ASK_EVERY: i32 = 100;

/// What SQLite limits by itself; see `limits.rs` for the first two. Patterns are short,
/// since matching takes the product of their length and the text's.
const LIMITS: &[(Limit, usize)] = &[
    (Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, SQL_BYTES),
    (Limit::SQLITE_LIMIT_COLUMN, 500),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 500),
    (Limit::SQLITE_LIMIT_VDBE_OP, 5_000_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 100),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 50),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// Defensive: no statement can break the file's format. Untrusted: a view or trigger
/// cannot do what a statement cannot.
const CONFIGURATION: &[(DbConfig, bool)] = &[
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
];

/// An open database.
pub(super) struct Sandbox {
    pub(super) connection: Connection,
    pub(super) watch: Arc<Watch>,
    blocked: Arc<Mutex<Option<SessionSqlDbError>>>,
    calls: Arc<Calls>,
}

// === impl Sandbox ===

impl Sandbox {
    /// Opens an image.
    pub(super) fn open(
        image: &Image,
        mode: Mode,
        watch: Arc<Watch>,
    ) -> Result<Self, SessionSqlDbError> {
        let connection = opened(image, mode, &watch).map_err(broken)?;
        let blocked = Arc::new(Mutex::new(None));
        let verdict = blocked.clone();
        let asked = watch.clone();
        let mut meter = Meter::begin();
        let calls = Arc::new(Calls::default());
        let counted = calls.clone();
        let judge = move |AuthContext { action, .. }: AuthContext<'_>| {
            let refusal = refusal(&action, mode).map(SessionSqlDbError::AuthorizerBlocked);
            let too_many = || {
                counted
                    .refusal(&action)
                    .map(SessionSqlDbError::LimitExceeded)
            };
            let Some(refusal) = refusal.or_else(too_many) else {
                return Authorization::Allow;
            };
            *verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
            Authorization::Deny
        };
        functions::register(&connection, &watch, VALUE_BYTES).map_err(broken)?;
        connection.authorizer(Some(judge)).map_err(broken)?;
        connection
            .progress_handler(ASK_EVERY, Some(move || asked.must_stop(&mut meter)))
            .map_err(broken)?;
        Ok(Self {
            connection,
            watch,
            blocked,
            calls,
        })
    }

    /// Whether to go on with the next statement.
    pub(super) fn next_statement(&self) -> Result<(), SessionSqlDbError> {
        self.calls.begin();
        self.watch.check()
    }

    /// The image of what the statements have made of `before`.
    pub(super) fn close(self, before: &Image) -> Result<Revision, SessionSqlDbError> {
        // SQLite asks itself for the number of pages, with a statement.
        let none = None::<fn(AuthContext<'_>) -> Authorization>;
        self.connection.authorizer(none).map_err(broken)?;
        let unasked = None::<fn() -> bool>;
        self.connection
            .progress_handler(0, unasked)
            .map_err(broken)?;
        let content = self.connection.serialize(MAIN_DB).map_err(broken)?;
        Ok(before.revised(&content))
    }

    /// What the caller hears of an error of a statement. Never the statement itself.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library's enum is open, and all the rest is the statement's fault"
    )]
    pub(super) fn fault(&self, error: rusqlite::Error) -> SessionSqlDbError {
        let mut blocked = self.blocked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(refusal) = blocked.take() {
            return refusal;
        }
        let code = match &error {
            // It comes with a position in the SQL text, so it is about that.
            rusqlite::Error::SqlInputError { error, .. } => error.code,
            rusqlite::Error::SqliteFailure(error, _) => error.code,
            _ => return broken(error),
        };
        match code {
            ErrorCode::OperationInterrupted => self.watch.fault(),
            ErrorCode::DiskFull => self.watch.limits().database_full(),
            ErrorCode::TooBig => limits::value_too_large(),
            ErrorCode::OutOfMemory => limits::no_memory(),
            ErrorCode::AuthorizationForStatementDenied => {
                SessionSqlDbError::AuthorizerBlocked(text(error))
            }
            ErrorCode::InternalMalfunction
            | ErrorCode::SystemIoFailure
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::CannotOpen
            | ErrorCode::NotADatabase
            | ErrorCode::ApiMisuse => broken(error),
            _ => SessionSqlDbError::QueryError(text(error)),
        }
    }
}

fn opened(image: &Image, mode: Mode, watch: &Watch) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_MEMORY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_in_memory_with_flags(flags)?;
    if image.bytes() == 0 {
        // Deleted rows give their pages back, since VACUUM cannot be had.
        connection.execute_batch(&format!(
            "PRAGMA page_size = {PAGE_BYTES}; PRAGMA auto_vacuum = FULL;"
        ))?;
    } else {
        let read_only = mode == Mode::Query;
        connection.deserialize_read_exact(MAIN_DB, image.reader(), image.bytes(), read_only)?;
    }
    let SqlLimits {
        database_bytes,
        memory_bytes,
        ..
    } = watch.limits();
    let pages = database_bytes / PAGE_BYTES;
    connection.execute_batch(&format!(
        "PRAGMA max_page_count = {pages}; PRAGMA hard_heap_limit = {memory_bytes}; \
         PRAGMA cache_size = -2000; PRAGMA temp_store = FILE;"
    ))?;
    for (config, value) in CONFIGURATION {
        connection.set_db_config(*config, *value)?;
    }
    for (limit, value) in LIMITS {
        connection.set_limit(*limit, i32::try_from(*value).unwrap_or(i32::MAX))?;
    }
    Ok(connection)
}

/// An error that is no statement's fault.
fn broken(error: rusqlite::Error) -> SessionSqlDbError {
    if error.sqlite_error_code() == Some(ErrorCode::OutOfMemory) {
        return limits::no_memory();
    }
    SessionSqlDbError::Internal(format!("the database engine failed: {}", text(error)))
}

/// The message alone: the library adds the whole statement.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's enum is open, and all the rest has a message of its own"
)]
fn text(error: rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg,
        rusqlite::Error::SqliteFailure(_, Some(message)) => message,
        other => other.to_string(),
    }
}
