//! What `mortise-adapter` can do, one file per command, and what the commands share:
//! the storage they work on, and why they end early.

pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod rotate_keys;
pub(crate) mod serve;
mod transport;
mod utility_llm;

use mortise_adapter_server::reference::{EncryptionKey, ImportError, OpenError, ReferenceConfig};
use mortise_adapter_server::telemetry::{
    LogFormat, Otlp, Telemetry, TelemetryError, TelemetryOptions,
};
use mortise_adapter_server::{ServeError, TlsError, TokenFileError};
use mortise_proto::StoreError;
use std::io;
use std::path::{Path, PathBuf};

/// The org that hosts use unless they are told another one.
const DEFAULT_ORG: i64 = 1;

/// The storage that a command works on.
#[derive(clap::Args)]
pub(crate) struct Storage {
    /// The database: sqlite:PATH or postgres://USER@HOST/DATABASE.
    ///
    /// One with a password is better given in the environment: arguments are seen by
    /// every process of the machine.
    #[arg(
        long,
        env = "MORTISE_DATABASE",
        hide_env_values = true,
        default_value = "sqlite:mortise.db"
    )]
    database: String,
    /// Connections to the database.
    #[arg(long, default_value_t = 4)]
    max_connections: u32,
    /// A file of 32 random bytes that secrets are encrypted with, such as
    /// `head -c 32 /dev/urandom` makes. Without it secrets are refused, except those
    /// in configurations of capabilities: these are then stored in clear.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// A key that secrets were encrypted with before: it only opens them. May be given
    /// several times.
    #[arg(long, value_name = "FILE", requires = "key_file")]
    old_key_file: Vec<PathBuf>,
}

/// What the process tells about itself.
#[derive(Default, clap::Args)]
pub(crate) struct Traces {
    /// Send traces to this OTLP collector (gRPC), such as http://127.0.0.1:4317.
    #[arg(long, value_name = "ENDPOINT")]
    otlp: Option<String>,
    /// Which events are logged: a level (error, warn, info, debug, trace), alone or by
    /// module, such as `info,mortise_adapter_server=debug`. Without it `info`.
    #[arg(long, value_name = "LEVEL", env = "MORTISE_LOG")]
    log_level: Option<String>,
    /// Write logs as JSON, one object a line.
    #[arg(long)]
    log_json: bool,
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{flag} {path}: {cause}")]
    KeyFile {
        flag: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    #[error(
        "{flag} {path}: holds {bytes} bytes, a key has 32; make one with `head -c 32 /dev/urandom`"
    )]
    KeySize {
        flag: &'static str,
        path: PathBuf,
        bytes: usize,
    },
    #[error("{flag} {path}: is empty; write the key into it")]
    EmptyKey { flag: &'static str, path: PathBuf },
    #[error("--key-file is missing: name the file of the key to seal with")]
    NoKey,
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "{0} rows could not be opened and are as they were: they were changed in the database; \
         the log names them"
    )]
    Unreadable(u64),
    #[error("{0}: is neither .yaml, .yml nor .toml; give a file that is")]
    Extension(PathBuf),
    #[error("{path}: {cause}")]
    PlatformFile { path: PathBuf, cause: io::Error },
    #[error("{path}: {error}")]
    Import { path: PathBuf, error: ImportError },
    #[error("{path} cannot be written: {cause}")]
    Output { path: PathBuf, cause: io::Error },
    #[error("--listen {address}: {cause}")]
    Listen { address: String, cause: io::Error },
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    #[error(
        "--tls-cert is for TCP, and {0} is a unix socket; its file's permissions say who may connect"
    )]
    TlsOnUnix(String),
    #[error("--token-file {0}")]
    Tokens(#[from] TokenFileError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("signals cannot be waited for: {0}")]
    Signals(io::Error),
}

// === impl Traces ===

impl Traces {
    /// Takes over the process's logs. Where no option is read, `MORTISE_LOG` says which.
    pub(crate) fn start(self) -> Result<Telemetry, Failure> {
        let level = self.log_level.or_else(|| std::env::var("MORTISE_LOG").ok());
        let options = TelemetryOptions {
            service: "mortise-adapter",
            version: env!("CARGO_PKG_VERSION"),
            log_level: level
                .filter(|level| !level.is_empty())
                .unwrap_or_else(|| "info".into()),
            log_format: if self.log_json {
                LogFormat::Json
            } else {
                LogFormat::Text
            },
            otlp: self.otlp.map(|endpoint| Otlp {
                endpoint,
                sample_ratio: 1.0,
            }),
        };
        Ok(Telemetry::start(&options)?)
    }
}

// === impl Storage ===

impl Storage {
    /// What the storage is opened with. Reads the key files.
    pub(crate) fn config(self) -> Result<ReferenceConfig, Failure> {
        let Self {
            database,
            max_connections,
            key_file,
            old_key_file,
        } = self;
        let key = key_file.map(|path| read_key("--key-file", &path));
        let old_keys = old_key_file
            .iter()
            .map(|path| read_key("--old-key-file", path));
        Ok(ReferenceConfig {
            max_connections,
            encryption_key: key.transpose()?,
            previous_keys: old_keys.collect::<Result<_, _>>()?,
            ..ReferenceConfig::new(database)
        })
    }
}

fn read_key(flag: &'static str, path: &Path) -> Result<EncryptionKey, Failure> {
    let path = path.to_path_buf();
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(cause) => return Err(Failure::KeyFile { flag, path, cause }),
    };
    match <[u8; 32]>::try_from(bytes) {
        Ok(key) => Ok(EncryptionKey::from_bytes(key)),
        Err(bytes) => Err(Failure::KeySize {
            flag,
            path,
            bytes: bytes.len(),
        }),
    }
}
