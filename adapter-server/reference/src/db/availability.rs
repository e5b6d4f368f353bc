//! Whether changes can be made: what faults of the database were seen, and a task that
//! finds out what they mean. While there is doubt it makes a change of its own, again
//! and again, until one succeeds; otherwise it is quiet. PostgreSQL is asked now and
//! then without doubt as well, because a network fails silently.

use crate::db::Dialect;
use crate::db::connection::AnyConnection;
use crate::db::pool::Pool;
use crate::db::sqlstate;
use crate::encoding::now;
use mortise_adapter_server::Outage;
use sqlx::{Connection, Executor};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

/// Between two changes of the task's own.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// How long one of them may take.
const CHECK_WITHIN: Duration = Duration::from_secs(5);

/// How often PostgreSQL is asked while all is well.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Between two looks at statements that have waited for long.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long a look may take.
const LOOK_WITHIN: Duration = Duration::from_secs(1);

/// A change that leaves nothing behind; it belongs to no org.
const WRITE: &str = "INSERT INTO replies (org_id, request_id, method, created_at, body) \
                     VALUES (0, $1, '', $2, $3)";
const UNWRITE: &str = "DELETE FROM replies WHERE org_id = 0 AND request_id = $1";

/// The statements of this process that the server works on.
const ACTIVE: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = $1 \
                      AND state = 'active' AND pid <> pg_backend_pid()";

/// Ends this process's transactions that their clients have left: calls that wait for their
/// locks need not wait until the server notices.
const END_FORSAKEN: &str = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
                            WHERE application_name = $1 AND pid <> pg_backend_pid() \
                            AND state LIKE 'idle in transaction%' \
                            AND state_change < now() - interval '3 s'";

/// What is known.
#[derive(Debug)]
pub(crate) struct Availability {
    /// The database's name, for the log.
    database: String,
    outage: watch::Sender<Option<Outage>>,
    doubt: Mutex<Option<Doubt>>,
    /// Wakes the task.
    wake: Notify,
    /// Wakes it to look at statements that have waited for long.
    suspected: Notify,
    /// Connections that were opened before are not used again.
    outdated: Mutex<Option<Instant>>,
    /// Statements that have waited for long.
    suspects: AtomicUsize,
    /// Of those, the ones begun before get no answer any more.
    silent_before: watch::Sender<Option<Instant>>,
}

/// A fault was seen, and no change has succeeded since.
#[derive(Debug, Clone)]
struct Doubt {
    since: Instant,
    reason: String,
}

/// A statement that has waited for long.
#[derive(Debug)]
pub(crate) struct Suspicion<'a>(&'a Availability);

// === impl Availability ===

impl Availability {
    pub(crate) fn new(database: String) -> Arc<Self> {
        Arc::new(Self {
            database,
            outage: watch::Sender::new(None),
            doubt: Mutex::default(),
            wake: Notify::new(),
            suspected: Notify::new(),
            outdated: Mutex::default(),
            suspects: AtomicUsize::new(0),
            silent_before: watch::Sender::new(None),
        })
    }

    /// Why no changes can be made now, as it changes.
    pub(crate) fn outage(&self) -> watch::Receiver<Option<Outage>> {
        self.outage.subscribe()
    }

    /// Notes a fault. The first one since all was well is logged.
    pub(crate) fn note(&self, error: &sqlx::Error) {
        let reason = sqlstate::said(error);
        {
            let mut doubt = lock(&self.doubt);
            match &mut *doubt {
                // What is wrong may come to light only when it is tried again.
                Some(doubt) => doubt.reason = reason,
                None => {
                    let database = self.database.as_str();
                    let cause = sqlstate::logged(error);
                    tracing::warn!(database, reason, cause, "the database failed");
                    *doubt = Some(Doubt {
                        since: Instant::now(),
                        reason,
                    });
                }
            }
        }
        self.wake.notify_one();
    }

    /// No connection that is open now is used again.
    pub(crate) fn outdate(&self) {
        *lock(&self.outdated) = Some(Instant::now());
    }

    pub(crate) fn is_outdated(&self, opened_at: Instant) -> bool {
        lock(&self.outdated).is_some_and(|before| opened_at <= before)
    }

    /// A statement waits for long.
    pub(crate) fn suspect(&self) -> Suspicion<'_> {
        self.suspects.fetch_add(1, Ordering::Relaxed);
        self.suspected.notify_one();
        Suspicion(self)
    }

    fn has_suspects(&self) -> bool {
        self.suspects.load(Ordering::Relaxed) > 0
    }

    fn is_in_doubt(&self) -> bool {
        lock(&self.doubt).is_some()
    }

    /// A change succeeded.
    fn succeeded(&self) {
        let doubt = lock(&self.doubt).take();
        let was_out = self
            .outage
            .send_if_modified(|outage| outage.take().is_some());
        if was_out {
            let seconds = doubt.map_or(0.0, |doubt| doubt.since.elapsed().as_secs_f64());
            let database = self.database.as_str();
            tracing::info!(database, seconds, "changes can be made again");
        }
    }

    /// A change failed.
    fn failed(&self) {
        let Some(Doubt { reason, .. }) = lock(&self.doubt).clone() else {
            return;
        };
        let database = self.database.as_str();
        self.outage.send_if_modified(|outage| {
            if outage.is_none() {
                tracing::error!(database, reason, "no changes can be made");
            }
            let reason = format!("the database cannot be written to: {reason}");
            let said = Some(Outage { reason });
            let is_news = *outage != said;
            *outage = said;
            is_news
        });
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

// === impl Suspicion ===

impl Suspicion<'_> {
    /// Resolves when it is known that a statement that was begun then gets no answer.
    pub(crate) async fn confirmed(&self, began: Instant) {
        let mut silent = self.0.silent_before.subscribe();
        let confirmed = silent
            .wait_for(|before| before.is_some_and(|before| began < before))
            .await;
        // The sender lives as long as this value's borrow of it.
        drop(confirmed);
    }
}

impl Drop for Suspicion<'_> {
    fn drop(&mut self) {
        self.0.suspects.fetch_sub(1, Ordering::Relaxed);
    }
}

// === the task ===

/// What the task works with.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) writers: Weak<Pool>,
    pub(crate) availability: Arc<Availability>,
    pub(crate) dialect: Dialect,
    /// What the server knows this process's connections by.
    pub(crate) application: String,
    pub(crate) closed: CancellationToken,
}

impl Watch {
    /// Watches until the database is closed.
    pub(crate) async fn run(self) {
        let closed = self.closed.clone();
        tokio::select! {
            () = closed.cancelled() => {}
            _ = async { tokio::join!(self.watch(), self.look_for_silence()) } => {}
        }
    }

    /// Finds out whether changes can be made, when there is doubt.
    async fn watch(&self) {
        let pause = self.dialect.is_postgres().then_some(ASK_EVERY);
        loop {
            if self.availability.is_in_doubt() {
                sleep(CHECK_EVERY).await;
            } else {
                self.paused(pause).await;
            }
            let Some(pool) = self.writers.upgrade() else {
                return;
            };
            if self.availability.is_in_doubt() {
                self.check(&pool).await;
            } else if self.dialect.is_postgres() {
                ask(&pool).await;
            }
        }
    }

    /// Looks at statements that have waited for long. Beside the other: that one may
    /// wait for the very connections that have fallen silent.
    async fn look_for_silence(&self) {
        let mut silent_since = None;
        loop {
            if self.availability.has_suspects() {
                sleep(LOOK_EVERY).await;
            } else {
                silent_since = None;
                self.availability.suspected.notified().await;
            }
            let Some(pool) = self.writers.upgrade() else {
                return;
            };
            if self.dialect.is_postgres() && self.availability.has_suspects() {
                silent_since = self.look(&pool, silent_since).await;
            }
        }
    }

    /// Until there is something to do.
    async fn paused(&self, pause: Option<Duration>) {
        let woken = self.availability.wake.notified();
        match pause {
            Some(pause) => drop(timeout(pause, woken).await),
            None => woken.await,
        }
    }

    /// Makes a change.
    async fn check(&self, pool: &Arc<Pool>) {
        let changed = async {
            let mut connection = pool.acquire_within(CHECK_WITHIN).await?;
            connection.begin(self.dialect.begin_write()).await?;
            write(&mut connection, &self.application).await?;
            Ok::<_, sqlx::Error>(connection.commit().await.is_ok())
        };
        match timeout(CHECK_WITHIN, changed).await {
            Ok(Ok(true)) => self.availability.succeeded(),
            Ok(Ok(false) | Err(_)) | Err(_) => self.availability.failed(),
        }
    }

    /// Asks the server, on a connection of its own, whether it works on anything that
    /// this process waits for. If it twice does not, the connections have fallen silent.
    async fn look(&self, pool: &Arc<Pool>, silent_since: Option<Instant>) -> Option<Instant> {
        let began = Instant::now();
        let looked = async {
            let mut connection = pool.open().await?;
            let (active,): (i64,) = sqlx::query_as(ACTIVE)
                .bind(self.application.as_str())
                .fetch_one(&mut connection)
                .await?;
            drop(connection.close().await);
            Ok::<_, sqlx::Error>(active)
        };
        let Ok(Ok(0)) = timeout(LOOK_WITHIN, looked).await else {
            return None;
        };
        if let Some(since) = silent_since {
            self.end_forsaken(pool).await;
            self.availability.outdate();
            self.availability.silent_before.send_replace(Some(since));
            return None;
        }
        Some(began)
    }

    async fn end_forsaken(&self, pool: &Arc<Pool>) {
        let ended = async {
            let mut connection = pool.open().await?;
            let ended = sqlx::query(END_FORSAKEN)
                .bind(self.application.as_str())
                .execute(&mut connection)
                .await;
            drop(connection.close().await);
            ended.map(drop)
        };
        if !matches!(timeout(LOOK_WITHIN, ended).await, Ok(Ok(()))) {
            tracing::debug!("transactions that were left open end later");
        }
    }
}

async fn write(connection: &mut AnyConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query(WRITE)
        .bind(name)
        .bind(now())
        .bind([].as_slice())
        .execute(&mut *connection)
        .await?;
    sqlx::query(UNWRITE).bind(name).execute(connection).await?;
    Ok(())
}

/// Whether the server answers; what it says instead is noted.
async fn ask(pool: &Arc<Pool>) {
    let asked = async {
        let mut connection = pool.acquire_within(CHECK_WITHIN).await?;
        (&mut connection).execute("SELECT 1").await.map(drop)
    };
    if timeout(CHECK_WITHIN, asked).await.is_err() {
        pool.availability().note(&sqlx::Error::PoolTimedOut);
    }
}
