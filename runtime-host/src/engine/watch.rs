//! What others see of a turn while it runs.

use super::{Began, LocalEngine, TurnControl};
use everruns_core::events::Event;
use mortise_adapter_client::{EndedCall, PhaseKind};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Is shown what a turn does. Called in the middle of it: it must not block.
pub trait TurnWatch: fmt::Debug + Send + Sync {
    /// The turn has begun.
    fn began(&self, began: Began);

    /// A phase has ended.
    fn phase_ended(&self, phase: EndedPhase);

    /// An event was emitted.
    fn happened(&self, event: &Event);

    /// A call to an adapter has ended.
    fn called(&self, call: &EndedCall<'_>);
}

/// A phase that has ended.
#[derive(Debug, Clone, Copy)]
pub struct EndedPhase {
    /// Which.
    pub kind: PhaseKind,
    /// When it began.
    pub began: Instant,
    /// How long it took.
    pub took: Duration,
    /// Whether it was aborted.
    pub failed: bool,
}

impl LocalEngine {
    /// The same engine, whose stores show one turn what is done with them.
    pub(super) fn watched(&self, control: &TurnControl) -> Self {
        let Some(watch) = control.watch() else {
            return self.clone();
        };
        let (events, calls) = (watch.clone(), watch.clone());
        let adapter = self.adapter.clone();
        let adapter = adapter.tapped(Arc::new(move |event| events.happened(event)));
        let adapter = adapter.calls_tapped(Arc::new(move |call| calls.called(call)));
        Self {
            adapter,
            ..self.clone()
        }
    }
}
