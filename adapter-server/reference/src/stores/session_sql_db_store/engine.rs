//! Where statements run: in workers, or else on threads that may block, a few at a time
//! and fewer for each session, so that a runaway holds up neither the server nor its
//! neighbours.

#![expect(
    clippy::disallowed_types,
    reason = "a change of a database holds its gate while it runs, which is what the gate is for"
)]

use crate::stores::session_sql_db_store::image::Image;
use crate::stores::session_sql_db_store::job::{Done, Job};
use crate::stores::session_sql_db_store::limits;
use crate::stores::session_sql_db_store::limits::{MIB, SqlLimits};
use crate::stores::session_sql_db_store::watch::Watch;
use crate::stores::session_sql_db_store::workers::{GRACE, SqlWorker, Workers};
use everruns_core::session_sqldb::SessionSqlDbError;
use everruns_core::typed_id::SessionId;
use moka::future::Cache;
use moka::policy::EvictionPolicy;
use mortise_proto::StoreError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// Calls of one session that run at once.
const RUNNING_PER_SESSION: usize = 2;

/// Calls that run at once, at least and per processor.
const RUNNING_AT_LEAST: usize = 8;
const RUNNING_PER_PROCESSOR: usize = 2;

/// The most of those that calls of one org take: one of this many parts.
const PARTS_FOR_ORG: usize = 2;

/// What a call takes of SQLite's memory beside copies of the database.
const CALL_BYTES: usize = 32 * MIB;

/// What calls that run at once may take, of what SQLite may: one of this many parts. The
/// rest is for the storage itself, whose SQLite has the same memory, and for statements
/// that gather more than was expected of them.
const PARTS_OF_MEMORY: usize = 2;

/// Images that are kept, in bytes.
const KEPT_BYTES: u64 = 256 * 1024 * 1024;

/// How long an unused image is kept.
const KEPT_IDLE: Duration = Duration::from_secs(10 * 60);

/// Gates of unused sessions are dropped when there are this many.
const GATES: usize = 256;

/// Runs statements, and keeps the images of databases that were used lately.
#[derive(Debug)]
pub(crate) struct SqlEngine {
    limits: SqlLimits,
    /// `None` where statements run in this process.
    workers: Option<Arc<Workers>>,
    /// By version, which no two databases share and no two states of one.
    images: Cache<String, Arc<Image>>,
    running: Arc<Semaphore>,
    /// A permit a MiB.
    memory: Arc<Semaphore>,
    memory_mib: usize,
    running_of_org: usize,
    gates: Mutex<Gates>,
}

/// What is in use.
#[derive(Debug, Default)]
struct Gates {
    sessions: HashMap<(i64, SessionId), Weak<Gate>>,
    orgs: HashMap<i64, Weak<Semaphore>>,
}

/// What the calls of one session pass.
#[derive(Debug)]
pub(super) struct Gate {
    running: Arc<Semaphore>,
    running_of_org: Arc<Semaphore>,
    /// Changes within this process come one after the other, instead of finding at
    /// their end that another was quicker.
    pub(super) changing: tokio::sync::Mutex<()>,
}

// === impl SqlEngine ===

impl SqlEngine {
    pub(crate) fn new(limits: SqlLimits, worker: Option<SqlWorker>) -> Self {
        let processors = available_parallelism().map_or(1, usize::from);
        let running = RUNNING_AT_LEAST.max(RUNNING_PER_PROCESSOR * processors);
        let weigh = |_: &String, image: &Arc<Image>| {
            // An empty one is not free.
            u32::try_from(image.bytes() + 1024).unwrap_or(u32::MAX)
        };
        let memory_mib = (limits.memory_together() / PARTS_OF_MEMORY / MIB).max(1);
        Self {
            limits,
            workers: worker.map(|command| Arc::new(Workers::new(command))),
            images: Cache::builder()
                .max_capacity(KEPT_BYTES)
                // The default turns new entries away for those that were asked for often.
                .eviction_policy(EvictionPolicy::lru())
                .weigher(weigh)
                .time_to_idle(KEPT_IDLE)
                .build(),
            running: Arc::new(Semaphore::new(running)),
            memory: Arc::new(Semaphore::new(memory_mib)),
            memory_mib,
            running_of_org: running / PARTS_FOR_ORG,
            gates: Mutex::default(),
        }
    }

    pub(super) fn limits(&self) -> &SqlLimits {
        &self.limits
    }

    pub(super) async fn image(&self, version: &str) -> Option<Arc<Image>> {
        self.images.get(version).await
    }

    pub(super) async fn keep(&self, version: String, image: Arc<Image>) {
        self.images.insert(version, image).await;
    }

    pub(super) fn gate(&self, org_id: i64, session_id: SessionId) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (org_id, session_id);
        if let Some(gate) = gates.sessions.get(&key).and_then(Weak::upgrade) {
            return gate;
        }
        if gates.sessions.len() >= GATES {
            gates.sessions.retain(|_, gate| gate.strong_count() > 0);
            gates.orgs.retain(|_, running| running.strong_count() > 0);
        }
        let running_of_org = gates.orgs.get(&org_id).and_then(Weak::upgrade);
        let running_of_org = running_of_org.unwrap_or_else(|| {
            let running = Arc::new(Semaphore::new(self.running_of_org));
            gates.orgs.insert(org_id, Arc::downgrade(&running));
            running
        });
        let gate = Arc::new(Gate {
            running: Arc::new(Semaphore::new(RUNNING_PER_SESSION)),
            running_of_org,
            changing: tokio::sync::Mutex::default(),
        });
        gates.sessions.insert(key, Arc::downgrade(&gate));
        gate
    }

    /// Until when a call that comes now waits to be run.
    pub(super) fn patience(&self) -> Instant {
        Instant::now() + self.limits.time
    }

    /// Does what is asked of an image, which takes so many bytes of databases, when there
    /// is room for it, and stops it when its time is over or its caller goes away.
    pub(super) async fn run(
        &self,
        gate: &Gate,
        patience: Instant,
        bytes: usize,
        image: Arc<Image>,
        job: Job,
    ) -> Result<Done, StoreError> {
        job.check()?;
        let waited = timeout_at(patience, self.room(gate, bytes)).await;
        let room = waited.map_err(|_| self.limits.too_late())?;
        match self.workers.clone() {
            Some(workers) => self.run_there(workers, room, image, job).await,
            None => Ok(self.run_here(room, image, job).await?),
        }
    }

    /// In a worker.
    async fn run_there(
        &self,
        workers: Arc<Workers>,
        room: Room,
        image: Arc<Image>,
        job: Job,
    ) -> Result<Done, StoreError> {
        let stop = CancellationToken::new();
        let _abandons = stop.clone().drop_guard();
        let limits = self.limits.clone();
        let task = tokio::spawn(async move {
            let done = workers.run(job, &image, &limits, stop).await;
            // With or without a waiting caller: there is room again when the worker is free.
            drop(room);
            done
        });
        task.await.unwrap_or_else(|fault| {
            tracing::error!(%fault, "session database task panicked");
            Err(limits::broken_off().into())
        })
    }

    /// On a thread of this process. A function that SQLite cannot interrupt is left to it.
    async fn run_here(
        &self,
        room: Room,
        image: Arc<Image>,
        job: Job,
    ) -> Result<Done, SessionSqlDbError> {
        let watch = Arc::new(Watch::begin(self.limits.in_one_process()));
        let _abandons = Abandons(watch.clone());
        let task = spawn_blocking(move || {
            let result = job.run(&image, watch);
            // With or without a waiting caller: there is room again when the thread is free.
            drop(room);
            result
        });
        match timeout(self.limits.time + GRACE, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(fault)) => {
                tracing::error!(%fault, "session database task panicked");
                Err(limits::broken_off())
            }
            Err(_) => Err(self.limits.too_late()),
        }
    }

    /// The session's turn first, and then its org's: those who wait for it take nothing
    /// from the others.
    async fn room(&self, gate: &Gate, bytes: usize) -> Room {
        let mib = (bytes + CALL_BYTES).div_ceil(MIB).min(self.memory_mib);
        let mib = u32::try_from(mib).unwrap_or(u32::MAX);
        // None is ever closed.
        let own = gate.running.clone().acquire_owned().await;
        let of_org = gate.running_of_org.clone().acquire_owned().await;
        let common = self.running.clone().acquire_owned().await;
        let memory = self.memory.clone().acquire_many_owned(mib).await;
        [own.ok(), of_org.ok(), common.ok(), memory.ok()]
    }
}

/// What a call holds while it runs.
type Room = [Option<OwnedSemaphorePermit>; 4];

/// Stops the work when its caller is gone.
struct Abandons(Arc<Watch>);

impl Drop for Abandons {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
