//! Runs turns that an engine has placed on this host, under the lease of their session.
//!
//! The holder of the lease is the turn and not this host: when the engine places the turn
//! again, the next host acquires the lease at once, and the fence of this one is void.

use super::known_turns::began_of;
use super::leases::{SessionHold, WhenHeld};
use super::org_connections::OrgConnection;
use super::recovery::{CUT_OFF, Recovery};
use super::turn_history::Timeline;
use super::turn_runner::{ANOTHER_CAME, outcome};
use super::{Host, Key, errors};
use crate::engine::{
    Attempt, Begin, EngineFactory, EngineParts, LocalEngines, NotBegunHere, PlacedBegin, PlacedEnd,
    PlacedTurn, TurnControl, TurnEnd, TurnEngine, TurnError, TurnSite,
};
use crate::journal::{Ending, JournalError, NextStep, TurnJournal, UnfinishedTurn};
use crate::telemetry::turn_span;
use async_trait::async_trait;
use everruns_core::message_retriever::MessageRetriever;
use everruns_runtime::RuntimeHostAdapter;
use futures::FutureExt;
use mortise_proto::StoreError;
use mortise_proto::host::ErrorReason;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// A placed turn that has the lease of its session.
struct Placed {
    host: Host,
    key: Key,
    connection: OrgConnection,
    hold: Option<SessionHold>,
    parking: CancellationToken,
    turn: PlacedTurn,
}

/// What is to be done with a placed turn.
enum Next {
    /// It begins, or goes on.
    Run(Begin),
    /// It goes on; where nothing of it is stored, it begins.
    GoOn(Box<UnfinishedTurn>),
    /// It was interrupted, and ends.
    End(Box<UnfinishedTurn>),
    /// An earlier attempt has brought it so far.
    Over(PlacedEnd),
}

#[async_trait]
impl TurnSite for Host {
    async fn run_placed(&self, turn: PlacedTurn) -> Option<PlacedEnd> {
        let (tell, told) = oneshot::channel();
        let host = self.clone();
        let work = async move { drop(tell.send(host.placed(turn).await)) };
        self.spawn_turn(work.in_current_span());
        told.await.ok().flatten()
    }

    async fn stopping(&self) {
        self.inner.closing.cancelled().await;
    }

    async fn stopped(&self) {
        self.closed().await;
    }
}

// === impl Host ===

impl Host {
    async fn placed(&self, turn: PlacedTurn) -> Option<PlacedEnd> {
        if self.is_draining() {
            return None;
        }
        let key = (turn.org_id, turn.session_id);
        let connection = match self.org(key.0) {
            Ok((_, connection)) => connection,
            Err(error) if error.reason == ErrorReason::OrgNotServed => {
                let why = error.into();
                return Some(PlacedEnd::NotBegun { why });
            }
            // Its adapters are away: another host may reach them.
            Err(_) => return None,
        };
        let Ok(_room) = self.inner.placed.clone().try_acquire_owned() else {
            tracing::debug!(session = %key.1, "no room for a placed turn; the engine places it again");
            return None;
        };
        let insists = WhenHeld::Insist(self.inner.options.engine.insist_for);
        let holder = turn.begin.message_id().to_string();
        let leased = tokio::select! {
            leased = self.leased_by(holder, key, connection, insists) => leased,
            () = turn.attempt.over() => return None,
        };
        let leased = match leased {
            Ok(leased) => leased,
            Err(error) => {
                tracing::warn!(session = %key.1, %error, "the lease of a placed turn was not acquired; the engine places it again");
                return None;
            }
        };
        let parking = match &leased.hold {
            Some(hold) => hold.parking(),
            None => self.inner.sessions.parking(),
        };
        let placed = Placed {
            host: self.clone(),
            key,
            connection: leased.connection,
            hold: leased.hold,
            parking,
            turn,
        };
        Box::pin(placed.run()).await
    }
}

// === impl Placed ===

impl Placed {
    async fn run(self) -> Option<PlacedEnd> {
        let next = match self.next().await {
            Ok(next) => next,
            Err(error) => return self.failed(error),
        };
        let shown = self.shown();
        let control = self.turn.attempt.control(self.parking.clone());
        let control = Arc::new(match &shown {
            Some(timeline) => control.watched(timeline.clone()),
            None => control,
        });
        self.turn.attempt.runs(&control);
        let mut began = None;
        let ran = match next {
            Next::Over(end) => return Some(end),
            Next::Run(begin) => self.attended(begin, &control).await,
            Next::GoOn(turn) => self.gone_on(turn, &control).await,
            Next::End(turn) => {
                began = Some(began_of(&turn));
                let engine = self.engine(self.connection.journal.as_dyn());
                engine.end(*turn, Ending::failed(CUT_OFF), &control).await
            }
        };
        // A message that comes now is not for this run of the turn.
        control.close().await;
        if let (Some(timeline), Ok(end)) = (&shown, &ran) {
            let history = &self.host.inner.history;
            let problem = match end {
                TurnEnd::Failed(problem) => Some(problem.as_str()),
                TurnEnd::Completed
                | TurnEnd::Cancelled
                | TurnEnd::WaitingForToolResults
                | TurnEnd::Parked => None,
            };
            history.end(timeline, outcome(end, &control), problem);
        }
        match ran {
            Ok(TurnEnd::Parked) => {
                self.parked();
                None
            }
            Ok(end) => {
                let began = began.or_else(|| control.has_begun())?;
                Some(PlacedEnd::Ended { began, end })
            }
            Err(error) => self.failed(error),
        }
    }

    /// The turn is shown at this host, unless its caller's is this one.
    fn shown(&self) -> Option<Arc<Timeline>> {
        let is_shown = self.turn.attempt.is_shown();
        (!is_shown).then(|| self.host.inner.history.begin(self.key, self.host.metrics()))
    }

    /// What is to be done, after what the journal holds of the session. What another turn
    /// has left there makes way, or goes on first: its message came first.
    async fn next(&self) -> Result<Next, TurnError> {
        let Some(left) = self.connection.unfinished(self.key).await? else {
            return Ok(match (&self.turn.stands, &self.turn.begin) {
                (Some(stands), _) => Next::GoOn(Box::new(stands.clone())),
                (None, PlacedBegin::Resume { turn }) => Next::GoOn(turn.clone()),
                (None, PlacedBegin::Message { .. } | PlacedBegin::Stored { .. }) => self.begins(),
            });
        };
        if self.is_own(&left) {
            return Ok(if left.waits_for().is_some() {
                Next::Over(PlacedEnd::Ended {
                    began: began_of(&left),
                    end: TurnEnd::WaitingForToolResults,
                })
            } else if self.is_to_end(&left) {
                Next::End(Box::new(left))
            } else {
                Next::GoOn(Box::new(left))
            });
        }
        if matches!(self.turn.begin, PlacedBegin::Resume { .. }) {
            return Ok(Next::Over(nothing()));
        }
        if left.waits_for().is_some() {
            let ending = Ending::Cancelled {
                reason: Some(ANOTHER_CAME.into()),
            };
            self.connection.engine.abandon(left, ending).await?;
        } else {
            self.finish_earlier(left).await?;
        }
        Ok(self.begins())
    }

    /// Has a turn go on that another has left in the session.
    async fn finish_earlier(&self, left: UnfinishedTurn) -> Result<(), TurnError> {
        let session = self.key.1;
        tracing::info!(%session, turn = %left.turn_id(), "an earlier turn of the session goes on first");
        let engine = self.engine(self.connection.journal.as_dyn());
        let control = TurnControl::new(self.parking.clone());
        let begin = Begin::Resume(Box::new(left));
        match engine.run(session, begin, &control).await {
            Ok(TurnEnd::Parked) => Err(TurnError::Parked),
            Ok(_) | Err(TurnError::NothingToResume) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn begins(&self) -> Next {
        self.begin().map_or(Next::Over(nothing()), Next::Run)
    }

    /// Whether what the journal holds is this turn.
    fn is_own(&self, left: &UnfinishedTurn) -> bool {
        left.turn_id() == self.turn.begin.turn_id()
    }

    /// How the turn begins, if it does not go on.
    fn begin(&self) -> Option<Begin> {
        match &self.turn.begin {
            PlacedBegin::Message { message, turn_id } => Some(Begin::Message {
                message: message.clone(),
                turn_id: *turn_id,
            }),
            PlacedBegin::Stored {
                message_id,
                turn_id,
            } => Some(Begin::Stored {
                message_id: *message_id,
                turn_id: *turn_id,
                claim: None,
            }),
            PlacedBegin::Resume { .. } => None,
        }
    }

    /// Whether the turn was interrupted, and such turns end.
    fn is_to_end(&self, left: &UnfinishedTurn) -> bool {
        let is_resumed = matches!(self.turn.begin, PlacedBegin::Resume { .. });
        let is_interrupted = self.turn.stands.is_some() || !is_resumed;
        let has_begun = !matches!(left.next, NextStep::Input | NextStep::End(_));
        self.host.inner.options.recovery == Recovery::End && is_interrupted && has_begun
    }

    /// Goes on with a turn. One of which nothing is stored begins.
    async fn gone_on(
        &self,
        turn: Box<UnfinishedTurn>,
        control: &Arc<TurnControl>,
    ) -> Result<TurnEnd, TurnError> {
        let message_id = turn.state.input_message_id;
        match self.attended(Begin::Resume(turn), control).await {
            Err(TurnError::NothingToResume) => {}
            ran => return ran,
        }
        let messages = self.connection.adapter.message_store();
        let is_stored = messages.get(self.key.1, message_id).await?.is_some();
        match self.begin() {
            // Stored, another turn has answered it.
            Some(begin @ Begin::Message { .. }) if !is_stored => {
                self.attended(begin, control).await
            }
            Some(_) | None => Err(TurnError::NothingToResume),
        }
    }

    /// Runs the turn. It is cancelled when the engine says so, and parked when the engine
    /// waits for it no longer.
    async fn attended(
        &self,
        begin: Begin,
        control: &Arc<TurnControl>,
    ) -> Result<TurnEnd, TurnError> {
        let attempt = &self.turn.attempt;
        let journal = self.connection.journal.as_dyn();
        let engine = self.engine(attempt.recording(journal, self.parking.clone()));
        let run = engine.run(self.key.1, begin, control);
        let run = run.instrument(turn_span(self.key.0, self.key.1));
        let run = AssertUnwindSafe(run).catch_unwind();
        let told = self.told(attempt, control);
        tokio::pin!(run, told);
        let ran = loop {
            tokio::select! {
                ran = &mut run => break ran,
                () = &mut told => {}
            }
        };
        match ran {
            Ok(Ok(TurnEnd::Parked)) => Ok(TurnEnd::Parked),
            Ok(ran) => {
                control.about_to_end();
                ran
            }
            Err(_) => self.aborted(control).await,
        }
    }

    /// Passes on what the engine says. It never resolves.
    async fn told(&self, attempt: &Attempt, control: &TurnControl) {
        let cancel = async {
            control.cancel(attempt.cancelled().await);
            std::future::pending::<()>().await;
        };
        let park = async {
            attempt.over().await;
            self.parking.cancel();
            std::future::pending::<()>().await;
        };
        tokio::join!(cancel, park);
    }

    /// Ends a turn whose work panicked.
    async fn aborted(&self, control: &TurnControl) -> Result<TurnEnd, TurnError> {
        let text = "the host failed; the turn was aborted";
        tracing::error!(session = %self.key.1, text);
        control.about_to_end();
        let left = self.connection.unfinished(self.key).await?;
        let left = left.filter(|left| self.is_own(left));
        let left = left.ok_or(TurnError::Aborted)?;
        let engine = self.engine(self.connection.journal.as_dyn());
        engine.end(left, Ending::failed(text), control).await
    }

    fn engine(&self, journal: Arc<dyn TurnJournal>) -> Arc<dyn TurnEngine> {
        LocalEngines.engine(EngineParts {
            adapter: self.connection.adapter.clone(),
            journal,
            ends: self.host.inner.ends.clone(),
            options: self.host.inner.options.engine.clone(),
        })
    }

    /// The turn is parked: where neither this process stops nor the engine has given the
    /// attempt up, its changes were refused because the session is another's.
    fn parked(&self) {
        let is_told = self.host.is_draining() || self.turn.attempt.is_over();
        if let Some(hold) = self.hold.as_ref().filter(|_| !is_told) {
            hold.lose();
        }
    }

    /// What is told of a turn that did not begin. Where it may begin later, the engine places
    /// it again.
    fn failed(&self, error: TurnError) -> Option<PlacedEnd> {
        if is_interrupted(&error) {
            tracing::warn!(session = %self.key.1, %error, "a placed turn was interrupted; the engine places it again");
            return None;
        }
        let why = match error {
            TurnError::SessionNotFound(_) => NotBegunHere::SessionNotFound,
            TurnError::NothingToResume => NotBegunHere::NothingToResume,
            TurnError::NotClaimed => NotBegunHere::NotClaimed,
            TurnError::Aborted => errors::aborted().into(),
            error @ (TurnError::NotStored(_)
            | TurnError::Journal(_)
            | TurnError::Adapter(_)
            | TurnError::Parked
            | TurnError::Refused(_)) => errors::of_turn(error).into(),
        };
        Some(PlacedEnd::NotBegun { why })
    }
}

/// Whether another attempt may get further: this host stops, its adapters are away, or it
/// has lost the lease.
fn is_interrupted(error: &TurnError) -> bool {
    let passes = |error: &StoreError| error.may_pass() || error.fenced_session().is_some();
    match error {
        TurnError::NotStored(error) | TurnError::Adapter(error) => passes(&StoreError::from(error)),
        TurnError::Journal(JournalError::Adapter(error)) => passes(error),
        TurnError::Journal(JournalError::File { .. }) | TurnError::Parked => true,
        TurnError::SessionNotFound(_)
        | TurnError::NothingToResume
        | TurnError::NotClaimed
        | TurnError::Aborted
        | TurnError::Refused(_) => false,
    }
}

fn nothing() -> PlacedEnd {
    PlacedEnd::NotBegun {
        why: NotBegunHere::NothingToResume,
    }
}
