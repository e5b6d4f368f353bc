//! Counts the instructions that pieces of work take, under valgrind, and compares them with
//! those that are written down. Unlike a time, a count does not depend on what else the
//! machine does, so that a test can hold it.
//!
//! The build is that of the tests: what an optimizer would take out is counted as well, but a
//! copy too many or a step that grows with a session is as visible.

use crate::shell;
use crate::test::Totals;
use anyhow::{Context, Result, anyhow, bail, ensure};
use regex::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

/// Where the counts are written down.
const BASELINE: &str = "tests/e2e/benches/counts.txt";

/// By how much a count may lie above the one that is written down.
const BOUND: f64 = 1.25;

/// By how much a turn of a session that is six turns long may cost more than its first: the
/// runtime puts the whole history into an event at each step, which is read and packed. What
/// grows with the square of a session shows here.
const GROWTH_BOUND: f64 = 2.5;

/// What the program does, and how often: few times and more often. What it does once, such
/// as opening the database, is in both counts, and not in their difference.
const WORK: [(&str, u64, u64); 6] = [
    ("get_session", 10, 60),
    ("set_value", 10, 60),
    ("emit", 10, 60),
    ("turn", 1, 3),
    ("turn_of_a_long_session", 1, 3),
    ("history_loaded", 1, 4),
];

/// Compares, or writes down what is counted now.
pub(crate) fn run(write: bool) -> Result<()> {
    let counts = count()?;
    if write {
        return written(&counts);
    }
    let totals = compared(&counts)?;
    ensure!(totals.failed == 0, "see above");
    Ok(())
}

/// Compares, for the run of all tests.
pub(crate) fn test() -> Result<Totals> {
    compared(&count()?)
}

/// Instructions of one repetition, by work.
fn count() -> Result<BTreeMap<&'static str, u64>> {
    let program = program()?;
    let once = |(name, few, more): (&'static str, u64, u64)| {
        let (fewer, all) = thread::scope(|both| {
            let fewer = both.spawn(|| instructions(&program, name, few));
            let all = instructions(&program, name, more);
            (fewer.join(), all)
        });
        let fewer = fewer.map_err(|_| anyhow!("counting {name} panicked"))??;
        let all = all?;
        Ok((name, all.saturating_sub(fewer) / (more - few)))
    };
    WORK.into_iter().map(once).collect()
}

/// Builds the program as tests are built.
fn program() -> Result<PathBuf> {
    let args = "bench --no-run --profile dev --workspace --bench counts --message-format json";
    eprintln!("> cargo {args}");
    let said = shell::output("cargo", &args.split(' ').collect::<Vec<_>>())?;
    let path = Regex::new(r#""executable":"([^"]+/counts-[^"]+)""#)?;
    let found = path.captures(&said).and_then(|found| found.get(1));
    Ok(found.context("cargo names no program")?.as_str().into())
}

fn instructions(program: &Path, work: &str, repetitions: u64) -> Result<u64> {
    let output = shell::command("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no"])
        .arg("--cachegrind-out-file=/dev/null")
        .arg(program)
        .args([work, &repetitions.to_string()])
        .current_dir(shell::root())
        .output()
        .context("valgrind is missing; install it (Debian: valgrind) or run tests/run")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`counts {work}` failed: {said}");
    let total = Regex::new(r"I\s+refs:\s+([\d,]+)")?;
    let found = total.captures(&said).and_then(|found| found.get(1));
    let digits = found.context("valgrind printed no count")?.as_str();
    Ok(digits.replace(',', "").parse()?)
}

fn compared(counts: &BTreeMap<&'static str, u64>) -> Result<Totals> {
    let text = fs::read_to_string(shell::root().join(BASELINE))?;
    let known: BTreeMap<_, _> = text.lines().filter_map(line).collect();
    let mut totals = Totals::default();
    println!(
        "{:<26}{:>14}{:>14}{:>8}",
        "instructions", "then", "now", "ratio"
    );
    for (name, now) in counts {
        let Some(then) = known.get(name) else {
            bail!("{BASELINE} has no line for {name}; write it with `cargo xtask counts --write`");
        };
        let ratio = *now as f64 / *then as f64;
        println!("{name:<26}{then:>14}{now:>14}{ratio:>8.2}");
        totals.judge(ratio <= BOUND);
    }
    let growth = counts["turn_of_a_long_session"] as f64 / counts["turn"] as f64;
    println!("a turn of a long session takes {growth:.2} times as many as a first one");
    totals.judge(growth <= GROWTH_BOUND);
    if totals.failed > 0 {
        println!(
            "more than {BOUND} times as many, or growth beyond {GROWTH_BOUND}: find out why; where it is meant, \
             write it down with `cargo xtask counts --write`"
        );
    }
    Ok(totals)
}

fn line(text: &str) -> Option<(&str, u64)> {
    let (name, count) = text.split_once(' ')?;
    Some((name, count.trim().parse().ok()?))
}

fn written(counts: &BTreeMap<&'static str, u64>) -> Result<()> {
    let mut text = String::from(
        "# Instructions of one repetition, debug build. `cargo xtask counts` compares them, and writes them with --write.\n",
    );
    for (name, count) in counts {
        println!("{name} {count}");
        text += &format!("{name} {count}\n");
    }
    Ok(fs::write(shell::root().join(BASELINE), text)?)
}
