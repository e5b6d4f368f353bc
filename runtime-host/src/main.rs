//! `mortise-host`: runs turns of the Everruns runtime over gRPC adapters.

use clap::{Args, Parser, Subcommand, ValueEnum};
use everruns_core::ModelWithProvider;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::typed_id::SessionId;
use mortise_adapter_client::{ConfigError, Endpoint};
use mortise_runtime_host::engine::TurnEnd;
use mortise_runtime_host::run::{RunError, RunOptions, run};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The turn ran and failed.
const TURN_FAILED: u8 = 1;
/// The process was told to stop, as shells count it for an interrupt.
const INTERRUPTED: u8 = 130;
/// There was no turn: bad configuration, an adapter that cannot be used.
const NO_TURN: u8 = 3;

#[derive(Parser)]
#[command(
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
    /// Go on with a conversation.
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// Print events as JSON lines.
    #[arg(long)]
    json: bool,
    /// Where the local database is kept.
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
    /// Which LLM driver. Default: by --base-url and the keys in the environment.
    #[arg(long)]
    provider: Option<Provider>,
    /// The provider's name of the model.
    #[arg(long)]
    model: Option<String>,
    /// An OpenAI-compatible server (Chat Completions), such as
    /// http://127.0.0.1:11434/v1.
    #[arg(long, value_name = "URL", value_parser = base_url)]
    base_url: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Provider {
    /// OpenAI, Responses API.
    Openai,
    /// OpenAI and compatible servers, Chat Completions API.
    OpenaiCompletions,
    /// Anthropic.
    Anthropic,
    /// The built-in simulator.
    Simulator,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("MORTISE_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let Command::Run(args) = Cli::parse().command;
    let turn = run(args.into_options(&Keys::from_environment()), stopped());
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
            tracing::warn!(%error, "signals end this process at once");
            std::future::pending().await
        }
    }
}

/// Keys of providers. From the environment alone: arguments are seen by every
/// process of the machine.
struct Keys {
    openai: Option<String>,
    anthropic: Option<String>,
}

// === impl Keys ===

impl Keys {
    fn from_environment() -> Self {
        let key = |name| std::env::var(name).ok().filter(|key| !key.is_empty());
        Self {
            openai: key("OPENAI_API_KEY"),
            anthropic: key("ANTHROPIC_API_KEY"),
        }
    }
}

// === impl RunArgs ===

impl RunArgs {
    fn into_options(self, keys: &Keys) -> RunOptions {
        let model = self.model(keys);
        RunOptions {
            question: self.question,
            adapter: self.adapter,
            routes: self.routes,
            session: self.session,
            org_id: self.org,
            data: self.data,
            model,
            json: self.json,
        }
    }

    fn model(&self, keys: &Keys) -> ModelWithProvider {
        let provider = self.provider.unwrap_or_else(|| self.likely_provider(keys));
        let (provider_type, default_model, api_key) = match provider {
            Provider::Openai => (LlmProviderType::Openai, "gpt-5.4-mini", keys.openai.clone()),
            Provider::OpenaiCompletions => (
                LlmProviderType::OpenaiCompletions,
                "gpt-5.4-mini",
                // Compatible servers often want none, but the driver wants one.
                Some(keys.openai.clone().unwrap_or_else(|| "none".into())),
            ),
            Provider::Anthropic => (
                LlmProviderType::Anthropic,
                "claude-sonnet-4-6",
                keys.anthropic.clone(),
            ),
            Provider::Simulator => (LlmProviderType::LlmSim, "llmsim-model", None),
        };
        ModelWithProvider {
            model: self.model.clone().unwrap_or_else(|| default_model.into()),
            provider_type,
            api_key,
            base_url: self.base_url.clone(),
        }
    }

    fn likely_provider(&self, keys: &Keys) -> Provider {
        if self.base_url.is_some() {
            Provider::OpenaiCompletions
        } else if keys.openai.is_some() {
            Provider::Openai
        } else if keys.anthropic.is_some() {
            Provider::Anthropic
        } else {
            Provider::Simulator
        }
    }
}

fn route(text: &str) -> Result<(String, Endpoint), String> {
    let (store, endpoint) = text
        .split_once('=')
        .ok_or("write STORE=ENDPOINT, such as session_file_system=unix:/run/files.sock")?;
    let endpoint = endpoint
        .parse()
        .map_err(|error: ConfigError| error.to_string())?;
    Ok((store.to_string(), endpoint))
}

fn base_url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(host) if !host.is_empty() => Ok(text.to_string()),
        Some(_) | None => Err("write http://HOST:PORT/PATH or https://HOST/PATH".into()),
    }
}
