//! The report as JUnit XML, which every CI shows.

use super::{Failure, Report, RuleReport, Verdict};
use std::fmt::Write;

/// The report as JUnit XML: a suite per service, a case per rule. A broken soft rule is a
/// case that passed, with what was found in its output.
#[must_use]
pub fn junit(report: &Report) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (failed, skipped) = (
        report.count(Verdict::Failed),
        report.count(Verdict::Skipped),
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
        push(
            &mut xml,
            format_args!(
                "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
                escaped(service),
                rules.len(),
                count(Verdict::Failed),
                count(Verdict::Skipped),
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
    let lines = failure.exchanges.iter().map(|exchange| {
        format!(
            "{}\n  sent     {}\n  received {}\n",
            exchange.method, exchange.sent, exchange.received
        )
    });
    lines.collect()
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
