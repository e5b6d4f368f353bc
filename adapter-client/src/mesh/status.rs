//! What the last handshake with each adapter came to. For people who look.

use super::config::store_name;
use super::handshake::ConnectError;
use super::{Mesh, Target};
use mortise_proto::pb::DescribeResponse;
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
}

#[derive(Debug, Default)]
pub(super) struct Seen {
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
            let seen = target.seen();
            AdapterStatus {
                name: target.name.clone(),
                endpoint: target.endpoint.clone(),
                stores: own.map(|(service, _)| store_name(service)).collect(),
                server: seen.server.clone(),
                problem: seen.problem.clone(),
            }
        };
        self.targets().map(status).collect()
    }
}

// === impl Target ===

impl Target {
    fn seen(&self) -> MutexGuard<'_, Seen> {
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
