//! The one place that knows the drivers: which database it is, how it is opened, how
//! transactions begin, what its errors mean. Statements stand beside their stores, and
//! are the same for both.
//!
//! SQLite takes one writer at a time, so there is one connection that writes and
//! everybody queues for it here, where waiting is fair, instead of inside SQLite,
//! where it is polling and ends in `SQLITE_BUSY`. Readers have connections of their
//! own and see the last commit without waiting (WAL).
//!
//! PostgreSQL takes many writers: one pool reads and writes, and a change that reads
//! first locks what it read (see `locks`).

pub(crate) mod batch;
pub(crate) mod encoding;
pub(crate) mod errors;
pub(crate) mod locks;
pub(crate) mod open;
pub(crate) mod sqlstate;

use crate::db::open::{OpenError, Place};
use crate::db::sqlstate::{Failure, failure};
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection, Executor, Transaction};
use std::time::Duration;

/// A transaction. Rolled back when it is dropped.
pub(crate) type Tx = Transaction<'static, Any>;

/// How long a call waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a connection is read through.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// A connection that has been idle for longer is asked whether it still stands.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// What distinguishes the databases.
#[derive(Debug, Clone, Copy)]
struct Dialect {
    /// For each connection.
    session: &'static str,
    /// Before the tables are made.
    prepare: &'static str,
    begin_write: &'static str,
    begin_snapshot: &'static str,
}

/// FULL: a commit that has been answered survives a power cut. The busy timeout is for
/// other processes; within this one nobody collides. The limit gives the log's disk
/// space back after a burst. BEGIN IMMEDIATE takes the write lock at once: a
/// transaction that reads first and writes later could find that it may not write any
/// more.
const SQLITE: Dialect = Dialect {
    session: "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
              PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
              PRAGMA journal_size_limit = 67108864;",
    prepare: "SELECT 1",
    begin_write: "BEGIN IMMEDIATE",
    begin_snapshot: "BEGIN",
};

/// A lock that does not come, or a client that has stopped in the middle, must not hold
/// everybody up for ever. A plan that is kept from when a table was empty reads all of it
/// once it has filled; planning each time costs less than a tenth of a millisecond. The
/// two domains are SQLite's names: one text makes the tables of both databases.
const POSTGRES: Dialect = Dialect {
    session: "SET lock_timeout = '10s'; SET statement_timeout = '60s'; \
              SET idle_in_transaction_session_timeout = '60s'; \
              SET plan_cache_mode = 'force_custom_plan'; \
              SET client_min_messages = 'warning'; SET timezone = 'UTC';",
    prepare: "DO $$ BEGIN CREATE DOMAIN blob AS bytea; \
              EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
              DO $$ BEGIN CREATE DOMAIN ordered_text AS text COLLATE \"C\"; \
              EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;",
    begin_write: "BEGIN",
    begin_snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The connections to the database.
#[derive(Debug)]
pub(crate) struct Db {
    writers: AnyPool,
    readers: AnyPool,
    dialect: Dialect,
}

// === impl Db ===

impl Db {
    /// Opens the database and brings its schema up to this build's.
    pub(crate) async fn open(place: &Place, max_connections: u32) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let failed = |error: sqlx::Error| OpenError::connect(place, &error);
        let dialect = match place {
            Place::Memory | Place::File(_) => SQLITE,
            Place::Postgres(_) => POSTGRES,
        };
        let options = place.options().map_err(failed)?;
        let _alone = place.lock().await;
        probe(&options, dialect).await.map_err(failed)?;
        let max_connections = max_connections.max(2);
        let writers = match place {
            Place::Memory | Place::File(_) => pool(1, dialect)
                // In memory the connection is the database; on disk it is worth keeping.
                .max_lifetime(None),
            Place::Postgres(_) => pool(max_connections, dialect).max_lifetime(CONNECTION_LIFETIME),
        };
        let writers = writers
            .connect_with(options.clone())
            .await
            .map_err(failed)?;
        MIGRATIONS
            .run(&writers)
            .await
            .map_err(|error| OpenError::migrate(place, &error))?;
        let readers = match place {
            // A second connection would be a second, empty database.
            Place::Memory | Place::Postgres(_) => writers.clone(),
            Place::File(_) => pool(max_connections - 1, dialect)
                .max_lifetime(CONNECTION_LIFETIME)
                .connect_lazy_with(options),
        };
        Ok(Self {
            writers,
            readers,
            dialect,
        })
    }

    /// A connection for one statement that reads.
    pub(crate) async fn reader(&self) -> Result<PoolConnection<Any>, StoreError> {
        self.readers.acquire().await.map_err(fault)
    }

    /// A transaction that reads: all of it sees one moment.
    pub(crate) async fn snapshot(&self) -> Result<Tx, StoreError> {
        let begun = self.readers.begin_with(self.dialect.begin_snapshot);
        begun.await.map_err(fault)
    }

    /// A transaction that writes.
    pub(crate) async fn write(&self) -> Result<Tx, StoreError> {
        // Nothing has been written yet, whatever went wrong.
        let begun = self.writers.begin_with(self.dialect.begin_write).await;
        begun.map_err(|error| fault(error).outcome(Outcome::NotApplied))
    }

    /// Waits for the calls under way and closes every connection.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// Connects once by hand: a pool tries again until it gives up, and then says that it
/// gave up instead of what was wrong.
async fn probe(options: &AnyConnectOptions, dialect: Dialect) -> Result<(), sqlx::Error> {
    let mut conn = options.connect().await?;
    conn.execute(dialect.session).await?;
    conn.execute(dialect.prepare).await?;
    conn.close().await
}

fn pool(max_connections: u32, dialect: Dialect) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .after_connect(move |conn: &mut AnyConnection, _| {
            Box::pin(async move { conn.execute(dialect.session).await.map(|_| ()) })
        })
        // A ping costs as much as a read; a connection that has just answered is spared
        // it. One that fails it is thrown away, and another is taken.
        .test_before_acquire(false)
        .before_acquire(|conn: &mut AnyConnection, used| {
            Box::pin(async move {
                if used.idle_for > TRUSTED_FOR {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
}

// === errors ===

/// Makes a change durable.
pub(crate) async fn commit(tx: Tx) -> Result<(), StoreError> {
    tx.commit().await.map_err(fault)
}

/// What the caller hears of an error of the driver. Never a value: the driver quotes
/// those in errors of decoding, and PostgreSQL in its details.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the driver's enum is open, and all the rest is one thing here"
)]
pub(crate) fn fault(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(cause) => {
            let text = cause.message();
            match failure(&error) {
                Failure::Passing => unavailable(format!("the database cannot answer now: {text}")),
                Failure::Undone => {
                    unavailable("another change came between; send it again".to_string())
                        .outcome(Outcome::NotApplied)
                }
                Failure::Final => {
                    StoreError::new(ErrorReason::Store, format!("the database refused: {text}"))
                }
            }
        }
        sqlx::Error::PoolTimedOut => {
            unavailable("no connection to the database became free".to_string())
        }
        sqlx::Error::PoolClosed => unavailable("the database is closed".to_string()),
        sqlx::Error::Io(cause) => unavailable(format!("the database cannot answer now: {cause}")),
        sqlx::Error::WorkerCrashed => unavailable("the database connection broke".to_string()),
        sqlx::Error::ColumnDecode { index, .. } => unreadable(&format!("column {index}")),
        _ => StoreError::new(ErrorReason::Store, "the database gave an unexpected answer"),
    }
}

/// A row that this build cannot read.
pub(crate) fn unreadable(what: &str) -> StoreError {
    StoreError::new(
        ErrorReason::Store,
        format!("a stored record is unreadable: {what}"),
    )
}

pub(crate) fn unavailable(text: String) -> StoreError {
    StoreError::new(ErrorReason::Unavailable, text)
}
