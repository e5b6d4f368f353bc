//! The phases of a turn: each is guarded, seen, and ends when its events are stored.

use super::claims::Claims;
use super::{Step, Stop, Turn};
use crate::engine::event_ids::{self, Answerer};
use crate::engine::{EndedPhase, Halt};
use crate::journal::{Ending, NextStep};
use crate::telemetry::phase_span;
use everruns_core::typed_id::MessageId;
use everruns_core::{AgentLoopError, ToolCall, UserFacingError, user_facing_error_codes};
use everruns_runtime::{RuntimeSessionLifecycle, RuntimeTurnState};
use mortise_adapter_client::{EventEdit, EventTap, GrpcHostAdapter, PhaseKind};
use mortise_proto::convert::error::into_host_error;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::{Instrument, Span};

/// How long the last events of a phase may take to be stored once the process stops.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// A phase under way.
pub(super) struct Phase {
    /// Its stores.
    pub(super) stores: GrpcHostAdapter,
    kind: PhaseKind,
    span: Span,
    began: Instant,
    /// The stores of what comes next: they are read while the last events of the phase are
    /// being stored.
    next: Option<GrpcHostAdapter>,
    /// The claims of the calls that run in it.
    claims: Option<Arc<Claims>>,
}

// === impl Phase ===

impl Phase {
    /// The same phase, whose results settle these claims.
    pub(super) fn claimed(mut self, claims: &Arc<Claims>) -> Self {
        self.claims = Some(claims.clone());
        self.tapped(claims.tap())
    }

    /// Resolves when the results of its calls are in the journal.
    async fn settled(&self) {
        if let Some(claims) = &self.claims {
            claims.settled().await;
        }
    }

    /// The same phase, whose events `tap` is shown too.
    pub(super) fn tapped(mut self, tap: EventTap) -> Self {
        self.stores = self.stores.tapped(tap);
        self
    }

    /// The same phase, which follows another at once: it begins with what that one has read.
    pub(super) fn following(mut self, before: Option<&GrpcHostAdapter>) -> Self {
        if let Some(before) = before {
            self.stores = self.stores.following(before);
        }
        self
    }

    /// The same phase, while whose last events are being stored these stores are read.
    pub(super) fn before(mut self, next: GrpcHostAdapter) -> Self {
        self.next = Some(next);
        self
    }

    /// The same phase, whose events `edit` changes before they are stored.
    pub(super) fn edited(mut self, edit: EventEdit) -> Self {
        self.stores = self.stores.edited(edit);
        self
    }

    /// What cannot be read is asked for again by those who want it.
    async fn read_ahead(&self) {
        if let Some(next) = &self.next
            && let Err(error) = next.read_ahead().await
        {
            tracing::debug!(%error, "what comes next could not be read ahead");
        }
    }
}

// === impl Turn ===

impl Turn<'_> {
    pub(super) fn phase(&self, kind: PhaseKind) -> Phase {
        let span = phase_span(kind);
        // The stream of events is opened in the span, too.
        let adapter = match self.deadline {
            Some(deadline) => self.adapter_of_turn().until(deadline),
            None => self.adapter_of_turn(),
        };
        let stores = span.in_scope(|| adapter.phase(self.turn.session_id(), kind));
        Phase {
            stores,
            kind,
            span,
            began: Instant::now(),
            next: None,
            claims: None,
        }
    }

    /// The stores of what the host does between phases.
    pub(super) fn unseen_phase(&self) -> GrpcHostAdapter {
        let adapter = self.adapter_of_turn();
        adapter.phase(self.turn.session_id(), PhaseKind::Act)
    }

    /// What the turn stores once has the same ids in every host that stores it.
    fn adapter_of_turn(&self) -> GrpcHostAdapter {
        event_ids::of_turn(self.adapter, &self.turn, Answerer::Turn)
    }

    /// Does the work of a phase unless the turn is stopped, and waits until every event
    /// of the phase is stored. Work that is dropped takes its calls of model and tools
    /// with it.
    pub(super) async fn guarded<T>(
        &self,
        phase: &Phase,
        work: impl Future<Output = Result<T, AgentLoopError>>,
    ) -> Step<T> {
        let guarded = async {
            let work = async {
                tokio::select! {
                    // Boxed: phases are large, and only one is under way.
                    done = Box::pin(work) => done,
                    refusal = phase.stores.session_gone() => Err(refusal),
                }
            };
            match self.unless_stopped(work).await {
                Ok(done) => {
                    let stored = finished(&phase.stores, done);
                    let (stored, (), ()) =
                        tokio::join!(stored, phase.read_ahead(), phase.settled());
                    stored.map_err(Stop::Broken)
                }
                Err(stop) => {
                    self.flush(phase).await;
                    Err(stop)
                }
            }
        };
        let done = guarded.instrument(phase.span.clone()).await;
        if let Some(watch) = self.control.watch() {
            watch.phase_ended(EndedPhase {
                kind: phase.kind,
                began: phase.began,
                took: phase.began.elapsed(),
                failed: done.is_err(),
            });
        }
        done
    }

    /// Stores what is left of a phase that was stopped. A process that stops does not
    /// wait for an adapter that does not answer.
    async fn flush(&self, phase: &Phase) {
        let late = async {
            self.control.parked().await;
            tokio::time::sleep(FLUSH_WITHIN).await;
        };
        let stored = async {
            let (stored, ()) = tokio::join!(phase.stores.finish_phase(), phase.settled());
            stored
        };
        let lost = tokio::select! {
            stored = stored => stored.err().map(|error| error.to_string()),
            () = late => Some("the host is stopping".into()),
        };
        if let Some(error) = lost {
            tracing::warn!(%error, "a cancelled phase lost events");
        }
    }

    /// Has the turn wait for the results of tools that the application runs. Upstream's
    /// planner waits for them only where the session's hint `setup_connection` says that
    /// its client can connect accounts, which is another thing: without it the model would
    /// be told that the calls were cancelled.
    pub(super) async fn wait_for_application(&mut self, calls: Vec<ToolCall>) -> Step<()> {
        let phase = self.unseen_phase();
        let state = &self.turn.state;
        RuntimeSessionLifecycle::new(phase.clone(), state.org_id, state.session_id)
            .waiting_for_tool_results()
            .await;
        finished(&phase, Ok(())).await?;
        let resume = RuntimeTurnState {
            iteration: state.iteration.saturating_add(1),
            ..state.clone()
        };
        let waiting = NextStep::ToolResults {
            calls,
            answered: Vec::new(),
        };
        self.next(resume, waiting);
        Ok(())
    }

    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Step<T> {
        let late = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            halt = self.control.halted() => Err(match halt {
                Halt::Cancel { reason } => Stop::Ending(Ending::Cancelled { reason }),
                Halt::Park => Stop::Parked,
            }),
            () = late => {
                self.control.time_out();
                Err(Stop::Ending(self.too_long()))
            }
            done = work => Ok(done),
        }
    }

    fn too_long(&self) -> Ending {
        let limit = self.engine.options.turn_timeout.unwrap_or_default();
        Ending::Failed {
            error: format!(
                "the turn took longer than {} s, which is as long as a turn may take",
                limit.as_secs_f64()
            ),
            shown: UserFacingError::new(user_facing_error_codes::PROCESSING_ERROR),
            message_id: MessageId::new(),
        }
    }
}

/// What a phase came to, once its events are stored. Its own error comes first: the
/// events' may follow from it.
pub(super) async fn finished<T>(
    phase: &GrpcHostAdapter,
    done: Result<T, AgentLoopError>,
) -> Result<T, AgentLoopError> {
    let stored = phase.finish_phase().await;
    let result = done?;
    stored.map_err(into_host_error)?;
    Ok(result)
}
