//! What a mesh is made from, and what can be wrong with it.

use super::driver::Driver;
use hyper_util::rt::TokioIo;
use mortise_proto::pb::Identity;
use mortise_proto::rpc::table;
use mortise_proto::{MAX_HEADER_LIST_BYTES, MAX_MESSAGE_BYTES};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::runtime::Handle;
use tonic::transport::{Channel, Uri};
use tower::service_fn;

/// Some ten thousand messages of 50 KB.
const MAX_ANSWER_BYTES: usize = 512 * 1024 * 1024;

/// What a mesh is made from.
#[derive(Debug, Clone)]
pub struct MeshConfig {
    /// Adapters by name.
    pub adapters: BTreeMap<String, AdapterConfig>,
    /// Which adapter serves what.
    pub routes: Routes,
    /// How the client introduces itself.
    pub client: Identity,
    /// How long one attempt of a call may take; on a stream, the wait for each
    /// message.
    pub deadline: Duration,
    /// The same for calls in which the server waits for somebody else: a model, an
    /// HTTP server, a payment.
    pub long_deadline: Duration,
    /// For how long a call that found nobody at home is tried again.
    pub retry_window: Duration,
    /// The largest answer message that is accepted, in bytes.
    pub max_message_bytes: usize,
    /// The largest streamed answer that is accepted, in bytes: a stream that never
    /// ends must not fill this side's memory.
    pub max_answer_bytes: usize,
}

/// One adapter server.
#[derive(Debug, Clone)]
pub struct AdapterConfig {
    /// Where it listens.
    pub endpoint: Endpoint,
}

/// Which adapter serves which store.
#[derive(Debug, Clone)]
pub struct Routes {
    /// The adapter that serves every store not named below.
    pub default: String,
    /// Adapter by store, such as `session_file_system`.
    pub stores: BTreeMap<String, String>,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// `http://host:port`.
    Http(Uri),
    /// `unix:/path`.
    Unix(PathBuf),
}

/// What is wrong with a configuration. Every fault is named, not the first alone.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// An endpoint that cannot be read.
    #[error(
        "endpoint `{endpoint}`: {problem}; write unix:/run/adapter.sock or http://127.0.0.1:7443"
    )]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Routes that lead nowhere.
    #[error("{}", .0.join("; "))]
    Routes(Vec<String>),
    /// The mesh's own thread could not be started.
    #[error("the mesh's runtime could not be started: {0}")]
    Runtime(io::Error),
}

// === impl MeshConfig ===

impl MeshConfig {
    /// One adapter for everything.
    #[must_use]
    pub fn single(endpoint: Endpoint) -> Self {
        let name = "default".to_string();
        Self {
            adapters: BTreeMap::from([(name.clone(), AdapterConfig { endpoint })]),
            routes: Routes {
                default: name,
                stores: BTreeMap::new(),
            },
            client: Identity {
                name: env!("CARGO_PKG_NAME").into(),
                version: env!("CARGO_PKG_VERSION").into(),
                build: String::new(),
            },
            deadline: Duration::from_secs(30),
            long_deadline: Duration::from_secs(600),
            retry_window: Duration::from_secs(10),
            max_message_bytes: MAX_MESSAGE_BYTES,
            max_answer_bytes: MAX_ANSWER_BYTES,
        }
    }
}

// === impl Routes ===

impl Routes {
    /// Every routable service with its adapter, or every fault at once.
    pub(super) fn resolve(
        &self,
        adapters: &BTreeMap<String, AdapterConfig>,
    ) -> Result<BTreeMap<&'static str, String>, ConfigError> {
        let known: BTreeSet<String> = table::SERVICES.iter().map(|s| store_name(s)).collect();
        let named = || adapters.keys().cloned().collect::<Vec<_>>().join(", ");
        let mut faults = Vec::new();
        if !adapters.contains_key(&self.default) {
            faults.push(format!(
                "routes.default: there is no adapter `{}`; configured are: {}",
                self.default,
                named()
            ));
        }
        for (store, adapter) in &self.stores {
            if !known.contains(store) {
                let all: Vec<_> = known.iter().map(String::as_str).collect();
                faults.push(format!(
                    "routes.{store}: there is no such store; stores are: {}",
                    all.join(", ")
                ));
            }
            if !adapters.contains_key(adapter) {
                faults.push(format!(
                    "routes.{store}: there is no adapter `{adapter}`; configured are: {}",
                    named()
                ));
            }
        }
        if !faults.is_empty() {
            return Err(ConfigError::Routes(faults));
        }
        let route = |service: &&'static str| {
            let adapter = self.stores.get(&store_name(service));
            (*service, adapter.unwrap_or(&self.default).clone())
        };
        Ok(table::SERVICES.iter().map(route).collect())
    }
}

/// `agent_store` for `mortise.adapter.v1.AgentStoreService`.
fn store_name(service: &str) -> String {
    let name = mortise_proto::rpc::short_service_name(service).trim_end_matches("Service");
    let mut store = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !store.is_empty() {
            store.push('_');
        }
        store.extend(letter.to_lowercase());
    }
    store
}

// === impl Endpoint ===

impl FromStr for Endpoint {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let fault = |problem: &str| ConfigError::Endpoint {
            endpoint: text.into(),
            problem: problem.into(),
        };
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(fault("the path is missing"));
            }
            return Ok(Self::Unix(path.into()));
        }
        if text.contains('@') {
            // Not repeated: it may hold a password.
            return Err(ConfigError::Endpoint {
                endpoint: "...@...".into(),
                problem: "credentials in an address are not supported".into(),
            });
        }
        let uri: Uri = text.parse().map_err(|_| fault("it is not a URI"))?;
        match (uri.scheme_str(), uri.authority()) {
            (Some("http"), Some(_)) => Ok(Self::Http(uri)),
            (Some(scheme), _) => Err(fault(&format!("the scheme `{scheme}` is not supported"))),
            (None, _) => Err(fault("the scheme is missing")),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(uri) => write!(f, "{}", uri.to_string().trim_end_matches('/')),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Endpoint {
    /// A channel that connects when it is first used, and again whenever it has to,
    /// driven by the mesh's own runtime.
    pub(super) fn channel(&self, driver: &Driver) -> Result<Channel, ConfigError> {
        let uri = match self {
            Self::Http(uri) => uri.clone(),
            // The authority of a unix socket is never resolved.
            Self::Unix(_) => Uri::from_static("http://localhost"),
        };
        let endpoint = Channel::builder(uri)
            .executor(OnDriver(driver.handle().clone()))
            .connect_timeout(Duration::from_secs(5))
            .tcp_nodelay(true)
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10))
            .http2_max_header_list_size(MAX_HEADER_LIST_BYTES);
        // The channel's worker is spawned while the driver's runtime is entered.
        let _entered = driver.handle().enter();
        Ok(match self {
            Self::Http(_) => endpoint.connect_lazy(),
            Self::Unix(path) => {
                let path = path.clone();
                endpoint.connect_with_connector_lazy(service_fn(move |_: Uri| {
                    let path = path.clone();
                    async move { UnixStream::connect(path).await.map(TokioIo::new) }
                }))
            }
        })
    }
}

/// Spawns a channel's tasks on the mesh's runtime, whoever calls.
#[derive(Clone)]
struct OnDriver(Handle);

impl<F> hyper::rt::Executor<F> for OnDriver
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        drop(self.0.spawn(task));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every fault of the routes is named at once.
    #[test]
    fn routes_name_every_fault() {
        let mut config =
            MeshConfig::single("unix:/x".parse().unwrap_or(Endpoint::Unix("/".into())));
        config
            .routes
            .stores
            .insert("agnet_store".into(), "default".into());
        config
            .routes
            .stores
            .insert("agent_store".into(), "b".into());
        let Err(ConfigError::Routes(faults)) = config.routes.resolve(&config.adapters) else {
            unreachable!("the routes are wrong");
        };
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("there is no adapter `b`"), "{faults:?}");
        assert!(faults[1].contains("agnet_store"), "{faults:?}");
    }

    /// Endpoints print as they are written.
    #[test]
    fn endpoints_round_trip() {
        for text in ["unix:/run/a.sock", "http://127.0.0.1:7443"] {
            let endpoint: Result<Endpoint, _> = text.parse();
            assert_eq!(endpoint.map(|e| e.to_string()).ok().as_deref(), Some(text));
        }
        for text in ["ftp://x", "localhost:1", "unix:", ""] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }
}
