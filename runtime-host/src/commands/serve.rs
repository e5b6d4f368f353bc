//! `mortise-host serve`.

use super::{model, route};
use clap::ValueEnum;
use mortise_adapter_client::{AdapterConfig, Endpoint, MeshConfig};
use mortise_adapter_server::ListenAddress;
use mortise_runtime_host::demo;
use mortise_runtime_host::host::{HostOptions, Recovery};
use mortise_runtime_host::serve::{ServeOptions, serve};
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// It could not start, or stopped without being told to.
const FAILED: u8 = 3;

/// What to serve, and where.
#[derive(clap::Args)]
pub(crate) struct ServeArgs {
    /// Where to serve gRPC: unix:PATH or IP:PORT. May be given several times.
    #[arg(long, value_name = "ADDRESS")]
    grpc: Vec<ListenAddress>,
    /// Where to serve HTTP: IP:PORT.
    #[arg(long, value_name = "ADDRESS")]
    http: Option<SocketAddr>,
    /// An adapter server to use: unix:PATH or http://HOST:PORT. Without it, storage is
    /// a local SQLite file with a demo agent.
    #[arg(long, value_name = "ENDPOINT")]
    adapter: Option<Endpoint>,
    /// An adapter server for one store, such as
    /// session_storage_store=http://127.0.0.1:7500. May be given several times.
    #[arg(long = "route", value_name = "STORE=ENDPOINT", value_parser = route, requires = "adapter")]
    routes: Vec<(String, Endpoint)>,
    /// Where the journal of unfinished turns is kept, and the local database. One host
    /// at a time uses it.
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".mortise",
        env = "MORTISE_DATA"
    )]
    data: PathBuf,
    /// An org to serve, by its internal id. May be given several times.
    #[arg(long = "org", default_value = "1")]
    orgs: Vec<i64>,
    /// A capability that is on. May be given several times; without it those of the
    /// demo agent are.
    #[arg(long = "capability", value_name = "NAME")]
    capabilities: Vec<String>,
    /// How many turns may be under way at once.
    #[arg(long, default_value_t = 256, value_name = "COUNT")]
    turns_max: usize,
    /// How many turns may wait for another of the same session.
    #[arg(long, default_value_t = 8, value_name = "COUNT")]
    queue_max: usize,
    /// What becomes of a turn while its session has another, unless its caller says.
    #[arg(long, default_value = "refuse")]
    when_busy: WhenBusy,
    /// How long a turn may run, in seconds.
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    turn_timeout: u64,
    /// What becomes of turns that a crash cut off.
    #[arg(long, default_value = "resume")]
    recovery: AfterCrash,
    /// How long turns may go on once the host was told to stop, in seconds; then they
    /// are parked.
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    drain: u64,
    /// The largest request, in bytes.
    #[arg(long, default_value_t = mortise_proto::MAX_MESSAGE_BYTES, value_name = "BYTES")]
    max_request_bytes: usize,
    #[command(flatten)]
    model: model::ModelArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WhenBusy {
    /// It is refused.
    Refuse,
    /// It waits.
    Queue,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AfterCrash {
    /// They go on from their last finished step.
    Resume,
    /// They end as failed.
    End,
}

/// Serves until it is told to stop.
pub(crate) async fn run(args: ServeArgs, stop: impl Future<Output = ()>) -> ExitCode {
    // On standard output, so that whoever started it can wait for these lines.
    let listening = |what: &str, address: &str| println!("{what} listening at {address}");
    match Box::pin(serve(args.into_options(), stop, listening)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mortise-host: {error}");
            ExitCode::from(FAILED)
        }
    }
}

// === impl ServeArgs ===

impl ServeArgs {
    fn into_options(self) -> ServeOptions {
        let model = self.model.model();
        let mut host = HostOptions {
            orgs: self.orgs,
            turns_max: self.turns_max,
            queue_max: self.queue_max,
            queue_by_default: self.when_busy == WhenBusy::Queue,
            recovery: match self.recovery {
                AfterCrash::Resume => Recovery::Resume,
                AfterCrash::End => Recovery::End,
            },
            drain: Duration::from_secs(self.drain),
            ..HostOptions::default()
        };
        host.engine.turn_timeout = Some(Duration::from_secs(self.turn_timeout));
        let mut capabilities = self.capabilities;
        if capabilities.is_empty() {
            capabilities = demo::CAPABILITIES
                .iter()
                .map(|name| (*name).into())
                .collect();
        }
        ServeOptions {
            grpc: self.grpc,
            http: self.http,
            mesh: self.adapter.map(|adapter| mesh(adapter, self.routes)),
            data: self.data,
            model,
            capabilities,
            max_request_bytes: self.max_request_bytes,
            host,
        }
    }
}

/// An adapter is named after the store that it was named for.
fn mesh(adapter: Endpoint, routes: Vec<(String, Endpoint)>) -> MeshConfig {
    let mut config = MeshConfig::single(adapter);
    for (store, endpoint) in routes {
        config
            .adapters
            .insert(store.clone(), AdapterConfig::new(endpoint));
        config.routes.stores.insert(store.clone(), store);
    }
    config
}
