//! `mortise-host serve`. Arguments are a short form of the configuration: below this
//! file there is one way to serve.

use super::{model, route, sql_worker, supervision};
use clap::ValueEnum;
use mortise_adapter_client::{AdapterConfig, Endpoint};
use mortise_adapter_server::{ListenAddress, SocketAccess, SocketGroup, SocketMode};
use mortise_runtime_host::config::{
    Adapter, Diagnostics, DriverName, Engine, HostConfig, Recovery, RestateOptions, WhenBusy,
};
use mortise_runtime_host::host::JournalPlace;
use mortise_runtime_host::local::demo;
use mortise_runtime_host::serve::{ConfigSource, Demo, ServeError, ServeOptions, serve};
use mortise_runtime_host::telemetry::{Telemetry, TelemetryError};
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use url::Url;

/// The configuration is wrong.
const WRONG: u8 = 2;

/// It could not start, or stopped without being told to.
const FAILED: u8 = 3;

/// How long a call of the Restate server may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The name of the adapter that --adapter names.
const DEFAULT: &str = "default";

/// What to serve, and where.
#[derive(clap::Args)]
pub(crate) struct ServeArgs {
    /// A configuration file, instead of the arguments below; docs/host.example.toml shows
    /// every key. Environment variables MORTISE_HOST__SECTION__KEY override it.
    #[arg(long, value_name = "FILE", conflicts_with = "arguments")]
    config: Option<PathBuf>,
    #[command(flatten)]
    arguments: Arguments,
    /// The largest request, in bytes.
    #[arg(long, default_value_t = mortise_proto::MAX_MESSAGE_BYTES, value_name = "BYTES")]
    max_request_bytes: usize,
    #[command(flatten)]
    model: model::ModelArgs,
}

/// What a configuration file says as well.
#[derive(clap::Args)]
#[group(id = "arguments", multiple = true)]
struct Arguments {
    /// Where to serve gRPC: unix:PATH or IP:PORT. May be given several times.
    #[arg(long, value_name = "ADDRESS")]
    grpc: Vec<ListenAddress>,
    /// Where to serve HTTP: unix:PATH or IP:PORT.
    #[arg(long, value_name = "ADDRESS")]
    http: Option<ListenAddress>,
    /// The mode of unix sockets, such as 0660. To connect, a caller's user needs the right
    /// to write. Default: what the umask leaves.
    #[arg(long, value_name = "MODE")]
    socket_mode: Option<SocketMode>,
    /// The group of unix sockets, by name or number. The host's user must be a member of
    /// it, or root. Default: the host's own.
    #[arg(long, value_name = "GROUP")]
    socket_group: Option<SocketGroup>,
    /// An adapter server to use: unix:PATH or http://HOST:PORT. Without it, storage is
    /// a local SQLite file with a demo agent.
    #[arg(long, value_name = "ENDPOINT")]
    adapter: Option<Endpoint>,
    /// An adapter server for one store, such as
    /// session_storage_store=http://127.0.0.1:7500. May be given several times.
    #[arg(long = "route", value_name = "STORE=ENDPOINT", value_parser = route, requires = "adapter")]
    routes: Vec<(String, Endpoint)>,
    /// Let calls to adapters cross a network in clear. Needed for http:// to another machine.
    #[arg(long, requires = "adapter")]
    insecure: bool,
    /// The folder of the journal of unfinished turns and of the local database. Only one
    /// host may use it at a time. Default: MORTISE_DATA, or .mortise.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// An org to serve, by its internal id. May be given several times. Default: 1.
    #[arg(long = "org")]
    orgs: Vec<i64>,
    /// A capability to enable. May be given several times. Default: those of the demo
    /// agent.
    #[arg(long = "capability", value_name = "NAME")]
    capabilities: Vec<String>,
    /// How many turns may run at once. Default: 64.
    #[arg(long, value_name = "COUNT")]
    turns_max: Option<usize>,
    /// How many turns may wait in queues. Default: 1024.
    #[arg(long, value_name = "COUNT")]
    queue_max: Option<usize>,
    /// What happens to a turn if its session has a running turn or the host runs as many
    /// turns as it may, unless the caller says. Default: queue.
    #[arg(long)]
    when_busy: Option<Busy>,
    /// How long a turn may run, in seconds. Default: 3600.
    #[arg(long, value_name = "SECONDS")]
    turn_timeout: Option<u64>,
    /// What happens to turns that a crash interrupted. Default: resume.
    #[arg(long)]
    recovery: Option<AfterCrash>,
    /// How long running turns may take after the host is told to stop, in seconds; then
    /// they are parked. Default: 30.
    #[arg(long, value_name = "SECONDS")]
    drain: Option<u64>,
    /// Where unfinished turns are kept. Default: files.
    #[arg(long)]
    journal: Option<Kept>,
    /// What runs turns. Default: local.
    #[arg(long)]
    engine: Option<Engines>,
    /// Where the Restate server takes invocations.
    #[arg(long, value_name = "URL", required_if_eq("engine", "restate"))]
    restate_ingress: Option<Url>,
    /// Where the admin API of the Restate server is.
    #[arg(long, value_name = "URL", required_if_eq("engine", "restate"))]
    restate_admin: Option<Url>,
    /// Where this host listens for the Restate server: IP:PORT.
    #[arg(long, value_name = "ADDRESS", required_if_eq("engine", "restate"))]
    restate_listen: Option<SocketAddr>,
    /// Where the Restate server finds this host and those that share it. Default: the
    /// address of --restate-listen.
    #[arg(long, value_name = "URL")]
    restate_advertise: Option<Url>,
    /// Where callers reach this host, such as `https://host-1.example.com:7451`. A caller
    /// whose session this host has is told it by other hosts.
    #[arg(long, value_name = "URL")]
    advertise: Option<String>,
    /// How long a session stays taken after its host has died, in seconds, 1 to 600.
    /// Default: 30.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    lease_ttl: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Busy {
    /// It is refused.
    Refuse,
    /// It waits.
    Queue,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kept {
    /// In the data folder: this host resumes them when it starts again.
    Files,
    /// In the adapter: any host takes them over when their host is lost.
    Adapter,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engines {
    /// This host.
    Local,
    /// The hosts on which a Restate server places them.
    Restate,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AfterCrash {
    /// They resume from their last finished step.
    Resume,
    /// They end as failed.
    End,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Config(Diagnostics),
    #[error("{0}")]
    Model(String),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Serves until it is told to stop.
pub(crate) async fn run(args: ServeArgs, stop: impl Future<Output = ()>) -> ExitCode {
    match Box::pin(run_to_the_end(args, stop)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mortise-host: {failure}");
            ExitCode::from(match failure {
                Failure::Config(_) | Failure::Model(_) => WRONG,
                Failure::Telemetry(_) | Failure::Serve(_) => FAILED,
            })
        }
    }
}

async fn run_to_the_end(args: ServeArgs, stop: impl Future<Output = ()>) -> Result<(), Failure> {
    let from_file = args.config.is_some();
    let config = match &args.config {
        Some(file) => HostConfig::load(file, environment()),
        None => args.arguments.into_config(),
    };
    let config = config.map_err(Failure::Config)?;
    let model = args.model.model().map_err(Failure::Model)?;
    let telemetry = Telemetry::start(&config.telemetry.options())?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let options = ServeOptions {
        config,
        demo: Demo {
            model,
            always: !from_file,
        },
        max_request_bytes: args.max_request_bytes,
        sql_worker: sql_worker(),
        telemetry: Some(telemetry.clone()),
        source: args.config.map(|file| ConfigSource {
            file,
            environment: environment().collect(),
        }),
        supervision: supervision(),
    };
    // On standard output, so that the process that started it can wait for these lines.
    let listening = |what: &str, address: &str| {
        let line = format!("{what} listening at {address}\n");
        if let Err(error) = mortise_output::write(&line) {
            // It serves all the same: the addresses are known to who configured them.
            tracing::warn!(%error, what, address, "the address could not be printed");
        }
    };
    let served = Box::pin(serve(options, stop, listening)).await;
    telemetry.stop().await;
    Ok(served?)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a command line reads the environment"
)]
fn environment() -> impl Iterator<Item = (String, String)> {
    let texts = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(texts)
}

// === impl Arguments ===

impl Arguments {
    /// The configuration without a file, but for what was given.
    #[expect(
        clippy::disallowed_methods,
        reason = "a command line reads the environment"
    )]
    fn into_config(self) -> Result<HostConfig, Diagnostics> {
        let mut config = HostConfig::parse("", [])?;
        config.listen.grpc = self.grpc;
        config.listen.http = self.http;
        config.listen.socket = SocketAccess {
            mode: self.socket_mode,
            group: self.socket_group,
        };
        let data = self
            .data
            .or_else(|| std::env::var_os("MORTISE_DATA").map(PathBuf::from));
        config.data = data.unwrap_or(config.data);
        if let Some(adapter) = self.adapter {
            // An adapter is named after the store that it was named for.
            let adapters = &mut config.adapters;
            let is_insecure = self.insecure;
            let adapter_at = |endpoint| Adapter {
                config: AdapterConfig {
                    is_insecure,
                    ..AdapterConfig::new(endpoint)
                },
                command: None,
            };
            adapters.insert(DEFAULT.into(), adapter_at(adapter));
            config.routes.default = DEFAULT.into();
            for (store, endpoint) in self.routes {
                adapters.insert(store.clone(), adapter_at(endpoint));
                config.routes.stores.insert(store.clone(), store);
            }
        }
        if !self.orgs.is_empty() {
            config.orgs = self.orgs.into_iter().collect();
        }
        config.capabilities = self.capabilities;
        if config.capabilities.is_empty() {
            let demo = demo::CAPABILITIES.iter();
            config.capabilities = demo.map(|name| (*name).into()).collect();
        }
        config.drivers.push(DriverName::Simulator);
        let turns = &mut config.turns;
        turns.max_running = self.turns_max.unwrap_or(turns.max_running);
        turns.queue_max = self.queue_max.unwrap_or(turns.queue_max);
        turns.when_busy = match self.when_busy {
            Some(Busy::Refuse) => WhenBusy::Refuse,
            Some(Busy::Queue) => WhenBusy::Queue,
            None => turns.when_busy,
        };
        turns.recovery = match self.recovery {
            Some(AfterCrash::Resume) => Recovery::Resume,
            Some(AfterCrash::End) => Recovery::Fail,
            None => turns.recovery,
        };
        let seconds = |given: Option<u64>| given.map(Duration::from_secs);
        turns.deadline = seconds(self.turn_timeout).unwrap_or(turns.deadline);
        turns.drain = seconds(self.drain).unwrap_or(turns.drain);
        turns.journal = match self.journal {
            Some(Kept::Adapter) => JournalPlace::Adapter,
            Some(Kept::Files) | None => turns.journal,
        };
        if self.engine == Some(Engines::Restate)
            && let (Some(ingress), Some(admin), Some(listen)) = (
                self.restate_ingress,
                self.restate_admin,
                self.restate_listen,
            )
        {
            turns.journal = JournalPlace::Adapter;
            turns.engine = Engine::Restate(Box::new(RestateOptions {
                ingress,
                admin,
                listen,
                advertise: self.restate_advertise,
                token_file: None,
                timeout: CALL_TIMEOUT,
            }));
        }
        let leases = &mut config.leases;
        leases.advertise = self.advertise;
        leases.ttl = seconds(self.lease_ttl).unwrap_or(leases.ttl);
        let level = std::env::var("MORTISE_LOG");
        config.telemetry.log_level = level.unwrap_or_else(|_| "warn".into());
        Ok(config)
    }
}
