//! `mortise-host turns`, `sessions`, `agents`, `harnesses`, `models`: what a running host
//! has, over its gRPC API.

use clap::{Args, Subcommand};
use mortise_adapter_client::Endpoint;
use mortise_proto::host::{TurnOutcome, TurnStatus};
use mortise_proto::pb::SessionStatus;
use mortise_runtime_host::cli::NOT_WRITTEN;
use mortise_runtime_host::cli::remote::{
    Listing, Remote, RemoteError, RemoteOptions, SessionQuery, TurnQuery, follow_session,
    follow_turn,
};
use std::path::PathBuf;
use std::process::ExitCode;

/// The host refused, or the turn did not complete.
const REFUSED: u8 = 1;
/// What was asked for cannot be.
const WRONG: u8 = 2;
/// The host cannot be reached.
const UNREACHABLE: u8 = 3;

/// Which host, and how it is called.
#[derive(Args)]
pub(crate) struct Host {
    /// Where the host serves gRPC: http://HOST:PORT, https://HOST:PORT or unix:PATH.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "http://127.0.0.1:7450",
        env = "MORTISE_HOST_ADDRESS"
    )]
    host: Endpoint,
    /// A file with the bearer token that the host wants.
    #[arg(long, value_name = "FILE", env = "MORTISE_HOST_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// The CA of the host's certificate. Default: those of the system.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The certificate that the host wants.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The key of that certificate.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Let the token cross a network in clear.
    #[arg(long)]
    insecure: bool,
    /// The org, by its internal id. Default: the caller's only one.
    #[arg(
        long,
        value_name = "ID",
        default_value_t = 0,
        hide_default_value = true
    )]
    org: i64,
    /// Print records and events as JSON lines.
    #[arg(long)]
    json: bool,
}

/// How much of a list is wanted.
#[derive(Args)]
pub(crate) struct Part {
    /// The most records to print.
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    /// Where to go on, from the last line of the list before.
    #[arg(
        long,
        value_name = "TOKEN",
        default_value = "",
        hide_default_value = true
    )]
    page_token: String,
}

/// Looks at turns.
///
/// Exit code: 0, or of `follow` and `cancel` 1 when the turn did not complete or was not
/// cancelled; 1 when the host refuses, 2 for wrong arguments, 3 when it cannot be reached,
/// 4 when the output could not be written, 130 when interrupted.
#[derive(Subcommand)]
pub(crate) enum TurnsCommand {
    /// List the turns on the host that have not ended, or all turns of a session, oldest
    /// first.
    List {
        #[command(flatten)]
        host: Host,
        #[command(flatten)]
        part: Part,
        /// All turns of this session, ended ones as well.
        #[arg(long, value_name = "SESSION")]
        session: Option<String>,
        /// Only turns with one of these: queued, running, waiting_for_tool_results,
        /// end_not_stored, completed, failed, cancelled, elsewhere.
        #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = turn_status)]
        status: Vec<TurnStatus>,
    },
    /// Show a turn: what it does, or what became of it.
    Show {
        #[command(flatten)]
        host: Host,
        /// The session.
        session: String,
        /// The turn.
        turn: String,
    },
    /// Print the events of a turn as they come, and its end.
    ///
    /// Exit code: as that of `run`.
    Follow {
        #[command(flatten)]
        host: Host,
        /// The session.
        session: String,
        /// The turn.
        turn: String,
    },
    /// Cancel a turn that is queued, runs or waits, and wait for its end.
    Cancel {
        #[command(flatten)]
        host: Host,
        /// The session.
        session: String,
        /// The turn. Default: the one that the session has.
        turn: Option<String>,
        /// The reason, which is stored with the end.
        #[arg(
            long,
            value_name = "TEXT",
            default_value = "",
            hide_default_value = true
        )]
        reason: String,
    },
}

/// Looks at sessions.
#[derive(Subcommand)]
pub(crate) enum SessionsCommand {
    /// List sessions that are not deleted, newest first.
    List {
        #[command(flatten)]
        host: Host,
        #[command(flatten)]
        part: Part,
        /// Only sessions of this agent.
        #[arg(long, value_name = "AGENT")]
        agent: Option<String>,
        /// Only sessions of this harness.
        #[arg(long, value_name = "HARNESS")]
        harness: Option<String>,
        /// Only sessions with one of these: started, active, idle,
        /// waiting_for_tool_results, paused.
        #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = session_status)]
        status: Vec<SessionStatus>,
        /// Only sessions with this tag.
        #[arg(long, value_name = "TAG")]
        tag: Option<String>,
    },
    /// Show a session, and its turn that has not ended.
    Show {
        #[command(flatten)]
        host: Host,
        /// The session.
        session: String,
    },
    /// Print the events of a session as they come, until interrupted.
    Follow {
        #[command(flatten)]
        host: Host,
        /// The session.
        session: String,
        /// Only events after this sequence number.
        #[arg(long, value_name = "SEQUENCE", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
        after: i64,
    },
    /// Give a session another title.
    Rename {
        #[command(flatten)]
        host: Host,
        /// The session.
        session: String,
        /// The title.
        title: String,
    },
    /// Archive a session: lists leave it out, and it takes no turn any more. It can still
    /// be read.
    Delete {
        #[command(flatten)]
        host: Host,
        /// The session.
        session: String,
    },
}

/// Looks at agents.
#[derive(Subcommand)]
pub(crate) enum AgentsCommand {
    /// List the active agents, by name.
    List {
        #[command(flatten)]
        host: Host,
        #[command(flatten)]
        part: Part,
    },
    /// Show an agent.
    Show {
        #[command(flatten)]
        host: Host,
        /// The agent.
        agent: String,
    },
}

/// Looks at harnesses.
#[derive(Subcommand)]
pub(crate) enum HarnessesCommand {
    /// List the active harnesses, by name.
    List {
        #[command(flatten)]
        host: Host,
        #[command(flatten)]
        part: Part,
    },
    /// Show a harness.
    Show {
        #[command(flatten)]
        host: Host,
        /// The harness.
        harness: String,
    },
}

/// Looks at models.
#[derive(Subcommand)]
pub(crate) enum ModelsCommand {
    /// List the default model, and those that agents and harnesses name.
    List {
        #[command(flatten)]
        host: Host,
        #[command(flatten)]
        part: Part,
    },
}

/// Whether all went as it was asked.
type Done = Result<bool, RemoteError>;

// === impl Host ===

impl Host {
    async fn connect(self) -> Result<Remote, RemoteError> {
        let options = RemoteOptions {
            host: self.host,
            org_id: self.org,
            token_file: self.token_file,
            ca: self.ca,
            identity: self.cert.zip(self.key),
            insecure: self.insecure,
            json: self.json,
        };
        Remote::connect(&options).await
    }
}

// === impl Part ===

impl From<Part> for Listing {
    fn from(part: Part) -> Self {
        let Part { limit, page_token } = part;
        Self { limit, page_token }
    }
}

// === impl TurnsCommand ===

impl TurnsCommand {
    pub(crate) async fn run(self) -> ExitCode {
        code(self.done().await)
    }

    async fn done(self) -> Done {
        match self {
            Self::List {
                host,
                part,
                session,
                status,
            } => {
                let query = TurnQuery {
                    session_id: session,
                    statuses: status,
                };
                let mut remote = host.connect().await?;
                more(&remote.list_turns(query, part.into()).await?)
            }
            Self::Show {
                host,
                session,
                turn,
            } => {
                host.connect().await?.show_turn(session, turn).await?;
                Ok(true)
            }
            Self::Follow {
                host,
                session,
                turn,
            } => {
                let mut remote = host.connect().await?;
                let status = follow_turn(&mut remote, session, turn).await?;
                Ok(!matches!(
                    status,
                    TurnStatus::Failed | TurnStatus::Cancelled
                ))
            }
            Self::Cancel {
                host,
                session,
                turn,
                reason,
            } => {
                let mut remote = host.connect().await?;
                let cancelled = remote.cancel_turn(session, turn, reason).await?;
                remote.print_cancelled(&cancelled)?;
                Ok(cancelled.outcome() == TurnOutcome::Cancelled)
            }
        }
    }
}

// === impl SessionsCommand ===

impl SessionsCommand {
    pub(crate) async fn run(self) -> ExitCode {
        code(self.done().await)
    }

    async fn done(self) -> Done {
        match self {
            Self::List {
                host,
                part,
                agent,
                harness,
                status,
                tag,
            } => {
                let query = SessionQuery {
                    agent_id: agent,
                    harness_id: harness,
                    statuses: status,
                    tag,
                };
                let mut remote = host.connect().await?;
                return more(&remote.list_sessions(query, part.into()).await?);
            }
            Self::Show { host, session } => host.connect().await?.show_session(session).await?,
            Self::Follow {
                host,
                session,
                after,
            } => {
                let mut remote = host.connect().await?;
                follow_session(&mut remote, &session, after).await?;
            }
            Self::Rename {
                host,
                session,
                title,
            } => {
                let mut remote = host.connect().await?;
                remote.rename_session(session, title).await?;
            }
            Self::Delete { host, session } => host.connect().await?.delete_session(session).await?,
        }
        Ok(true)
    }
}

// === impl AgentsCommand ===

impl AgentsCommand {
    pub(crate) async fn run(self) -> ExitCode {
        code(self.done().await)
    }

    async fn done(self) -> Done {
        match self {
            Self::List { host, part } => {
                let mut remote = host.connect().await?;
                more(&remote.list_agents(part.into()).await?)
            }
            Self::Show { host, agent } => {
                host.connect().await?.show_agent(agent).await?;
                Ok(true)
            }
        }
    }
}

// === impl HarnessesCommand ===

impl HarnessesCommand {
    pub(crate) async fn run(self) -> ExitCode {
        code(self.done().await)
    }

    async fn done(self) -> Done {
        match self {
            Self::List { host, part } => {
                let mut remote = host.connect().await?;
                more(&remote.list_harnesses(part.into()).await?)
            }
            Self::Show { host, harness } => {
                host.connect().await?.show_harness(harness).await?;
                Ok(true)
            }
        }
    }
}

// === impl ModelsCommand ===

impl ModelsCommand {
    pub(crate) async fn run(self) -> ExitCode {
        let Self::List { host, part } = self;
        let done = async {
            let mut remote = host.connect().await?;
            more(&remote.list_models(part.into()).await?)
        };
        code(done.await)
    }
}

/// Says that a list goes on. On standard error: the list itself stays a list.
fn more(next: &str) -> Done {
    if !next.is_empty() {
        eprintln!("more follow: --page-token {next}");
    }
    Ok(true)
}

fn code(done: Done) -> ExitCode {
    let error = match done {
        Ok(true) => return ExitCode::SUCCESS,
        Ok(false) => return ExitCode::from(REFUSED),
        Err(error) => error,
    };
    eprintln!("mortise-host: {error}");
    ExitCode::from(match error {
        RemoteError::File { .. } | RemoteError::Address { .. } => WRONG,
        RemoteError::Unreachable { .. } => UNREACHABLE,
        RemoteError::Refused { .. } => REFUSED,
        RemoteError::Output(_) | RemoteError::Written => NOT_WRITTEN,
    })
}

fn turn_status(text: &str) -> Result<TurnStatus, String> {
    let status = TurnStatus::from_str_name(&format!("TURN_STATUS_{}", text.to_uppercase()));
    let status = status.filter(|status| *status != TurnStatus::Unspecified);
    status.ok_or_else(|| "is no status of a turn".into())
}

fn session_status(text: &str) -> Result<SessionStatus, String> {
    let status = SessionStatus::from_str_name(&format!("SESSION_STATUS_{}", text.to_uppercase()));
    let status = status.filter(|status| *status != SessionStatus::Unspecified);
    status.ok_or_else(|| "is no status of a session".into())
}
