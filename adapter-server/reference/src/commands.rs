//! What `mortise-adapter` can do, one file per command, and what the commands share:
//! the storage they work on, and why they end early.

pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod rotate_keys;
pub(crate) mod serve;
mod transport;
mod utility_llm;

use mortise_adapter_server::telemetry::{
    LogFormat, Otlp, Telemetry, TelemetryError, TelemetryOptions,
};
use mortise_adapter_server::{ServeError, TlsError, TokenFileError};
use mortise_proto::StoreError;
use mortise_reference::{EncryptionKey, ImportError, OpenError, ReferenceConfig, SqlWorker};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The command that runs SQL statements of sessions.
pub(crate) const SQL_WORKER: &str = "sql-worker";

/// Where SQLite puts temporary files, which workers do as well.
const TEMPORARY: [&str; 2] = ["SQLITE_TMPDIR", "TMPDIR"];

/// A key, in bytes.
const KEY_BYTES: u64 = 32;

/// A secret in a file, in bytes.
const SECRET_BYTES: u64 = 1024 * 1024;

/// The org that hosts use unless they are told another one.
const DEFAULT_ORG: i64 = 1;

/// The storage that a command works on.
#[derive(clap::Args)]
pub(crate) struct Storage {
    /// The database: sqlite:PATH or postgres://USER@HOST/DATABASE.
    ///
    /// Pass a URL with a password in the environment: every process of the machine can
    /// read arguments.
    #[arg(
        long,
        env = "MORTISE_DATABASE",
        hide_env_values = true,
        default_value = "sqlite:mortise.db"
    )]
    database: String,
    /// The most connections to the database.
    #[arg(long, default_value_t = 4)]
    max_connections: u32,
    /// A file of 32 random bytes, the key that encrypts secrets; create it with `head -c
    /// 32 /dev/urandom`. Without it secrets are refused, except those in configurations
    /// of capabilities, which are then stored in clear.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// A previous key. It only decrypts. May be given several times.
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
    #[error("--key-file is missing; name the file with the key to seal with")]
    NoKey,
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "{0} rows could not be decrypted and are unchanged: they were modified in the database; \
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
    #[error("all is done, but {}", mortise_output::not_written_text(.0))]
    Printed(io::Error),
    #[error("--listen {address}: {cause}")]
    Listen { address: String, cause: io::Error },
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    #[error(
        "--tls-cert and --tls-spiffe are for TCP, and {0} is a unix socket; its file's permissions say who may connect"
    )]
    TlsOnUnix(String),
    #[error(
        "--tls-spiffe: it is not known where the Workload API listens; give --spiffe-socket, or set SPIFFE_ENDPOINT_SOCKET"
    )]
    NoSpiffeSocket,
    #[error("--spiffe-socket {0}")]
    SpiffeSocket(String),
    #[error(
        "--socket-mode and --socket-group are for unix sockets, and {0} is TCP; leave them out, or listen at unix:PATH"
    )]
    SocketOnTcp(String),
    #[error(
        "--listen {0}: {1}; give {remedy}, listen at 127.0.0.1 or unix:PATH, or allow it with --insecure",
        remedy = .1.remedy()
    )]
    Exposed(String, transport::Exposed),
    #[error("--token-file {0}")]
    Tokens(#[from] TokenFileError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("this program cannot be found, to run SQL statements in processes of its own: {0}")]
    Worker(io::Error),
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
}

// === impl Traces ===

impl Traces {
    /// Takes over the process's logs. Where no option is read, `MORTISE_LOG` says which.
    #[expect(
        clippy::disallowed_methods,
        reason = "a command line reads the environment"
    )]
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
            sql_worker: Some(sql_worker().map_err(Failure::Worker)?),
            ..ReferenceConfig::new(database)
        })
    }
}

/// Reads a text of at most so many bytes from an ordinary file: a device may have no end,
/// and a pipe no writer.
fn read_text(path: &Path, bytes_max: u64) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        let text = "is no ordinary file; name one that is";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let mut text = String::new();
    let file = File::open(path)?;
    file.take(bytes_max + 1).read_to_string(&mut text)?;
    if text.len() as u64 > bytes_max {
        let text = format!("is larger than {bytes_max} bytes; name a smaller one");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(text)
}

/// This program, as it runs SQL statements of sessions.
fn sql_worker() -> io::Result<SqlWorker> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command line reads the environment"
    )]
    let variable = |name: &str| Some((name.into(), std::env::var_os(name)?));
    Ok(SqlWorker::this_program([SQL_WORKER])?
        .environment(TEMPORARY.iter().filter_map(|name| variable(name))))
}

fn read_key(flag: &'static str, path: &Path) -> Result<EncryptionKey, Failure> {
    let path = path.to_path_buf();
    // One byte more tells one that is too long; a device has no end.
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(KEY_BYTES + 1).read_to_end(&mut bytes));
    let bytes = match read.map(|_| bytes) {
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
