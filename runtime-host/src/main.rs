//! `mortise-host`: runs turns of the Everruns runtime over gRPC adapters.

mod commands;

use clap::{Args, CommandFactory, Parser, Subcommand};
use commands::{mesh, model, quoted, remote, route, serve, sql_worker};
use everruns_core::typed_id::SessionId;
use mortise_adapter_client::Endpoint;
use mortise_adapter_server::process::outlive_file_size_limit;
use mortise_adapter_server::telemetry::may_be_logged;
use mortise_runtime_host::cli::run::{Reach, RunError, RunOptions, run};
use mortise_runtime_host::cli::{NOT_WRITTEN, output_failure, printed};
use mortise_runtime_host::config::command::ConfigCommand;
use mortise_runtime_host::engine::TurnEnd;
use mortise_runtime_host::local::embedded::run_sql_worker;
use mortise_runtime_host::serve::{document, events_page};
use mortise_runtime_host::supervise::Launcher;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tikv_jemallocator::Jemalloc;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// The turn ran and failed.
const TURN_FAILED: u8 = 1;
/// The process was told to stop, as shells count it for an interrupt.
const INTERRUPTED: u8 = 130;
/// The command line is wrong.
const WRONG: u8 = 2;
/// There was no turn: bad configuration, an adapter that cannot be used.
const NO_TURN: u8 = 3;

/// The folder of the local database, unless another is named.
const DATA: &str = ".mortise";

/// How long threads that block are waited for at the end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

#[derive(Parser)]
#[command(
    name = "mortise-host",
    version = commands::version(),
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
    /// Exit code: 0 when the turn completed, 1 when it did not, 2 for wrong
    /// arguments, 3 when there was no turn, 4 when the output could not be
    /// written, 130 when it was interrupted.
    Run(Box<RunArgs>),
    /// Serve sessions and turns over gRPC and HTTP until told to stop, then drain.
    ///
    /// Exit code: 0 when it was told to stop, 2 for wrong arguments or a wrong
    /// configuration, 3 when it could not start or stopped by itself.
    Serve(Box<serve::ServeArgs>),
    /// Look at turns of a running host, follow one, or cancel it.
    #[command(subcommand)]
    Turns(remote::TurnsCommand),
    /// Look at sessions of a running host, follow one, rename or delete it.
    #[command(subcommand)]
    Sessions(remote::SessionsCommand),
    /// Look at the agents of an org.
    #[command(subcommand)]
    Agents(remote::AgentsCommand),
    /// Look at the harnesses of an org.
    #[command(subcommand)]
    Harnesses(remote::HarnessesCommand),
    /// Look at the models that an org uses.
    #[command(subcommand)]
    Models(remote::ModelsCommand),
    /// Look at a configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at the adapters of a mesh, or write the configuration of one around them.
    #[command(subcommand)]
    Mesh(mesh::MeshCommand),
    /// Print the description of the HTTP API, for generators of clients.
    Openapi,
    /// Print docs/events.md.
    #[command(hide = true)]
    EventsPage,
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
    #[arg(value_parser = question)]
    question: String,
    /// An adapter server to use: unix:PATH, http://HOST:PORT or https://HOST:PORT.
    #[arg(long, value_name = "ENDPOINT")]
    adapter: Option<Endpoint>,
    /// An adapter server for one store, such as
    /// session_storage_store=http://127.0.0.1:7500. May be given several times.
    #[arg(long = "route", value_name = "STORE=ENDPOINT", value_parser = route)]
    routes: Vec<(String, Endpoint)>,
    /// Let calls to adapters cross a network in clear. Needed for http:// to another machine.
    #[arg(long)]
    insecure: bool,
    /// A file with the bearer token that the adapters want.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The CA of the adapters' certificates. Default: those of the system.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The certificate that the adapters want.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The key of that certificate.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
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
        default_value = DATA,
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
    let cli = match mortise_output::parse::<Cli>(NOT_WRITTEN) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match &cli.command {
        Command::SqlWorker => return run_sql_worker(),
        Command::AdapterProcess { words } => {
            eprintln!("{}", Launcher::become_program(words));
            return ExitCode::from(NO_TURN);
        }
        Command::Manual { folder } => return write_manual(folder),
        Command::Openapi => return printed(document()),
        Command::EventsPage => {
            return match events_page() {
                Ok(page) => printed(&page),
                Err(error) => {
                    eprintln!("mortise-host: {error}");
                    ExitCode::from(NO_TURN)
                }
            };
        }
        Command::Run(_)
        | Command::Serve(_)
        | Command::Turns(_)
        | Command::Sessions(_)
        | Command::Agents(_)
        | Command::Harnesses(_)
        | Command::Models(_)
        | Command::Config(_)
        | Command::Mesh(_) => {}
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
            Box::pin(run_once(*args)).await
        }
        Command::Turns(command) => asked(Box::pin(command.run())).await,
        Command::Sessions(command) => asked(Box::pin(command.run())).await,
        Command::Agents(command) => asked(Box::pin(command.run())).await,
        Command::Harnesses(command) => asked(Box::pin(command.run())).await,
        Command::Models(command) => asked(Box::pin(command.run())).await,
        // It sets up its logs itself, as it is configured.
        Command::Serve(args) => {
            let served = Box::pin(serve::run(*args, stopped()));
            tokio::select! {
                code = served => code,
                () = interrupted_again() => {
                    eprintln!("mortise-host: interrupted again; turns that have not ended resume at the next start");
                    ExitCode::from(INTERRUPTED)
                }
            }
        }
        Command::Config(command) => {
            log_plainly();
            command.run()
        }
        Command::Mesh(command) => {
            log_plainly();
            command.run().await
        }
        // They need none of what the others do.
        Command::SqlWorker
        | Command::AdapterProcess { .. }
        | Command::Manual { .. }
        | Command::Openapi
        | Command::EventsPage => ExitCode::SUCCESS,
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
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .finish()
        .with(filter_fn(may_be_logged))
        .init();
}

/// Asks a running host, until told to stop.
async fn asked(ask: impl Future<Output = ExitCode>) -> ExitCode {
    log_plainly();
    tokio::select! {
        code = ask => code,
        () = stopped() => ExitCode::from(INTERRUPTED),
    }
}

async fn run_once(args: RunArgs) -> ExitCode {
    let options = match args.into_options() {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("mortise-host: {problem}");
            return ExitCode::from(WRONG);
        }
    };
    let turn = run(options, stopped());
    let ended = turn.await;
    let is_told = matches!(
        ended,
        Ok(TurnEnd::Completed | TurnEnd::WaitingForToolResults)
    );
    if let Some(fault) = output_failure() {
        eprintln!("mortise-host: {}", mortise_output::not_written_text(fault));
        if is_told {
            return ExitCode::from(NOT_WRITTEN);
        }
    }
    match ended {
        Ok(TurnEnd::Completed) => ExitCode::SUCCESS,
        Ok(TurnEnd::WaitingForToolResults) => {
            eprintln!(
                "mortise-host: the turn waits for the results of tools that its application runs, and `run` takes none; run such agents with `serve`, and give the results to POST /v1/sessions/ID/tool-results"
            );
            ExitCode::from(TURN_FAILED)
        }
        Ok(TurnEnd::Failed(_) | TurnEnd::Cancelled | TurnEnd::Parked) => {
            ExitCode::from(TURN_FAILED)
        }
        Err(error @ RunError::Interrupted(_)) => {
            eprintln!("mortise-host: {error}");
            ExitCode::from(INTERRUPTED)
        }
        Err(error @ RunError::Capabilities(_) | error @ RunError::Config(_)) => {
            eprintln!("mortise-host: {error}");
            ExitCode::from(WRONG)
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

/// Resolves when the process is interrupted after it was told to stop: who does so does not
/// want to wait.
async fn interrupted_again() {
    let Ok(mut interrupt) = signal(SignalKind::interrupt()) else {
        return std::future::pending().await;
    };
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    interrupt.recv().await;
}

// === impl RunArgs ===

impl RunArgs {
    fn into_options(self) -> Result<RunOptions, String> {
        let model = self.model.model()?;
        let again = self.again();
        Ok(RunOptions {
            question: self.question,
            adapter: self.adapter,
            routes: self.routes,
            reach: Reach {
                insecure: self.insecure,
                token_file: self.token_file,
                ca: self.ca,
                identity: self.cert.zip(self.key),
            },
            session: self.session,
            org_id: self.org,
            data: self.data,
            model,
            json: self.json,
            sql_worker: sql_worker(),
            again,
        })
    }

    /// The arguments with which the conversation is continued, as a shell reads them.
    fn again(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut add = |name: &str, value: &str| {
            words.push(name.to_string());
            words.push(quoted(value));
        };
        if let Some(adapter) = &self.adapter {
            add("--adapter", &adapter.to_string());
        }
        for (store, endpoint) in &self.routes {
            add("--route", &format!("{store}={endpoint}"));
        }
        let files = [
            ("--token-file", &self.token_file),
            ("--ca", &self.ca),
            ("--cert", &self.cert),
            ("--key", &self.key),
        ];
        for (name, path) in files {
            if let Some(path) = path {
                add(name, &path.display().to_string());
            }
        }
        let data = self.data.display().to_string();
        if self.adapter.is_none() && data != DATA {
            add("--data", &data);
        }
        if self.org != 1 {
            add("--org", &self.org.to_string());
        }
        words.extend(self.model.again());
        for (name, is_set) in [("--insecure", self.insecure), ("--json", self.json)] {
            if is_set {
                words.push(name.into());
            }
        }
        words
    }
}

/// A question has at least one letter.
fn question(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("is empty; write what to ask".into());
    }
    Ok(text.into())
}
