//! The project's own commands. `cargo xtask check` is what CI runs before the
//! tests; everything it finds is printed with what to do about it.

#![allow(
    clippy::disallowed_methods,
    reason = "a command line: it reads the environment, and nothing waits for its threads"
)]

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use std::process::ExitCode;

mod codegen;
mod docs;
mod postgres;
mod shell;
mod test;
mod tidy;

#[derive(Parser)]
#[command(about = "Mortise's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generate the Rust half of the contract from the .proto files.
    Codegen {
        /// Write nothing; fail if the committed files differ.
        #[arg(long)]
        check: bool,
    },
    /// Write the pages that are made from code: docs/rules.md.
    Docs,
    /// Check what no compiler checks: mirrored rooms, file sizes, stray markers.
    Tidy,
    /// Everything but the tests: fmt, codegen, tidy, buf, clippy, docs.
    Check,
    /// Build the binaries and run every test. `tests/run` installs what they need.
    Test,
    /// Run a command with a PostgreSQL cluster of its own in MORTISE_POSTGRES.
    WithPostgres {
        /// The command, after `--`.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Freeze the contract: what buf compares with from now on.
    Freeze,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Codegen { check } => codegen::run(check),
        Command::Docs => docs::run(),
        Command::Tidy => tidy::run(),
        Command::Check => check(),
        Command::Test => test::run(),
        Command::WithPostgres { command } => postgres::run_with(&command),
        Command::Freeze => codegen::freeze(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn check() -> Result<()> {
    shell::run("cargo", &["fmt", "--all", "--check"])?;
    light_proto()?;
    codegen::run(true)?;
    tidy::run()?;
    shell::buf(&["lint", "proto"])?;
    shell::buf(&["format", "proto", "--diff", "--exit-code"])?;
    shell::buf(&[
        "breaking",
        "proto",
        "--against",
        "proto/frozen.binpb",
        "--exclude-imports",
    ])?;
    shell::run(
        "cargo",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    shell::run_with(
        "cargo",
        &["doc", "--workspace", "--no-deps", "--quiet"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )
}

/// Without `convert` the contract must not pull in the runtime: servers that only
/// speak protobuf build in seconds.
fn light_proto() -> Result<()> {
    let tree = shell::output(
        "cargo",
        &["tree", "--package", "mortise-proto", "--edges", "normal"],
    )?;
    let heavy = tree.lines().find(|line| line.contains("everruns"));
    match heavy {
        Some(line) => bail!("mortise-proto without `convert` depends on {}", line.trim()),
        None => Ok(()),
    }
}
