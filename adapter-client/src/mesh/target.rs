//! One adapter: its endpoints, and what holds for all calls to it.

use super::balance::{Balance, Node, Source, discover};
use super::config::{AdapterConfig, ConfigError, MeshConfig};
use super::endpoint::Endpoint;
use super::io_runtime::Driver;
use super::limit::CallLimit;
use super::retry::{Retries, RetryPolicy};
use super::stats::Stats;
use super::tls::Tls;
use super::token::Token;
use super::transport::{Dialler, Limits};
use bytes::Bytes;
use mortise_proto::rpc::Deadline;
use mortise_proto::{MAX_MESSAGE_BYTES, Method, StoreError};
use prost::Message;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::task::AbortOnDropHandle;

/// One adapter.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// Where it is, for people.
    pub(crate) endpoint: String,
    /// What it was made from; another mesh with the same takes it over.
    pub(super) config: AdapterConfig,
    pub(super) times: Times,
    pub(super) balance: Arc<Balance>,
    pub(super) limit: CallLimit,
    pub(super) retry: RetryPolicy,
    pub(super) token: Option<Token>,
    /// Calls that are made on it use connections that it drives.
    callers: Option<Handle>,
    pub(super) stats: Stats,
    /// What the server said it takes, once it was asked.
    request_bytes_max: AtomicUsize,
    /// Set when a call waited for it in vain, until one is answered: the calls between
    /// do not wait each anew.
    is_down: AtomicBool,
    /// Looks up the names among its endpoints.
    _discovery: Option<AbortOnDropHandle<()>>,
}

/// How long calls to an adapter may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) deadline: Duration,
    pub(super) long_deadline: Duration,
    pub(super) retry_window: Duration,
}

// === impl Times ===

impl Times {
    /// The adapter's own go before those of the mesh.
    pub(super) fn new(adapter: &AdapterConfig, mesh: &MeshConfig) -> Self {
        let own = &adapter.calls;
        Self {
            deadline: own.deadline.unwrap_or(mesh.deadline),
            long_deadline: own.long_deadline.unwrap_or(mesh.long_deadline),
            retry_window: own.retry_window.unwrap_or(mesh.retry_window),
        }
    }

    /// How long a call may take; on a stream, the wait for each message.
    pub(super) fn of(&self, method: &Method) -> Option<Duration> {
        match method.deadline {
            Deadline::Open => None,
            Deadline::Standard => Some(self.deadline),
            Deadline::Long => Some(self.long_deadline),
        }
    }
}

// === impl Target ===

impl Target {
    /// Nothing is connected yet, but for several endpoints: they are connected to at once.
    pub(super) fn open(
        name: &str,
        config: &AdapterConfig,
        mesh: &MeshConfig,
        runtime: &Handle,
    ) -> Result<Self, ConfigError> {
        let at_fault = |problem| ConfigError::Credentials {
            adapter: name.into(),
            problem,
        };
        if config.endpoints.is_empty() {
            return Err(ConfigError::NoEndpoint(name.into()));
        }
        let mut endpoints = config.endpoints.iter();
        if let Some(exposed) = endpoints.find(|one| one.is_exposed() && !config.is_insecure) {
            return Err(ConfigError::Exposed {
                adapter: name.into(),
                endpoint: exposed.clone(),
            });
        }
        let token = config.check_files().map_err(at_fault)?;
        let limits = Limits {
            connections_max: config.transport.connections_max,
            streams_max: config.transport.streams_max,
            age_max: config.transport.age_max,
        };
        let balance = Arc::new(Balance::new(
            name,
            config.balance.clone(),
            limits,
            mesh.runtime.is_some(),
        ));
        let discovery = find_endpoints(&balance, config, mesh, runtime);
        let endpoints = config.endpoints.iter().map(ToString::to_string);
        let times = Times::new(config, mesh);
        Ok(Self {
            name: name.into(),
            endpoint: endpoints.collect::<Vec<_>>().join(", "),
            times,
            balance,
            limit: CallLimit::new(&config.calls),
            retry: RetryPolicy::new(times.retry_window),
            token,
            callers: mesh.runtime.clone(),
            stats: Stats::default(),
            request_bytes_max: AtomicUsize::new(MAX_MESSAGE_BYTES),
            is_down: AtomicBool::new(false),
            _discovery: discovery,
            config: config.clone(),
        })
    }

    /// Whether it is what this configuration asks for.
    pub(super) fn is_made_of(&self, config: &AdapterConfig, mesh: &MeshConfig) -> bool {
        self.config == *config
            && self.times == Times::new(config, mesh)
            && self.callers.as_ref().map(Handle::id) == mesh.runtime.as_ref().map(Handle::id)
    }

    pub(super) fn request_bytes_max(&self) -> usize {
        self.request_bytes_max.load(Ordering::Relaxed)
    }

    pub(super) fn limit_requests(&self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.request_bytes_max.store(bytes, Ordering::Relaxed);
    }

    /// Encodes a message of a request, and refuses what the server would refuse.
    pub(super) fn encode(
        &self,
        method: &Method,
        message: &impl Message,
    ) -> Result<Bytes, StoreError> {
        let size = message.encoded_len();
        let limit = self.request_bytes_max();
        if size > limit {
            let what = format!("the request of {}", method.short_name());
            return Err(StoreError::too_large(&what, size, limit));
        }
        Ok(message.encode_to_vec().into())
    }

    /// What drives a call that is made here and now.
    pub(super) fn driver(&self) -> Driver {
        Driver::of_call(self.callers.as_ref())
    }

    fn is_down(&self) -> bool {
        self.is_down.load(Ordering::Relaxed)
    }

    /// For how long something waits for it: not at all once something waited in vain.
    pub(super) fn patience(&self) -> Duration {
        match self.is_down() {
            true => Duration::ZERO,
            false => self.times.retry_window,
        }
    }

    /// Begins a call.
    pub(super) fn retries(&self, method: &'static Method) -> Retries<'_> {
        self.retry.begin(method, self.is_down())
    }

    /// Notes how a call that was tried as often as it may be ended, and what was left of its
    /// window. Without an answer the adapter is down only after a whole window: a call that
    /// gave up before, since the budget was spent or the server asked for more time than there
    /// was, says nothing of the calls after it.
    pub(super) fn note<Out>(&self, result: &Result<Out, StoreError>, left: Duration) {
        match result {
            Err(error) if error.is_transient() && !left.is_zero() => {}
            Err(error) if error.is_transient() => self.is_down.store(true, Ordering::Relaxed),
            Ok(_) | Err(_) => self.is_down.store(false, Ordering::Relaxed),
        }
    }

    /// A call says that the adapter may have been replaced.
    pub(super) fn suspect(&self) {
        for node in self.balance.nodes().iter() {
            node.health.suspect();
        }
    }

    /// Says in an error of the transport which adapter it is about. An error that a
    /// server gave a reason for keeps its text: tools look for words in it.
    pub(super) fn name_in(&self, mut error: StoreError) -> StoreError {
        if error.reason.is_none() || error.is_transient() {
            error.message = format!(
                "adapter `{}` at {}: {}",
                self.name, self.endpoint, error.message
            );
        }
        error
    }
}

// === impl AdapterConfig ===

impl AdapterConfig {
    /// The token, once all files were read.
    pub(super) fn check_files(&self) -> Result<Option<Token>, String> {
        let token = self.token_file.clone().map(Token::open).transpose()?;
        if self.endpoints.iter().any(Endpoint::is_tls) {
            self.tls.check()?;
        }
        Ok(token)
    }
}

/// Puts in the endpoints that are known, and has names looked up from now on.
fn find_endpoints(
    balance: &Arc<Balance>,
    config: &AdapterConfig,
    mesh: &MeshConfig,
    runtime: &Handle,
) -> Option<AbortOnDropHandle<()>> {
    let tls = Arc::new(Tls::open(&config.tls, runtime));
    let source = |endpoint: &Endpoint| match Dialler::new(endpoint, config, &tls) {
        Ok(dialler) => Source::Fixed(endpoint.to_string(), dialler),
        Err(name) => Source::Name(name),
    };
    let sources: Vec<_> = config.endpoints.iter().map(source).collect();
    let fixed = sources.iter().filter_map(|source| match source {
        Source::Fixed(address, dialler) => Some((address.clone(), dialler.clone())),
        Source::Name(_) => None,
    });
    let fixed: Vec<_> = fixed.collect();
    let (is_fixed, is_one) = (fixed.len() == sources.len(), sources.len() == 1);
    balance.set(fixed, (!is_one).then_some(runtime));
    if is_fixed {
        return None;
    }
    let (config, resolver) = (config.clone(), mesh.resolver.clone());
    let dial = move |name: &_, at| Dialler::to_address(name, at, &config, &tls);
    let looking = discover(balance.clone(), sources, resolver, dial, runtime.clone());
    Some(AbortOnDropHandle::new(runtime.spawn(looking)))
}

/// The endpoints of an adapter.
pub(super) type Nodes = Arc<[Arc<Node>]>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::config::MeshConfig;
    use mortise_proto::pb::ErrorReason;

    /// A call that gave up while there was time left - the budget was spent, or the server
    /// asked for more time than there was - takes the window from no call after it. One that
    /// had no answer in a whole window does, until a call is answered.
    #[tokio::test(start_paused = true)]
    async fn an_adapter_is_down_after_a_whole_window() {
        let Ok(endpoint) = "http://127.0.0.1:1".parse::<Endpoint>() else {
            unreachable!("it is an address");
        };
        let mesh = MeshConfig::single(endpoint.clone());
        let config = AdapterConfig::new(endpoint);
        let opened = Target::open("main", &config, &mesh, &Handle::current());
        let Ok(target) = opened else {
            unreachable!("{opened:?}");
        };
        let away = || Err::<(), _>(StoreError::new(ErrorReason::Unavailable, "busy"));
        target.note(&away(), Duration::from_secs(3));
        assert_eq!(target.patience(), mesh.retry_window);
        target.note(&away(), Duration::ZERO);
        assert_eq!(target.patience(), Duration::ZERO);
        target.note(&away(), Duration::from_secs(3));
        assert_eq!(target.patience(), Duration::ZERO, "nothing has answered");
        target.note(&Ok(()), Duration::from_secs(3));
        assert_eq!(target.patience(), mesh.retry_window);
    }
}
