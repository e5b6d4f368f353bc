//! Each adapter and each of its endpoints, as they are now. For people who look.

use super::Mesh;
use super::balance::Node;
use super::config::store_name;
use super::handshake::ConnectError;
use super::stats::RpcStats;
use super::target::Target;
use super::transport::Purpose;
use mortise_proto::pb::DescribeResponse;
use mortise_proto::rpc::short_service_name;
use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use tonic::Code;

/// An adapter, as the last handshake found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Where it is.
    pub endpoint: String,
    /// The stores that are routed to it.
    pub stores: Vec<String>,
    /// Name and version of the server, once it has answered.
    pub server: Option<String>,
    /// Why it cannot be used now.
    pub problem: Option<String>,
    /// Whether no turn runs without it.
    pub is_required: bool,
    /// Whether its own health says that it does not serve.
    pub is_not_serving: bool,
    /// The required services of its stores that it says it does not serve.
    pub services_not_serving: Vec<&'static str>,
    /// What the adapter says is the reason for it.
    pub outage: Option<String>,
    /// Its endpoints.
    pub endpoints: Vec<EndpointStatus>,
    /// How many calls wait because as many as may be are under way.
    pub calls_waiting: usize,
}

/// One endpoint of an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointStatus {
    /// Where it is.
    pub address: String,
    /// Whether calls go there.
    pub state: EndpointState,
    /// Why they do not.
    pub problem: Option<String>,
    /// Name and version of the server, once it has answered.
    pub server: Option<String>,
    /// Connections that are open.
    pub connections: usize,
    /// Calls under way.
    pub calls: usize,
    /// Streams without an end.
    pub streams: usize,
    /// Attempts that have ended.
    pub attempts: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// How often it was ejected.
    pub ejections: u64,
    /// How long attempts waited for a place on a connection, in all.
    pub waited: Duration,
}

/// Whether calls go to an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    /// They do.
    Ready,
    /// They would: no call has needed a connection yet.
    Idle,
    /// It cannot be reached.
    Away,
    /// Its own health says that it does not serve.
    NotServing,
    /// Its calls failed.
    Ejected,
}

#[derive(Debug, Default)]
pub(super) struct LastHandshake {
    server: Option<String>,
    problem: Option<String>,
}

// === impl Mesh ===

impl Mesh {
    /// Every adapter, by name.
    #[must_use]
    pub fn adapters(&self) -> Vec<AdapterStatus> {
        let status = |target: &Arc<Target>| {
            let own = self.inner.routes.to(&target.name).into_iter();
            let health = target.health();
            let away = health.away.map(|away| away.to_string());
            let nodes = target.balance.nodes();
            let endpoints: Vec<_> = nodes.iter().map(|node| node.status()).collect();
            let servers = endpoints.iter().filter_map(|one| one.server.clone());
            let servers: BTreeSet<String> = servers.collect();
            let servers: Vec<_> = servers.into_iter().collect();
            let seen = nodes.iter().map(|node| node.seen().problem.clone());
            // What one endpoint answers is no problem of the adapter where another is well.
            let seen: Option<Vec<String>> = seen.collect();
            AdapterStatus {
                name: target.name.clone(),
                endpoint: target.endpoint.clone(),
                stores: own.map(store_name).collect(),
                server: (!servers.is_empty()).then(|| servers.join(" and ")),
                problem: away.or_else(|| seen.and_then(|seen| seen.into_iter().next())),
                endpoints,
                calls_waiting: target.limit.waiting(),
                is_required: self.is_required(target),
                is_not_serving: health.is_not_serving,
                services_not_serving: health.not_serving,
                outage: health.outage,
            }
        };
        self.targets().map(status).collect()
    }
}

// === impl AdapterStatus ===

impl AdapterStatus {
    /// What its own health says against it, while it is there.
    #[must_use]
    pub fn not_serving(&self) -> Option<String> {
        let services = match (&self.services_not_serving, self.is_not_serving) {
            (services, _) if !services.is_empty() => {
                let names = services.iter().map(|service| short_service_name(service));
                names.collect::<Vec<_>>().join(", ")
            }
            (_, true) => "anything".to_string(),
            (_, false) => return None,
        };
        let reason = match &self.outage {
            Some(outage) => outage.as_str(),
            None => "its health is NOT_SERVING; its own log says why",
        };
        Some(format!(
            "adapter `{}` at {} does not serve {services} now: {reason}",
            self.name, self.endpoint
        ))
    }
}

// === impl EndpointState ===

impl EndpointState {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Idle => "idle",
            Self::Away => "away",
            Self::NotServing => "not serving",
            Self::Ejected => "ejected",
        }
    }
}

// === impl Node ===

impl Node {
    pub(super) fn seen(&self) -> MutexGuard<'_, LastHandshake> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_handshake(&self, answer: &Result<DescribeResponse, ConnectError>) {
        let mut seen = self.seen();
        match answer {
            Ok(described) => {
                let server = described.server.as_ref();
                seen.server = server.map(|server| format!("{} {}", server.name, server.version));
                seen.problem = None;
            }
            Err(error) => seen.problem = Some(error.to_string()),
        }
    }

    fn status(&self) -> EndpointStatus {
        let health = self.health.now();
        let (away, ejected) = (health.away.map(|away| away.to_string()), self.ejected());
        let (state, problem) = match (away, ejected) {
            (Some(away), _) => (EndpointState::Away, Some(away)),
            (None, Some(reason)) => (EndpointState::Ejected, Some(reason)),
            (None, None) if !self.health.serves() => (EndpointState::NotServing, health.outage),
            (None, None) if self.is_connected() => (EndpointState::Ready, None),
            (None, None) => (EndpointState::Idle, None),
        };
        let by_code = self.stats.snapshot("").into_iter();
        let by_code = by_code.flat_map(|rpc| rpc.by_code);
        let (attempts, failures) = by_code.fold((0, 0), |(all, failed), (code, count)| {
            let is_failed = u64::from(code != Code::Ok);
            (all + count, failed + count * is_failed)
        });
        EndpointStatus {
            address: self.address.clone(),
            state,
            problem,
            server: self.seen().server.clone(),
            connections: self.pools.connections(),
            calls: self.in_flight(),
            streams: self.pools.in_use(Purpose::Stream),
            attempts,
            failures,
            ejections: self.ejections(),
            waited: self.waited(),
        }
    }
}

impl Mesh {
    /// Every attempt so far, by adapter, endpoint and method. Endpoints that are gone are
    /// left out.
    #[must_use]
    pub fn endpoint_stats(&self) -> Vec<(String, RpcStats)> {
        let mut all = Vec::new();
        for target in self.targets() {
            for node in target.balance.nodes().iter() {
                let stats = node.stats.snapshot(&target.name).into_iter();
                all.extend(stats.map(|rpc| (node.address.clone(), rpc)));
            }
        }
        all
    }
}
