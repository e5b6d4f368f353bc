//! The configuration of the sidecar: defaults, then a file, then the environment.
//!
//! What is read is checked as a whole, and everything that is wrong with it is said at
//! once: each fault with its key, its value (never a secret's), the reason and what to
//! do. `docs/host.example.toml` shows every key.

mod check;
pub mod command;
mod diagnostics;
mod effective;
mod environment;
mod reader;
mod restart;
mod sections;
mod values;

pub use diagnostics::Diagnostics;
pub use environment::PREFIX;
pub use mortise_adapter_server::Diagnostic;

pub use mortise_adapter_client::Routes;

use crate::host::JournalPlace;
use mortise_adapter_client::WorkloadSocket;
use mortise_adapter_client::{AdapterConfig, Endpoint, MeshConfig, Resolver};
use mortise_adapter_server::telemetry::{LogFormat, Otlp};
use mortise_adapter_server::{ListenAddress, ServerTls, SocketAccess, TokenDigest};
use reader::{Section, Shared};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Handle;
use toml::Table;
use url::Url;

/// The name of the adapter that this process starts itself where none is configured.
pub const EMBEDDED: &str = "embedded";

/// A configuration that makes sense.
#[derive(Debug, Clone)]
pub struct HostConfig {
    /// Where callers reach the host.
    pub listen: Listen,
    /// The folder of what the host keeps itself: its journal, and the database of the
    /// embedded storage.
    pub data: PathBuf,
    /// Adapters by name. None: the reference storage is served from the data folder,
    /// as the adapter [`EMBEDDED`].
    pub adapters: BTreeMap<String, Adapter>,
    /// Which adapter serves which store.
    pub routes: Routes,
    /// How calls to adapters are limited.
    pub calls: Calls,
    /// The orgs that are served, by their internal ids.
    pub orgs: BTreeSet<i64>,
    /// The built-in capabilities that are on.
    pub capabilities: Vec<String>,
    /// The LLM drivers that are on.
    pub drivers: Vec<DriverName>,
    /// How long a model's provider may say nothing before the model is asked again.
    pub silence_max: Duration,
    /// How turns are run.
    pub turns: Turns,
    /// How sessions are leased.
    pub leases: Leases,
    /// Who may call.
    pub access: AccessConfig,
    /// What the host tells about itself.
    pub telemetry: TelemetryConfig,
    /// What is allowed and probably not meant.
    pub warnings: Vec<String>,
}

/// What the host proves itself with to its callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenTls {
    /// Certificates in files.
    Files(ServerTls),
    /// The identity that the SPIFFE Workload API at this socket gives the host.
    Workload(WorkloadSocket),
}

/// Where callers reach the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// Its gRPC API.
    pub grpc: Vec<ListenAddress>,
    /// Its HTTP API; `None` serves none.
    pub http: Option<ListenAddress>,
    /// Health, metrics and administration; `None` serves them with the HTTP API.
    pub admin: Option<ListenAddress>,
    /// Health and metrics alone, for probes and scrapers from other machines; `None`
    /// serves them with the administration only.
    pub probes: Option<ListenAddress>,
    /// Who may connect to the unix sockets of the two APIs.
    pub socket: SocketAccess,
    /// TLS on every TCP address of the two APIs; `None` leaves them in clear.
    pub tls: Option<ListenTls>,
}

/// One adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// Where it is, and how it is called. Without endpoints where the host starts it.
    pub config: AdapterConfig,
    /// What the host starts; `None` where it runs already.
    pub command: Option<AdapterCommand>,
}

/// An adapter that the host starts on a private socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterCommand {
    /// The program.
    pub program: String,
    /// Its arguments. `{listen}` in them stands for the address of the socket.
    pub arguments: Vec<String>,
    /// The variables of the host's environment that it gets.
    pub environment: Vec<String>,
}

/// How calls to adapters are limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// How long one attempt of a call may take.
    pub deadline: Duration,
    /// The same for calls in which the adapter waits for a third party.
    pub long_deadline: Duration,
    /// For how long a call that found no server is tried again.
    pub retry_window: Duration,
    /// The largest message of an answer, in bytes.
    pub message_max: usize,
    /// The largest streamed answer, in bytes.
    pub answer_max: usize,
    /// How much is kept of sessions between the steps of their turns, in bytes.
    pub session_memory: usize,
}

/// An LLM driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriverName {
    /// OpenAI and what is compatible.
    Openai,
    /// Anthropic.
    Anthropic,
    /// The scripted simulator, for trials.
    Simulator,
}

/// How turns are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turns {
    /// How many may run at once.
    pub max_running: usize,
    /// What a message meets whose session has a turn under way, or that finds all
    /// places taken.
    pub when_busy: WhenBusy,
    /// How many may wait, where they wait.
    pub queue_max: usize,
    /// How long one may take.
    pub deadline: Duration,
    /// What becomes of turns that a crash cut off.
    pub recovery: Recovery,
    /// How long turns under way may take once the host is told to stop.
    pub drain: Duration,
    /// Where unfinished turns are kept.
    pub journal: JournalPlace,
    /// What runs turns.
    pub engine: Engine,
}

/// What runs turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// This host, those that it accepts.
    Local,
    /// The hosts on which a Restate server places them.
    Restate(Box<RestateOptions>),
}

/// Where a Restate server is, and where it finds this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestateOptions {
    /// Its ingress.
    pub ingress: Url,
    /// Its admin API.
    pub admin: Url,
    /// Where this host listens for it.
    pub listen: SocketAddr,
    /// Where it finds this host and all others that share it; `None` for `listen`.
    pub advertise: Option<Url>,
    /// A file that holds the bearer token for both of its APIs.
    pub token_file: Option<PathBuf>,
    /// How long a call of it may take, other than the wait for a turn.
    pub timeout: Duration,
}

/// How this host leases sessions, where the adapters grant leases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leases {
    /// Where callers reach this host; told to callers whose session it has.
    pub advertise: Option<String>,
    /// The name of this host, which no other has at the same time; `None` makes one up that
    /// is kept in the data folder.
    pub holder: Option<String>,
    /// How long a session whose host has died stays taken.
    pub ttl: Duration,
}

/// What a message meets that cannot be answered at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenBusy {
    /// It waits its turn.
    Queue,
    /// It is refused.
    Refuse,
}

/// What becomes of turns that a crash cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// They go on where they were.
    Resume,
    /// They end as failed.
    Fail,
}

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessConfig {
    /// Callers that carry a token, by name.
    pub tokens: BTreeMap<String, TokenAccess>,
    /// Callers that own a certificate, by name.
    pub certificates: BTreeMap<String, CertificateAccess>,
    /// Whether callers on unix sockets and on this machine's own addresses need to
    /// prove nothing. No other caller is admitted without proof.
    pub anonymous: bool,
}

/// A caller that carries a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenAccess {
    /// How the token is known.
    pub token: TokenSource,
    /// The orgs it may act for; `None` for all that are served.
    pub orgs: Option<BTreeSet<i64>>,
}

/// How a token is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// A file that holds it, one a line while it is replaced.
    File(PathBuf),
    /// Its SHA-256.
    Digest(TokenDigest),
}

/// A caller that owns a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateAccess {
    /// A DNS name or URI in the certificate.
    pub subject: String,
    /// The orgs it may act for; `None` for all that are served.
    pub orgs: Option<BTreeSet<i64>>,
}

/// What the host tells about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetryConfig {
    /// Which events are logged.
    pub log_level: String,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Where traces are sent.
    pub otlp: Option<Otlp>,
    /// Whether metrics are served.
    pub metrics: bool,
}

// === impl HostConfig ===

impl HostConfig {
    /// Reads a file and puts the environment's values over it. Files that the
    /// configuration names are not looked at; see [`HostConfig::check_files`].
    pub fn load(
        file: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Diagnostics> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            let reason = format!("{}: {error}", file.display());
            whole(reason, "name a readable file".into())
        })?;
        Self::parse(&text, environment)
    }

    /// The same from a file's text.
    pub fn parse(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Diagnostics> {
        parse(text, environment).0
    }

    /// What is wrong with the files that the configuration names.
    pub fn check_files(&self) -> Result<(), Diagnostics> {
        check::files(self)
    }

    /// The effective configuration as TOML, with secrets masked.
    #[must_use]
    pub fn shown(&self) -> String {
        effective::table(self).to_string()
    }

    /// An address of the APIs that no caller may use: other machines reach it, and no
    /// caller has anything to prove itself with.
    #[must_use]
    pub fn unreachable(&self) -> Option<&ListenAddress> {
        let no_callers = self.access.tokens.is_empty() && self.access.certificates.is_empty();
        self.listen.public().filter(|_| no_callers)
    }

    /// Whether storage is served by this process itself.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.adapters.is_empty()
    }

    /// What the mesh is made from. `started` is where the adapters listen that this process
    /// has started, and the storage that it serves itself.
    #[must_use]
    pub fn mesh(&self, started: &BTreeMap<String, Endpoint>) -> MeshConfig {
        let own = self.adapters.iter();
        let mut adapters: BTreeMap<_, _> = own
            .map(|(name, adapter)| (name.clone(), adapter.config.clone()))
            .collect();
        for (name, endpoint) in started {
            let adapter = adapters.entry(name.clone());
            let adapter = adapter.or_insert_with(|| AdapterConfig::new(endpoint.clone()));
            adapter.endpoints = vec![endpoint.clone()];
        }
        MeshConfig {
            adapters,
            routes: self.routes.clone(),
            client: mortise_proto::pb::Identity {
                name: "mortise-host".into(),
                version: env!("CARGO_PKG_VERSION").into(),
                build: String::new(),
            },
            deadline: self.calls.deadline,
            long_deadline: self.calls.long_deadline,
            retry_window: self.calls.retry_window,
            max_message_bytes: self.calls.message_max,
            max_answer_bytes: self.calls.answer_max,
            session_memory_bytes: self.calls.session_memory,
            resolver: Resolver::default(),
            // Turns run on it. The shell blocks threads of it, and calls the stores from
            // runtimes of its own.
            runtime: Handle::try_current().ok(),
        }
    }
}

/// The configuration, and every key that was looked for.
fn parse(
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
) -> (Result<HostConfig, Diagnostics>, BTreeSet<String>) {
    let mut table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return (Err(unreadable(text, &error)), BTreeSet::new()),
    };
    let shared = RefCell::new(Shared::default());
    environment::apply(&mut table, environment, &shared);
    let config = sections::host(Section::root(table, &shared));
    let Shared { faults, schema, .. } = shared.into_inner();
    let config = config.filter(|_| faults.is_empty());
    (config.ok_or(Diagnostics(faults)), schema)
}

/// A file that is not TOML. The line is named and not quoted: it may hold anything.
fn unreadable(text: &str, error: &toml::de::Error) -> Diagnostics {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = 1 + before.map_or(0, |before| before.matches('\n').count());
    let reason = format!("line {line} is not TOML: {}", error.message());
    whole(reason, "correct it first".into())
}

fn whole(reason: String, remedy: String) -> Diagnostics {
    Diagnostics(vec![Diagnostic {
        path: String::new(),
        variable: None,
        value: None,
        reason,
        remedy,
    }])
}

#[cfg(test)]
mod tests;
