//! Where reports go: files, standard output, and how far the run has come on standard error.

use crate::cli::{Failure, RunArgs};
use mortise_contract::{Report, RuleReport, Verdict, json, junit, ndjson_end, ndjson_rule, table};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// Shows on standard error how far the run has come: one line that changes on a terminal,
/// a line per broken rule elsewhere.
pub(crate) struct Progress {
    is_terminal: bool,
}

/// The JSON lines of a run. A fault ends them, and is told at the end.
pub(crate) struct Lines(Mutex<Result<Option<Box<dyn Write + Send>>, Failure>>);

// === impl Progress ===

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
        }
    }

    pub(crate) fn show(&self, rule: &RuleReport, done: usize, total: usize) {
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

    pub(crate) fn end(&self) {
        if self.is_terminal {
            eprint!("\r\x1b[K");
        }
    }
}

// === impl Lines ===

impl Lines {
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let output: Option<Box<dyn Write + Send>> = match path {
            None => None,
            Some(path) if path == Path::new("-") => Some(Box::new(mortise_output::Output)),
            Some(path) => Some(Box::new(File::create(path).map_err(|cause| {
                Failure::File {
                    flag: "--ndjson",
                    path: path.into(),
                    cause,
                }
            })?)),
        };
        Ok(Self(Mutex::new(Ok(output))))
    }

    /// A rule has ended.
    pub(crate) fn rule(&self, rule: &RuleReport) {
        self.write(|| ndjson_rule(rule));
    }

    /// The run has ended.
    pub(crate) fn end(self, report: &Report) -> Result<(), Failure> {
        self.write(|| ndjson_end(report));
        let state = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.map(|_| ())
    }

    fn write(&self, line: impl FnOnce() -> serde_json::Result<String>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(Some(output)) = state.as_mut() else {
            return;
        };
        let written = line().map_err(Failure::Json).and_then(|line| {
            let whole = output.write_all(line.as_bytes());
            whole.and_then(|()| output.flush()).map_err(Failure::Output)
        });
        if let Err(failure) = written {
            *state = Err(failure);
        }
    }
}

pub(crate) fn write_reports(args: &RunArgs, report: &Report) -> Result<(), Failure> {
    if let Some(path) = &args.junit {
        write("--junit", path, &junit(report))?;
    }
    match args.json.as_deref() {
        Some(path) if path == Path::new("-") => print(&(json(report)? + "\n")).map(|_| ())?,
        Some(path) => write("--json", path, &json(report)?)?,
        None => {}
    }
    match args.has_table() {
        true => print(&table(report, args.long)).map(|_| ()),
        false => Ok(()),
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
pub(crate) fn print(text: &str) -> Result<ExitCode, Failure> {
    match mortise_output::write(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        Ok(()) | Err(_) => Ok(ExitCode::SUCCESS),
    }
}
