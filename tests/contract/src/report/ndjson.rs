//! The report as JSON lines, for programs that follow a run: a line per rule when it has
//! ended, and one for the run at its end.

use super::json::Whole;
use super::{Report, RuleReport};
use serde::Serialize;

/// One line.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a> {
    Rule(&'a RuleReport),
    Run(Whole<'a>),
}

/// The line of a rule that has ended: its entry of the JSON report.
///
/// # Errors
///
/// None in practice: every part of it can be written as JSON.
pub fn ndjson_rule(rule: &RuleReport) -> serde_json::Result<String> {
    line(&Line::Rule(rule))
}

/// The line of a run that has ended: the JSON report without its rules.
///
/// # Errors
///
/// None in practice: every part of it can be written as JSON.
pub fn ndjson_end(report: &Report) -> serde_json::Result<String> {
    let head = Report {
        rules: Vec::new(),
        ..report.clone()
    };
    line(&Line::Run(Whole::of(&head, report)))
}

fn line(line: &Line<'_>) -> serde_json::Result<String> {
    Ok(serde_json::to_string(line)? + "\n")
}
