//! The server: every service of the contract over one source of adapters, with the
//! standard health and reflection services beside them.

use crate::erased::{AnySource, SharedSource};
use crate::idempotency::IdempotencyCache;
use crate::net::bearer::{Admit, TokenFile};
use crate::net::clients::ClientOrgs;
use crate::net::listen::Listener;
use crate::net::trace;
use crate::patches::Patches;
use crate::serve::{Room, Serving, Shared};
use crate::{AdapterSource, MemoryLeases, Outage, services};
use futures::future::BoxFuture;
use mortise_proto::rpc::table;
use mortise_proto::{FILE_DESCRIPTOR_SET, MAX_HEADER_LIST_BYTES, MAX_MESSAGE_BYTES, pb};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// How much may be in flight unless it is said.
const BYTES_IN_FLIGHT: usize = 256 * 1024 * 1024;

/// How long calls under way may take once the server was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves a source of adapters over gRPC.
pub struct AdapterServer {
    source: Box<dyn AnySource>,
    identity: pb::Identity,
    max_message_bytes: usize,
    max_bytes_in_flight: usize,
    features: bool,
    leases: Option<MemoryLeases>,
    tokens: Option<TokenFile>,
    clients: Option<ClientOrgs>,
}

/// Why a server stopped without being told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The transport failed.
    #[error("the server stopped: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The reflection service could not read the contract's descriptors.
    #[error("the contract's descriptors are unreadable: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// Leases in memory were added to an adapter that keeps leases itself: each would refuse
    /// the fences of the other.
    #[error("the adapter keeps leases and checks fences itself; remove AdapterServer::leases")]
    LeasesTwice,
}

// === impl AdapterServer ===

impl AdapterServer {
    /// Serves `source`: any `RuntimeHostAdapter`, or anything that yields one for a
    /// call.
    #[must_use]
    pub fn builder(source: impl AdapterSource) -> Self {
        Self {
            source: Box::new(SharedSource(Arc::new(source))),
            identity: pb::Identity {
                name: env!("CARGO_PKG_NAME").into(),
                version: env!("CARGO_PKG_VERSION").into(),
                build: String::new(),
            },
            max_message_bytes: MAX_MESSAGE_BYTES,
            max_bytes_in_flight: BYTES_IN_FLIGHT,
            features: true,
            leases: None,
            tokens: None,
            clients: None,
        }
    }

    /// Answers only calls that carry one of these bearer tokens. The health service
    /// answers everybody.
    #[must_use]
    pub fn tokens(mut self, tokens: TokenFile) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Answers only clients with a certificate that has one of these names, and each only
    /// for its orgs. The listener must ask for certificates
    /// ([`ServerTls::client_ca`](crate::ServerTls)). The health service answers every client.
    #[must_use]
    pub fn clients(mut self, clients: ClientOrgs) -> Self {
        self.clients = Some(clients);
        self
    }

    /// Keeps leases of sessions in this process, for an adapter that has none, and checks
    /// the fence of each change. Only for a server that is alone with its storage: another
    /// process does not see these leases. An adapter that checks fences itself is refused
    /// when it is served ([`ServeError::LeasesTwice`]).
    #[must_use]
    pub fn leases(mut self, leases: MemoryLeases) -> Self {
        self.leases = Some(leases);
        self
    }

    /// Offers the plain methods alone, as the simplest server does: no event stream,
    /// no snapshot of a turn. For tests and comparisons.
    #[must_use]
    pub fn without_features(mut self) -> Self {
        self.features = false;
        self
    }

    /// Name and version that the server introduces itself with.
    #[must_use]
    pub fn identity(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.identity.name = name.into();
        self.identity.version = version.into();
        self
    }

    /// The largest request message it takes, in bytes.
    #[must_use]
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.max_message_bytes = bytes;
        self
    }

    /// How much of requests may be in memory at once, in bytes, and how much of files that
    /// are read, of changes whose callers may have gone, and of streamed requests: each as
    /// much. What does not fit waits; what is larger has all of it alone. Three times its
    /// size is counted of a large request and of a file: as it is stored, as it is sent and
    /// what lies between.
    #[must_use]
    pub fn max_bytes_in_flight(mut self, bytes: usize) -> Self {
        self.max_bytes_in_flight = bytes;
        self
    }

    /// Serves until `stop` resolves, then lets calls under way end.
    pub async fn serve(
        self,
        listener: Listener,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        self.serve_until(listener, Box::pin(stop)).await
    }

    /// [`AdapterServer::serve`], compiled once for every way to stop.
    async fn serve_until(
        self,
        listener: Listener,
        stop: BoxFuture<'_, ()>,
    ) -> Result<(), ServeError> {
        let closing = CancellationToken::new();
        let (health, routes) = self.mounted(closing.clone()).await?;
        let stopped = closing.clone();
        let served = Server::builder()
            .http2_max_header_list_size(MAX_HEADER_LIST_BYTES)
            // A follower of a quiet session that has gone is noticed.
            .http2_keepalive_interval(Some(Duration::from_secs(20)))
            .http2_keepalive_timeout(Some(Duration::from_secs(10)))
            .trace_fn(trace::rpc_span)
            .add_routes(routes)
            .serve_with_incoming_shutdown(listener.incoming(), async move {
                stop.await;
                // Balancers look elsewhere while calls under way end.
                stopped.cancel();
                set_health(&health, ServingStatus::NotServing).await;
            });
        tokio::select! {
            result = served => Ok(result?),
            () = drained(closing) => Ok(()),
        }
    }

    /// The services without a socket, to be called in process or mounted beside others.
    pub async fn routes(self) -> Result<Routes, ServeError> {
        let (_health, routes) = self.mounted(CancellationToken::new()).await?;
        Ok(routes)
    }

    /// Every service, and what says whether they serve.
    async fn mounted(
        self,
        closing: CancellationToken,
    ) -> Result<(HealthReporter, Routes), ServeError> {
        if self.leases.is_some() && self.source.checks_fences() {
            return Err(ServeError::LeasesTwice);
        }
        let limit = self.max_message_bytes;
        let requests = Arc::new(Room::of(self.max_bytes_in_flight));
        let outage = self.source.outage();
        let closed = closing.clone();
        let serving = Serving {
            shared: Arc::new(Shared {
                source: self.source,
                identity: self.identity,
                max_message_bytes: limit,
                features: self.features,
                idempotency: IdempotencyCache::new(),
                patches: Patches::new(limit),
                leases: self.leases,
                under_way: Room::of(self.max_bytes_in_flight),
                answers: Arc::new(Room::of(self.max_bytes_in_flight)),
                uploads: Room::of(self.max_bytes_in_flight),
                closing,
            }),
        };
        let (health, health_service) = tonic_health::server::health_reporter();
        set_health(&health, ServingStatus::Serving).await;
        if let Some(outage) = outage {
            tokio::spawn(keep_health(health.clone(), outage, closed));
        }
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()?;
        // Tools that are some years old ask for the version before.
        let old_reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .build_v1alpha()?;
        let admit = Admit::new(self.tokens, self.clients);
        let routes = Routes::new(health_service)
            .add_service(InterceptedService::new(reflection, admit.clone()))
            .add_service(InterceptedService::new(old_reflection, admit.clone()));
        Ok((
            health,
            services::mount(routes, &serving, (limit, requests), &admit),
        ))
    }
}

impl fmt::Debug for AdapterServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdapterServer")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// Every service of the contract, and the server as a whole.
async fn set_health(health: &HealthReporter, status: ServingStatus) {
    for service in table::SERVICES.iter().chain([&""]) {
        health.set_service_status(service, status).await;
    }
}

/// Says whether changes can be made, for as long as the source knows and the server is
/// not told to stop: then it stays as it is set last.
async fn keep_health(
    health: HealthReporter,
    mut outage: watch::Receiver<Option<Outage>>,
    closing: CancellationToken,
) {
    loop {
        let status = if outage.borrow_and_update().is_some() {
            ServingStatus::NotServing
        } else {
            ServingStatus::Serving
        };
        set_health(&health, status).await;
        tokio::select! {
            biased;
            () = closing.cancelled() => break,
            changed = outage.changed() => if changed.is_err() {
                return;
            },
        }
    }
    // It may have been said just now that all is well.
    set_health(&health, ServingStatus::NotServing).await;
}

/// Resolves when the time to drain is over.
async fn drained(closing: CancellationToken) {
    closing.cancelled().await;
    tokio::time::sleep(DRAIN).await;
    tracing::warn!("drain time is over; calls still running are dropped");
}
