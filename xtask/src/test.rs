//! Builds the binaries, which the end-to-end tests start, and runs every test, with a
//! PostgreSQL cluster of their own. The histories come last: they need the binaries.

use crate::postgres::{self, Cluster};
use crate::{histories, shell};
use anyhow::{Context, Result, ensure};
use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;

/// Tests passed and failed.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

pub(crate) fn run() -> Result<()> {
    // With the tests, so that both are built with the same features of what they need.
    shell::run("cargo", &["build", "--workspace", "--bins", "--tests"])?;
    let cluster = postgres::unless_given()?;
    let mut child = shell::command("cargo")
        .args(["test", "--workspace", "--no-fail-fast"])
        .envs(
            cluster
                .iter()
                .map(|cluster| (postgres::VARIABLE, cluster.url())),
        )
        .current_dir(shell::root())
        .stdout(Stdio::piped())
        .spawn()
        .context("could not start `cargo test`")?;
    let stdout = child.stdout.take().context("`cargo test` has no output")?;
    let mut totals = Totals::default();
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        totals.add(&line);
        println!("{line}");
    }
    let status = child.wait()?;
    ensure!(totals.passed > 0, "no test ran");
    let histories = histories::test(cluster.as_ref()).map(|judged| totals.merge(judged));
    let api = api();
    let kits = kits(cluster.as_ref());
    let deploy = deploy().map(|found| totals.merge(found));
    println!("\n{} passed, {} failed", totals.passed, totals.failed);
    ensure!(status.success(), "tests failed ({status})");
    histories?;
    ensure!(totals.failed == 0, "histories or packages failed");
    deploy?;
    api?;
    kits
}

/// The host's HTTP API against its own description, and clients that are generated from it.
/// The calls are the same each time: `tests/api/test.sh fuzz` makes others.
fn api() -> Result<()> {
    let host = programs().join("mortise-host").display().to_string();
    let variables = [("MORTISE_HOST", host.as_str())];
    shell::run_with("tests/api/test.sh", &["--seed", "1"], &variables)
}

/// What deploy/ ships, installed and started on bare roots, with the programs that were just
/// built. It prints its parts, and at the end how many held.
fn deploy() -> Result<Totals> {
    let programs = programs().display().to_string();
    // All of it packs the programs seven times: some minutes.
    let is_whole = env::var_os("MORTISE_DEPLOY").is_some_and(|asked| asked == "all");
    let parts: &[&str] = if is_whole {
        &[]
    } else {
        &["manifests", "tar", "deb"]
    };
    let mut child = shell::command("deploy/test.sh")
        .args(parts)
        .env("MORTISE_BIN_DIR", programs)
        .current_dir(shell::root())
        .stdout(Stdio::piped())
        .spawn()
        .context("could not start deploy/test.sh")?;
    let stdout = child
        .stdout
        .take()
        .context("deploy/test.sh has no output")?;
    let mut totals = None;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        totals = Totals::of_last_line(&line).or(totals);
        println!("{line}");
    }
    let status = child.wait()?;
    totals.with_context(|| format!("deploy/test.sh ended early ({status})"))
}

/// Where the programs are that were just built.
fn programs() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| shell::root().join("target"));
    target.join("debug")
}

/// The kits' own tests, in their languages, with the programs that were just built.
fn kits(cluster: Option<&Cluster>) -> Result<()> {
    let program = |name: &str| programs().join(name).display().to_string();
    let [suite, host, adapter] =
        ["mortise-contract", "mortise-host", "mortise-adapter"].map(program);
    let url = cluster.map(Cluster::url);
    let mut variables = vec![
        ("MORTISE_CONTRACT", suite.as_str()),
        ("MORTISE_HOST", host.as_str()),
        ("MORTISE_ADAPTER", adapter.as_str()),
    ];
    variables.extend(url.as_deref().map(|url| (postgres::VARIABLE, url)));
    shell::run_with("adapter-server/kits/test.sh", &[], &variables)
}

// === impl Totals ===

impl Totals {
    /// Reads `14 passed, 0 failed`.
    pub(crate) fn of_last_line(line: &str) -> Option<Self> {
        let (passed, failed) = line.strip_suffix(" failed")?.split_once(" passed, ")?;
        Some(Self {
            passed: passed.parse().ok()?,
            failed: failed.parse().ok()?,
        })
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Counts `test result: ok. 41 passed; 0 failed; ...`.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result:") else {
            return;
        };
        let words: Vec<&str> = result.split_whitespace().collect();
        let before = |word: &str| {
            let at = words
                .iter()
                .position(|found| found.trim_end_matches(';') == word);
            at.and_then(|at| words.get(at.checked_sub(1)?)?.parse::<u64>().ok())
        };
        self.passed += before("passed").unwrap_or_default();
        self.failed += before("failed").unwrap_or_default();
    }
}
