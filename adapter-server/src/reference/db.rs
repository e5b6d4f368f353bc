//! The one place that knows the driver: which database it is, how it is opened, how
//! transactions begin, what its errors mean. Statements stand beside their stores.
//!
//! SQLite takes one writer at a time, so there is one connection that writes and
//! everybody queues for it here, where waiting is fair, instead of inside SQLite,
//! where it is polling and ends in `SQLITE_BUSY`. Readers have connections of their
//! own and see the last commit without waiting (WAL).

use super::codes::{BUSY, CANNOT_OPEN, FULL, IO, LOCKED, primary_code};
use super::open::{OpenError, Place};
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection, Executor, Transaction};
use std::time::Duration;

/// A transaction. Rolled back when it is dropped.
pub(super) type Tx = Transaction<'static, Any>;

/// How long a call waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a connection is read through.
const READER_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// For each connection. FULL: a commit that has been answered survives a power cut.
/// The busy timeout is for other processes; within this one nobody collides. The
/// limit gives the log's disk space back after a burst.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
                       PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                       PRAGMA journal_size_limit = 67108864;";

/// Takes the write lock at once: a transaction that reads first and writes later
/// could find that it may not write any more.
const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The connections to the database.
#[derive(Debug)]
pub(super) struct Db {
    writer: AnyPool,
    readers: AnyPool,
}

// === impl Db ===

impl Db {
    /// Opens the database and brings its schema up to this build's.
    pub(super) async fn open(place: &Place, max_connections: u32) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let failed = |error: sqlx::Error| OpenError::connect(place, &error);
        let options = place.options().map_err(failed)?;
        let _alone = place.lock().await;
        probe(&options).await.map_err(failed)?;
        let writer = pool(1)
            // A writer that broke would otherwise stay the writer; beside a commit a ping
            // costs nothing.
            .test_before_acquire(true)
            // In memory the connection is the database; on disk it is worth keeping.
            .max_lifetime(None)
            .connect_with(options.clone())
            .await
            .map_err(failed)?;
        MIGRATIONS
            .run(&writer)
            .await
            .map_err(|error| OpenError::migrate(place, &error))?;
        let readers = match place {
            // A second connection would be a second, empty database.
            Place::Memory => writer.clone(),
            Place::File(_) => pool(max_connections.saturating_sub(1).max(1))
                // A ping costs as much as a read. One that broke goes when it is old.
                .test_before_acquire(false)
                .max_lifetime(READER_LIFETIME)
                .connect_lazy_with(options),
        };
        Ok(Self { writer, readers })
    }

    /// A connection for one statement that reads.
    pub(super) async fn reader(&self) -> Result<PoolConnection<Any>, StoreError> {
        self.readers.acquire().await.map_err(fault)
    }

    /// A transaction that reads: all of it sees one moment.
    pub(super) async fn snapshot(&self) -> Result<Tx, StoreError> {
        self.readers.begin().await.map_err(fault)
    }

    /// A transaction that writes, alone.
    pub(super) async fn write(&self) -> Result<Tx, StoreError> {
        // Nothing has been written yet, whatever went wrong.
        let begun = self.writer.begin_with(BEGIN_WRITE).await;
        begun.map_err(|error| fault(error).outcome(Outcome::NotApplied))
    }

    /// Waits for the calls under way and closes every connection.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Connects once by hand: a pool tries again until it gives up, and then says that it
/// gave up instead of what was wrong.
async fn probe(options: &AnyConnectOptions) -> Result<(), sqlx::Error> {
    let mut conn = options.connect().await?;
    conn.execute(PRAGMAS).await?;
    conn.close().await
}

fn pool(max_connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .after_connect(|conn: &mut AnyConnection, _| {
            Box::pin(async move { conn.execute(PRAGMAS).await.map(|_| ()) })
        })
}

// === errors ===

/// Makes a change durable.
pub(super) async fn commit(tx: Tx) -> Result<(), StoreError> {
    tx.commit().await.map_err(fault)
}

/// What the caller hears of an error of the driver. Never a value: the driver quotes
/// those in errors of decoding.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the driver's enum is open, and all the rest is one thing here"
)]
pub(super) fn fault(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(cause) => match primary_code(&error) {
            Some(BUSY | LOCKED | IO | FULL | CANNOT_OPEN) => {
                unavailable(format!("the database cannot answer now: {cause}"))
            }
            _ => StoreError::new(ErrorReason::Store, format!("the database refused: {cause}")),
        },
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
pub(super) fn unreadable(what: &str) -> StoreError {
    StoreError::new(
        ErrorReason::Store,
        format!("a stored record is unreadable: {what}"),
    )
}

pub(super) fn unavailable(text: String) -> StoreError {
    StoreError::new(ErrorReason::Unavailable, text)
}
