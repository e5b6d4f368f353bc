//! What the host counts, in the text format of Prometheus.
//!
//! The host's core calls this when something happens; what the mesh and the operating
//! system count themselves is asked for at each scrape.

mod process;
mod rpcs;

use crate::telemetry::phase_name;
use mortise_adapter_client::{Mesh, PhaseKind};
use process::Process;
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use rpcs::Rpcs;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The type of what [`HostMetrics::encode`] returns, for the header `content-type`.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How many models are told apart; the platform's models decide how
/// many there are.
const MODELS_MAX: usize = 100;

/// Upper bounds in seconds: a phase takes from milliseconds to minutes.
const PHASE_BOUNDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0,
];

/// What the host counts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HostMetrics {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    started: Counter,
    ended: Family<Ended, Counter>,
    running: Gauge,
    queued: Gauge,
    refused: Counter,
    unstored_ends: Gauge,
    ends_given_up: Counter,
    lease_waits: Counter,
    leases_lost: Counter,
    phases: Family<Phase, Histogram>,
    turns: Histogram,
    tokens: Family<Tokens, Counter>,
    models: Mutex<HashSet<String>>,
    rpcs: Rpcs,
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnOutcome {
    /// With an answer.
    Completed,
    /// With an error.
    Failed,
    /// It waits for a client's tool results.
    Waiting,
    /// It was cancelled.
    Cancelled,
    /// It took too long.
    TimedOut,
    /// Not yet: the host stops, and the turn goes on with the next start.
    Parked,
    /// It was aborted: its task was dropped.
    BrokenOff,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Phase {
    phase: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tokens {
    model: String,
    direction: &'static str,
}

/// A turn that waits. It waits until this is dropped.
#[derive(Debug)]
pub struct QueuedTurn(HostMetrics);

/// A turn that runs. It ends with [`RunningTurn::ended`], or when this is dropped as
/// one that was aborted.
#[derive(Debug)]
pub struct RunningTurn {
    metrics: HostMetrics,
    since: Instant,
    outcome: TurnOutcome,
}

// === impl HostMetrics ===

impl Default for HostMetrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("mortise");
        let started = Counter::default();
        registry.register("turns_started", "Turns that started", started.clone());
        let ended = Family::<Ended, Counter>::default();
        registry.register("turns_ended", "Turns that ended, by outcome", ended.clone());
        let running = Gauge::default();
        registry.register("turns_running", "Turns that are running", running.clone());
        let queued = Gauge::default();
        registry.register("turns_queued", "Turns that wait in a queue", queued.clone());
        let refused = Counter::default();
        let help = "Turns that were refused because the host or the session was busy";
        registry.register("turns_refused", help, refused.clone());
        let unstored_ends = Gauge::default();
        let help = "Turns that are over and whose ends are not stored now";
        registry.register("turn_ends_unstored", help, unstored_ends.clone());
        let ends_given_up = Counter::default();
        let help = "Ends of turns that were refused too often and will not be stored";
        registry.register("turn_ends_given_up", help, ends_given_up.clone());
        let lease_waits = Counter::default();
        let help = "Turns that waited for a session that another host had";
        registry.register("lease_waits", help, lease_waits.clone());
        let leases_lost = Counter::default();
        let help = "Sessions that were lost to another host while a turn ran";
        registry.register("leases_lost", help, leases_lost.clone());
        let turns = Histogram::new(PHASE_BOUNDS);
        let help = "How long turns took";
        registry.register_with_unit("turn_duration", help, Unit::Seconds, turns.clone());
        let phases = Family::new_with_constructor(phase_histogram as fn() -> Histogram);
        let help = "How long phases of turns took";
        registry.register_with_unit("phase_duration", help, Unit::Seconds, phases.clone());
        let tokens = Family::<Tokens, Counter>::default();
        let help = "Tokens that models read and wrote";
        registry.register("tokens", help, tokens.clone());
        let rpcs = Rpcs::default();
        registry.register_collector(Box::new(rpcs.clone()));
        registry.register_collector(Box::new(Process::started_now()));
        let inner = Inner {
            registry,
            started,
            ended,
            running,
            queued,
            refused,
            unstored_ends,
            ends_given_up,
            lease_waits,
            leases_lost,
            phases,
            turns,
            tokens,
            models: Mutex::default(),
            rpcs,
        };
        Self {
            inner: Arc::new(inner),
        }
    }
}

fn phase_histogram() -> Histogram {
    Histogram::new(PHASE_BOUNDS)
}

impl HostMetrics {
    /// Reports the calls of this mesh, and no longer those of one before.
    pub fn watch(&self, mesh: &Mesh) {
        self.inner.rpcs.watch(mesh);
    }

    /// A turn waits for its place.
    #[must_use]
    pub fn turn_queued(&self) -> QueuedTurn {
        self.inner.queued.inc();
        QueuedTurn(self.clone())
    }

    /// A turn waits for a session that another host has.
    pub fn lease_waited(&self) {
        self.inner.lease_waits.inc();
    }

    /// A session was lost to another host while a turn of it was under way.
    pub fn lease_lost(&self) {
        self.inner.leases_lost.inc();
    }

    /// A turn was refused.
    pub fn turn_refused(&self) {
        self.inner.refused.inc();
    }

    /// So many turns are over and their ends are not stored.
    pub fn unstored_ends(&self, turns: usize) {
        let turns = i64::try_from(turns).unwrap_or(i64::MAX);
        self.inner.unstored_ends.set(turns);
    }

    /// The end of a turn will not be stored.
    pub fn end_given_up(&self) {
        self.inner.ends_given_up.inc();
    }

    /// A turn begins to run.
    #[must_use]
    pub fn turn_started(&self) -> RunningTurn {
        self.inner.started.inc();
        self.inner.running.inc();
        RunningTurn {
            metrics: self.clone(),
            since: Instant::now(),
            outcome: TurnOutcome::BrokenOff,
        }
    }

    /// A phase of a turn has ended.
    pub fn phase_finished(&self, kind: PhaseKind, took: Duration) {
        let phase = phase_name(kind);
        let histogram = self.inner.phases.get_or_create(&Phase { phase });
        histogram.observe(took.as_secs_f64());
    }

    /// A model read and wrote tokens.
    pub fn tokens(&self, model: &str, input: u64, output: u64) {
        let model = self.label_of(model);
        for (direction, count) in [("input", input), ("output", output)] {
            let model = model.clone();
            let counter = self
                .inner
                .tokens
                .get_or_create(&Tokens { model, direction });
            counter.inc_by(count);
        }
    }

    /// How much memory the process takes, in bytes, where that is known.
    #[must_use]
    pub fn memory_bytes(&self) -> Option<f64> {
        process::resident_bytes()
    }

    /// Everything, as Prometheus reads it.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if prometheus_text::encode(&mut text, &self.inner.registry).is_err() {
            // Writing to a string does not fail.
            tracing::error!("writing the metrics failed");
        }
        text
    }

    /// The model's name, or `other` once there are too many.
    fn label_of(&self, model: &str) -> String {
        let mut models = self
            .inner
            .models
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if models.contains(model) || models.len() < MODELS_MAX {
            models.insert(model.into());
            model.into()
        } else {
            "other".into()
        }
    }
}

// === impl TurnOutcome ===

impl TurnOutcome {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Parked => "parked",
            Self::BrokenOff => "broken_off",
        }
    }
}

// === impl QueuedTurn ===

impl Drop for QueuedTurn {
    fn drop(&mut self) {
        self.0.inner.queued.dec();
    }
}

// === impl RunningTurn ===

impl RunningTurn {
    /// The turn has ended.
    pub fn ended(mut self, outcome: TurnOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for RunningTurn {
    fn drop(&mut self) {
        let Inner {
            running,
            ended,
            turns,
            ..
        } = &*self.metrics.inner;
        running.dec();
        let outcome = self.outcome.as_str();
        ended.get_or_create(&Ended { outcome }).inc();
        turns.observe(self.since.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests;
