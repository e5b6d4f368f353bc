//! The server: every service of the contract over one source of adapters, with the
//! standard health and reflection services beside them.

use crate::bearer::TokenFile;
use crate::listen::Listener;
use crate::replies::ReplyMemory;
use crate::serve::{Serving, Shared, room};
use crate::{AdapterSource, Outage, services, trace};
use mortise_proto::rpc::table;
use mortise_proto::{FILE_DESCRIPTOR_SET, MAX_HEADER_LIST_BYTES, MAX_MESSAGE_BYTES, pb};
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

/// How long calls under way may take once the server was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves a source of adapters over gRPC.
#[derive(Debug)]
pub struct AdapterServer<S> {
    source: S,
    identity: pb::Identity,
    max_message_bytes: usize,
    features: bool,
    tokens: Option<TokenFile>,
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
}

// === impl AdapterServer ===

impl<S: AdapterSource> AdapterServer<S> {
    /// Serves `source`: any `RuntimeHostAdapter`, or anything that yields one for a
    /// call.
    #[must_use]
    pub fn builder(source: S) -> Self {
        Self {
            source,
            identity: pb::Identity {
                name: env!("CARGO_PKG_NAME").into(),
                version: env!("CARGO_PKG_VERSION").into(),
                build: String::new(),
            },
            max_message_bytes: MAX_MESSAGE_BYTES,
            features: true,
            tokens: None,
        }
    }

    /// Answers only calls that carry one of these bearer tokens. The health service
    /// answers everybody.
    #[must_use]
    pub fn tokens(mut self, tokens: TokenFile) -> Self {
        self.tokens = Some(tokens);
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

    /// Serves until `stop` resolves, then lets calls under way end.
    pub async fn serve(
        self,
        listener: Listener,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let closing = CancellationToken::new();
        let (health, routes) = self.mounted(closing.clone()).await?;
        let stopped = closing.clone();
        let served = Server::builder()
            .http2_max_header_list_size(MAX_HEADER_LIST_BYTES)
            // Whoever follows a quiet session and has gone is noticed.
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
        let limit = self.max_message_bytes;
        let outage = self.source.outage();
        let closed = closing.clone();
        let serving = Serving {
            shared: Arc::new(Shared {
                source: self.source,
                identity: self.identity,
                max_message_bytes: limit,
                features: self.features,
                replies: ReplyMemory::new(),
                under_way: room(),
                uploads: room(),
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
        let tokens = self.tokens;
        let admit = move |request| match &tokens {
            Some(tokens) => tokens.admit(request),
            None => Ok(request),
        };
        let routes = Routes::new(health_service)
            .add_service(InterceptedService::new(reflection, admit.clone()))
            .add_service(InterceptedService::new(old_reflection, admit.clone()));
        Ok((health, services::mount(routes, &serving, limit, &admit)))
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
    tracing::warn!("calls were still under way when the time to drain was over");
}
