//! What the last handshake with each adapter came to. For people who look.

use super::config::store_name;
use super::handshake::ConnectError;
use super::{Mesh, Target};
use mortise_proto::pb::DescribeResponse;
use mortise_proto::rpc::short_service_name;
use std::sync::{MutexGuard, PoisonError};

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
        let status = |target: &std::sync::Arc<Target>| {
            let routes = self.routes().iter();
            let own = routes.filter(|(_, adapter)| **adapter == target.name);
            let health = target.health.now();
            let away = health.away.map(|away| away.to_string());
            let seen = target.seen();
            AdapterStatus {
                name: target.name.clone(),
                endpoint: target.endpoint.clone(),
                stores: own.map(|(service, _)| store_name(service)).collect(),
                server: seen.server.clone(),
                problem: away.or_else(|| seen.problem.clone()),
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

// === impl Target ===

impl Target {
    fn seen(&self) -> MutexGuard<'_, LastHandshake> {
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
}
