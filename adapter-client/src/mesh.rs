//! Connections to adapters, routes to them, and how a call gets there.
//!
//! ```text
//!   a store of the adapter ── encode
//!          │
//!        route       which adapter serves this service
//!          │
//!        limit       refuse what the server would refuse, with size and limit
//!          │
//!   ═══ onto the mesh's own runtime ═══
//!          │
//!        retry       only what may be repeated, within a budget and a window
//!          │
//!         pool       a place on a connection; where there is none, the wait for the
//!          │         endpoint's one dialler
//!       deadline     of one attempt, once it has its place
//!          │
//!       answer       an HTTP answer that is no gRPC is an error of its own
//!          │
//!      connection    HTTP/2, watched for limits, farewells and silence
//! ```

pub(crate) mod backoff;
pub(crate) mod call;
mod codec;
pub(crate) mod config;
mod connect;
pub(crate) mod endpoint;
pub(crate) mod handshake;
pub(crate) mod health;
mod io_runtime;
pub(crate) mod offers;
mod retry;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod tap;
pub(crate) mod tls;
mod token;
mod trace;
pub(crate) mod transport;

use crate::Fence;
use bytes::Bytes;
use config::{AdapterConfig, ConfigError, MeshConfig};
use everruns_core::org_public_id_from_internal;
use health::Health;
use io_runtime::IoRuntime;
use mortise_proto::pb::{ErrorReason, Identity};
use mortise_proto::{MAX_MESSAGE_BYTES, Method, StoreError};
use prost::Message;
use retry::{Retries, RetryPolicy};
use stats::{MethodStats, RpcStats, Stats};
use status::LastHandshake;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tap::Tap;
use token::Token;
use tokio::sync::{Semaphore, watch};
use transport::Transport;

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
    /// Service by full name to the adapter that serves it.
    routes: BTreeMap<&'static str, String>,
    /// Services whose stores the configuration routes by name, not by default.
    routed_by_name: BTreeSet<&'static str>,
    client: Identity,
    deadline: Duration,
    long_deadline: Duration,
    max_message_bytes: usize,
    max_answer_bytes: usize,
    io_runtime: IoRuntime,
    handshakes: Semaphore,
    /// Counts the changes of any adapter's health.
    health_changes: watch::Sender<u64>,
}

/// One adapter server.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) endpoint: String,
    transport: Transport,
    retry: RetryPolicy,
    token: Option<Token>,
    stats: Stats,
    seen: Mutex<LastHandshake>,
    health: Health,
    /// What the server said it takes, once it was asked.
    request_bytes_max: AtomicUsize,
    /// Set when a call waited for it in vain, until one is answered: the calls between
    /// do not wait each anew.
    is_down: AtomicBool,
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
}

// === impl Mesh ===

impl Mesh {
    /// Checks the configuration and prepares the pools. Nothing is connected
    /// yet: an adapter may be absent, come and go.
    pub fn new(config: MeshConfig) -> Result<Self, ConfigError> {
        let routes = config.routes.resolve(&config.adapters)?;
        let routed_by_name = config.routes.named();
        let io_runtime = IoRuntime::start().map_err(ConfigError::Runtime)?;
        let targets = config
            .adapters
            .into_iter()
            .map(|(name, adapter)| {
                let endpoint = adapter.endpoint.to_string();
                let (transport, token) = adapter.open(&name)?;
                let target = Target {
                    endpoint,
                    transport,
                    retry: RetryPolicy::new(config.retry_window),
                    token,
                    stats: Stats::default(),
                    seen: Mutex::default(),
                    health: Health::default(),
                    name: name.clone(),
                    request_bytes_max: AtomicUsize::new(MAX_MESSAGE_BYTES),
                    is_down: AtomicBool::new(false),
                };
                Ok((name, Arc::new(target)))
            })
            .collect::<Result<_, ConfigError>>()?;
        Ok(Self {
            inner: Arc::new(Inner {
                targets,
                routes,
                routed_by_name,
                client: config.client,
                deadline: config.deadline,
                long_deadline: config.long_deadline,
                max_message_bytes: config.max_message_bytes,
                max_answer_bytes: config.max_answer_bytes,
                io_runtime,
                handshakes: Semaphore::new(HANDSHAKES_MAX),
                health_changes: watch::Sender::new(0),
            }),
        })
    }

    /// Reads the files that an adapter's configuration names, as [`Mesh::new`] does,
    /// and says what is wrong with them.
    pub fn check_files(adapter: &AdapterConfig) -> Result<(), String> {
        adapter.check_files().map(drop)
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

    /// The adapter that serves a service.
    pub(crate) fn route(&self, service: &str) -> Result<&Arc<Target>, StoreError> {
        let name = self.inner.routes.get(service);
        name.and_then(|name| self.inner.targets.get(name))
            .ok_or_else(|| {
                StoreError::new(
                    ErrorReason::NotOffered,
                    format!("no adapter is configured for {service}"),
                )
            })
    }

    /// Whether one adapter serves both.
    pub(crate) fn same_route(&self, one: &str, other: &str) -> bool {
        self.inner.routes.get(one) == self.inner.routes.get(other)
    }

    /// Every service with the adapter it is routed to.
    pub(crate) fn routes(&self) -> &BTreeMap<&'static str, String> {
        &self.inner.routes
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = &Arc<Target>> {
        self.inner.targets.values()
    }
}

// === impl Target ===

impl Target {
    fn request_bytes_max(&self) -> usize {
        self.request_bytes_max.load(Ordering::Relaxed)
    }

    fn limit_requests(&self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.request_bytes_max.store(bytes, Ordering::Relaxed);
    }

    /// Encodes a message of a request, and refuses what the server would refuse.
    fn encode(&self, method: &Method, message: &impl Message) -> Result<Bytes, StoreError> {
        let size = message.encoded_len();
        let limit = self.request_bytes_max();
        if size > limit {
            let what = format!("the request of {}", method.short_name());
            return Err(StoreError::too_large(&what, size, limit));
        }
        Ok(message.encode_to_vec().into())
    }

    fn is_down(&self) -> bool {
        self.is_down.load(Ordering::Relaxed)
    }

    /// For how long something waits for it: not at all once something waited in vain.
    fn patience(&self) -> Duration {
        match self.is_down() {
            true => Duration::ZERO,
            false => self.retry.window(),
        }
    }

    /// Begins a call.
    fn retries(&self, method: &'static Method) -> Retries<'_> {
        self.retry.begin(method, self.is_down())
    }

    /// Notes how a call that was tried as often as it may be ended.
    fn note<Out>(&self, result: &Result<Out, StoreError>) {
        let is_down = matches!(result, Err(error) if error.is_transient());
        self.is_down.store(is_down, Ordering::Relaxed);
    }

    /// Says in an error of the transport which adapter it is about. An error that a
    /// server gave a reason for keeps its text: tools look for words in it.
    fn name_in(&self, mut error: StoreError) -> StoreError {
        if error.reason.is_none() || error.is_transient() {
            error.message = format!(
                "adapter `{}` at {}: {}",
                self.name, self.endpoint, error.message
            );
        }
        error
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
        }
    }
}
