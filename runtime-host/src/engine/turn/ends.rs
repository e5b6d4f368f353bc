//! The end of a turn: stored now, again while the adapter does not answer, or kept for
//! later where it is refused.

use super::Turn;
use crate::engine::TurnEnd;
use crate::engine::ending::{self, EndEvents};
use crate::journal::{Ending, NextStep};
use everruns_core::session::SessionStatus;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::StoreError;
use std::time::Duration;
use tokio::time::Instant;
use tonic::Code;

/// How long a turn whose end is put off waits for the session's status.
const LET_GO_WITHIN: Duration = Duration::from_secs(2);

// === impl Turn ===

impl Turn<'_> {
    /// Stores the end, again where the adapter does not answer: a session must not stay
    /// active for ever. One that the adapter refuses, or does not take for too long, is
    /// kept for later.
    pub(in crate::engine) async fn end(mut self, ending: Ending) -> TurnEnd {
        self.control.about_to_end();
        self.turn.next = NextStep::End(ending.clone());
        self.save().await;
        let options = &self.engine.options;
        let until = Instant::now() + options.insist_for;
        let mut pause = options.reason_retry_pause;
        loop {
            let error = match self.try_end(&ending).await {
                Ok(end) => return end,
                Err(error) => error,
            };
            if !error.may_pass() {
                return self.put_off(&error).await;
            }
            if !options.keep_ending {
                return ending::reached(&ending);
            }
            if Instant::now() >= until {
                return self.put_off(&error).await;
            }
            pause = pause.max(error.retry_after.unwrap_or_default());
            if !self.control.pause(&mut pause).await {
                return TurnEnd::Parked;
            }
        }
    }

    /// Stores the end once, and strikes the turn out.
    pub(in crate::engine) async fn try_end(
        &mut self,
        ending: &Ending,
    ) -> Result<TurnEnd, StoreError> {
        let told = ending::store_events(self.adapter, &self.turn, ending, self.told, false).await;
        self.told = EndEvents::MaybeStored;
        let end = ending::reached(ending);
        if let Err(error) = told {
            if self.is_without_session(&error) {
                return Ok(self.drop_out().await);
            }
            let (session, code) = (self.turn.session_id(), error.code);
            tracing::warn!(%session, %error, ?code, "turn end not stored");
            if !is_gone(&error) {
                return Err(error);
            }
            self.remove(&end).await;
            return Ok(end);
        }
        self.fire_turn_end_hooks(matches!(ending, Ending::Completed))
            .await;
        self.remove(&end).await;
        Ok(end)
    }

    /// Keeps the end for later, and lets go of the session.
    pub(in crate::engine) async fn put_off(&mut self, error: &StoreError) -> TurnEnd {
        let end = TurnEnd::Failed(format!("the end of the turn could not be stored: {error}"));
        if let Err(fault) = self.engine.ends.keep(self.turn.clone(), error).await {
            // It stays where it is written: the next start finds it there.
            let session = self.turn.session_id();
            tracing::error!(%session, error = %fault, "the end of a turn was not written down");
            return end;
        }
        self.let_go().await;
        self.remove(&end).await;
        end
    }

    /// Says that the session is idle, if the adapter takes that much.
    async fn let_go(&self) {
        let (org_id, session_id) = (self.turn.state.org_id, self.turn.session_id());
        let idle = SessionStatus::Idle;
        let set = self.adapter.set_session_status(org_id, session_id, idle);
        let problem = match tokio::time::timeout(LET_GO_WITHIN, set).await {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => error.to_string(),
            Err(late) => late.to_string(),
        };
        tracing::warn!(session = %session_id, problem, "a session stays active: its status could not be set");
    }

    /// Stores an end that was put off; what the session has else is another turn's. What
    /// is still not stored is kept again.
    pub(in crate::engine) async fn store_end(self, has_another: bool) -> Result<(), StoreError> {
        let NextStep::End(ending) = self.turn.next.clone() else {
            return Ok(());
        };
        let told =
            ending::store_events(self.adapter, &self.turn, &ending, self.told, has_another).await;
        let ends = &self.engine.ends;
        let written = match &told {
            Ok(()) => {
                self.fire_turn_end_hooks(matches!(ending, Ending::Completed))
                    .await;
                ends.remove(&self.turn).await
            }
            Err(error) if is_gone(error) || self.is_without_session(error) => {
                ends.remove(&self.turn).await
            }
            Err(error) => ends.keep(self.turn.clone(), error).await,
        };
        if let Err(error) = written {
            tracing::error!(%error, "the journal does not know what became of a turn's end");
        }
        told
    }
}

/// Whether there is no session any more: then nothing is left to end.
fn is_gone(error: &StoreError) -> bool {
    error.code == Code::NotFound
}
