//! What a mesh is made from, and what can be wrong with it.

use super::endpoint::Endpoint;
use super::tls::ClientTls;
use mortise_proto::MAX_MESSAGE_BYTES;
use mortise_proto::pb::Identity;
use mortise_proto::rpc::{Store, table};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

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
    /// For how long a call waits for a connection, and is sent again where it may be.
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
    /// How an `https://` endpoint is verified, and how this side proves who it is.
    pub tls: ClientTls,
    /// A file that holds the bearer token to send with every call. It is read again
    /// when it changes.
    pub token_file: Option<PathBuf>,
    /// How its connections are kept.
    pub transport: TransportConfig,
}

/// How the connections to an adapter are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportConfig {
    /// How long making a connection may take: the address, TLS and the first frame of
    /// the server.
    pub connect_timeout: Duration,
    /// Pings on connections with calls under way; `None` sends none.
    pub keepalive: Option<Keepalive>,
    /// The most connections; at least one for calls and one for streams. Another one is
    /// opened where the server's limit of streams on a connection is reached.
    pub connections_max: usize,
    /// The most streams on a connection, where the server allows more.
    pub streams_max: usize,
    /// How requests are compressed. Answers are taken with gzip and zstd in any case.
    pub compression: Option<Compression>,
}

/// Pings that notice a connection whose other end is gone without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// How long a connection may be silent before a ping is sent.
    pub interval: Duration,
    /// How long the answer to a ping may take; then the connection is closed.
    pub timeout: Duration,
}

/// How messages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As every implementation of gRPC knows.
    Gzip,
    /// Faster and smaller; not every implementation knows it.
    Zstd,
}

/// Which adapter serves which store.
#[derive(Debug, Clone)]
pub struct Routes {
    /// The adapter that serves every store not named below.
    pub default: String,
    /// Adapter by store, such as `session_file_system`.
    pub stores: BTreeMap<String, String>,
}

/// What is wrong with a configuration. Every fault is named, not the first alone.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// An endpoint that cannot be read.
    #[error(
        "endpoint `{endpoint}`: {problem}; write unix:/run/adapter.sock, http://127.0.0.1:7443 or https://storage.example.com:7443"
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

// === impl AdapterConfig ===

impl AdapterConfig {
    /// A server that asks for no proof of who is calling; one at `https://` is
    /// verified with the system's certificates.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            tls: ClientTls::default(),
            token_file: None,
            transport: TransportConfig::default(),
        }
    }
}

// === impl TransportConfig ===

impl Default for TransportConfig {
    /// A silent connection is closed after 7 s, which leaves a call some of the retry
    /// window, and 64 connections hold the followers of 500 sessions through a proxy that
    /// allows 8 streams on each.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            keepalive: Some(Keepalive {
                interval: Duration::from_secs(3),
                timeout: Duration::from_secs(4),
            }),
            connections_max: 64,
            streams_max: 200,
            compression: None,
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
        let known = stores();
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

    /// The services whose stores are routed by name.
    pub(super) fn named(&self) -> BTreeSet<&'static str> {
        let services = table::SERVICES.iter().copied();
        services
            .filter(|service| self.stores.contains_key(&store_name(service)))
            .collect()
    }
}

/// The names of all stores, as routes have them: `agent_store` and so on.
#[must_use]
pub fn stores() -> BTreeSet<String> {
    table::STORES
        .iter()
        .map(|store| store.name.to_string())
        .collect()
}

/// `agent_store` for `mortise.adapter.v1.AgentStoreService`.
pub(super) fn store_name(service: &str) -> String {
    Store::of_service(service).map_or_else(|| service.to_string(), |store| store.name.to_string())
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
}
