//! The report for machines; its schema is docs/contract-report.schema.json.

use super::{Report, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    report: &'a Report,
    compliant: bool,
    totals: BTreeMap<&'static str, usize>,
}

/// The report as JSON text.
///
/// # Errors
///
/// None in practice: every part of it can be written as JSON.
pub fn json(report: &Report) -> serde_json::Result<String> {
    let total = |verdict: Verdict| {
        let name = match verdict {
            Verdict::Passed => "passed",
            Verdict::Warned => "warned",
            Verdict::Failed => "failed",
            Verdict::Skipped => "skipped",
        };
        (name, report.count(verdict))
    };
    let whole = Whole {
        report,
        compliant: report.is_compliant(),
        totals: Verdict::ALL.into_iter().map(total).collect(),
    };
    serde_json::to_string_pretty(&whole)
}
