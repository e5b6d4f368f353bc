//! What the sidecar does for callers of either API: sessions, turns and their events, over
//! the adapters of a mesh. gRPC and HTTP are two ways to call this.
//!
//! ```text
//!   gRPC ──┐                     ┌── sessions   one turn at a time per session
//!          ├── Host ── orgs ─────┤
//!   HTTP ──┘     │               ├── engine     phases of a turn, journal
//!                │               └── adapter    stores over the mesh
//!   storage's turn queue
//! ```

mod accept;
mod calls;
mod cancel;
mod catalog;
mod errors;
mod events;
mod known_turns;
mod leases;
mod logged_turns;
mod org_connections;
mod pages;
mod placed;
mod recovery;
mod requests;
mod session_queue;
mod sessions;
mod shown_session;
mod take_over;
mod tool_results;
mod turn_history;
mod turn_lists;
pub mod turn_queue;
mod turn_runner;
mod turns;
mod waiting_turns;

pub use catalog::{ModelView, SessionFilter};
pub use events::{Events, TurnItem};
pub use leases::LeaseOptions;
pub use org_connections::OrgReadiness;
pub use pages::{EVENT_TOKEN, NAME_TOKEN, Page, PageToken, SESSION_TOKEN, TURN_TOKEN};
pub use recovery::Recovery;
pub use requests::{Call, REQUEST_ID_BYTES_MAX};
pub use tool_results::{Submitted, ToolOutcome};
pub use turn_history::{Step, StepKind, TurnSummary, TurnTrace};
pub use turn_lists::TurnFilter;
pub use turns::{Ended, EndedTurn, Sent, TurnHandle, TurnStatus, TurnView};
pub use waiting_turns::{Accepted, QueuedHandle, Waited};

use crate::engine::{EngineFactory, EngineOptions, LocalEngines};
use crate::journal::{JournalError, TurnJournal, UnstoredEnds};
use crate::metrics::HostMetrics;
use everruns_core::typed_id::{SessionId, TurnId};
use everruns_core::{CapabilityRegistry, DriverRegistry};
use mortise_adapter_client::Mesh;
use mortise_proto::HostError;
use org_connections::Org;
use requests::Requests;
use session_queue::SessionQueue;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;
use turn_history::TurnHistory;
use waiting_turns::WaitingTurns;

/// How long turns may take to be parked.
const PARKED_WITHIN: Duration = Duration::from_secs(5);

/// How a host works.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// The orgs it serves, by their internal ids.
    pub orgs: Vec<i64>,
    /// How many turns may be under way at once.
    pub turns_max: usize,
    /// How many turns may wait, for another of their session or for room.
    pub queue_max: usize,
    /// Whether a turn waits for another of its session, and for room, unless its caller
    /// says otherwise.
    pub queue_by_default: bool,
    /// What becomes of turns that a crash cut off.
    pub recovery: Recovery,
    /// How long turns under way may take once the host was told to stop; then they are
    /// parked.
    pub drain: Duration,
    /// Where unfinished turns are kept.
    pub journal: JournalPlace,
    /// How sessions are leased, where the adapters grant leases.
    pub lease: LeaseOptions,
    /// How turns are run.
    pub engine: EngineOptions,
    /// What runs them.
    pub engines: Arc<dyn EngineFactory>,
    /// Where what happens is counted.
    pub metrics: HostMetrics,
}

/// Where unfinished turns are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalPlace {
    /// With this host, which takes them up when it starts again.
    Own,
    /// With the data of the sessions: any host takes them over when their host is lost.
    Adapter,
}

/// The code that turns run with.
#[derive(Clone)]
pub struct Registries {
    /// Capabilities that are on.
    pub capabilities: CapabilityRegistry,
    /// LLM drivers that are on.
    pub drivers: DriverRegistry,
}

/// The sidecar. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: HostOptions,
    journal: Arc<dyn TurnJournal>,
    /// Turns that are over and whose ends are not stored.
    ends: Arc<UnstoredEnds>,
    /// Sessions whose interrupted turn could not be recovered yet.
    stuck: Mutex<HashSet<Key>>,
    /// Counts how often an org has seen its adapters change: the others look as well.
    changes: watch::Sender<u64>,
    orgs: BTreeMap<i64, Arc<Org>>,
    sessions: Arc<SessionQueue>,
    /// Room for turns that an engine places here.
    placed: Arc<Semaphore>,
    /// Turns that were accepted and have not begun.
    waiting: WaitingTurns,
    /// Calls with a request id.
    requests: Requests,
    history: TurnHistory,
    /// The mesh of new turns.
    meshes: watch::Sender<Mesh>,
    /// Cancelled when the host is to stop: nothing begins any more.
    closing: CancellationToken,
    /// Cancelled when it has drained: what follows events ends.
    closed: CancellationToken,
    /// Turns under way.
    turns: TaskTracker,
    /// Cancelled when the host waits for parked turns no longer.
    gone: CancellationToken,
    /// What keeps watch, until the host is closed.
    watches: TaskTracker,
}

/// Which session of which org.
type Key = (i64, SessionId);

// === impl HostOptions ===

impl Default for HostOptions {
    fn default() -> Self {
        let engine = EngineOptions {
            keep_ending: true,
            turn_timeout: Some(Duration::from_secs(60 * 60)),
            ..EngineOptions::default()
        };
        Self {
            orgs: vec![1],
            turns_max: 64,
            queue_max: 1024,
            queue_by_default: false,
            recovery: Recovery::Resume,
            drain: Duration::from_secs(30),
            journal: JournalPlace::Own,
            lease: LeaseOptions::default(),
            engine,
            engines: Arc::new(LocalEngines),
            metrics: HostMetrics::default(),
        }
    }
}

// === impl Host ===

impl Host {
    /// Starts a host: it connects to its adapters, as soon and as often as it has to,
    /// and takes up the turns that the journal holds. Until an org's adapters answer,
    /// calls for it are refused with their reason.
    pub async fn start(
        mesh: &Mesh,
        registries: Registries,
        journal: Arc<dyn TurnJournal>,
        options: HostOptions,
    ) -> Result<Self, JournalError> {
        options.metrics.watch(mesh);
        let unfinished = journal.all().await?;
        let ends = UnstoredEnds::new(journal.clone(), options.metrics.clone());
        ends.load().await?;
        let queued = journal.queued().await?;
        let closing = CancellationToken::new();
        let orgs = options.orgs.iter().map(|id| (*id, Arc::new(Org::new(*id))));
        let sessions = SessionQueue::new(&options, closing.clone());
        let host = Self {
            inner: Arc::new(Inner {
                orgs: orgs.collect(),
                sessions: Arc::new(sessions),
                placed: Arc::new(Semaphore::new(options.turns_max)),
                waiting: WaitingTurns::default(),
                requests: Requests::default(),
                history: TurnHistory::default(),
                meshes: watch::Sender::new(mesh.clone()),
                journal,
                ends: Arc::new(ends),
                stuck: Mutex::default(),
                changes: watch::Sender::new(0),
                closing,
                closed: CancellationToken::new(),
                turns: TaskTracker::new(),
                gone: CancellationToken::new(),
                watches: TaskTracker::new(),
                options,
            }),
        };
        for turn in unfinished {
            host.recover_turn(turn);
        }
        // Behind those: they were accepted while these ran.
        host.recover_queued(queued).await;
        host.watch_health();
        host.inner.watches.spawn(host.clone().forget_requests());
        for org in host.inner.orgs.values() {
            let watch = host.clone().watch_org(org.clone(), registries.clone());
            host.inner.watches.spawn(watch);
        }
        Ok(host)
    }

    /// Watches the health of the adapters until the host is closed.
    fn watch_health(&self) {
        let closed = self.inner.closed.clone();
        let mut meshes = self.inner.meshes.subscribe();
        self.inner.watches.spawn(async move {
            loop {
                let mesh = meshes.borrow_and_update().clone();
                tokio::select! {
                    () = mesh.watch_health() => {}
                    Ok(()) = meshes.changed() => {}
                    () = closed.cancelled() => return,
                }
            }
        });
    }

    /// The mesh that new turns run over.
    #[must_use]
    pub fn mesh(&self) -> Mesh {
        self.inner.meshes.borrow().clone()
    }

    /// Has new turns run over another mesh, for each org once its adapters have answered,
    /// and gives back the one before. A turn under way ends on the mesh that it began with.
    #[must_use]
    pub fn use_mesh(&self, mesh: Mesh) -> Mesh {
        self.metrics().watch(&mesh);
        self.inner.meshes.send_replace(mesh)
    }

    /// Where what happens is counted.
    #[must_use]
    pub fn metrics(&self) -> &HostMetrics {
        &self.inner.options.metrics
    }

    /// The turns that run, and the last that ended, newest first.
    #[must_use]
    pub fn turn_summaries(&self) -> (Vec<TurnSummary>, Vec<TurnSummary>) {
        self.inner.history.list()
    }

    /// What a turn does or did, if it is still known.
    #[must_use]
    pub fn turn_trace(&self, turn_id: TurnId) -> Option<TurnTrace> {
        self.inner.history.trace(turn_id)
    }

    /// Whether the host is about to stop.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.inner.closing.is_cancelled()
    }

    /// Resolves when the host has drained, and followers of events are to go.
    pub async fn closed(&self) {
        self.inner.closed.cancelled().await;
    }

    /// Does the work of a turn, whatever becomes of who asked for it. A host that stops
    /// waits for it, but not for ever: the journal knows how far the turn got.
    fn spawn_turn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let gone = self.inner.gone.clone();
        self.inner.turns.spawn(async move {
            tokio::select! {
                () = work => {}
                () = gone.cancelled() => {}
            }
        });
    }

    /// The same for work whose outcome a caller waits for. It is not cut off in its
    /// middle when they go.
    async fn run_detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, HostError>> + Send + 'static,
    ) -> Result<T, HostError> {
        let (tell, told) = oneshot::channel();
        let work = async move { drop(tell.send(work.await)) };
        self.spawn_turn(work.in_current_span());
        told.await.unwrap_or_else(|_| Err(self.aborted()))
    }

    /// Why what was waited for panicked or was aborted.
    fn aborted(&self) -> HostError {
        if self.is_draining() {
            return errors::draining();
        }
        errors::aborted()
    }

    /// Stops: nothing begins any more, turns under way end, or are parked in the
    /// journal when the time to drain is over. Returns when none is left, a few seconds
    /// after that time at the latest.
    pub async fn drain(&self) {
        let inner = &self.inner;
        inner.closing.cancel();
        inner.turns.close();
        let limit = inner.options.drain;
        if tokio::time::timeout(limit, inner.turns.wait())
            .await
            .is_err()
        {
            let parked = inner.sessions.park();
            tracing::warn!(turns = parked, "drain time is over; parking turns");
            let parked = tokio::time::timeout(PARKED_WITHIN, inner.turns.wait());
            if parked.await.is_err() {
                let turns = inner.turns.len();
                tracing::warn!(
                    turns,
                    "turns abandoned without parking: an adapter does not answer"
                );
                inner.gone.cancel();
                inner.turns.wait().await;
            }
        }
        inner.closed.cancel();
        inner.watches.close();
        inner.watches.wait().await;
    }
}

impl fmt::Debug for Registries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registries").finish_non_exhaustive()
    }
}
