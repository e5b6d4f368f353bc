//! `mortise-contract`: the contract suite as a command. This file only reads the command
//! line and writes the reports.

use clap::{CommandFactory, Parser, ValueEnum};
use mortise_contract::{
    Dial, Fixtures, FixturesError, Level, Options, OutageCommands, Report, Rule, RuleReport,
    RunError, Tls, Verdict, explain, json, junit, rules, rules_page, run, table,
};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tonic::metadata::MetadataValue;

/// A hard rule is broken.
const BROKEN: u8 = 1;
/// There was no run: wrong arguments, or a server that does not answer.
const NO_RUN: u8 = 3;

/// Checks an adapter server, in any language, against the Mortise contract.
///
/// Exit code: 0 if no hard rule is broken, 1 if one is, 2 for wrong arguments, 3 if there
/// was no run.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// The server: unix:PATH, http://HOST:PORT or https://HOST:PORT.
    #[arg(long, value_name = "ENDPOINT", required_unless_present_any = ["list", "explain", "rules_page", "manual"])]
    endpoint: Option<String>,
    /// The level of the run.
    #[arg(long, value_enum, default_value = "full")]
    level: LevelName,
    /// Only these rules: ids or families, such as FILE-*,EVT-03.
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    only: Vec<String>,
    /// List the rules and end.
    #[arg(long)]
    list: bool,
    /// Explain a rule and end.
    #[arg(long, value_name = "ID")]
    explain: Option<String>,
    /// Print docs/rules.md and end.
    #[arg(long, hide = true)]
    rules_page: bool,
    /// Write manual pages and shell completions into a folder and end.
    #[arg(long, hide = true, value_name = "FOLDER")]
    manual: Option<PathBuf>,
    /// Write a JUnit report.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a JSON report; `-` for standard output, instead of the table.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Show the rules that passed as well.
    #[arg(long)]
    long: bool,
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
    #[arg(long, value_name = "COMMAND")]
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
enum Failure {
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
    #[error("--explain {0}: there is no such rule; --list names them all")]
    NoSuchRule(String),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the report cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("standard output: {0}")]
    Output(io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    match command(Cli::parse()).await {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("mortise-contract: {failure}");
            ExitCode::from(NO_RUN)
        }
    }
}

async fn command(cli: Cli) -> Result<ExitCode, Failure> {
    let rules = rules();
    if cli.list {
        return print(&list(&rules));
    }
    if cli.rules_page {
        return print(&rules_page(&rules));
    }
    if let Some(folder) = cli.manual {
        let written = mortise_manual::write(Cli::command(), "mortise-contract", &folder);
        let flag = "--manual";
        return written
            .map(|()| ExitCode::SUCCESS)
            .map_err(|cause| Failure::File {
                flag,
                path: folder,
                cause,
            });
    }
    if let Some(id) = &cli.explain {
        let rule = rules.iter().find(|rule| rule.id.eq_ignore_ascii_case(id));
        let rule = rule.ok_or_else(|| Failure::NoSuchRule(id.clone()))?;
        return print(&explain(rule));
    }
    let endpoint = cli.endpoint.clone().unwrap_or_default();
    let dial = Dial::address(&endpoint, tls(&cli)?).map_err(Failure::Endpoint)?;
    let (options, is_long) = (options(&cli)?, cli.long);
    let progress = Progress::new();
    let report = run(&dial, &rules, options, &|rule, done, total| {
        progress.show(rule, done, total);
    })
    .await?;
    progress.end();
    write_reports(&cli, &report)?;
    if cli.json.as_deref() != Some(Path::new("-")) {
        print(&table(&report, is_long))?;
    }
    Ok(match report.is_compliant() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(BROKEN),
    })
}

fn options(cli: &Cli) -> Result<Options, Failure> {
    let token = match &cli.token_file {
        Some(path) => {
            let text = String::from_utf8_lossy(&read("--token-file", path)?).into_owned();
            let token = MetadataValue::try_from(format!("Bearer {}", text.trim()));
            Some(token.map_err(|_| Failure::Token(path.clone()))?)
        }
        None => None,
    };
    Ok(Options {
        level: match cli.level {
            LevelName::Core => Level::Core,
            LevelName::Full => Level::Full,
        },
        only: cli.only.iter().map(|id| id.trim().to_uppercase()).collect(),
        concurrency: cli.concurrency.into(),
        seed: cli.seed,
        timeout: Duration::from_secs(cli.timeout),
        org_id: cli.org,
        other_org_id: (cli.other_org != 0).then_some(cli.other_org),
        token,
        fixtures: cli.fixtures.as_deref().map(Fixtures::read).transpose()?,
        restart_command: cli.restart_command.clone(),
        outage: outage(cli),
    })
}

/// clap lets none of the two be given alone.
fn outage(cli: &Cli) -> Option<OutageCommands> {
    let (begin, end) = (cli.outage_command.clone()?, cli.recover_command.clone()?);
    Some(OutageCommands { begin, end })
}

fn tls(cli: &Cli) -> Result<Tls, Failure> {
    let identity = match (&cli.tls_cert, &cli.tls_key) {
        (Some(cert), Some(key)) => Some((read("--tls-cert", cert)?, read("--tls-key", key)?)),
        (Some(_) | None, Some(_) | None) => None,
    };
    let authorities = cli.tls_ca.as_ref().map(|path| read("--tls-ca", path));
    Ok(Tls {
        authorities: authorities.transpose()?,
        identity,
        server_name: cli.tls_server_name.clone(),
    })
}

fn read(flag: &'static str, path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|cause| Failure::File {
        flag,
        path: path.into(),
        cause,
    })
}

fn write_reports(cli: &Cli, report: &Report) -> Result<(), Failure> {
    if let Some(path) = &cli.junit {
        write("--junit", path, &junit(report))?;
    }
    match cli.json.as_deref() {
        Some(path) if path == Path::new("-") => print(&(json(report)? + "\n")).map(|_| ()),
        Some(path) => write("--json", path, &json(report)?),
        None => Ok(()),
    }
}

fn write(flag: &'static str, path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|cause| Failure::File {
        flag,
        path: path.into(),
        cause,
    })
}

/// A reader that has gone away is no failure of the run.
fn print(text: &str) -> Result<ExitCode, Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}

fn list(rules: &[Rule]) -> String {
    let line = |rule: &Rule| {
        format!(
            "{:<10} {:<4} {:<4}  {}\n",
            rule.id,
            rule.weight.to_string(),
            rule.level.to_string(),
            rule.demand
        )
    };
    rules.iter().map(line).collect()
}

/// Shows on standard error how far the run has come: one line that changes on a terminal,
/// a line per broken rule elsewhere.
struct Progress {
    is_terminal: bool,
}

impl Progress {
    fn new() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
        }
    }

    fn show(&self, rule: &RuleReport, done: usize, total: usize) {
        if self.is_terminal {
            eprint!(
                "\r\x1b[K{done}/{total}  {} {}",
                rule.verdict.word(),
                rule.id
            );
        } else if matches!(rule.verdict, Verdict::Failed | Verdict::Warned)
            || done == total
            || done.is_multiple_of(50)
        {
            eprintln!("{done}/{total}  {} {}", rule.verdict.word(), rule.id);
        }
    }

    fn end(&self) {
        if self.is_terminal {
            eprint!("\r\x1b[K");
        }
    }
}
