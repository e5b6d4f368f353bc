//! `mortise-adapter`: the reference adapter server.

use clap::Parser;
use mortise_adapter_server::reference::{EncryptionKey, OpenError, Reference, ReferenceConfig};
use mortise_adapter_server::{AdapterServer, ListenAddress, ServeError};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// It could not start, or stopped without being told to.
const FAILED: u8 = 3;

/// Serves every store of an Everruns runtime host from a database.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// Where to listen: unix:PATH or IP:PORT.
    #[arg(long, default_value = "127.0.0.1:7443")]
    listen: ListenAddress,
    /// The database: sqlite:PATH.
    #[arg(long, default_value = "sqlite:mortise.db")]
    database: String,
    /// Connections for reading.
    #[arg(long, default_value_t = 4)]
    max_connections: u32,
    /// A file of 32 random bytes that secrets are encrypted with, such as
    /// `head -c 32 /dev/urandom` makes. Without it secrets are refused.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Let callers put harnesses, agents, sessions and models (TestSeedService).
    #[arg(long)]
    test_seed: bool,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("--key-file {path}: {cause}")]
    KeyFile { path: PathBuf, cause: io::Error },
    #[error(
        "--key-file {path}: holds {bytes} bytes, a key has 32; make one with `head -c 32 /dev/urandom`"
    )]
    KeySize { path: PathBuf, bytes: usize },
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("--listen {address}: {cause}")]
    Listen { address: String, cause: io::Error },
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("signals cannot be waited for: {0}")]
    Signals(io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("MORTISE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    match serve(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mortise-adapter: {failure}");
            ExitCode::from(FAILED)
        }
    }
}

async fn serve(cli: Cli) -> Result<(), Failure> {
    let mut config = ReferenceConfig::new(cli.database.clone());
    config.max_connections = cli.max_connections;
    config.allow_test_seed = cli.test_seed;
    config.encryption_key = cli.key_file.as_deref().map(read_key).transpose()?;
    let sealed = config.encryption_key.is_some();
    let reference = Reference::open(config).await?;

    let listener = cli.listen.bind().await.map_err(|cause| Failure::Listen {
        address: cli.listen.to_string(),
        cause,
    })?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Signals)?;
    // On standard output, so that whoever started it can wait for this line.
    println!("listening at {}", listener.endpoint());
    tracing::info!(
        database = cli.database,
        secrets = sealed,
        test_seed = cli.test_seed,
        "serving"
    );
    AdapterServer::builder(reference)
        .identity("mortise-adapter", env!("CARGO_PKG_VERSION"))
        .serve(listener, async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping");
        })
        .await?;
    Ok(())
}

fn read_key(path: &Path) -> Result<EncryptionKey, Failure> {
    let path = path.to_path_buf();
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(cause) => return Err(Failure::KeyFile { path, cause }),
    };
    match <[u8; 32]>::try_from(bytes) {
        Ok(key) => Ok(EncryptionKey::from_bytes(key)),
        Err(bytes) => Err(Failure::KeySize {
            path,
            bytes: bytes.len(),
        }),
    }
}
