//! What turns did, for people who look: the running ones and the last that ended, in
//! memory and bounded. Counts it for metrics as well.

use super::Key;
use crate::engine::{Began, EndedPhase, TurnWatch};
use crate::metrics::{HostMetrics, RunningTurn, TurnOutcome};
use crate::telemetry::phase_name;
use everruns_core::events::{Event, EventData};
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_adapter_client::EndedCall;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How many turns that have ended are kept.
const ENDED_MAX: usize = 64;

/// How many calls to adapters are kept of a turn; further ones are counted.
const CALLS_MAX: usize = 2000;

/// How many phases and tools are kept of a turn.
const STEPS_MAX: usize = 2000;

/// The turns of a host.
#[derive(Debug, Default)]
pub(super) struct TurnHistory {
    turns: Mutex<Turns>,
}

#[derive(Debug, Default)]
struct Turns {
    /// One that was aborted is gone by itself.
    running: Vec<Weak<Timeline>>,
    ended: VecDeque<Arc<Timeline>>,
}

/// What one turn does.
#[derive(Debug)]
pub(super) struct Timeline {
    key: Key,
    since: Instant,
    metrics: HostMetrics,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    turn_id: Option<TurnId>,
    counted: Option<RunningTurn>,
    ended: Option<(TurnOutcome, Duration)>,
    /// Why it failed, and why a model could not be asked.
    problem: Option<String>,
    model_problem: Option<String>,
    steps: Vec<Step>,
    calls: Vec<Step>,
    calls_left_out: usize,
    /// When each tool that runs was started.
    tools: HashMap<String, Instant>,
}

/// A turn, as people look at it.
#[derive(Debug, Clone)]
pub struct TurnSummary {
    /// The turn.
    pub turn_id: TurnId,
    /// Its session.
    pub session_id: SessionId,
    /// Its org.
    pub org_id: i64,
    /// How it ended; `None` while it runs.
    pub outcome: Option<TurnOutcome>,
    /// How long it has taken so far.
    pub took: Duration,
    /// Why it failed.
    pub problem: Option<String>,
}

/// Something that a turn did.
#[derive(Debug, Clone)]
pub struct Step {
    /// What kind of thing.
    pub kind: StepKind,
    /// Its name: a phase's, a tool's, a method's.
    pub name: String,
    /// How long after the turn's beginning it began.
    pub at: Duration,
    /// How long it took.
    pub took: Duration,
    /// Whether it failed.
    pub failed: bool,
    /// Of a call: its adapter, and the code it ended with.
    pub detail: String,
}

/// What kind of thing a turn did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// A phase.
    Phase,
    /// A tool.
    Tool,
    /// A call to an adapter.
    Call,
}

/// Everything that is kept of a turn.
#[derive(Debug, Clone)]
pub struct TurnTrace {
    /// The turn.
    pub turn: TurnSummary,
    /// What it did, in the order in which it began.
    pub steps: Vec<Step>,
    /// How many calls to adapters are left out.
    pub calls_left_out: usize,
}

// === impl TurnHistory ===

impl TurnHistory {
    /// The timeline of a turn that is about to begin.
    pub(super) fn begin(&self, key: Key, metrics: &HostMetrics) -> Arc<Timeline> {
        let timeline = Arc::new(Timeline {
            key,
            since: Instant::now(),
            metrics: metrics.clone(),
            seen: Mutex::default(),
        });
        let mut turns = self.lock();
        turns.running.retain(|turn| turn.strong_count() > 0);
        turns.running.push(Arc::downgrade(&timeline));
        timeline
    }

    /// The turn has ended, with a problem if it failed. One that never began is forgotten.
    pub(super) fn end(
        &self,
        timeline: &Arc<Timeline>,
        outcome: TurnOutcome,
        problem: Option<&str>,
    ) {
        let began = timeline.end(outcome, problem);
        let mut turns = self.lock();
        turns
            .running
            .retain(|turn| !std::ptr::eq(turn.as_ptr(), Arc::as_ptr(timeline)));
        if began {
            turns.ended.push_front(timeline.clone());
            turns.ended.truncate(ENDED_MAX);
        }
    }

    /// The running turns, and the last that ended, newest first.
    pub(super) fn list(&self) -> (Vec<TurnSummary>, Vec<TurnSummary>) {
        let turns = self.lock();
        let running = turns.running.iter().filter_map(Weak::upgrade);
        let running = running.filter_map(|turn| turn.look()).collect();
        let ended = turns.ended.iter().filter_map(|turn| turn.look()).collect();
        (running, ended)
    }

    /// Everything that is kept of a turn; of one that waited, what it did last.
    pub(super) fn trace(&self, turn_id: TurnId) -> Option<TurnTrace> {
        let turns = self.lock();
        let running = turns.running.iter().filter_map(Weak::upgrade);
        let mut all = running.chain(turns.ended.iter().cloned());
        let found = all.find(|turn| turn.lock().turn_id == Some(turn_id));
        drop(turns);
        found?.trace()
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Timeline ===

impl Timeline {
    fn end(&self, outcome: TurnOutcome, problem: Option<&str>) -> bool {
        let mut seen = self.lock();
        // What the user is told of a model that cannot be asked does not say why.
        let cause = seen.model_problem.take();
        seen.problem = problem.map(|problem| match cause {
            Some(cause) if !problem.contains(&cause) => format!("{problem} ({cause})"),
            Some(_) | None => problem.to_string(),
        });
        seen.ended = Some((outcome, self.since.elapsed()));
        // What was started and did not end is of no more use.
        seen.tools = HashMap::new();
        if let Some(counted) = seen.counted.take() {
            counted.ended(outcome);
        }
        seen.turn_id.is_some()
    }

    fn look(&self) -> Option<TurnSummary> {
        let seen = self.lock();
        let running = || self.since.elapsed();
        Some(TurnSummary {
            turn_id: seen.turn_id?,
            session_id: self.key.1,
            org_id: self.key.0,
            outcome: seen.ended.map(|(outcome, _)| outcome),
            took: seen.ended.map_or_else(running, |(_, took)| took),
            problem: seen.problem.clone(),
        })
    }

    fn trace(&self) -> Option<TurnTrace> {
        let turn = self.look()?;
        let seen = self.lock();
        let mut steps: Vec<Step> = seen.steps.iter().chain(&seen.calls).cloned().collect();
        steps.sort_by_key(|step| (step.at, step.kind));
        Some(TurnTrace {
            turn,
            steps,
            calls_left_out: seen.calls_left_out,
        })
    }

    fn at(&self, when: Instant) -> Duration {
        when.saturating_duration_since(self.since)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TurnWatch for Timeline {
    fn began(&self, began: Began) {
        let mut seen = self.lock();
        seen.turn_id = Some(began.turn_id);
        seen.counted = Some(self.metrics.turn_started());
    }

    fn phase_ended(&self, phase: EndedPhase) {
        let EndedPhase {
            kind,
            began,
            took,
            failed,
        } = phase;
        self.metrics.phase_finished(kind, took);
        let at = self.at(began);
        self.lock().keep(Step {
            kind: StepKind::Phase,
            name: phase_name(kind).into(),
            at,
            took,
            failed,
            detail: String::new(),
        });
    }

    fn happened(&self, event: &Event) {
        // Everything else is of no interest here.
        if let EventData::LlmGeneration(generation) = &event.data {
            let metadata = &generation.metadata;
            let problem = metadata.error.as_ref().filter(|_| !metadata.success);
            self.lock().model_problem = problem.cloned();
            if let Some(usage) = &metadata.usage {
                let (input, output) = (usage.input_tokens.into(), usage.output_tokens.into());
                self.metrics.tokens(&metadata.model, input, output);
            }
        } else if let EventData::ToolStarted(started) = &event.data {
            let mut seen = self.lock();
            if seen.tools.len() < STEPS_MAX {
                seen.tools
                    .insert(started.tool_call.id.clone(), Instant::now());
            }
        } else if let EventData::ToolCompleted(completed) = &event.data {
            let mut seen = self.lock();
            let Some(began) = seen.tools.remove(&completed.tool_call_id) else {
                return;
            };
            seen.keep(Step {
                kind: StepKind::Tool,
                name: completed.tool_name.clone(),
                at: self.at(began),
                took: began.elapsed(),
                failed: !completed.success,
                detail: completed.status.clone(),
            });
        }
    }

    fn called(&self, call: &EndedCall<'_>) {
        let mut seen = self.lock();
        if seen.calls.len() >= CALLS_MAX {
            seen.calls_left_out += 1;
            return;
        }
        let failed = call.code != tonic::Code::Ok;
        seen.calls.push(Step {
            kind: StepKind::Call,
            name: call.method.short_name().to_string(),
            at: self.at(call.began),
            took: call.took,
            failed,
            detail: format!("{}: {:?}", call.adapter, call.code),
        });
    }
}

// === impl Seen ===

impl Seen {
    fn keep(&mut self, step: Step) {
        if self.steps.len() < STEPS_MAX {
            self.steps.push(step);
        }
    }
}

#[cfg(test)]
mod tests;
