//! Connections to adapters, routes to them, and how a call gets there.
//!
//! `stack.rs` is the column that every call goes through; `target.rs` is one adapter,
//! `balance.rs` its endpoints, `transport.rs` the connections to one of them.

pub(crate) mod backoff;
mod balance;
pub(crate) mod call;
pub(crate) mod change;
mod codec;
pub(crate) mod config;
pub(crate) mod endpoint;
pub(crate) mod handshake;
pub(crate) mod health;
mod io_runtime;
mod limit;
pub(crate) mod offers;
pub(crate) mod resolve;
mod retry;
mod stack;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod tap;
mod target;
pub(crate) mod tls;
pub(crate) mod token;
mod trace;
pub(crate) mod transport;

use crate::Fence;
use crate::phase::SessionMemory;
use change::RequestIds;
use config::{AdapterConfig, ConfigError, MeshConfig, RouteTable};
use everruns_core::org_public_id_from_internal;
use io_runtime::IoRuntime;
use mortise_proto::StoreError;
use mortise_proto::pb::{ErrorReason, Identity};
use stats::{MethodStats, RpcStats};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tap::Tap;
use target::Target;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// How many handshakes may be under way at once: an adapter that comes back is greeted for
/// every org, and must not be knocked over by that.
const HANDSHAKES_MAX: usize = 16;

/// Connections, routes and policies. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mesh {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    targets: BTreeMap<String, Arc<Target>>,
    routes: RouteTable,
    client: Identity,
    max_message_bytes: usize,
    max_answer_bytes: usize,
    io_runtime: Arc<IoRuntime>,
    /// Calls that are made on it use connections that it drives.
    callers: Option<Handle>,
    handshakes: Arc<Semaphore>,
    /// Of all orgs, whatever their routes are: what it holds is checked where it is used.
    session_memory: Arc<SessionMemory>,
    /// Counts the changes of any adapter's health.
    health_changes: watch::Sender<u64>,
}

/// On whose behalf calls are made.
#[derive(Debug, Clone)]
pub struct Org {
    /// The host's internal id.
    pub id: i64,
    /// The public id that belongs to it.
    pub public_id: String,
    /// The session the calls are made for, where it is known: for the server's logs.
    pub(crate) session_id: String,
    /// The lease that changes are made under.
    pub(crate) fence: Option<Fence>,
    /// Who sees the calls.
    pub(crate) tap: Tap,
    /// Where the request ids of changes come from.
    pub(crate) request_ids: RequestIds,
    /// The time of the turn that they are made for.
    pub(crate) turn_time: Option<TurnTime>,
}

/// The time of a turn. It limits what its phases ask for, and nothing that goes on after
/// them.
#[derive(Debug, Clone)]
pub(crate) struct TurnTime {
    until: Instant,
    is_over: Arc<AtomicBool>,
}

// === impl Mesh ===

impl Mesh {
    /// Checks the configuration and prepares the pools. Nothing is waited for: an adapter
    /// may be absent, come and go.
    pub fn new(config: MeshConfig) -> Result<Self, ConfigError> {
        let io_runtime = IoRuntime::start().map_err(ConfigError::Runtime)?;
        let handshakes = Semaphore::new(HANDSHAKES_MAX);
        let session_memory = SessionMemory::new(config.session_memory_bytes);
        Self::build(
            config,
            &BTreeMap::new(),
            Arc::new(io_runtime),
            Arc::new(handshakes),
            Arc::new(session_memory),
        )
    }

    /// A mesh of another configuration, or everything that is wrong with it. This one stays
    /// as it is, so that what began with it ends with it. Adapters whose configuration is
    /// the same are shared: their connections stay.
    pub fn reloaded(&self, config: MeshConfig) -> Result<Self, ConfigError> {
        let Inner {
            targets,
            io_runtime,
            handshakes,
            session_memory,
            ..
        } = &*self.inner;
        let session_memory = match session_memory.bytes_max() == config.session_memory_bytes {
            true => session_memory.clone(),
            false => Arc::new(SessionMemory::new(config.session_memory_bytes)),
        };
        Self::build(
            config,
            targets,
            io_runtime.clone(),
            handshakes.clone(),
            session_memory,
        )
    }

    fn build(
        config: MeshConfig,
        before: &BTreeMap<String, Arc<Target>>,
        io_runtime: Arc<IoRuntime>,
        handshakes: Arc<Semaphore>,
        session_memory: Arc<SessionMemory>,
    ) -> Result<Self, ConfigError> {
        let routes = config.routes.resolve(&config.adapters)?;
        let runtime = io_runtime.handle();
        let target = |(name, adapter): (&String, &AdapterConfig)| {
            let known = before.get(name);
            let target = match known.filter(|known| known.is_made_of(adapter, &config)) {
                Some(known) => known.clone(),
                None => Arc::new(Target::open(name, adapter, &config, runtime)?),
            };
            Ok((name.clone(), target))
        };
        let targets = config.adapters.iter().map(target);
        Ok(Self {
            inner: Arc::new(Inner {
                targets: targets.collect::<Result<_, ConfigError>>()?,
                routes,
                client: config.client,
                max_message_bytes: config.max_message_bytes,
                max_answer_bytes: config.max_answer_bytes,
                io_runtime,
                callers: config.runtime,
                handshakes,
                session_memory,
                health_changes: watch::Sender::new(0),
            }),
        })
    }

    /// Resolves when this is the last clone: nothing runs over it any more. Looks so often.
    pub async fn unused(self, every: Duration) {
        let users = Arc::downgrade(&self.inner);
        drop(self);
        while users.strong_count() > 0 {
            tokio::time::sleep(every).await;
        }
    }

    /// Reads the files that an adapter's configuration names, as [`Mesh::new`] does,
    /// and says what is wrong with them.
    pub fn check_files(adapter: &AdapterConfig) -> Result<(), String> {
        adapter.check_files().map(drop)
    }

    /// What is kept of sessions from phase to phase.
    pub(crate) fn session_memory(&self) -> &Arc<SessionMemory> {
        &self.inner.session_memory
    }

    /// What has been called so far, by method.
    #[must_use]
    pub fn stats(&self) -> Vec<MethodStats> {
        stats::by_method(self.rpc_stats())
    }

    /// What has been called so far, by adapter and method.
    #[must_use]
    pub fn rpc_stats(&self) -> Vec<RpcStats> {
        let targets = self.targets();
        targets
            .flat_map(|target| target.stats.snapshot(&target.name))
            .collect()
    }

    /// The adapter that serves a service of an org.
    pub(crate) fn route(&self, org: &Org, service: &str) -> Result<&Arc<Target>, StoreError> {
        let name = self.routes(org.id).get(service);
        name.and_then(|name| self.inner.targets.get(name))
            .ok_or_else(|| {
                StoreError::new(
                    ErrorReason::NotOffered,
                    format!("no adapter is configured for {service}"),
                )
            })
    }

    /// Whether one adapter serves both to an org.
    pub(crate) fn same_route(&self, org: &Org, one: &str, other: &str) -> bool {
        let routes = self.routes(org.id);
        routes.get(one) == routes.get(other)
    }

    /// Every service with the adapter that it is routed to for an org.
    pub(crate) fn routes(&self, org_id: i64) -> &BTreeMap<&'static str, String> {
        self.inner.routes.of(org_id)
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = &Arc<Target>> {
        self.inner.targets.values()
    }
}

// === impl TurnTime ===

impl TurnTime {
    pub(crate) fn new(until: Instant) -> Self {
        Self {
            until,
            is_over: Arc::default(),
        }
    }

    /// When calls that begin now must have ended.
    fn until(&self) -> Option<Instant> {
        (!self.is_over.load(Ordering::Relaxed)).then_some(self.until)
    }

    /// The phase has ended: what goes on has no limit from it.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

// === impl Org ===

impl Org {
    pub(crate) fn new(id: i64) -> Self {
        Self {
            id,
            public_id: org_public_id_from_internal(id),
            session_id: String::new(),
            fence: None,
            tap: Tap::default(),
            request_ids: RequestIds::default(),
            turn_time: None,
        }
    }
}
