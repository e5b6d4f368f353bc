//! Runs rules, so many at a time and each within its time, and says what became of each.
//!
//! A server that hangs would break every rule after the one that it hangs on. So a rule with
//! a call that was not answered is followed by the handshake; if that is not answered
//! either, the run stops. The rules that were running are then run one by one, each with a
//! server that was started again, to find the one that the server hangs on.

use super::choice::why_not;
use super::{Options, Progress, introduction, millis};
use crate::check::{Outcome, Stop, broken};
use crate::client::Client;
use crate::context::{Cx, Shared};
use crate::report::{Failure, RuleReport, Skip, Stopped, Verdict};
use crate::rule::{Rule, Weight};
use crate::rules::restarted;
use futures::{StreamExt, stream};
use mortise_proto::rpc::table::adapter_service::DESCRIBE;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tonic::Code;

/// How long a server may take to answer the handshake beside a call that it did not answer.
const ALIVE_WITHIN: Duration = Duration::from_secs(5);

/// A rule that has ended.
struct Ended {
    report: RuleReport,
    /// The server no longer answers the handshake.
    is_server_lost: bool,
}

/// The rules of one run, as they end.
pub(super) struct Runner<'a> {
    shared: &'a Arc<Shared>,
    client: &'a Client,
    options: &'a Options,
    progress: &'a Progress<'a>,
    total: usize,
    state: Mutex<State<'a>>,
}

#[derive(Default)]
struct State<'a> {
    running: Vec<&'a Rule>,
    reports: Vec<RuleReport>,
    stopped: Option<Stopped>,
}

// === impl Runner ===

impl<'a> Runner<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        client: &'a Client,
        options: &'a Options,
        progress: &'a Progress<'a>,
        total: usize,
    ) -> Self {
        Self {
            shared,
            client,
            options,
            progress,
            total,
            state: Mutex::default(),
        }
    }

    pub(super) fn end(self) -> (Vec<RuleReport>, Option<Stopped>) {
        let state = self.state.into_inner();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        (state.reports, state.stopped)
    }

    /// Runs rules, so many at once. After a server was lost they are all left out.
    pub(super) async fn all(&self, rules: Vec<&'a Rule>, at_once: usize) {
        if self.state(|state| state.stopped.is_some()) {
            rules.into_iter().for_each(|rule| self.left_out(rule));
            return;
        }
        let mut running = stream::iter(rules.clone())
            .map(|rule| self.tracked(rule))
            .buffer_unordered(at_once);
        let mut lost = None;
        while let Some((rule, ended)) = running.next().await {
            if ended.is_server_lost {
                lost = Some((rule, ended.report));
                break;
            }
            self.has_ended(ended.report);
        }
        drop(running);
        if let Some((rule, report)) = lost {
            self.find_culprit(rule, report).await;
            let is_open = |rule: &Rule| {
                self.state(|state| state.reports.iter().all(|report| report.id != rule.id))
            };
            let left: Vec<_> = rules.into_iter().filter(|rule| is_open(rule)).collect();
            left.into_iter().for_each(|rule| self.left_out(rule));
        }
    }

    fn state<T>(&self, look: impl FnOnce(&mut State<'a>) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn has_ended(&self, mut report: RuleReport) {
        report.known_failure = self.options.known_failures.has(&report.id);
        let done = self.state(|state| state.reports.len() + 1);
        (self.progress)(&report, done, self.total);
        self.state(|state| state.reports.push(report));
    }

    fn left_out(&self, rule: &Rule) {
        let reason = "the run stopped, because the server no longer answered the handshake";
        self.has_ended(skipped(rule, Skip::Stopped, reason.into()));
    }

    /// Runs a rule, which stands among those that run until its end.
    async fn tracked(&self, rule: &'a Rule) -> (&'a Rule, Ended) {
        self.state(|state| state.running.push(rule));
        let ended = self.one(rule).await;
        if !ended.is_server_lost {
            self.state(|state| state.running.retain(|one| one.id != rule.id));
        }
        (rule, ended)
    }

    async fn one(&self, rule: &Rule) -> Ended {
        let started = Instant::now();
        if let Some((kind, reason)) = why_not(rule, self.shared, self.options) {
            return Ended {
                report: skipped(rule, kind, reason),
                is_server_lost: false,
            };
        }
        let seed = seed_of(rule, self.options.seed);
        let cx = Cx::new(self.shared.clone(), self.client.clone(), seed);
        let check = tokio::spawn(rule.check(cx.clone()));
        let abort = check.abort_handle();
        let mut is_late = false;
        let outcome = match tokio::time::timeout(self.options.timeout, check).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(fault)) => broken(
                "the rule",
                "to end",
                format!("the rule panicked, which is a bug of the suite: {fault}"),
            ),
            Err(_) => {
                abort.abort();
                is_late = true;
                broken(
                    "the rule",
                    format!("to end within {} s", self.options.timeout.as_secs()),
                    "it was still waiting for the server",
                )
            }
        };
        let is_broken = matches!(outcome, Err(Stop::Broken(_)));
        let mut report = RuleReport::of(rule);
        report.ms = millis(started.elapsed());
        conclude(&mut report, rule, outcome, &cx);
        let is_suspicious = is_broken && (is_late || cx.is_unanswered());
        Ended {
            report,
            is_server_lost: is_suspicious && !self.is_alive().await,
        }
    }

    /// Whether the server answers the handshake over a new connection.
    async fn is_alive(&self) -> bool {
        let wire = self.shared.dial.connect();
        let client = Client::new(wire, self.shared.token.clone(), ALIVE_WITHIN);
        let request = introduction(self.shared.org_id);
        match client.unary(&DESCRIBE, request).await {
            Ok(_) => true,
            Err(failed) => !matches!(
                failed.error.code,
                Code::Unavailable | Code::DeadlineExceeded
            ),
        }
    }

    /// Names the rule that the server hangs on, or ended in: the one that was running, or of
    /// several the one with which it happens again.
    async fn find_culprit(&self, rule: &'a Rule, report: RuleReport) {
        let mut suspects = self.state(|state| std::mem::take(&mut state.running));
        suspects.sort_by_key(|suspect| suspect.id != rule.id);
        let ids: Vec<String> = suspects.iter().map(|rule| rule.id.into()).collect();
        let mut culprit = (suspects.len() == 1).then(|| (rule.id, report.clone()));
        if culprit.is_none() && self.shared.restart.is_some() {
            culprit = self.run_one_by_one(&suspects).await;
        }
        let stopped = Stopped {
            rule: culprit.as_ref().map(|(id, _)| (*id).into()),
            suspects: ids,
        };
        let culprit = culprit.map(|(_, report)| report);
        let report = culprit.or_else(|| {
            let is_open = self.state(|state| state.reports.iter().all(|one| one.id != report.id));
            is_open.then_some(report)
        });
        if let Some(mut report) = report {
            if let Some(failure) = &mut report.failure {
                failure
                    .got
                    .push_str("; after it the server no longer answered the handshake");
            }
            self.has_ended(report);
        }
        self.state(|state| state.stopped = Some(stopped));
    }

    /// Runs each suspect against a server that was started again, until one loses it. What
    /// became of the others is told as it is.
    async fn run_one_by_one(&self, suspects: &[&'a Rule]) -> Option<(&'a str, RuleReport)> {
        for suspect in suspects {
            let cx = Cx::new(self.shared.clone(), self.client.clone(), 0);
            if restarted(&cx).await.is_err() {
                return None;
            }
            let ended = self.one(suspect).await;
            if ended.is_server_lost {
                return Some((suspect.id, ended.report));
            }
            self.has_ended(ended.report);
        }
        None
    }
}

fn skipped(rule: &Rule, kind: Skip, reason: String) -> RuleReport {
    let mut report = RuleReport::of(rule);
    report.skip = Some(kind);
    report.reason = Some(reason);
    report
}

fn conclude(report: &mut RuleReport, rule: &Rule, outcome: Outcome, cx: &Cx) {
    match outcome {
        Ok(()) => report.verdict = Verdict::Passed,
        Err(Stop::Skipped(reason)) => {
            report.skip = Some(Skip::NotApplicable);
            report.reason = Some(reason);
        }
        Err(Stop::Broken(breach)) => {
            report.verdict = match rule.weight {
                Weight::Hard => Verdict::Failed,
                Weight::Soft => Verdict::Warned,
            };
            report.failure = Some(Failure {
                what: breach.what,
                expected: breach.expected,
                got: breach.got,
                advice: rule.advice,
                exchanges: cx.exchanges(),
            });
        }
    }
}

/// Each rule's own, so that it does not matter which others run.
fn seed_of(rule: &Rule, seed: u64) -> u64 {
    let id = rule.id.bytes();
    id.fold(seed, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(byte.into())
    })
}
