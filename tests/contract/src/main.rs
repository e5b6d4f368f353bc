//! `mortise-contract`: the contract suite as a command. This file only says which command
//! does what.

mod cli;
mod output;
mod watch;

use clap::CommandFactory;
use cli::{Cli, Command, Failure, RunArgs};
use mortise_contract::{
    Dial, Restart, Rule, Server, explain, list, list_json, offered, rules, rules_page, run,
    scaffold,
};
use output::{Lines, Progress, print, write_reports};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use watch::Changes;

/// A hard rule is broken.
const BROKEN: u8 = 1;
/// There was no run: wrong arguments, or a server that does not answer.
const NO_RUN: u8 = 3;
/// The run was interrupted.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match mortise_output::parse::<Cli>(NO_RUN) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    match command(cli).await {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("mortise-contract: {failure}");
            ExitCode::from(NO_RUN)
        }
    }
}

async fn command(cli: Cli) -> Result<ExitCode, Failure> {
    let rules = rules();
    match cli.command {
        Some(Command::List(args)) => {
            let rules = match args.offers.is_empty() {
                true => rules,
                false => offered(rules, &args.offers)?,
            };
            print(&match args.json {
                true => list_json(&rules)?,
                false => list(&rules),
            })
        }
        Some(Command::Explain { id }) => explained(&rules, &id),
        Some(Command::New(args)) => print(&scaffold(
            args.language,
            &args.store,
            args.kit.as_deref(),
            &args.dir,
        )?),
        None if cli.run.list => print(&list(&rules)),
        None if cli.run.rules_page => print(&rules_page(&rules)),
        None => match (&cli.run.explain, &cli.run.manual) {
            (Some(id), _) => explained(&rules, id),
            (None, Some(folder)) => manual(folder),
            (None, None) => interruptible(&cli.run, &rules).await,
        },
    }
}

/// Writes manual pages and completions.
fn manual(folder: &Path) -> Result<ExitCode, Failure> {
    let written = mortise_manual::write(Cli::command(), "mortise-contract", folder);
    written.map_err(|cause| Failure::File {
        flag: "--manual",
        path: folder.into(),
        cause,
    })?;
    Ok(ExitCode::SUCCESS)
}

fn explained(rules: &[Rule], id: &str) -> Result<ExitCode, Failure> {
    let rule = rules.iter().find(|rule| rule.id.eq_ignore_ascii_case(id));
    print(&explain(
        rule.ok_or_else(|| Failure::NoSuchRule(id.into()))?,
    ))
}

/// Runs until the end or a signal; a server of the suite's own ends with the run.
async fn interruptible(args: &RunArgs, rules: &[Rule]) -> Result<ExitCode, Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Output)?;
    tokio::select! {
        ended = runs(args, rules) => ended,
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(INTERRUPTED)),
        _ = terminate.recv() => Ok(ExitCode::from(INTERRUPTED)),
    }
}

/// One run, or one after each change.
async fn runs(args: &RunArgs, rules: &[Rule]) -> Result<ExitCode, Failure> {
    let Some(paths) = &args.watch else {
        return one_run(args, rules).await;
    };
    let program = args.server.first().map_or("", String::as_str);
    let mut changes = Changes::of(paths, program)?;
    loop {
        // A server that does not start yet is mended by the next change.
        if let Err(failure) = one_run(args, rules).await {
            eprintln!("mortise-contract: {failure}");
        }
        eprintln!("\nwaiting for a change");
        changes.next().await;
    }
}

async fn one_run(args: &RunArgs, rules: &[Rule]) -> Result<ExitCode, Failure> {
    if args.server.is_empty() {
        let endpoint = args.endpoint.as_deref().unwrap_or_default();
        let dial = Dial::address(endpoint, args.tls()?).map_err(Failure::Endpoint)?;
        return held(args, rules, &dial, None).await;
    }
    let within = Duration::from_secs(args.start_timeout);
    let server = Arc::new(Server::start(&args.server, within).await?);
    let dial = server.dial().map_err(Failure::Endpoint)?;
    let restart = (!args.no_restart).then(|| Restart::Server(server.clone()));
    let ended = held(args, rules, &dial, restart).await;
    server.stop().await;
    if let Some(path) = &args.server_log {
        let copied = server.copy_log(path);
        copied.map_err(|cause| Failure::File {
            flag: "--server-log",
            path: path.clone(),
            cause,
        })?;
    }
    if !matches!(ended, Ok(code) if code == ExitCode::SUCCESS) {
        eprintln!("the server's log ends:\n{}", server.log());
    }
    ended
}

async fn held(
    args: &RunArgs,
    rules: &[Rule],
    dial: &Dial,
    restart: Option<Restart>,
) -> Result<ExitCode, Failure> {
    let options = args.options(rules, restart)?;
    let (progress, lines) = (Progress::new(), Lines::open(args.ndjson.as_deref())?);
    let report = run(dial, rules, options, &|rule, done, total| {
        lines.rule(rule);
        progress.show(rule, done, total);
    })
    .await?;
    progress.end();
    lines.end(&report)?;
    write_reports(args, &report)?;
    Ok(match report.is_as_known() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(BROKEN),
    })
}
