//! What a mesh is made from, and what can be wrong with it.

mod policy;
mod routes;

pub use policy::{BalancePolicy, CallPolicy, Compression, Keepalive, TransportConfig};
pub use routes::{OrgRoutes, Routes, stores};
pub(super) use routes::{RouteTable, store_name};

use super::endpoint::Endpoint;
use super::resolve::Resolver;
use super::tls::ClientTls;
use mortise_proto::MAX_MESSAGE_BYTES;
use mortise_proto::pb::Identity;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Some ten thousand messages of 50 KB.
const MAX_ANSWER_BYTES: usize = 512 * 1024 * 1024;

/// Some hundred sessions of a thousand messages.
const SESSION_MEMORY_BYTES: usize = 128 * 1024 * 1024;

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
    /// message. An adapter's [`CallPolicy`] goes before this and the two below.
    pub deadline: Duration,
    /// The same for calls in which the server waits for a third party: a model, an
    /// HTTP server, a payment.
    pub long_deadline: Duration,
    /// For how long a call waits for a connection, and is sent again where it may be.
    pub retry_window: Duration,
    /// The largest answer message that is accepted, in bytes.
    pub max_message_bytes: usize,
    /// The largest streamed answer that is accepted, in bytes: a stream that never
    /// ends must not fill this side's memory.
    pub max_answer_bytes: usize,
    /// How much is kept of sessions between the steps of their turns, in bytes: an adapter
    /// that offers it is then asked for new messages alone, and sent what is new in large
    /// events. Zero: nothing.
    pub session_memory_bytes: usize,
    /// Finds the addresses of names in endpoints.
    pub resolver: Resolver,
}

/// One adapter: a server, or several that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterConfig {
    /// Where it listens; one place for each server that is alike. At least one.
    pub endpoints: Vec<Endpoint>,
    /// Whether calls may cross a network in clear: where a mesh around both encrypts them.
    /// Without it plain TCP leads to this machine alone.
    pub is_insecure: bool,
    /// How an `https://` endpoint is verified, and how this side proves who it is.
    pub tls: ClientTls,
    /// A file that holds the bearer token to send with every call. It is read again
    /// when it changes.
    pub token_file: Option<PathBuf>,
    /// How its connections are kept.
    pub transport: TransportConfig,
    /// How calls to it are limited.
    pub calls: CallPolicy,
    /// How calls are spread over its endpoints.
    pub balance: BalancePolicy,
}

/// What is wrong with a configuration. Every fault is named, not the first alone.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// An endpoint that cannot be read.
    #[error(
        "endpoint `{endpoint}`: {problem}; write unix:/run/adapter.sock, http://127.0.0.1:7443, https://storage.example.com:7443 or dns:///storage.example.com:7443"
    )]
    Endpoint {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file of certificates, a key or a token that cannot be used.
    #[error("adapter `{adapter}`: {problem}")]
    Credentials {
        /// The adapter's name.
        adapter: String,
        /// Which file, what is wrong with it and what to do.
        problem: String,
    },
    /// An adapter without an endpoint.
    #[error("adapter `{0}` has no endpoint; name one")]
    NoEndpoint(String),
    /// An endpoint that other machines could listen to, without saying that this is meant.
    #[error(
        "adapter `{adapter}`: calls to {endpoint} would cross the network in clear; use https://, or say that it is meant (`insecure`) where a mesh around both encrypts them"
    )]
    Exposed {
        /// The adapter's name.
        adapter: String,
        /// Where it leads.
        endpoint: Endpoint,
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
            adapters: BTreeMap::from([(name.clone(), AdapterConfig::new(endpoint))]),
            routes: Routes {
                default: name,
                ..Routes::default()
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
            session_memory_bytes: SESSION_MEMORY_BYTES,
            resolver: Resolver::default(),
        }
    }
}

// === impl AdapterConfig ===

impl AdapterConfig {
    /// A server that asks for no proof of who is calling; one at `https://` is
    /// verified with the system's certificates.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoints: vec![endpoint],
            is_insecure: false,
            tls: ClientTls::default(),
            token_file: None,
            transport: TransportConfig::default(),
            calls: CallPolicy::default(),
            balance: BalancePolicy::default(),
        }
    }
}
