//! The one place that knows the drivers: which database it is, how it is opened, how
//! transactions begin, what its errors mean. Statements stand beside their stores, and
//! are the same for both. A store runs them through a [`Tx`], which is of one org; the
//! driver's connection does not leave this folder.
//!
//! SQLite takes one writer at a time, so there is one connection that writes and
//! everybody queues for it here, where waiting is fair, instead of inside SQLite,
//! where it is polling and ends in `SQLITE_BUSY`. Changes that wait share a commit (see
//! `group`). Readers have connections of their own and see the last commit without
//! waiting (WAL).
//!
//! PostgreSQL takes many writers: one pool reads and writes, and a change that reads
//! first locks what it read (see `locks`).

mod availability;
pub(crate) mod batch;
pub(crate) mod clock;
mod connection;
pub(crate) mod errors;
mod group;
mod lanes;
pub(crate) mod locks;
pub(crate) mod open;
mod pool;
mod pooler;
mod sqlstate;
mod tx;

pub(crate) use crate::db::lanes::{Lane, Lanes};
pub(crate) use crate::db::tx::AllOrgs;
pub use crate::db::tx::{Statement, StatementAs, Tx};

use crate::db::availability::{Availability, Watch};
use crate::db::group::Group;
use crate::db::open::{DatabaseUrl, OpenError};
use crate::db::pool::{Pool, PoolOptions};
use crate::db::pooler::Sessions;
use crate::db::sqlstate::{Failure, failure};
use crate::encoding::corrupt_row;
use crate::seal::KeyRing;
use mortise_adapter_server::Outage;
use mortise_proto::StoreError;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use sqlx::migrate::Migrator;
use sqlx::{ConnectOptions, Connection, Executor};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a connection is used.
const CONNECTION_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// What distinguishes the databases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    is_postgres: bool,
    /// For each connection.
    session: &'static str,
    /// Before the tables are made.
    prepare: &'static str,
    begin_write: &'static str,
    begin_snapshot: &'static str,
}

/// FULL: a commit that has been answered survives a power cut. The busy timeout is for
/// other processes; within this one no two collide. The limit gives the log's disk
/// space back after a burst. BEGIN IMMEDIATE takes the write lock at once: a
/// transaction that reads first and writes later could find that it may not write any
/// more.
const SQLITE: Dialect = Dialect {
    is_postgres: false,
    session: "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
              PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
              PRAGMA journal_size_limit = 67108864;",
    prepare: "SELECT 1",
    begin_write: "BEGIN IMMEDIATE",
    begin_snapshot: "BEGIN",
};

/// A lock that does not come, or a client that has stopped in the middle, must not hold
/// every call up for ever. Plans are kept, for to plan a statement that reads one row takes
/// twice as long as to run it. But a plan that is kept from when a table was empty would
/// read all of it once it has filled: so none may, where an index leads there. That looks
/// like a high cost, for which nothing is to be compiled (`jit`). The server gives up clients that it cannot reach any more, where it is able to tell. The
/// two domains are SQLite's names: one text makes the tables of both databases.
const POSTGRES: Dialect = Dialect {
    is_postgres: true,
    session: "SET lock_timeout = '10s'; SET statement_timeout = '20s'; \
              SET idle_in_transaction_session_timeout = '60s'; \
              SET enable_seqscan = off; SET jit = off; \
              SET client_min_messages = 'warning'; SET timezone = 'UTC'; \
              DO $$ BEGIN SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; \
              SET tcp_keepalives_count = 3; SET tcp_user_timeout = '20s'; \
              SET client_connection_check_interval = '5s'; \
              EXCEPTION WHEN OTHERS THEN NULL; END $$;",
    prepare: "SET statement_timeout = 0; \
              DO $$ BEGIN CREATE DOMAIN blob AS bytea; \
              EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
              DO $$ BEGIN CREATE DOMAIN ordered_text AS text COLLATE \"C\"; \
              EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;",
    begin_write: "BEGIN",
    begin_snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The connections to the database, and the keys for what is sealed in it.
#[derive(Debug)]
pub struct Db {
    keys: Option<KeyRing>,
    writers: Arc<Pool>,
    readers: Arc<Pool>,
    /// Where one writer commits for many.
    group: Option<Group>,
    availability: Arc<Availability>,
    dialect: Dialect,
    /// Ends the task that watches.
    closed: CancellationToken,
}

// === impl Dialect ===

impl Dialect {
    pub(crate) fn is_postgres(&self) -> bool {
        self.is_postgres
    }

    pub(crate) fn begin_write(&self) -> &'static str {
        self.begin_write
    }
}

// === impl Db ===

impl Db {
    /// Opens the database, brings its schema up to this build's, and starts the task
    /// that finds out whether changes can be made.
    pub(crate) async fn open(
        place: &DatabaseUrl,
        max_connections: u32,
        keys: Option<KeyRing>,
    ) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let dialect = match place {
            DatabaseUrl::Memory | DatabaseUrl::File(_) => SQLITE,
            DatabaseUrl::Postgres(_) => POSTGRES,
        };
        let first = {
            let _alone = place.lock().await;
            prepared(place, dialect).await?
        };
        let application = format!("mortise-{:08x}", Uuid::new_v4().as_fields().0);
        let session = if dialect.is_postgres {
            format!(
                "{} SET application_name = '{application}';",
                dialect.session
            )
        } else {
            dialect.session.to_string()
        };
        let availability = Availability::new(place.name());
        let connect = place
            .existing()
            .map_err(|error| OpenError::connect(place, &error))?;
        let pool = |size, lifetime| {
            let options = PoolOptions {
                connect: connect.clone(),
                session: session.clone(),
                size,
                lifetime,
                is_postgres: dialect.is_postgres,
                is_the_database: matches!(place, DatabaseUrl::Memory),
            };
            Pool::new(options, availability.clone())
        };
        let many = max_connections.max(2);
        let mut first = Some(first);
        let (writers, readers) = match place {
            DatabaseUrl::Memory => {
                // A second connection would be a second, empty database.
                let only = pool(1, None);
                if let Some(first) = first.take() {
                    only.put(first);
                }
                (only.clone(), only)
            }
            DatabaseUrl::File(_) => (pool(1, None), pool(many - 1, Some(CONNECTION_LIFETIME))),
            DatabaseUrl::Postgres(_) => {
                let all = pool(many, Some(CONNECTION_LIFETIME));
                (all.clone(), all)
            }
        };
        if let Some(first) = first {
            let closed = first.close().await;
            closed.map_err(|error| OpenError::connect(place, &error))?;
        }
        let group = (!dialect.is_postgres).then(|| Group::start(writers.clone()));
        let db = Self {
            keys,
            group,
            writers,
            readers,
            availability,
            dialect,
            closed: CancellationToken::new(),
        };
        db.start_watch(application);
        Ok(db)
    }

    fn start_watch(&self, application: String) {
        let watch = Watch {
            writers: Arc::downgrade(&self.writers),
            availability: self.availability.clone(),
            dialect: self.dialect,
            application,
            closed: self.closed.clone(),
        };
        tokio::spawn(watch.run());
    }

    /// Why no changes can be made now, as it changes.
    pub(crate) fn outage(&self) -> watch::Receiver<Option<Outage>> {
        self.availability.outage()
    }

    /// The keys for what is sealed, if there are any.
    pub(crate) fn keys(&self) -> Option<&KeyRing> {
        self.keys.as_ref()
    }

    /// For one statement that reads what an org has.
    pub(crate) async fn reader(&self, org_id: i64) -> Result<Tx, StoreError> {
        let connection = self.readers.acquire().await.map_err(db_error)?;
        Ok(Tx::new(connection, org_id, self.keys.clone()))
    }

    /// A transaction that reads what an org has: all of it sees one moment.
    pub(crate) async fn snapshot(&self, org_id: i64) -> Result<Tx, StoreError> {
        let mut tx = self.reader(org_id).await?;
        tx.begin(self.dialect.begin_snapshot)
            .await
            .map_err(db_error)?;
        Ok(tx)
    }

    /// A transaction that changes what an org has. Where there is one writer it is a part
    /// of one that other changes share: to commit it waits for theirs as well.
    pub(crate) async fn write(&self, lane: Lane) -> Result<Tx, StoreError> {
        let all = self.write_in(lane).await?;
        Ok(all.into_org(lane.org_id))
    }

    /// The same for a change that does some of the server's own work with it.
    pub(crate) async fn write_in(&self, lane: Lane) -> Result<AllOrgs, StoreError> {
        let Some(group) = &self.group else {
            return self.write_all_orgs_alone().await;
        };
        let part = group.turn(lane).await?;
        Ok(AllOrgs::of(Tx::new(part, AllOrgs::NONE, self.keys.clone())))
    }

    /// A transaction of its own for what takes long or writes much: others that shared it
    /// would wait.
    pub(crate) async fn write_alone(&self, org_id: i64) -> Result<Tx, StoreError> {
        // Nothing has been written yet, whatever went wrong.
        let not_applied = |error| db_error(error).outcome(Outcome::NotApplied);
        let connection = self.writers.acquire().await.map_err(not_applied)?;
        let mut tx = Tx::new(connection, org_id, self.keys.clone());
        tx.begin(self.dialect.begin_write)
            .await
            .map_err(not_applied)?;
        Ok(tx)
    }

    /// For one statement that reads what all orgs have: the server's own work.
    pub(crate) async fn read_all_orgs(&self) -> Result<AllOrgs, StoreError> {
        self.reader(AllOrgs::NONE).await.map(AllOrgs::of)
    }

    /// A transaction that changes what several orgs have: the server's own work, and what
    /// is written for many callers at once.
    pub(crate) async fn write_all_orgs(&self) -> Result<AllOrgs, StoreError> {
        self.write_in(Lane::of_org(AllOrgs::NONE)).await
    }

    /// The same for work that takes long or writes much.
    pub(crate) async fn write_all_orgs_alone(&self) -> Result<AllOrgs, StoreError> {
        self.write_alone(AllOrgs::NONE).await.map(AllOrgs::of)
    }

    /// Waits for the calls under way and closes every connection.
    pub(crate) async fn close(&self) {
        self.closed.cancel();
        self.readers.close().await;
        self.writers.close().await;
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

/// Connects, and brings the schema up to this build's. Only this may take long. The
/// connection is given back for a database in memory, which lives with it.
async fn prepared(place: &DatabaseUrl, dialect: Dialect) -> Result<sqlx::AnyConnection, OpenError> {
    let failed = |error: sqlx::Error| OpenError::connect(place, &error);
    let options = place.options().map_err(failed)?;
    let mut first = options.connect().await.map_err(failed)?;
    if dialect.is_postgres {
        let sessions = pooler::sessions(&mut first, &options).await;
        match sessions.map_err(failed)? {
            Sessions::Own => {}
            Sessions::Shared => return Err(OpenError::shared_sessions(place)),
            Sessions::OnlyOne => return Err(OpenError::one_session(place)),
        }
    }
    first.execute(dialect.session).await.map_err(failed)?;
    first.execute(dialect.prepare).await.map_err(failed)?;
    MIGRATIONS
        .run_direct(None, &mut first, false)
        .await
        .map_err(|error| OpenError::migrate(place, &error))?;
    Ok(first)
}

// === errors ===

/// What the caller hears of an error of the driver. Never a value and no file: the
/// driver quotes values in errors of decoding, and PostgreSQL both in its texts.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the driver's enum is open, and all the rest is one thing here"
)]
pub(crate) fn db_error(error: sqlx::Error) -> StoreError {
    let said = sqlstate::said(&error);
    match &error {
        sqlx::Error::Database(_) => match failure(&error) {
            Failure::Passing => unavailable(format!("the database cannot answer now: {said}")),
            Failure::Undone => {
                unavailable("a concurrent change interfered; send the call again".into())
                    .outcome(Outcome::NotApplied)
            }
            Failure::Final => {
                StoreError::new(ErrorReason::Store, format!("the database refused: {said}"))
            }
        },
        sqlx::Error::PoolTimedOut => {
            unavailable("no database connection became free in time".into())
                .outcome(Outcome::NotApplied)
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => {
            unavailable(format!("the database cannot answer now: {said}"))
        }
        sqlx::Error::ColumnDecode { index, .. } => corrupt_row(&format!("column {index}")),
        _ => StoreError::new(ErrorReason::Store, "the database gave an unexpected answer"),
    }
}

pub(crate) fn unavailable(text: String) -> StoreError {
    StoreError::new(ErrorReason::Unavailable, text)
}
