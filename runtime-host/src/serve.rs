//! `mortise-host serve`: a [`Host`] behind gRPC and HTTP, until it is told to stop.

mod admin;
mod grpc;
mod health;
mod http;
mod limits;
mod listeners;
mod panics;
mod reload;

pub use admin::adapters_view;
pub(crate) use http::code_name;
pub use http::{document, events_page};
pub use reload::ConfigSource;

use crate::access::Access;
use crate::config::{self, DriverName, EMBEDDED, HostConfig, WhenBusy};
#[cfg(feature = "restate")]
use crate::engine::restate::{RestateEngines, RestateError};
use crate::engine::{EngineOptions, LocalEngines};
use crate::host::{Host, HostOptions, LeaseOptions, Recovery, Registries};
use crate::journal::{FileJournal, JournalError};
use crate::local::demo;
use crate::local::embedded::{Embedded, EmbeddedError, SqlWorker};
use crate::metrics::HostMetrics;
use crate::registry::{self, Driver, DriverOptions, UnknownCapabilities};
use crate::supervise::{SuperviseError, Supervised, Supervision};
use crate::telemetry::Telemetry;
use admin::Admin;
use everruns_core::ModelWithProvider;
use everruns_core::error::AgentLoopError;
use everruns_core::message::{ContentPart, Controls, Message};
use everruns_core::traits::LlmProviderStore;
use everruns_runtime::RuntimeHostAdapter;
use listeners::{Accepted, Listeners, WithPeer};
use mortise_adapter_client::{ConfigError, ConnectError, Mesh};
use mortise_adapter_server::{TlsError, TokenFileError};
use mortise_proto::HostError;
use reload::Reload;
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How long answers under way may take once everything else has ended.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// What to serve, and how.
#[derive(Debug)]
pub struct ServeOptions {
    /// The configuration.
    pub config: HostConfig,
    /// What is put into the embedded storage, where that is served.
    pub demo: Demo,
    /// The largest request, in bytes.
    pub max_request_bytes: usize,
    /// How the embedded server starts processes for SQL statements of sessions; `None`
    /// runs them in this one.
    pub sql_worker: Option<SqlWorker>,
    /// What changes the level of the log; `None` where it is set elsewhere.
    pub telemetry: Option<Telemetry>,
    /// Where the configuration is read again; `None` keeps it as it is.
    pub source: Option<ConfigSource>,
    /// How adapters are started that the configuration names a command of.
    pub supervision: Supervision,
}

/// The demo's platform in the embedded storage, so that there is something to make
/// sessions of.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Its model, which becomes the org's default.
    pub model: ModelWithProvider,
    /// Whether it is put in anew at every start; else only into an org that has no
    /// default model yet.
    pub always: bool,
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
    /// The engine cannot be used.
    #[cfg(feature = "restate")]
    #[error(transparent)]
    Engine(#[from] RestateError),
    /// An adapter could not be started.
    #[error(transparent)]
    Supervise(#[from] SuperviseError),
    /// A capability that is not there.
    #[error(transparent)]
    Capabilities(#[from] UnknownCapabilities),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file of tokens cannot be used.
    #[error(transparent)]
    Tokens(#[from] TokenFileError),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
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
    /// No caller could get in.
    #[error(
        "no caller can reach {0}: callers from other machines need a token or a certificate; configure [access] in a file and name it with --config, or listen at unix: or 127.0.0.1"
    )]
    NoCallers(String),
}

/// Serves until `stop` resolves, then drains. `listening` is told of each address, once
/// all are bound.
pub async fn serve(
    options: ServeOptions,
    stop: impl Future<Output = ()>,
    mut listening: impl FnMut(&str, &str),
) -> Result<(), ServeError> {
    let config = Arc::new(options.config.clone());
    if config.listen.grpc.is_empty() && config.listen.http.is_none() {
        return Err(ServeError::Nowhere);
    }
    if let Some(address) = config.unreachable() {
        return Err(ServeError::NoCallers(address.to_string()));
    }
    let registries = registries(&config)?;
    let access = Arc::new(Access::open(&config)?);
    let journal = FileJournal::open(&config.data.join("turns"))?;
    let listeners = Listeners::bind(&config.listen).await?;
    let embedded = match config.is_embedded() {
        true => Some(Embedded::start(&config.data, options.sql_worker.clone()).await?),
        false => None,
    };
    let own = embedded.iter();
    let own: BTreeMap<_, _> = own
        .map(|own| (EMBEDDED.to_string(), own.endpoint()))
        .collect();
    let supervised = Supervised::default().with(reload::commands(&config), &options.supervision)?;
    let mut started = supervised.endpoints();
    started.extend(own.clone());
    let mesh = Mesh::new(config.mesh(&started))?;
    if embedded.is_some() {
        put_demo(&mesh, &config, &options.demo).await?;
    }
    let mut host_options = HostOptions::from(&*config);
    // A host that starts again need not wait for its own leases.
    host_options.lease.holder = match &config.leases.holder {
        Some(holder) => holder.clone(),
        None => journal.host_name().await?,
    };
    #[cfg(feature = "restate")]
    let restate = match &config.turns.engine {
        config::Engine::Restate(options) => Some(RestateEngines::new(*options.clone())?),
        config::Engine::Local => None,
    };
    #[cfg(feature = "restate")]
    if let Some(restate) = &restate {
        host_options.engines = Arc::new(restate.clone());
    }
    let host = Host::start(&mesh, registries, Arc::new(journal), host_options).await?;
    // The host has it. What it uses is known by who else does.
    drop(mesh);
    #[cfg(feature = "restate")]
    if let Some(restate) = restate {
        let longest = Some(config.turns.deadline);
        let most = config.turns.max_running;
        restate.serve(Arc::new(host.clone()), longest, most).await?;
    }

    for (what, listener) in listeners.named() {
        listening(what, &listener.endpoint());
    }
    let (config, shown) = watch::channel(config);
    let supervised = match options.source {
        Some(source) => Adapters::Reloaded(tokio::spawn(
            Reload {
                source,
                config,
                host: host.clone(),
                telemetry: options.telemetry.clone(),
                supervision: options.supervision,
                supervised,
                embedded: own,
            }
            .run(),
        )),
        None => Adapters::Fixed(supervised),
    };
    let serving = Serving {
        host: host.clone(),
        access,
        admin: Admin::new(&host, shown, options.telemetry),
        max_request_bytes: options.max_request_bytes,
    };
    let served = serving.all(listeners);
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
    supervised.stop().await;
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    ended
}

/// The adapters that the host has started.
enum Adapters {
    Fixed(Supervised),
    /// They change with the configuration; what changes it ends with the host.
    Reloaded(JoinHandle<Supervised>),
}

impl Adapters {
    async fn stop(self) {
        match self {
            Self::Fixed(supervised) => supervised.stop().await,
            Self::Reloaded(reloading) => match reloading.await {
                Ok(supervised) => supervised.stop().await,
                Err(error) => tracing::error!(%error, "reloading the configuration panicked"),
            },
        }
    }
}

fn registries(config: &HostConfig) -> Result<Registries, UnknownCapabilities> {
    let names: Vec<&str> = config.capabilities.iter().map(String::as_str).collect();
    let drivers = config.drivers.iter().map(|driver| match driver {
        DriverName::Openai => Driver::Openai,
        DriverName::Anthropic => Driver::Anthropic,
        DriverName::Simulator => Driver::Simulator,
    });
    Ok(Registries {
        capabilities: registry::capabilities(&names)?,
        drivers: registry::drivers(
            &drivers.collect::<Vec<_>>(),
            DriverOptions {
                silence_max: config.silence_max,
            },
        ),
    })
}

async fn put_demo(mesh: &Mesh, config: &HostConfig, demo: &Demo) -> Result<(), ServeError> {
    for org_id in &config.orgs {
        let adapter = mesh.adapter(*org_id).build().await?;
        let models = adapter.provider_store(*org_id);
        if !demo.always && models.get_default_model().await?.is_some() {
            continue;
        }
        if let Some(seed) = adapter.test_seed() {
            demo::put_platform(&seed, demo.model.clone()).await?;
            tracing::info!(org = org_id, storage = EMBEDDED, "demo agent stored");
        }
    }
    Ok(())
}

impl From<&HostConfig> for HostOptions {
    fn from(config: &HostConfig) -> Self {
        let config::Turns {
            max_running,
            when_busy,
            queue_max,
            deadline,
            recovery,
            drain,
            journal,
            engine: _,
        } = &config.turns;
        Self {
            orgs: config.orgs.iter().copied().collect(),
            turns_max: *max_running,
            queue_max: *queue_max,
            queue_by_default: *when_busy == WhenBusy::Queue,
            recovery: match recovery {
                config::Recovery::Resume => Recovery::Resume,
                config::Recovery::Fail => Recovery::End,
            },
            drain: *drain,
            journal: *journal,
            lease: LeaseOptions::from(&config.leases),
            engine: EngineOptions {
                turn_timeout: Some(*deadline),
                ..Self::default().engine
            },
            engines: Arc::new(LocalEngines),
            metrics: HostMetrics::default(),
        }
    }
}

/// What every listener's server is made of.
struct Serving {
    host: Host,
    access: Arc<Access>,
    admin: Admin,
    max_request_bytes: usize,
}

// === impl Serving ===

impl Serving {
    /// Serves every listener until the host is closed, or one of them fails.
    async fn all(self, listeners: Listeners) -> Result<(), ServeError> {
        let Listeners {
            grpc,
            http,
            admin,
            probes,
        } = listeners;
        let mut servers = JoinSet::new();
        if let Some(listener) = probes {
            let router = self.admin.probes();
            let accepted = Accepted::reserved(listener);
            servers.spawn(serve_http(self.host.clone(), accepted, router));
        }
        for listener in grpc {
            let (host, access) = (self.host.clone(), self.access.clone());
            servers.spawn(grpc::serve(host, access, listener, self.max_request_bytes));
        }
        let beside = match admin {
            Some(listener) => {
                let router = self.admin.router();
                let accepted = Accepted::reserved(listener);
                servers.spawn(serve_http(self.host.clone(), accepted, router));
                axum::Router::new()
            }
            None => self.admin.beside_api(),
        };
        if let Some(listener) = http {
            let api = http::router(self.host.clone(), self.max_request_bytes);
            let router = http::guarded(api.merge(beside), self.access);
            servers.spawn(serve_http(self.host, Accepted::new(listener), router));
        }
        while let Some(ended) = servers.join_next().await {
            match ended {
                Ok(ended) => ended?,
                Err(fault) => return Err(ServeError::Http(io::Error::other(fault))),
            }
        }
        Ok(())
    }
}

async fn serve_http(
    host: Host,
    accepted: Accepted,
    router: axum::Router,
) -> Result<(), ServeError> {
    let router = http::unbroken(router);
    let served = axum::serve(accepted, WithPeer(router))
        .with_graceful_shutdown(async move { host.closed().await });
    served.await.map_err(ServeError::Http)
}

/// What a user says.
fn said(
    text: String,
    parts: Vec<ContentPart>,
    controls: Option<Controls>,
) -> Result<Message, HostError> {
    limits::check_said(&text, &parts)?;
    let mut message = Message::user(text.as_str());
    if text.is_empty() {
        message.content.clear();
    }
    message.content.extend(parts);
    message.controls = controls;
    Ok(message)
}
