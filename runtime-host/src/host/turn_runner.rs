//! A turn at the head of its session's queue, from its beginning to what follows from its
//! end.

use super::org_connections::{Journal, OrgConnection};
use super::recovery::{CUT_OFF, Recovery};
use super::session_queue::{Running, TurnPermit};
use super::{Host, Key, TurnHandle, errors};
use crate::engine::{Began, Begin, TurnControl, TurnEnd, TurnError};
use crate::journal::{Ending, NextStep};
use crate::metrics::TurnOutcome;
use crate::telemetry::turn_span;
use chrono::{DateTime, Utc};
use everruns_core::typed_id::TurnId;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};
use tracing::Instrument;

/// Why a turn that waited for tool results ends when a message comes.
pub(super) const ANOTHER_CAME: &str = "another message arrived before the tool results";

/// A turn that has begun, and where its end will be told.
pub(super) type Begun = (Began, watch::Receiver<Option<TurnEnd>>);

// === impl Host ===

impl Host {
    /// Runs a turn at the head of its session's queue, whatever becomes of the caller.
    pub(super) async fn begin(
        &self,
        permit: impl Into<Arc<TurnPermit>>,
        key: Key,
        connection: OrgConnection,
        begin: Begin,
    ) -> Result<TurnHandle, TurnError> {
        let begun = self.begin_turn(permit, key, connection.clone(), begin);
        let (began, ended) = begun.await?;
        Ok(TurnHandle {
            began,
            key,
            connection,
            ended,
        })
    }

    /// The same, without a handle. A caller that keeps a share of the permit
    /// stays at the head of the queue where the turn does not begin.
    pub(super) async fn begin_turn(
        &self,
        permit: impl Into<Arc<TurnPermit>>,
        key: Key,
        connection: OrgConnection,
        begin: Begin,
    ) -> Result<Begun, TurnError> {
        let (tell, told) = oneshot::channel();
        let run = self
            .clone()
            .in_session(permit.into(), key, connection, begin, tell);
        self.spawn_turn(run.in_current_span());
        told.await.unwrap_or_else(|_| {
            if self.is_draining() {
                return Err(TurnError::Parked);
            }
            Err(TurnError::Aborted)
        })
    }

    /// Runs a turn, and after it those that answer what came too late for it.
    async fn in_session(
        self,
        permit: Arc<TurnPermit>,
        key: Key,
        connection: OrgConnection,
        begin: Begin,
        tell: oneshot::Sender<Result<Begun, TurnError>>,
    ) {
        let is_placed = self.inner.options.engines.places_turns();
        if is_placed {
            // The host that runs the turn acquires the lease, and sees what is left there.
            permit.hold(None);
        } else if !matches!(begin, Begin::Resume(_))
            && let Err(error) = self.go_on(&permit, key, &connection).await
        {
            drop(tell.send(Err(error)));
            return;
        }
        let mut tell = Some(tell);
        let mut next = Some(begin);
        while let Some(begin) = next.take() {
            let ended = match is_placed {
                true => Ok(()),
                false => self.end_previous(key, &connection, &begin).await,
            };
            let ran = match ended {
                Ok(()) => {
                    self.run_one(&permit, key, &connection, begin, &mut tell)
                        .await
                }
                Err(error) => Err(error),
            };
            match ran {
                // Another host may have the session by now.
                Ok(_) if permit.is_lost() => self.recover_lost(key, &connection).await,
                Ok(turn_id) => next = self.late(key, &connection, turn_id).await,
                Err(error) => {
                    if !matches!(error, TurnError::NotClaimed) {
                        tracing::warn!(session = %key.1, %error, "turn not started");
                    }
                    if let Some(tell) = tell.take() {
                        drop(tell.send(Err(error)));
                    }
                }
            }
        }
    }

    /// Goes on with the turn that a lost host has left in the session, where hosts share a
    /// journal: its message came first. One that waits for tool results makes way.
    async fn go_on(
        &self,
        permit: &TurnPermit,
        key: Key,
        connection: &OrgConnection,
    ) -> Result<(), TurnError> {
        let Journal::Shared(_) = connection.journal else {
            return Ok(());
        };
        let left = connection.unfinished(key).await?;
        let Some(left) = left.filter(|left| left.waits_for().is_none()) else {
            return Ok(());
        };
        tracing::info!(session = %key.1, turn = %left.turn_id(), "the turn of another host was taken over");
        let gone_on = match self.inner.options.recovery {
            Recovery::End => {
                let ending = Ending::failed(CUT_OFF);
                let control = permit.control();
                connection
                    .engine
                    .end(left, ending, &control)
                    .await
                    .map(drop)
            }
            Recovery::Resume => {
                let begin = Begin::Resume(Box::new(left));
                let mut no_waiter = None;
                let ran = self.run_one(permit, key, connection, begin, &mut no_waiter);
                ran.await.map(drop)
            }
        };
        match gone_on {
            Ok(()) if self.is_draining() => Err(TurnError::Parked),
            Ok(()) if permit.is_lost() => Err(TurnError::Refused(errors::lost(key.1))),
            Err(TurnError::NothingToResume) => Ok(()),
            gone_on => gone_on,
        }
    }

    /// Runs one turn, shown in its session, and says which it was.
    async fn run_one(
        &self,
        permit: &TurnPermit,
        key: Key,
        connection: &OrgConnection,
        begin: Begin,
        tell: &mut Option<oneshot::Sender<Result<Begun, TurnError>>>,
    ) -> Result<Option<TurnId>, TurnError> {
        let timeline = self.inner.history.begin(key, self.metrics());
        let control = Arc::new(permit.control().watched(timeline.clone()));
        let (end, ended) = watch::channel(None);
        permit.occupy(Running {
            control: control.clone(),
            started_at: started_at(&begin),
            ended: ended.clone(),
        });
        let run = connection.engine.run(key.1, begin, &control);
        let run = run.instrument(turn_span(key.0, key.1));
        let run = AssertUnwindSafe(run).catch_unwind();
        tokio::pin!(run);
        let done = tokio::select! {
            began = control.began() => {
                if let Some(tell) = tell.take() {
                    // The caller may have gone.
                    drop(tell.send(Ok((began, ended.clone()))));
                }
                run.await
            }
            done = &mut run => done,
        };
        // A caller that sees the end may begin another turn at once.
        control.about_to_end();
        let reached = match done {
            Ok(done) => done?,
            Err(_) => self.finish_waiting(permit, key, connection).await,
        };
        if reached == TurnEnd::Parked {
            permit.parked();
        }
        // A turn that had nothing to do ends as it begins.
        if let (Some(tell), Some(began)) = (tell.take(), control.has_begun()) {
            drop(tell.send(Ok((began, ended))));
        }
        let problem = match &reached {
            TurnEnd::Failed(problem) => Some(problem.as_str()),
            TurnEnd::Completed
            | TurnEnd::Cancelled
            | TurnEnd::WaitingForToolResults
            | TurnEnd::Parked => None,
        };
        let outcome = outcome(&reached, &control);
        self.inner.history.end(&timeline, outcome, problem);
        control.close().await;
        end.send_replace(Some(reached));
        Ok(control.has_begun().map(|began| began.turn_id))
    }

    /// The turn that an ended one left in its place in the journal: it answers what came
    /// too late for that one.
    async fn late(
        &self,
        key: Key,
        connection: &OrgConnection,
        ended: Option<TurnId>,
    ) -> Option<Begin> {
        let left = match connection.unfinished(key).await {
            Ok(left) => left?,
            Err(error) => {
                tracing::error!(session = %key.1, %error, "reading an unfinished turn failed");
                return None;
            }
        };
        let is_new = matches!(left.next, NextStep::Input) && Some(left.turn_id()) != ended;
        is_new.then(|| Begin::Resume(Box::new(left)))
    }

    /// Ends what is left of an earlier turn of the session: one that waits for tool
    /// results is told that another message came, as upstream tells the model. One that
    /// has seen the message answers it itself.
    async fn end_previous(
        &self,
        key: Key,
        connection: &OrgConnection,
        begin: &Begin,
    ) -> Result<(), TurnError> {
        let claim = match begin {
            Begin::Message { .. } => None,
            Begin::Stored { claim, .. } => claim.as_ref(),
            Begin::Resume(_) => return Ok(()),
        };
        let Some(left) = connection.unfinished(key).await? else {
            return Ok(());
        };
        if let Some(claim) = claim
            && claim.is_answered().await?
        {
            claim.take().await?;
            return Err(TurnError::NotClaimed);
        }
        let ending = Ending::Cancelled {
            reason: Some(ANOTHER_CAME.into()),
        };
        connection.engine.abandon(left, ending).await
    }

    /// Ends a turn whose task panicked or was aborted.
    async fn finish_waiting(
        &self,
        permit: &TurnPermit,
        key: Key,
        connection: &OrgConnection,
    ) -> TurnEnd {
        let text = "the host failed; the turn was aborted";
        tracing::error!(session = %key.1, text);
        let failed = TurnEnd::Failed(text.into());
        let Ok(Some(left)) = connection.unfinished(key).await else {
            return failed;
        };
        let ending = Ending::failed(text);
        match connection.engine.end(left, ending, &permit.control()).await {
            Ok(end) => end,
            Err(error) => {
                tracing::error!(session = %key.1, %error, "turn end not stored");
                failed
            }
        }
    }
}

/// When a turn started: one that is resumed has started before.
fn started_at(begin: &Begin) -> DateTime<Utc> {
    let before = match begin {
        Begin::Resume(turn) => turn.state.started_at,
        Begin::Message { .. } | Begin::Stored { .. } => None,
    };
    before.unwrap_or_else(Utc::now)
}

/// How a turn's end is counted.
pub(super) fn outcome(end: &TurnEnd, control: &TurnControl) -> TurnOutcome {
    match end {
        TurnEnd::Completed => TurnOutcome::Completed,
        TurnEnd::Failed(_) if control.has_timed_out() => TurnOutcome::TimedOut,
        TurnEnd::Failed(_) => TurnOutcome::Failed,
        TurnEnd::Cancelled => TurnOutcome::Cancelled,
        TurnEnd::WaitingForToolResults => TurnOutcome::Waiting,
        TurnEnd::Parked => TurnOutcome::Parked,
    }
}
