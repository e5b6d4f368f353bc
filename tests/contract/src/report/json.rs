//! The report for machines; its schema is docs/contract-report.schema.json.

use super::{Report, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

/// A report with what follows from its rules.
#[derive(Serialize)]
pub(super) struct Whole<'a> {
    #[serde(flatten)]
    report: &'a Report,
    compliant: bool,
    totals: BTreeMap<&'static str, usize>,
    mended: Vec<&'a str>,
}

// === impl Whole ===

impl<'a> Whole<'a> {
    /// `shown` with what follows from the rules of `counted`.
    pub(super) fn of(shown: &'a Report, counted: &'a Report) -> Self {
        let total = |verdict: Verdict| {
            let name = match verdict {
                Verdict::Passed => "passed",
                Verdict::Warned => "warned",
                Verdict::Failed => "failed",
                Verdict::Skipped => "skipped",
            };
            (name, counted.count(verdict))
        };
        Self {
            report: shown,
            compliant: counted.is_compliant(),
            totals: Verdict::ALL.into_iter().map(total).collect(),
            mended: counted.mended().map(|rule| rule.id.as_str()).collect(),
        }
    }
}

/// The report as JSON text.
///
/// # Errors
///
/// None in practice: every part of it can be written as JSON.
pub fn json(report: &Report) -> serde_json::Result<String> {
    serde_json::to_string_pretty(&Whole::of(report, report))
}
