//! Builds the Go program of `tests/histories`, which has concurrent histories judged, and
//! runs it against the binaries that stand in the target folder.

use crate::postgres::{self, Cluster};
use crate::shell;
use crate::test::Totals;
use anyhow::{Context, Result, ensure};
use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where the program is.
const FOLDER: &str = "tests/histories";

/// How long the reference server is judged in each run of the tests, in all modes.
const DURATION: &str = "60s";

/// Builds the binaries and runs the program with arguments of the caller's, such as a
/// longer time or a seed.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    shell::run("cargo", &["build", "--workspace", "--bins"])?;
    let cluster = postgres::unless_given()?;
    let totals = start(arguments, cluster.as_ref())?;
    ensure!(totals.failed == 0, "histories failed");
    Ok(())
}

/// Judges the reference server, and faulty servers that prove the judge.
pub(crate) fn test(cluster: Option<&Cluster>) -> Result<Totals> {
    let mut totals = start(&["--duration".into(), DURATION.into()], cluster)?;
    totals.merge(start(&["--mutants".into(), "all".into()], cluster)?);
    Ok(totals)
}

/// The checks of Go's own tools.
pub(crate) fn check() -> Result<()> {
    has_go()?;
    let unformatted = shell::output("gofmt", &["-l", FOLDER])?;
    let unformatted: Vec<_> = unformatted.lines().collect();
    ensure!(
        unformatted.is_empty(),
        "run `gofmt -w {}`",
        unformatted.join(" ")
    );
    shell::run("go", &["-C", FOLDER, "vet", "./..."])
}

fn has_go() -> Result<()> {
    let version = Command::new("go").arg("version").output();
    version.context("Go is missing; install it (Debian: golang-go) or run tests/run")?;
    Ok(())
}

fn start(arguments: &[String], cluster: Option<&Cluster>) -> Result<Totals> {
    has_go()?;
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| shell::root().join("target"), PathBuf::from);
    let program = target.join("histories/histories");
    let path = program.display().to_string();
    shell::run("go", &["-C", FOLDER, "build", "-o", &path, "."])?;
    let mut child = shell::command(&program)
        .arg("--adapter")
        .arg(target.join("debug/mortise-adapter"))
        .arg("--out")
        .arg(target.join("histories"))
        .args(arguments)
        .envs(cluster.map(|cluster| (postgres::VARIABLE, cluster.url())))
        .current_dir(shell::root())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start `{path}`"))?;
    let stdout = child
        .stdout
        .take()
        .context("the histories have no output")?;
    let mut last = String::new();
    for line in BufReader::new(stdout).lines() {
        last = line?;
        println!("{last}");
    }
    child.wait()?;
    Totals::of_last_line(&last).with_context(|| format!("`{path}` ended early"))
}
