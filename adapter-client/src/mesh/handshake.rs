//! The handshake with every adapter of the mesh, and what it says about an org.

use super::call::context;
use super::{Mesh, Org, Target};
use futures::future::join_all;
use mortise_proto::pb::{self, DescribeRequest, DescribeResponse, Feature};
use mortise_proto::rpc::short_service_name;
use mortise_proto::rpc::table::{self, adapter_service::DESCRIBE};
use mortise_proto::{PROTOCOL, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tonic::Code;

/// The services without which no turn runs.
const REQUIRED: &[&str] = &[
    table::runtime_host_service::NAME,
    table::harness_store_service::NAME,
    table::agent_store_service::NAME,
    table::session_store_service::NAME,
    table::session_mutator_service::NAME,
    table::llm_provider_store_service::NAME,
    table::message_retriever_service::NAME,
    table::event_emitter_service::NAME,
    table::session_file_system_service::NAME,
];

/// Why an adapter cannot be used. One message that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answers there.
    #[error(
        "adapter `{name}` at {endpoint} does not answer: {cause}; is it running, and is the address right?"
    )]
    Unreachable {
        /// Its name in the configuration.
        name: String,
        /// Where it should be.
        endpoint: String,
        /// What happened.
        cause: StoreError,
    },
    /// It wants to know who is calling.
    #[error(
        "adapter `{name}` at {endpoint} refuses this host: {cause}; configure its token file or a client certificate"
    )]
    Refused {
        /// Its name in the configuration.
        name: String,
        /// Where it is.
        endpoint: String,
        /// What it said.
        cause: StoreError,
    },
    /// A server that does not know the handshake.
    #[error(
        "the server at {endpoint} (adapter `{name}`) does not answer mortise.adapter.v1.AdapterService/Describe: {cause}; is it a Mortise adapter, and does what stands before it pass the call on?"
    )]
    NotAnAdapter {
        /// Its name in the configuration.
        name: String,
        /// Where it is.
        endpoint: String,
        /// What it said.
        cause: StoreError,
    },
    /// No protocol version in common.
    #[error(
        "adapter `{name}` at {endpoint} ({server}) speaks protocol {server_protocol}, this host ({client}) speaks {client_protocol}; upgrade {older}"
    )]
    ProtocolMismatch {
        /// Its name in the configuration.
        name: String,
        /// Where it is.
        endpoint: String,
        /// Name and version of the server.
        server: String,
        /// Its protocol versions.
        server_protocol: String,
        /// Name and version of this side.
        client: String,
        /// Its protocol versions.
        client_protocol: String,
        /// Which side is behind.
        older: &'static str,
    },
    /// An answer that breaks the contract.
    #[error(
        "adapter `{name}` at {endpoint} answered the handshake with something that is none: {problem}"
    )]
    Malformed {
        /// Its name in the configuration.
        name: String,
        /// Where it is.
        endpoint: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Services without which no turn runs.
    #[error("no turn can run: {}; route these stores to an adapter that offers them", .0.join("; "))]
    RequiredServices(Vec<String>),
}

/// What the mesh's adapters offer to one org, by the routes.
#[derive(Debug, Clone, Default)]
pub struct Offers {
    services: BTreeMap<&'static str, Offer>,
    /// Where the links of the platform store's web console lead.
    platform_base_url: String,
}

#[derive(Debug, Clone)]
struct Offer {
    adapter: String,
    features: BTreeSet<i32>,
}

// === impl Mesh ===

impl Mesh {
    /// Greets every adapter on behalf of an org.
    pub(crate) async fn greet(&self, org: &Org) -> Result<Offers, ConnectError> {
        let mut described = BTreeMap::new();
        for target in self.targets() {
            described.insert(target.name.as_str(), self.describe(target, org).await?);
        }
        let offer = |(service, adapter): (&&'static str, &String)| {
            let offered = described.get(adapter.as_str())?;
            let found = offered
                .services
                .iter()
                .find(|offer| offer.name == *service)?;
            let offer = Offer {
                adapter: adapter.clone(),
                features: found.features.iter().copied().collect(),
            };
            Some((*service, offer))
        };
        let platform = self.routes().get(table::platform_store_service::NAME);
        let platform = platform.and_then(|adapter| described.get(adapter.as_str()));
        let base_url = platform.map(|described| described.platform_base_url.as_str());
        let offers = Offers {
            services: self.routes().iter().filter_map(offer).collect(),
            // Tools put a path behind it.
            platform_base_url: base_url.unwrap_or_default().trim_end_matches('/').into(),
        };
        for (service, adapter) in offers.by_service() {
            let store = short_service_name(service);
            let served_by = adapter.unwrap_or("nobody");
            tracing::debug!(org = org.id, store, served_by, "route");
        }
        let missing: Vec<String> = REQUIRED
            .iter()
            .filter(|service| !offers.has(service))
            .map(|service| {
                let adapter = self.routes().get(service).map_or("?", String::as_str);
                format!(
                    "adapter `{adapter}` does not offer {}",
                    short_service_name(service)
                )
            })
            .collect();
        if missing.is_empty() {
            Ok(offers)
        } else {
            Err(ConnectError::RequiredServices(missing))
        }
    }

    /// Whether every adapter answers an org within a time. All are asked; the error
    /// names the first that does not.
    pub async fn probe(&self, org_id: i64, within: Duration) -> Result<(), ConnectError> {
        let org = Org::new(org_id);
        let asked = self
            .targets()
            .map(|target| self.answers(target, &org, within));
        join_all(asked).await.into_iter().collect()
    }

    async fn answers(
        &self,
        target: &Arc<Target>,
        org: &Org,
        within: Duration,
    ) -> Result<(), ConnectError> {
        let answer = match timeout(within, self.describe_once(target, org)).await {
            Ok(answer) => answer,
            Err(_) => Err(unanswered(target, too_slow(within))),
        };
        target.note_handshake(&answer);
        answer.map(drop)
    }

    async fn describe(
        &self,
        target: &Arc<Target>,
        org: &Org,
    ) -> Result<DescribeResponse, ConnectError> {
        let answer = self.describe_once(target, org).await;
        target.note_handshake(&answer);
        answer
    }

    async fn describe_once(
        &self,
        target: &Arc<Target>,
        org: &Org,
    ) -> Result<DescribeResponse, ConnectError> {
        let request = DescribeRequest {
            context: Some(context(DESCRIBE.method, org)),
            client: Some(self.inner.client.clone()),
            protocol: Some(PROTOCOL),
        };
        let answer = self.call_target(&DESCRIBE, target, &request).await;
        let described = answer.map_err(|cause| unanswered(target, cause))?;
        let malformed = |problem: &str| ConnectError::Malformed {
            name: target.name.clone(),
            endpoint: target.endpoint.clone(),
            problem: problem.into(),
        };
        let server = described
            .server
            .as_ref()
            .ok_or_else(|| malformed("`server` is missing"))?;
        let theirs = described
            .protocol
            .ok_or_else(|| malformed("`protocol` is missing"))?;
        if theirs.max < PROTOCOL.min || theirs.min > PROTOCOL.max {
            return Err(ConnectError::ProtocolMismatch {
                name: target.name.clone(),
                endpoint: target.endpoint.clone(),
                server: format!("{} {}", server.name, server.version),
                server_protocol: versions(theirs),
                client: format!("{} {}", self.inner.client.name, self.inner.client.version),
                client_protocol: versions(PROTOCOL),
                older: if theirs.max < PROTOCOL.min {
                    "the adapter"
                } else {
                    "this host"
                },
            });
        }
        let limit = described.limits.map(|limits| limits.max_message_bytes);
        let limit = limit.ok_or_else(|| malformed("`limits` is missing"))?;
        target.limit_requests(limit);
        Ok(described)
    }
}

fn too_slow(within: Duration) -> StoreError {
    let text = format!("no answer came within {} s", within.as_secs_f64());
    StoreError::new(pb::ErrorReason::DeadlineExceeded, text)
}

fn unanswered(target: &Target, cause: StoreError) -> ConnectError {
    let (name, endpoint) = (target.name.clone(), target.endpoint.clone());
    if cause.code == Code::Unimplemented {
        ConnectError::NotAnAdapter {
            name,
            endpoint,
            cause,
        }
    } else if cause.code == Code::Unauthenticated {
        ConnectError::Refused {
            name,
            endpoint,
            cause,
        }
    } else {
        ConnectError::Unreachable {
            name,
            endpoint,
            cause,
        }
    }
}

fn versions(range: pb::ProtocolRange) -> String {
    if range.min == range.max {
        format!("version {}", range.min)
    } else {
        format!("versions {} to {}", range.min, range.max)
    }
}

// === impl Offers ===

impl Offers {
    /// Whether a service, by its full name, is offered.
    #[must_use]
    pub fn has(&self, service: &str) -> bool {
        self.services.contains_key(service)
    }

    /// Whether a service is offered with a feature.
    #[must_use]
    pub fn has_feature(&self, service: &str, feature: Feature) -> bool {
        let offer = self.services.get(service);
        offer.is_some_and(|offer| offer.features.contains(&i32::from(feature)))
    }

    /// Where the links of the web console begin, without a slash at the end; empty
    /// where there is none.
    #[must_use]
    pub fn platform_base_url(&self) -> &str {
        &self.platform_base_url
    }

    /// Every service of the contract with the adapter that serves it, or nobody.
    pub fn by_service(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        table::SERVICES.iter().map(|service| {
            let offer = self.services.get(service);
            (*service, offer.map(|offer| offer.adapter.as_str()))
        })
    }
}
