//! The report for people: a line per broken rule and per kind of skip, the failures with what
//! was sent and came back, and a summary per service.

use super::{Failure, Report, RuleReport, Skip, Verdict};
use std::collections::BTreeMap;
use std::fmt::Write;

/// How many ids of skipped rules a line names.
const IDS: usize = 12;

/// The report as text. `is_long` shows the rules that passed and those that were skipped,
/// each in its line.
#[must_use]
pub fn table(report: &Report, is_long: bool) -> String {
    let mut text = String::new();
    for rule in &report.rules {
        let is_shown = matches!(rule.verdict, Verdict::Failed | Verdict::Warned);
        if is_long || is_shown {
            push(&mut text, format_args!("{}\n", line(rule)));
        }
    }
    if !is_long {
        skips(&mut text, report);
    }
    let broken = report
        .rules
        .iter()
        .filter_map(|rule| Some((rule, rule.failure.as_ref()?)));
    for (rule, failure) in broken {
        details(&mut text, rule, failure);
    }
    summary(&mut text, report, is_long);
    text
}

/// One rule in a line.
pub(crate) fn line(rule: &RuleReport) -> String {
    let note = match (&rule.reason, rule.verdict, rule.known_failure) {
        (Some(reason), Verdict::Skipped, _) => format!(" ({reason})"),
        (_, Verdict::Failed, true) => " (a known failure)".into(),
        (Some(_) | None, _, _) => String::new(),
    };
    format!(
        "{:<4}  {:<10} {:>6} ms  {}{note}",
        rule.verdict.word(),
        rule.id,
        rule.ms,
        rule.demand
    )
}

/// The rules that were skipped: a line for each reason, and one for all services that the
/// server does not offer.
fn skips(text: &mut String, report: &Report) {
    let mut groups: BTreeMap<(Option<Skip>, &str), Vec<&RuleReport>> = BTreeMap::new();
    for rule in report.with(Verdict::Skipped) {
        let reason = match rule.skip == Some(Skip::NotOffered) {
            true => "of services that the server does not offer",
            false => rule.reason.as_deref().unwrap_or_default(),
        };
        groups.entry((rule.skip, reason)).or_default().push(rule);
    }
    for ((kind, reason), rules) in groups {
        let count = rules.len();
        let noun = if count == 1 { "rule" } else { "rules" };
        match kind == Some(Skip::NotOffered) {
            true => push(text, format_args!("skip  {count} {noun} {reason}\n")),
            false => push(
                text,
                format_args!("skip  {count} {noun} ({reason}): {}\n", names(&rules)),
            ),
        }
    }
}

/// The ids of rules, as far as a line has room for them.
fn names(rules: &[&RuleReport]) -> String {
    let ids: Vec<_> = rules
        .iter()
        .take(IDS)
        .map(|rule| rule.id.as_str())
        .collect();
    let more = rules.len().saturating_sub(IDS);
    match more {
        0 => ids.join(", "),
        more => format!("{} and {more} more", ids.join(", ")),
    }
}

fn details(text: &mut String, rule: &RuleReport, failure: &Failure) {
    let what = match (rule.is_soft(), rule.known_failure) {
        (true, _) => "warning",
        (false, true) => "known failure",
        (false, false) => "failure",
    };
    push(
        text,
        format_args!("\n{what} {}: {}\n", rule.id, rule.demand),
    );
    push(text, format_args!("  looked at {}\n", failure.what));
    push(text, format_args!("  expected  {}\n", failure.expected));
    push(text, format_args!("  got       {}\n", failure.got));
    if let Some(advice) = failure.advice {
        push(text, format_args!("  why       {}\n", advice.why));
        push(text, format_args!("  mend      {}\n", advice.mend));
    }
    calls(text, failure);
    push(text, format_args!("  source    {}\n", rule.source));
    push(
        text,
        format_args!("  more      {} or --explain {}\n", rule.page, rule.id),
    );
}

/// The last calls, and the command for the last of them that has one.
pub(super) fn calls(text: &mut String, failure: &Failure) {
    if !failure.exchanges.is_empty() {
        text.push_str("  the last calls, oldest first:\n");
    }
    for exchange in &failure.exchanges {
        push(text, format_args!("    {}\n", exchange.method));
        push(text, format_args!("      sent     {}\n", exchange.sent));
        push(text, format_args!("      received {}\n", exchange.received));
    }
    let commands = failure.exchanges.iter().rev();
    if let Some(command) = commands.filter_map(|one| one.grpcurl.as_ref()).next() {
        push(text, format_args!("  by hand   {command}\n"));
    }
}

fn summary(text: &mut String, report: &Report, is_long: bool) {
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
        let is_offered = rules
            .clone()
            .any(|rule| rule.skip != Some(Skip::NotOffered));
        if is_long || is_offered {
            counts(text, service, rules);
        }
    }
    counts(text, "all", report.rules.iter());
    conclusion(text, report);
}

fn conclusion(text: &mut String, report: &Report) {
    for rule in report.mended() {
        let id = &rule.id;
        push(
            text,
            format_args!("\n{id} passes: take it out of the file of known failures\n"),
        );
    }
    if let Some(stopped) = &report.stopped {
        let left = report
            .rules
            .iter()
            .filter(|rule| rule.skip == Some(Skip::Stopped));
        let suspects = stopped.suspects.join(", ");
        let since = match &stopped.rule {
            Some(rule) => format!("since {rule}"),
            None => format!(
                "since one of these ran: {suspects}; run each alone with --only, or give the server's command after `--`"
            ),
        };
        push(
            text,
            format_args!(
                "\nthe run stopped, {} rules were left out: the server answers nothing, the handshake included, {since}\n",
                left.count(),
            ),
        );
    }
    text.push_str(match (report.is_compliant(), report.is_as_known()) {
        (true, _) => "\nno hard rule is broken\n",
        (false, true) => "\nthe server breaks no hard rule but those that are known\n",
        (false, false) => "\nthe server breaks the contract\n",
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
