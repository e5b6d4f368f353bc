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

/// How long a turn whose end is put off waits for the session's status.
const LET_GO_WITHIN: Duration = Duration::from_secs(2);

// === impl Turn ===

impl Turn<'_> {
    /// Stores the end, again where the adapter does not answer: a session must not stay
    /// active for ever. One that the adapter refuses, or does not take for too long, is
    /// kept for later.
    pub(in crate::engine) async fn end(mut self, ending: Ending) -> TurnEnd {
        self.control.about_to_end();
        if matches!(self.turn.next, NextStep::Input)
            && let Err(error) = ending::store_start(self.adapter, &self.turn).await
        {
            tracing::warn!(session = %self.turn.session_id(), %error, "the beginning of a turn was not stored");
        }
        self.turn.next = NextStep::End(ending.clone());
        self.save().await;
        let options = &self.engine.options;
        let until = Instant::now() + options.insist_for;
        let mut backoff = options.backoff();
        loop {
            let error = match self.try_end(&ending).await {
                Ok(end) => return end,
                Err(error) => error,
            };
            if self.is_lost(&error) {
                return TurnEnd::Parked;
            }
            if !error.may_pass() {
                return self.put_off(&error).await;
            }
            if !options.keep_ending {
                return ending::reached(&ending);
            }
            if Instant::now() >= until {
                return self.put_off(&error).await;
            }
            let least = error.retry_after.unwrap_or_default();
            if !self.control.pause(&mut backoff, least).await {
                return TurnEnd::Parked;
            }
        }
    }

    /// Stores the end once, and removes the turn from the journal.
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
            if !ending::is_gone(&error) {
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
}
