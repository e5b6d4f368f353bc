//! The command line, and the options of a run that it becomes.

use clap::{Args, Parser, Subcommand, ValueEnum};
use mortise_contract::{
    Fixtures, FixturesError, KnownFailures, KnownFailuresError, Level, NoSuchStore, Options,
    OutageCommands, Restart, Rule, RunError, ScaffoldError, ServerError, Tls,
};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tonic::metadata::MetadataValue;

/// Checks an adapter server, in any language, against the Mortise contract.
///
/// Exit code: 0 if no hard rule is broken, 1 if one is, 2 for wrong arguments, 3 if there
/// was no run, 130 if it was interrupted.
#[derive(Debug, Parser)]
#[command(
    version = mortise_proto::version_text(
        env!("CARGO_PKG_VERSION"),
        option_env!("MORTISE_COMMIT"),
    ),
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the rules.
    List(ListArgs),
    /// Explain a rule.
    Explain {
        /// Its id, such as KV-03.
        id: String,
    },
    /// Write a new adapter: a project that builds, runs and passes the suite.
    New(NewArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// As JSON, with everything that is known of a rule.
    #[arg(long)]
    pub(crate) json: bool,
    /// Only rules that apply to a server of these stores, such as session_storage_store.
    #[arg(long, value_name = "STORES", value_delimiter = ',')]
    pub(crate) offers: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The language of the adapter.
    #[arg(long, value_enum)]
    pub(crate) language: mortise_contract::Language,
    /// The store that it keeps, named as in routes.
    #[arg(long, default_value = "session_storage_store")]
    pub(crate) store: String,
    /// The kit's folder, adapter-server/kits/LANGUAGE of a checkout, for a kit that is not
    /// taken from its registry.
    #[arg(long, value_name = "PATH")]
    pub(crate) kit: Option<PathBuf>,
    /// The folder to write, which must not be there or be empty.
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The server: unix:PATH, http://HOST:PORT or https://HOST:PORT.
    #[arg(long, value_name = "ENDPOINT", required_unless_present_any = ["list", "explain", "rules_page", "manual", "server"])]
    pub(crate) endpoint: Option<String>,
    /// The level of the run.
    #[arg(long, value_enum, default_value = "full")]
    level: LevelName,
    /// Only these rules: ids or families, such as FILE-*,EVT-03.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    only: Vec<String>,
    /// The same as the command `list`.
    #[arg(long, hide = true)]
    pub(crate) list: bool,
    /// The same as the command `explain`.
    #[arg(long, value_name = "ID", hide = true)]
    pub(crate) explain: Option<String>,
    /// Print docs/rules.md and end.
    #[arg(long, hide = true)]
    pub(crate) rules_page: bool,
    /// Write manual pages and shell completions into a folder and end.
    #[arg(long, hide = true, value_name = "FOLDER")]
    pub(crate) manual: Option<PathBuf>,
    /// Write a JUnit report.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a JSON report; `-` for standard output, instead of the table.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a JSON line for each rule when it has ended, and one for the run; `-` for
    /// standard output, instead of the table.
    #[arg(long, value_name = "FILE")]
    pub(crate) ndjson: Option<PathBuf>,
    /// Show the rules that passed, and each that was skipped.
    #[arg(long)]
    pub(crate) long: bool,
    /// Rules that are known to be broken, one id a line: they do not fail the run, and are
    /// named when they pass.
    #[arg(long, value_name = "FILE")]
    known_failures: Option<PathBuf>,
    /// How many rules run at once.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// The seed of the rules' data: the same number, the same data. Ids are new in every
    /// run, because a server remembers answers by them.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long one rule may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// The org of the calls, by its internal id.
    #[arg(long, default_value_t = 1)]
    org: i64,
    /// A second org, for the rules of tenancy; 0 for none.
    #[arg(long, default_value_t = 2)]
    other_org: i64,
    /// A TOML file with lists of existing ids (sessions, harnesses, agents), for a server
    /// in which the suite cannot create records.
    #[arg(long, value_name = "FILE")]
    fixtures: Option<PathBuf>,
    /// Restarts the server (run by `sh -c`) for the rules about what survives.
    #[arg(long, value_name = "COMMAND", conflicts_with = "server")]
    restart_command: Option<String>,
    /// Takes the server's storage away (run by `sh -c`) for the rules about outages: the
    /// server runs on, and its storage fails.
    #[arg(
        long,
        value_name = "COMMAND",
        visible_alias = "fault-command",
        requires = "recover_command"
    )]
    outage_command: Option<String>,
    /// Gives the storage back.
    #[arg(long, value_name = "COMMAND", requires = "outage_command")]
    recover_command: Option<String>,
    /// A file that holds a bearer token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// PEM certificates of the CAs of the server's certificate.
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// PEM certificate of the suite.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its key.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The name in the server's certificate, if it differs from the address.
    #[arg(long, value_name = "NAME")]
    tls_server_name: Option<String>,
    /// Run again when the server's program or one of these paths changes.
    #[arg(long, value_name = "PATH", num_args = 0.., requires = "server")]
    pub(crate) watch: Option<Vec<PathBuf>>,
    /// How long the server may take to start, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) start_timeout: u64,
    /// Do not kill the server and start it again: it keeps its data in memory only.
    #[arg(long, requires = "server")]
    pub(crate) no_restart: bool,
    /// Write what the server logs to this file.
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) server_log: Option<PathBuf>,
    /// After `--`: a server that the suite starts itself, with its arguments. It listens where
    /// the variable MORTISE_LISTEN says, or an argument in which {address} stands for it.
    #[arg(
        last = true,
        value_name = "SERVER",
        conflicts_with = "endpoint",
        conflicts_with_all = ["tls_ca", "tls_cert", "tls_server_name"]
    )]
    pub(crate) server: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LevelName {
    /// One host that runs one turn at a time.
    Core,
    /// Production as well: concurrency, restarts, limits.
    Full,
}

/// Why the command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("--endpoint: {0}")]
    Endpoint(String),
    #[error("{flag} {path}: {cause}")]
    File {
        flag: &'static str,
        path: PathBuf,
        cause: io::Error,
    },
    #[error(
        "--token-file {0}: holds no token that a header can carry; write it in one line of ASCII"
    )]
    Token(PathBuf),
    #[error(transparent)]
    Fixtures(#[from] FixturesError),
    #[error(transparent)]
    KnownFailures(#[from] KnownFailuresError),
    #[error("explain {0}: there is no such rule; the command `list` names them all")]
    NoSuchRule(String),
    #[error(transparent)]
    NoSuchStore(#[from] NoSuchStore),
    #[error(transparent)]
    Scaffold(#[from] ScaffoldError),
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("--watch: {0}")]
    Watch(#[from] notify::Error),
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("standard output: {0}")]
    Output(io::Error),
}

// === impl RunArgs ===

impl RunArgs {
    pub(crate) fn options(
        &self,
        rules: &[Rule],
        restart: Option<Restart>,
    ) -> Result<Options, Failure> {
        let known = self.known_failures.as_deref();
        let known = known
            .map(|path| KnownFailures::read(path, rules))
            .transpose()?;
        let command = self.restart_command.clone().map(Restart::Command);
        Ok(Options {
            level: match self.level {
                LevelName::Core => Level::Core,
                LevelName::Full => Level::Full,
            },
            only: self
                .only
                .iter()
                .map(|id| id.trim().to_uppercase())
                .collect(),
            concurrency: self.concurrency.into(),
            seed: self.seed,
            timeout: Duration::from_secs(self.timeout),
            org_id: self.org,
            other_org_id: (self.other_org != 0).then_some(self.other_org),
            token: self.token()?,
            fixtures: self.fixtures.as_deref().map(Fixtures::read).transpose()?,
            known_failures: known.unwrap_or_default(),
            restart: restart.or(command),
            outage: self.outage(),
        })
    }

    fn token(&self) -> Result<Option<MetadataValue<tonic::metadata::Ascii>>, Failure> {
        let Some(path) = &self.token_file else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&read("--token-file", path)?).into_owned();
        let token = MetadataValue::try_from(format!("Bearer {}", text.trim()));
        token.map(Some).map_err(|_| Failure::Token(path.clone()))
    }

    /// clap lets none of the two be given alone.
    fn outage(&self) -> Option<OutageCommands> {
        let begin = self.outage_command.clone()?;
        let end = self.recover_command.clone()?;
        Some(OutageCommands { begin, end })
    }

    pub(crate) fn tls(&self) -> Result<Tls, Failure> {
        let identity = match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => Some((read("--tls-cert", cert)?, read("--tls-key", key)?)),
            (Some(_) | None, Some(_) | None) => None,
        };
        let authorities = self.tls_ca.as_ref().map(|path| read("--tls-ca", path));
        Ok(Tls {
            authorities: authorities.transpose()?,
            identity,
            server_name: self.tls_server_name.clone(),
        })
    }

    /// Whether a report takes the place of the table on standard output.
    pub(crate) fn has_table(&self) -> bool {
        let is_output = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
        !is_output(&self.json) && !is_output(&self.ndjson)
    }
}

fn read(flag: &'static str, path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|cause| Failure::File {
        flag,
        path: path.into(),
        cause,
    })
}
