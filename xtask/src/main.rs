//! The project's own commands. `cargo xtask check` is what CI runs before the
//! tests; everything it finds is printed with what to do about it.

#![allow(
    clippy::disallowed_methods,
    reason = "a command line: it reads the environment, and nothing waits for its threads"
)]

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use std::collections::BTreeSet;
use std::process::ExitCode;

mod codegen;
mod counts;
mod docs;
mod histories;
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
    /// Write the pages that are made from code: docs/rules.md, docs/events.md.
    Docs,
    /// Write the schemas of the runtime's types, after a change of upstream's version.
    Schemas,
    /// Check what no compiler checks: mirrored rooms, file sizes, leftover markers.
    Tidy,
    /// Everything but the tests: fmt, codegen, tidy, buf, clippy, docs.
    Check,
    /// Build the binaries and run every test. `tests/run` installs what they need.
    Test,
    /// Run a command with a PostgreSQL cluster of its own in MORTISE_POSTGRES.
    ///
    /// The cluster does not sync its disk: it outlives the processes that tests kill, not the
    /// machine. For measurements MORTISE_POSTGRES_FSYNC=on lets it sync, as PostgreSQL does
    /// where nothing else is set, and as SQLite always does here.
    WithPostgres {
        /// The command, after `--`.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Judge histories of concurrent clients; see tests/histories/README.md.
    Histories {
        /// Arguments of the program, such as `--duration 1h --seed 7`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Count the instructions of calls and turns, and compare them with what is written down.
    Counts {
        /// Write down what is counted now.
        #[arg(long)]
        write: bool,
    },
    /// Freeze the contract: what buf compares with from now on.
    Freeze,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Codegen { check } => codegen::run(check),
        Command::Docs => docs::run(),
        Command::Schemas => docs::schemas(),
        Command::Tidy => tidy::run(),
        Command::Check => check(),
        Command::Test => test::run(),
        Command::WithPostgres { command } => postgres::run_with(&command),
        Command::Histories { arguments } => histories::run(&arguments),
        Command::Counts { write } => counts::run(write),
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
    // This crate is a workspace of its own.
    let own = ["--manifest-path", "xtask/Cargo.toml"];
    shell::run("cargo", &[&["fmt"], &own[..], &["--check"]].concat())?;
    shell::run(
        "cargo",
        &[
            &["clippy"],
            &own[..],
            &["--all-targets", "--", "-D", "warnings"],
        ]
        .concat(),
    )?;
    one_feature_set()?;
    light_proto()?;
    codegen::run(true)?;
    shell::run("adapter-server/kits/generate.sh", &["--check"])?;
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
    histories::check()?;
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

/// `cargo run --bin X` must build its dependencies with the features that the tests build
/// them with: else each of them is compiled twice.
fn one_feature_set() -> Result<()> {
    // What runs while others are built has features of its own: a crate may stand there with
    // those that a program lacks, so the two are held apart.
    for kinds in [
        ["normal,dev", "normal"],
        ["normal,build,dev", "normal,build"],
    ] {
        let everywhere = features(&["--workspace", "--edges", kinds[0]])?;
        for package in ["mortise-reference", "mortise-runtime-host"] {
            let own = features(&["--package", package, "--edges", kinds[1]])?;
            let others: Vec<_> = own.difference(&everywhere).map(String::as_str).collect();
            if !others.is_empty() {
                bail!(
                    "{package} builds with other features than the workspace, which compiles \
                     them twice; add what is missing to features/Cargo.toml:\n{}",
                    others.join("\n")
                );
            }
        }
    }
    Ok(())
}

/// Each dependency with its features, as `cargo tree` prints them.
fn features(arguments: &[&str]) -> Result<BTreeSet<String>> {
    let format = ["tree", "--prefix", "none", "--format", "{p} with {f}"];
    let tree = shell::output("cargo", &[&format[..], arguments].concat())?;
    let dependencies = tree.lines().filter(|line| !line.starts_with("mortise"));
    Ok(dependencies
        .map(|line| line.trim_end_matches(" (*)").replace(" (proc-macro)", ""))
        .collect())
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
