//! The report as JUnit XML, which every CI shows.

use super::table::calls;
use super::{Failure, Report, RuleReport, Verdict};
use std::fmt::Write;

/// The report as JUnit XML: a suite per service, a case per rule. A broken soft rule is a
/// case that passed, with what was found in its output.
#[must_use]
pub fn junit(report: &Report) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let known = |rule: &&RuleReport| rule.known_failure && rule.verdict == Verdict::Failed;
    let known_count = report.rules.iter().filter(known).count();
    let (failed, skipped) = (
        report.count(Verdict::Failed) - known_count,
        report.count(Verdict::Skipped) + known_count,
    );
    let seconds = seconds(report.duration_ms);
    push(
        &mut xml,
        format_args!(
            "<testsuites name=\"mortise-contract\" tests=\"{}\" failures=\"{failed}\" skipped=\"{skipped}\" time=\"{seconds}\">\n",
            report.rules.len(),
        ),
    );
    for service in report.services() {
        let rules: Vec<_> = report
            .rules
            .iter()
            .filter(|rule| rule.service == service)
            .collect();
        let count = |verdict| rules.iter().filter(|rule| rule.verdict == verdict).count();
        let known_count = rules.iter().copied().filter(known).count();
        push(
            &mut xml,
            format_args!(
                "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
                escaped(service),
                rules.len(),
                count(Verdict::Failed) - known_count,
                count(Verdict::Skipped) + known_count,
            ),
        );
        rules.into_iter().for_each(|rule| case(&mut xml, rule));
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn case(xml: &mut String, rule: &RuleReport) {
    push(
        xml,
        format_args!(
            "    <testcase classname=\"{}\" name=\"{}: {}\" time=\"{}\"",
            escaped(&rule.service),
            rule.id,
            escaped(&rule.demand),
            seconds(rule.ms),
        ),
    );
    match (rule.verdict, &rule.failure, &rule.reason) {
        (Verdict::Failed, Some(failure), _) if rule.known_failure => push(
            xml,
            format_args!(
                ">\n      <skipped message=\"{}\"/>\n    </testcase>\n",
                escaped(&format!(
                    "a known failure: {}: expected {}, got {}",
                    failure.what, failure.expected, failure.got
                )),
            ),
        ),
        (Verdict::Failed, Some(failure), _) => push(
            xml,
            format_args!(
                ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                escaped(&format!(
                    "{}: expected {}, got {}",
                    failure.what, failure.expected, failure.got
                )),
                escaped(&exchanges(failure)),
            ),
        ),
        (Verdict::Warned, Some(failure), _) => push(
            xml,
            format_args!(
                ">\n      <system-out>{}</system-out>\n    </testcase>\n",
                escaped(&format!(
                    "soft rule broken: {}: expected {}, got {}\n{}",
                    failure.what,
                    failure.expected,
                    failure.got,
                    exchanges(failure),
                )),
            ),
        ),
        (Verdict::Skipped, _, Some(reason)) => push(
            xml,
            format_args!(
                ">\n      <skipped message=\"{}\"/>\n    </testcase>\n",
                escaped(reason),
            ),
        ),
        (Verdict::Passed | Verdict::Warned | Verdict::Failed | Verdict::Skipped, _, _) => {
            xml.push_str("/>\n");
        }
    }
}

fn exchanges(failure: &Failure) -> String {
    let mut text = String::new();
    if let Some(advice) = failure.advice {
        push(&mut text, format_args!("  why       {}\n", advice.why));
        push(&mut text, format_args!("  mend      {}\n", advice.mend));
    }
    calls(&mut text, failure);
    text
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

/// Text that may stand in XML: what XML cannot hold at all is shown as a question mark.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            character
                if character.is_control() || ('\u{FFFE}'..='\u{FFFF}').contains(&character) =>
            {
                escaped.push('?');
            }
            character => escaped.push(character),
        }
    }
    escaped
}

/// Writing to a string cannot fail.
fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).unwrap_or_default();
}
