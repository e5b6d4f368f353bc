//! The handshake with every adapter of the mesh, and what it says about an org.

mod answers;
mod look;

use super::balance::Node;
use super::call::context;
use super::offers::{Described, Offers};
use super::target::Nodes;
use super::{Mesh, Org, Target};
use answers::Answers;
use everruns_core::DEFAULT_ORG_ID;
use futures::future::join_all;
use mortise_proto::pb::{self, DescribeRequest, DescribeResponse};
use mortise_proto::rpc::table::adapter_service::DESCRIBE;
use mortise_proto::rpc::{Requirement, Store, short_service_name};
use mortise_proto::{PROTOCOL, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tonic::Code;

/// How long the first lookup of a name is waited for.
const LOOKUP_WITHIN: Duration = Duration::from_secs(5);

/// The most of an adapter's reason that is passed on.
const OUTAGE_CHARS_MAX: usize = 1000;

/// Why an adapter cannot be used. One message that says what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConnectError {
    /// No server answers there.
    #[error(
        "adapter `{name}` at {endpoint} does not answer: {cause}; is it running, and is the address right?"
    )]
    Unreachable {
        /// Its name in the configuration.
        name: String,
        /// Where it should be.
        endpoint: String,
        /// What happened.
        cause: Box<StoreError>,
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
        cause: Box<StoreError>,
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
        cause: Box<StoreError>,
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
        "adapter `{name}` at {endpoint} answered the handshake with an invalid response: {problem}; run mortise-contract against it"
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

/// What is learnt of the mesh's adapters on behalf of one org, look by look.
///
/// The endpoints of an adapter may be of different versions: each is asked, and what all of
/// them offer holds. Servers of different versions may stand behind one address as well,
/// and answer in turn. So an answer of an adapter's only endpoint that differs from the one
/// before is asked for again, several times at once. If all of them agree, the server was
/// replaced, and what it says now holds. Else what all of them offer holds, until one of
/// them has not been seen in some looks.
#[derive(Debug)]
pub struct Handshakes {
    mesh: Mesh,
    org: Org,
    answers: BTreeMap<String, Answers>,
    /// Every service that was offered since the first look.
    ever: BTreeSet<&'static str>,
}

/// What a look came to.
#[derive(Debug)]
pub struct Look {
    /// What is offered now, or why no turn can run.
    pub offers: Result<Offers, ConnectError>,
    /// Why no turn can run either once that is mended: further adapters that are away.
    pub other_faults: Vec<String>,
    /// What else is missing, and each adapter that answers with several voices. Turns run
    /// without it.
    pub degraded: Vec<String>,
    /// Whether servers of different kinds answer at one address.
    pub is_mixed: bool,
}

// === impl Mesh ===

impl Mesh {
    /// Greets every adapter on behalf of an org.
    pub(crate) async fn handshake_all(&self, org: &Org) -> Result<Offers, ConnectError> {
        let mut described = BTreeMap::new();
        for target in self.targets() {
            match self.describe_all(target, org).await {
                Ok(answer) => drop(described.insert(target.name.clone(), answer)),
                Err(error) if self.is_required(target) => return Err(error),
                Err(error) => {
                    tracing::warn!(adapter = %target.name, %error, "an optional adapter is missing");
                }
            }
        }
        self.offers(org, &described).map_err(|error| *error)
    }

    /// Begins to learn what is offered to an org.
    #[must_use]
    pub fn handshakes(&self, org_id: i64) -> Handshakes {
        Handshakes {
            mesh: self.clone(),
            org: Org::new(org_id),
            answers: BTreeMap::new(),
            ever: BTreeSet::new(),
        }
    }

    /// By the routes; an error where a required service is not among it.
    fn offers(
        &self,
        org: &Org,
        described: &BTreeMap<String, Described>,
    ) -> Result<Offers, Box<ConnectError>> {
        let offers = Offers::new(self, org, described);
        for (service, adapter) in offers.by_service() {
            let store = short_service_name(service);
            let served_by = adapter.unwrap_or("none");
            tracing::debug!(org = org.id, store, served_by, "route");
        }
        let missing: Vec<String> = Store::services(Requirement::Required)
            .filter(|service| !offers.has(service))
            .map(|service| self.lack_of(org, service))
            .collect();
        if missing.is_empty() {
            Ok(offers)
        } else {
            Err(Box::new(ConnectError::RequiredServices(missing)))
        }
    }

    fn lack_of(&self, org: &Org, service: &str) -> String {
        let adapter = self.routes(org.id).get(service).map_or("?", String::as_str);
        let name = short_service_name(service);
        format!("adapter `{adapter}` does not offer {name}")
    }

    /// The required services that are routed to an adapter, for whichever org.
    pub(super) fn required_of(&self, target: &Target) -> Vec<&'static str> {
        let routed = self.inner.routes.to(&target.name);
        let own = |service: &&'static str| routed.contains(service);
        Store::services(Requirement::Required).filter(own).collect()
    }

    /// Whether no turn runs without an adapter.
    pub(super) fn is_required(&self, target: &Target) -> bool {
        !self.required_of(target).is_empty()
    }

    /// What all endpoints of an adapter that answer offer; the error of one where none does.
    async fn describe_all(
        &self,
        target: &Arc<Target>,
        org: &Org,
    ) -> Result<Described, ConnectError> {
        let nodes = self.nodes_of(target).await?;
        let asked = nodes.iter().map(|node| self.describe(target, node, org));
        let mut failed = None;
        let mut common: Option<Described> = None;
        for answer in join_all(asked).await {
            match answer {
                Ok(answer) => {
                    common = Some(match common {
                        Some(others) => others.common(&answer),
                        None => answer,
                    });
                }
                Err(error) => failed = Some(error),
            }
        }
        match (common, failed) {
            (Some(common), _) => Ok(common),
            (None, Some(error)) => Err(error),
            (None, None) => Err(no_endpoint(target)),
        }
    }

    /// The endpoints of an adapter, once there are some.
    async fn nodes_of(&self, target: &Arc<Target>) -> Result<Nodes, ConnectError> {
        let mut members = target.balance.members();
        if members.borrow().nodes.is_empty() {
            target.balance.lookup.notify_one();
        }
        let known =
            members.wait_for(|members| !members.nodes.is_empty() || members.problem.is_some());
        drop(timeout(LOOKUP_WITHIN, known).await);
        let nodes = target.balance.nodes();
        match nodes.is_empty() {
            true => Err(no_endpoint(target)),
            false => Ok(nodes),
        }
    }

    async fn describe(
        &self,
        target: &Arc<Target>,
        node: &Arc<Node>,
        org: &Org,
    ) -> Result<Described, ConnectError> {
        let answer = self.describe_once(target, node, org).await;
        node.note_handshake(&answer);
        let described = Described::of(answer?);
        target.limit_requests(described.max_message_bytes);
        Ok(described)
    }

    /// The same within a time, for one of many.
    async fn describe_soon(
        &self,
        target: &Arc<Target>,
        node: &Arc<Node>,
        org: &Org,
        within: Duration,
    ) -> Result<Described, ConnectError> {
        let _place = self.inner.handshakes.acquire().await;
        match timeout(within, self.describe(target, node, org)).await {
            Ok(answer) => answer,
            Err(_) => {
                let answer = Err(unanswered(target, &node.address, too_slow(within)));
                node.note_handshake(&answer);
                answer.map(Described::of)
            }
        }
    }

    /// Why an adapter cannot make changes now, if it says so.
    pub(super) async fn outage_of(
        &self,
        target: &Arc<Target>,
        node: &Arc<Node>,
        within: Duration,
    ) -> Option<String> {
        let org = Org::new(DEFAULT_ORG_ID);
        let asking = timeout(within, self.describe_once(target, node, &org)).await;
        let outage = asking.ok()?.ok()?.outage;
        (!outage.is_empty()).then(|| outage.chars().take(OUTAGE_CHARS_MAX).collect())
    }

    async fn describe_once(
        &self,
        target: &Arc<Target>,
        node: &Arc<Node>,
        org: &Org,
    ) -> Result<DescribeResponse, ConnectError> {
        let request = DescribeRequest {
            context: Some(context(DESCRIBE.method, org)),
            client: Some(self.inner.client.clone()),
            protocol: Some(PROTOCOL),
        };
        let answer = self.call_node(&DESCRIBE, target, node, &request).await;
        let described = answer.map_err(|cause| unanswered(target, &node.address, cause))?;
        let malformed = |problem: &str| ConnectError::Malformed {
            name: target.name.clone(),
            endpoint: node.address.clone(),
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
                endpoint: node.address.clone(),
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
        described
            .limits
            .ok_or_else(|| malformed("`limits` is missing"))?;
        Ok(described)
    }
}

fn too_slow(within: Duration) -> StoreError {
    let text = format!("no answer came within {} s", within.as_secs_f64());
    StoreError::new(pb::ErrorReason::DeadlineExceeded, text)
}

fn no_endpoint(target: &Target) -> ConnectError {
    let problem = target.balance.problem();
    let problem = problem.unwrap_or_else(|| "its name was not looked up in time".into());
    let cause = StoreError::new(pb::ErrorReason::Unavailable, problem);
    unanswered(target, &target.endpoint, cause)
}

pub(super) fn unanswered(target: &Target, endpoint: &str, cause: StoreError) -> ConnectError {
    let (name, endpoint) = (target.name.clone(), endpoint.to_string());
    let cause = Box::new(cause);
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

// === impl Target ===

impl Target {
    /// Its endpoints have changed, as was suspected.
    fn was_right(&self) {
        for node in self.balance.nodes().iter() {
            node.health.was_right();
        }
    }
}
