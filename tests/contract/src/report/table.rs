//! The report for people: a line per rule, the failures with what was sent and came back,
//! and a summary per service.

use super::{Failure, Report, RuleReport, Verdict};
use std::fmt::Write;

/// The report as text. `is_long` shows the rules that passed as well.
#[must_use]
pub fn table(report: &Report, is_long: bool) -> String {
    let mut text = String::new();
    for rule in &report.rules {
        if is_long || rule.verdict != Verdict::Passed {
            push(&mut text, format_args!("{}\n", line(rule)));
        }
    }
    let broken = report
        .rules
        .iter()
        .filter_map(|rule| Some((rule, rule.failure.as_ref()?)));
    for (rule, failure) in broken {
        details(&mut text, rule, failure);
    }
    summary(&mut text, report);
    text
}

/// One rule in a line.
pub(crate) fn line(rule: &RuleReport) -> String {
    let note = match (&rule.reason, rule.verdict) {
        (Some(reason), Verdict::Skipped) => format!(" ({reason})"),
        (Some(_) | None, _) => String::new(),
    };
    format!(
        "{:<4}  {:<10} {:>6} ms  {}{note}",
        rule.verdict.word(),
        rule.id,
        rule.ms,
        rule.demand
    )
}

fn details(text: &mut String, rule: &RuleReport, failure: &Failure) {
    let what = match rule.is_soft() {
        true => "warning",
        false => "failure",
    };
    push(
        text,
        format_args!("\n{what} {}: {}\n", rule.id, rule.demand),
    );
    push(text, format_args!("  looked at {}\n", failure.what));
    push(text, format_args!("  expected  {}\n", failure.expected));
    push(text, format_args!("  got       {}\n", failure.got));
    if !failure.exchanges.is_empty() {
        text.push_str("  the last calls, oldest first:\n");
    }
    for exchange in &failure.exchanges {
        push(text, format_args!("    {}\n", exchange.method));
        push(text, format_args!("      sent     {}\n", exchange.sent));
        push(text, format_args!("      received {}\n", exchange.received));
    }
    push(text, format_args!("  source    {}\n", rule.source));
    push(
        text,
        format_args!("  more      {} or --explain {}\n", rule.page, rule.id),
    );
}

fn summary(text: &mut String, report: &Report) {
    let server = &report.server;
    push(
        text,
        format_args!(
            "\n{} {} {} at {}\nlevel {}, seed {}, sessions from {}, {}.{:03} s\n\n",
            server.name,
            server.version,
            server.build,
            server.endpoint,
            report.level,
            report.seed,
            report.seeding,
            report.duration_ms / 1_000,
            report.duration_ms % 1_000,
        ),
    );
    push(
        text,
        format_args!(
            "{:<34}{:>6}{:>6}{:>6}{:>6}\n",
            "service", "pass", "warn", "fail", "skip"
        ),
    );
    for service in report.services() {
        let rules = report.rules.iter().filter(|rule| rule.service == service);
        counts(text, service, rules);
    }
    counts(text, "all", report.rules.iter());
    text.push_str(match report.is_compliant() {
        true => "\nno hard rule is broken\n",
        false => "\nthe server breaks the contract\n",
    });
}

fn counts<'a>(text: &mut String, name: &str, rules: impl Iterator<Item = &'a RuleReport> + Clone) {
    let [passed, warned, failed, skipped] =
        Verdict::ALL.map(|verdict| rules.clone().filter(|rule| rule.verdict == verdict).count());
    push(
        text,
        format_args!("{name:<34}{passed:>6}{warned:>6}{failed:>6}{skipped:>6}\n"),
    );
}

/// Writing to a string cannot fail.
fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).unwrap_or_default();
}
