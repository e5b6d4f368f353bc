//! `mortise-adapter`: the reference adapter server, and what keeps its storage in
//! order. This file only reads the command line.

mod commands;

use clap::{CommandFactory, Parser, Subcommand};
use commands::{Failure, export, import, rotate_keys, serve};
use mortise_adapter_server::process::outlive_file_size_limit;
use mortise_output::parse;
use mortise_reference::run_sql_worker;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// It could not start or finish, or stopped without being told to.
const FAILED: u8 = 3;

/// How long threads that block are waited for at the end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// Serves every store of an Everruns runtime host from a database.
#[derive(Parser)]
#[command(
    name = "mortise-adapter",
    version = mortise_proto::version_text(
        env!("CARGO_PKG_VERSION"),
        option_env!("MORTISE_COMMIT"),
    ),
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Args,
}

#[derive(Subcommand)]
enum Command {
    /// Serve; the same as without a command.
    Serve(Box<serve::Args>),
    /// Seal every stored secret with the current key.
    ///
    /// Servers may keep running if they have both keys: start them with the new key as
    /// --key-file and the old one as --old-key-file, run this command with the same two
    /// keys, then restart the servers without the old key. If the command is interrupted,
    /// start it again: it continues where it stopped. Backups need the old key: keep it
    /// safe, or destroy it together with them.
    RotateKeys(rotate_keys::Args),
    /// Import a platform file into an org: models, harnesses, agents, credentials,
    /// connections, budgets, payments.
    ///
    /// If anything is wrong with the file, every problem is reported and nothing is
    /// changed. Importing the same file again changes nothing. Nothing is ever deleted.
    /// See docs/platform-file.md.
    Import(import::Args),
    /// Export an org as a platform file. Secrets are left out, except with
    /// --with-secrets.
    Export(export::Args),
    /// Run SQL statements of sessions for the server that starts this.
    #[command(hide = true, name = commands::SQL_WORKER)]
    SqlWorker,
    /// Write manual pages and shell completions into a folder.
    #[command(hide = true)]
    Manual { folder: PathBuf },
}

fn main() -> ExitCode {
    let cli = match parse::<Cli>(FAILED) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    if let Some(Command::SqlWorker) = cli.command {
        return run_sql_worker();
    }
    // Where it cannot be raised, the limit that there is holds.
    drop(mortise_adapter_server::raise_file_limit());
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(fault) => {
            eprintln!("mortise-adapter: no threads can be started: {fault}");
            return ExitCode::from(FAILED);
        }
    };
    let done = runtime.block_on(run(cli));
    // Whatever blocks a thread now, such as a statement of a session that cannot be
    // interrupted, has no caller left.
    runtime.shutdown_timeout(SHUTDOWN_GRACE);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mortise-adapter: {failure}");
            ExitCode::from(FAILED)
        }
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    outlive_file_size_limit().map_err(Failure::Signals)?;
    match cli.command {
        None => serve::run(cli.serve).await,
        Some(Command::Serve(args)) => serve::run(*args).await,
        Some(Command::RotateKeys(args)) => rotate_keys::run(args).await,
        Some(Command::Import(args)) => import::run(args).await,
        Some(Command::Export(args)) => export::run(args).await,
        Some(Command::Manual { folder }) => {
            let written = mortise_manual::write(Cli::command(), "mortise-adapter", &folder);
            written.map_err(|cause| Failure::Output {
                path: folder,
                cause,
            })
        }
        // It needs none of what the others do.
        Some(Command::SqlWorker) => Ok(()),
    }
}
