//! `mortise-host serve`: a [`Host`] behind gRPC and HTTP, until it is told to stop.

mod grpc;
mod http;

use crate::demo;
use crate::embedded::{Embedded, EmbeddedError};
use crate::host::{Host, HostOptions, Registries};
use crate::journal::{FileJournal, JournalError};
use crate::registry::{self, Driver, UnknownCapabilities};
use everruns_core::ModelWithProvider;
use everruns_core::error::AgentLoopError;
use everruns_core::message::{ContentPart, Controls, Message};
use grpc::Service;
use mortise_adapter_client::{ConfigError, ConnectError, Mesh, MeshConfig};
use mortise_adapter_server::{ListenAddress, Listener};
use mortise_proto::host::host_service_server::{HostServiceServer, SERVICE_NAME};
use mortise_proto::{HOST_FILE_DESCRIPTOR_SET, HostError};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// How often health follows readiness.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// How long answers under way may take once everything else has ended.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// What to serve, and where.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Where gRPC is served.
    pub grpc: Vec<ListenAddress>,
    /// Where HTTP is served.
    pub http: Option<SocketAddr>,
    /// The adapters; `None` starts the reference server in this process.
    pub mesh: Option<MeshConfig>,
    /// Where the journal is kept, and the embedded server's database.
    pub data: PathBuf,
    /// The model of the embedded server.
    pub model: ModelWithProvider,
    /// The capabilities that are on.
    pub capabilities: Vec<String>,
    /// The largest request, in bytes.
    pub max_request_bytes: usize,
    /// How turns are run.
    pub host: HostOptions,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The embedded server did not start.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The embedded server cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The embedded server refused.
    #[error(transparent)]
    Adapter(#[from] AgentLoopError),
    /// A capability that is not there.
    #[error(transparent)]
    Capabilities(#[from] UnknownCapabilities),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An address that cannot be listened at.
    #[error("cannot listen at {address}: {cause}")]
    Listen {
        /// Which.
        address: String,
        /// Why.
        cause: io::Error,
    },
    /// The gRPC transport failed.
    #[error("the gRPC server stopped: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The reflection service could not read the descriptors.
    #[error("the descriptors of the host's service are unreadable: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The HTTP server failed.
    #[error("the HTTP server stopped: {0}")]
    Http(io::Error),
    /// Neither gRPC nor HTTP was asked for.
    #[error("there is nowhere to listen; give --grpc or --http")]
    Nowhere,
}

/// Serves until `stop` resolves, then drains. `listening` is told of each address, once
/// all are bound.
pub async fn serve(
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    mut listening: impl FnMut(&str, &str),
) -> Result<(), ServeError> {
    if options.grpc.is_empty() && options.http.is_none() {
        return Err(ServeError::Nowhere);
    }
    let names: Vec<&str> = options.capabilities.iter().map(String::as_str).collect();
    let registries = Registries {
        capabilities: registry::capabilities(&names)?,
        drivers: registry::drivers(&[Driver::Simulator, Driver::Openai, Driver::Anthropic]),
    };
    let journal = FileJournal::open(&options.data.join("turns"))?;
    let (grpc, http) = bind(&options).await?;
    let (config, embedded) = match &options.mesh {
        Some(config) => (config.clone(), None),
        None => {
            let embedded = Embedded::start(&options.data).await?;
            (MeshConfig::single(embedded.endpoint()), Some(embedded))
        }
    };
    let mesh = Mesh::new(config)?;
    if embedded.is_some() {
        seed(&mesh, &options).await?;
    }
    let host = Host::start(&mesh, registries, Arc::new(journal), options.host.clone()).await?;

    for listener in &grpc {
        listening("grpc", &listener.endpoint());
    }
    if let Some((_, address)) = &http {
        listening("http", &format!("http://{address}"));
    }
    let served = serve_all(&host, &options, grpc, http);
    tokio::pin!(served);
    let early = tokio::select! {
        ended = &mut served => Some(ended),
        () = stop => None,
    };
    tracing::info!("draining");
    host.drain().await;
    let ended = match early {
        Some(ended) => ended,
        None => match tokio::time::timeout(LAST_ANSWERS, served).await {
            Ok(ended) => ended,
            Err(_) => Ok(()),
        },
    };
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    ended
}

type Http = Option<(TcpListener, SocketAddr)>;

async fn bind(options: &ServeOptions) -> Result<(Vec<Listener>, Http), ServeError> {
    let at = |address: String| move |cause| ServeError::Listen { address, cause };
    let mut grpc = Vec::new();
    for address in &options.grpc {
        let listener = address.bind().await.map_err(at(address.to_string()))?;
        grpc.push(listener);
    }
    let Some(address) = options.http else {
        return Ok((grpc, None));
    };
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(at(address.to_string()))?;
    let address = listener.local_addr().map_err(at(address.to_string()))?;
    Ok((grpc, Some((listener, address))))
}

/// The demo's platform, so that there is something to make sessions of.
async fn seed(mesh: &Mesh, options: &ServeOptions) -> Result<(), ServeError> {
    for org_id in &options.host.orgs {
        let adapter = mesh.adapter(*org_id).build().await?;
        if let Some(seed) = adapter.test_seed() {
            demo::put_platform(&seed, options.model.clone()).await?;
        }
    }
    Ok(())
}

async fn serve_all(
    host: &Host,
    options: &ServeOptions,
    grpc: Vec<Listener>,
    http: Http,
) -> Result<(), ServeError> {
    let mut servers = JoinSet::new();
    for listener in grpc {
        servers.spawn(serve_grpc(
            host.clone(),
            listener,
            options.max_request_bytes,
        ));
    }
    if let Some((listener, _)) = http {
        let router = http::router(host.clone(), options.max_request_bytes);
        let host = host.clone();
        servers.spawn(async move {
            let served = axum::serve(listener, router)
                .with_graceful_shutdown(async move { host.closed().await });
            served.await.map_err(ServeError::Http)
        });
    }
    while let Some(ended) = servers.join_next().await {
        match ended {
            Ok(ended) => ended?,
            Err(fault) => return Err(ServeError::Http(io::Error::other(fault))),
        }
    }
    Ok(())
}

async fn serve_grpc(host: Host, listener: Listener, limit: usize) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(HOST_FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let service = HostServiceServer::new(Service { host: host.clone() })
        .max_decoding_message_size(limit)
        .max_encoding_message_size(usize::MAX);
    let served = Server::builder()
        .http2_max_header_list_size(mortise_proto::MAX_HEADER_LIST_BYTES)
        // Whoever follows a quiet session and has gone is noticed.
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .add_service(health_service)
        .add_service(reflection().build_v1()?)
        // Tools that are some years old ask for the version before.
        .add_service(reflection().build_v1alpha()?)
        .add_service(service)
        .serve_with_incoming_shutdown(listener.incoming(), host.closed());
    tokio::select! {
        ended = served => Ok(ended?),
        () = keep_health(&host, health) => Ok(()),
    }
}

/// Balancers look elsewhere while an adapter is away or the host drains.
async fn keep_health(host: &Host, health: HealthReporter) {
    loop {
        let ready = !host.is_draining() && host.readiness().iter().all(|org| org.problem.is_none());
        let status = if ready {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        for name in ["", SERVICE_NAME] {
            health.set_service_status(name, status).await;
        }
        tokio::time::sleep(HEALTH_EVERY).await;
    }
}

/// What a user says.
fn said(
    text: String,
    parts: Vec<ContentPart>,
    controls: Option<Controls>,
) -> Result<Message, HostError> {
    if text.is_empty() && parts.is_empty() {
        let problem = "is empty; send a text, or parts";
        return Err(HostError::invalid_field("message.text", problem));
    }
    let foreign = parts.iter().position(|part| match part {
        ContentPart::ToolCall(_) | ContentPart::ToolResult(_) => true,
        ContentPart::Text(_) | ContentPart::Image(_) | ContentPart::ImageFile(_) => false,
    });
    if let Some(position) = foreign {
        let problem = "is neither text nor image; users say nothing else";
        return Err(HostError::invalid_field(
            format!("message.parts[{position}]"),
            problem,
        ));
    }
    let mut message = Message::user(text.as_str());
    if text.is_empty() {
        message.content.clear();
    }
    message.content.extend(parts);
    message.controls = controls;
    Ok(message)
}
