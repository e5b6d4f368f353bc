//! `mortise-host`: runs turns of the Everruns runtime over gRPC adapters.

mod commands;

use clap::{Args, CommandFactory, Parser, Subcommand};
use commands::{mesh, model, route, serve, sql_worker};
use everruns_core::typed_id::SessionId;
use mortise_adapter_client::Endpoint;
use mortise_adapter_server::process::outlive_file_size_limit;
use mortise_adapter_server::telemetry::may_be_logged;
use mortise_runtime_host::cli::run::{RunError, RunOptions, run};
use mortise_runtime_host::config::command::ConfigCommand;
use mortise_runtime_host::engine::TurnEnd;
use mortise_runtime_host::local::embedded::run_sql_worker;
use mortise_runtime_host::supervise::Launcher;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The turn ran and failed.
const TURN_FAILED: u8 = 1;
/// The process was told to stop, as shells count it for an interrupt.
const INTERRUPTED: u8 = 130;
/// There was no turn: bad configuration, an adapter that cannot be used.
const NO_TURN: u8 = 3;

/// How long threads that block are waited for at the end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

#[derive(Parser)]
#[command(
    name = "mortise-host",
    version,
    about = "Runs turns of the Everruns runtime over gRPC adapters"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Ask one question. Without --adapter, storage is a local SQLite file.
    ///
    /// Exit code: 0 when the turn completed, 1 when it failed, 2 for wrong
    /// arguments, 3 when there was no turn, 130 when it was interrupted.
    Run(RunArgs),
    /// Serve sessions and turns over gRPC and HTTP until told to stop, then drain.
    ///
    /// Exit code: 0 when it was told to stop, 2 for wrong arguments or a wrong
    /// configuration, 3 when it could not start or stopped by itself.
    Serve(serve::ServeArgs),
    /// Look at a configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at the adapters of a mesh, or write the configuration of one around them.
    #[command(subcommand)]
    Mesh(mesh::MeshCommand),
    /// Become the program of an adapter, for the process that starts this.
    #[command(hide = true, name = commands::ADAPTER_PROCESS)]
    AdapterProcess {
        /// The program and its arguments.
        #[arg(last = true)]
        words: Vec<OsString>,
    },
    /// Run SQL statements of sessions for the process that starts this.
    #[command(hide = true, name = commands::SQL_WORKER)]
    SqlWorker,
    /// Write manual pages and shell completions into a folder.
    #[command(hide = true)]
    Manual { folder: PathBuf },
}

#[derive(Args)]
struct RunArgs {
    /// What to ask.
    question: String,
    /// An adapter server to use: unix:PATH or http://HOST:PORT.
    #[arg(long, value_name = "ENDPOINT")]
    adapter: Option<Endpoint>,
    /// An adapter server for one store, such as
    /// session_storage_store=http://127.0.0.1:7500. May be given several times.
    #[arg(long = "route", value_name = "STORE=ENDPOINT", value_parser = route)]
    routes: Vec<(String, Endpoint)>,
    /// Let calls to adapters cross a network in clear. Needed for http:// to another machine.
    #[arg(long)]
    insecure: bool,
    /// Continue the conversation of this session.
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// Print events as JSON lines.
    #[arg(long)]
    json: bool,
    /// The folder of the local database.
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".mortise",
        env = "MORTISE_DATA"
    )]
    data: PathBuf,
    /// The org, by its internal id.
    #[arg(long, default_value_t = 1)]
    org: i64,
    #[command(flatten)]
    model: model::ModelArgs,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match &cli.command {
        Command::SqlWorker => return run_sql_worker(),
        Command::AdapterProcess { words } => {
            eprintln!("{}", Launcher::become_program(words));
            return ExitCode::from(NO_TURN);
        }
        Command::Manual { folder } => return write_manual(folder),
        Command::Run(_) | Command::Serve(_) | Command::Config(_) | Command::Mesh(_) => {}
    }
    // Where it cannot be raised, the limit that there is holds.
    drop(mortise_adapter_server::raise_file_limit());
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(fault) => {
            eprintln!("mortise-host: cannot start threads: {fault}");
            return ExitCode::from(NO_TURN);
        }
    };
    let code = runtime.block_on(obey(cli));
    // What blocks a thread now has no caller left.
    runtime.shutdown_timeout(SHUTDOWN_GRACE);
    code
}

async fn obey(cli: Cli) -> ExitCode {
    if let Err(fault) = outlive_file_size_limit() {
        eprintln!("mortise-host: signals cannot be waited for: {fault}");
        return ExitCode::from(NO_TURN);
    }
    match cli.command {
        Command::Run(args) => {
            log_plainly();
            Box::pin(run_once(args)).await
        }
        // It sets up its logs itself, as it is configured.
        Command::Serve(args) => Box::pin(serve::run(args, stopped())).await,
        Command::Config(command) => {
            log_plainly();
            command.run()
        }
        Command::Mesh(command) => {
            log_plainly();
            command.run().await
        }
        // They need none of what the others do.
        Command::SqlWorker | Command::AdapterProcess { .. } | Command::Manual { .. } => {
            ExitCode::SUCCESS
        }
    }
}

fn write_manual(folder: &Path) -> ExitCode {
    match mortise_manual::write(Cli::command(), "mortise-host", folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mortise-host: {}: {error}", folder.display());
            ExitCode::from(NO_TURN)
        }
    }
}

fn log_plainly() {
    let filter = EnvFilter::try_from_env("MORTISE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .finish()
        .with(filter_fn(may_be_logged))
        .init();
}

async fn run_once(args: RunArgs) -> ExitCode {
    let turn = run(args.into_options(), stopped());
    match turn.await {
        Ok(TurnEnd::Completed | TurnEnd::WaitingForToolResults) => ExitCode::SUCCESS,
        Ok(TurnEnd::Failed(_) | TurnEnd::Cancelled | TurnEnd::Parked) => {
            ExitCode::from(TURN_FAILED)
        }
        Err(RunError::Interrupted) => {
            eprintln!("mortise-host: {}", RunError::Interrupted);
            ExitCode::from(INTERRUPTED)
        }
        Err(error) => {
            eprintln!("mortise-host: {error}");
            ExitCode::from(NO_TURN)
        }
    }
}

/// Resolves when the process is told to stop.
async fn stopped() {
    let signals = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    );
    match signals {
        (Ok(mut terminate), Ok(mut interrupt)) => tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        },
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(%error, "signal handlers could not be installed; signals end this process at once");
            std::future::pending().await
        }
    }
}

// === impl RunArgs ===

impl RunArgs {
    fn into_options(self) -> RunOptions {
        let model = self.model.model();
        RunOptions {
            question: self.question,
            adapter: self.adapter,
            routes: self.routes,
            insecure: self.insecure,
            session: self.session,
            org_id: self.org,
            data: self.data,
            model,
            json: self.json,
            sql_worker: sql_worker(),
        }
    }
}
