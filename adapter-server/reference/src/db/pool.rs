//! Connections to one database, kept and lent out in turn. A pool of our own: sqlx's
//! asks a connection that is given back whether it stands, for as long as it takes, and
//! a network that swallows the question keeps the connection's place for ever. Nothing
//! here waits without a limit.

use crate::db::availability::Availability;
use crate::db::connection::AnyConnection;
use crate::db::sqlstate;
use crate::db::sqlstate::Failure;
use sqlx::any::AnyConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// How long a call waits for a connection.
const ACQUIRE_WITHIN: Duration = Duration::from_secs(20);

/// How long it takes at most to open one; further tries follow while the call waits.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Between tries to open one.
const CONNECT_EVERY: Duration = Duration::from_millis(200);

/// A connection that has been idle for longer is asked whether it still stands.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How long it may take to answer that.
const PING_WITHIN: Duration = Duration::from_secs(2);

/// How long a connection may take to say goodbye.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// How long the calls under way have to give their connections back at the end.
const DRAIN_WITHIN: Duration = Duration::from_secs(60);

/// How a pool's connections are made and kept.
#[derive(Debug, Clone)]
pub(crate) struct PoolOptions {
    pub(crate) connect: AnyConnectOptions,
    /// Run on each new connection.
    pub(crate) session: String,
    pub(crate) size: u32,
    /// How long a connection is used.
    pub(crate) lifetime: Option<Duration>,
    pub(crate) is_postgres: bool,
    /// In memory the connection is the database: it is never thrown away.
    pub(crate) is_the_database: bool,
}

/// The connections.
#[derive(Debug)]
pub(crate) struct Pool {
    options: PoolOptions,
    availability: Arc<Availability>,
    /// A permit a connection. It is fair.
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Held>>,
    closed: CancellationToken,
}

/// A connection and its place in the pool.
#[derive(Debug)]
pub(crate) struct Held {
    connection: sqlx::AnyConnection,
    opened_at: Instant,
    used_at: Instant,
    place: Option<OwnedSemaphorePermit>,
}

// === impl Held ===

impl Held {
    pub(crate) fn connection(&mut self) -> &mut sqlx::AnyConnection {
        &mut self.connection
    }
}

// === impl Pool ===

impl Pool {
    pub(crate) fn new(options: PoolOptions, availability: Arc<Availability>) -> Arc<Self> {
        let size = options.size as usize;
        Arc::new(Self {
            options,
            availability,
            places: Arc::new(Semaphore::new(size)),
            idle: Mutex::default(),
            closed: CancellationToken::new(),
        })
    }

    /// Puts a connection in that is open already.
    pub(crate) fn put(&self, connection: sqlx::AnyConnection) {
        let now = Instant::now();
        self.idle().push(Held {
            connection,
            opened_at: now,
            used_at: now,
            place: None,
        });
    }

    pub(crate) fn availability(&self) -> &Arc<Availability> {
        &self.availability
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.options.is_postgres
    }

    pub(crate) fn is_the_database(&self) -> bool {
        self.options.is_the_database
    }

    /// A connection, when it is this caller's turn.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<AnyConnection, sqlx::Error> {
        self.acquire_within(ACQUIRE_WITHIN).await
    }

    /// The same, with less patience.
    pub(crate) async fn acquire_within(
        self: &Arc<Self>,
        within: Duration,
    ) -> Result<AnyConnection, sqlx::Error> {
        let until = Instant::now() + within;
        let place = self.place(until).await?;
        let mut held = match self.usable_idle().await {
            Some(held) => held,
            None => self.connect(until).await.inspect_err(|error| {
                self.availability.note(error);
            })?,
        };
        held.place = Some(place);
        Ok(AnyConnection::new(held, self.clone()))
    }

    /// A place, at once if one is free and no one waits for it.
    async fn place(&self, until: Instant) -> Result<OwnedSemaphorePermit, sqlx::Error> {
        if self.closed.is_cancelled() {
            return Err(sqlx::Error::PoolClosed);
        }
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            return Ok(place);
        }
        let place = tokio::select! {
            biased;
            () = self.closed.cancelled() => return Err(sqlx::Error::PoolClosed),
            place = timeout_at(until, self.places.clone().acquire_owned()) => place,
        };
        let place = place.map_err(|_| {
            self.availability.note(&sqlx::Error::PoolTimedOut);
            sqlx::Error::PoolTimedOut
        })?;
        place.map_err(|_| sqlx::Error::PoolClosed)
    }

    /// An idle connection that still stands.
    async fn usable_idle(&self) -> Option<Held> {
        loop {
            let mut held = self.idle().pop()?;
            if self.is_outdated(&held) {
                self.throw_away(held);
                continue;
            }
            if held.used_at.elapsed() <= TRUSTED_FOR || self.options.is_the_database {
                return Some(held);
            }
            match timeout(PING_WITHIN, held.connection.ping()).await {
                Ok(Ok(())) => return Some(held),
                // The others have been through the same.
                Ok(Err(_)) | Err(_) => self.availability.outdate(),
            }
            self.throw_away(held);
        }
    }

    fn is_outdated(&self, held: &Held) -> bool {
        if self.options.is_the_database {
            return false;
        }
        let lifetime = self.options.lifetime;
        lifetime.is_some_and(|lifetime| held.opened_at.elapsed() > lifetime)
            || self.availability.is_outdated(held.opened_at)
    }

    /// Opens a connection; tries again until then.
    async fn connect(&self, until: Instant) -> Result<Held, sqlx::Error> {
        loop {
            let opened_at = Instant::now();
            let within = CONNECT_WITHIN.min(until.saturating_duration_since(opened_at));
            let error = match timeout(within, self.open()).await {
                Ok(Ok(connection)) => {
                    return Ok(Held {
                        connection,
                        opened_at,
                        used_at: Instant::now(),
                        place: None,
                    });
                }
                Ok(Err(error)) => error,
                Err(_) if within < CONNECT_WITHIN => sqlx::Error::PoolTimedOut,
                Err(_) => silent(),
            };
            let is_over = self.closed.is_cancelled() || Instant::now() + CONNECT_EVERY >= until;
            if is_over || !self.may_come_back(&error) {
                return Err(error);
            }
            sleep(CONNECT_EVERY).await;
        }
    }

    /// Whether a server that does not let itself be reached is waited for: it may be
    /// starting. A file is there or not.
    fn may_come_back(&self, error: &sqlx::Error) -> bool {
        self.options.is_postgres
            && (matches!(error, sqlx::Error::Io(_)) || sqlstate::failure(error) == Failure::Passing)
    }

    /// Opens a connection outside the pool's places.
    pub(crate) async fn open(&self) -> Result<sqlx::AnyConnection, sqlx::Error> {
        let mut connection = self.options.connect.connect().await?;
        let session = AssertSqlSafe(self.options.session.clone());
        connection.execute(session).await?;
        Ok(connection)
    }

    /// Takes a connection back that its next user may have.
    pub(crate) fn take_back(&self, mut held: Held) {
        if self.closed.is_cancelled() || self.is_outdated(&held) {
            return self.throw_away(held);
        }
        held.used_at = Instant::now();
        let place = held.place.take();
        self.idle().push(held);
        // Only now: the next holder of the place finds the connection.
        drop(place);
    }

    /// Closes a connection that must not be used again. Its place is free once it is
    /// closed or does not answer.
    pub(crate) fn throw_away(&self, held: Held) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let is_postgres = self.options.is_postgres;
        runtime.spawn(async move {
            let Held {
                connection, place, ..
            } = held;
            if is_postgres {
                // It has a goodbye to send, for which no caller needs to wait.
                drop(place);
                drop(timeout(CLOSE_WITHIN, connection.close()).await);
            } else {
                // A file that is open still may be locked still.
                drop(timeout(CLOSE_WITHIN, connection.close()).await);
                drop(place);
            }
        });
    }

    /// Waits for the connections on loan and closes all.
    pub(crate) async fn close(&self) {
        self.closed.cancel();
        let all = self.places.acquire_many(self.options.size);
        drop(timeout(DRAIN_WITHIN, all).await);
        let idle = std::mem::take(&mut *self.idle());
        for held in idle {
            drop(timeout(CLOSE_WITHIN, held.connection.close()).await);
        }
    }

    /// The list is whole after every statement, so a panic elsewhere does not matter.
    fn idle(&self) -> MutexGuard<'_, Vec<Held>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn silent() -> sqlx::Error {
    let seconds = CONNECT_WITHIN.as_secs();
    let text = format!("no connection was made within {seconds} s");
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, text))
}
