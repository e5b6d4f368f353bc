//! Turns that a crash cut off: each is taken up before its session can have another.

use super::lanes::{Manners, Slot};
use super::orgs::Link;
use super::{Host, Key};
use crate::engine::{Begin, TurnEngine, TurnError};
use crate::journal::{Ending, UnfinishedTurn};
use everruns_core::typed_id::MessageId;
use everruns_core::{UserFacingError, user_facing_error_codes};
use mortise_proto::convert::error::gone_session;

/// What becomes of turns that a crash cut off. One that waits for tool results goes on
/// waiting either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// They go on from their last finished step: a model may be asked twice, and a tool
    /// that was running may run again.
    Resume,
    /// They end as failed.
    End,
}

/// Why a turn failed that was not resumed.
const CUT_OFF: &str = "the host stopped in the middle of the turn; send the message again";

impl Host {
    /// Takes up unfinished turns as soon as their orgs can be reached. Their lanes are
    /// taken now.
    pub(super) fn take_up(&self, unfinished: Vec<UnfinishedTurn>) {
        for turn in unfinished {
            let (org_id, session_id) = (turn.state.org_id, turn.session_id());
            let Some(org) = self.inner.orgs.get(&org_id).cloned() else {
                tracing::warn!(org_id, session = %session_id, "an unfinished turn waits for its org to be served");
                continue;
            };
            let key = (org_id, session_id);
            let Ok(place) = self.inner.lanes.enter(key, Manners::Wait) else {
                continue;
            };
            let host = self.clone();
            self.spawn_turn(async move {
                let closing = host.inner.closing.clone();
                let link = tokio::select! {
                    link = org.reached() => link,
                    () = closing.cancelled() => return,
                };
                let Ok(slot) = place.slot().await else {
                    return;
                };
                let taken_up = host.go_on(slot, key, link, turn).await;
                match taken_up {
                    Ok(how) => tracing::info!(session = %session_id, how, "an interrupted turn was taken up"),
                    Err(TurnError::NothingToResume) => {
                        tracing::info!(session = %session_id, "an interrupted turn had not begun");
                    }
                    Err(TurnError::Adapter(error)) if gone_session(&error) == Some(session_id) => {
                        tracing::info!(session = %session_id, "the session of an interrupted turn was deleted");
                    }
                    Err(error) => {
                        tracing::error!(session = %session_id, %error, "an interrupted turn stays in the journal");
                    }
                }
            });
        }
    }

    /// Goes on with an unfinished turn as far as it can, and says what became of it.
    async fn go_on(
        &self,
        slot: Slot,
        key: Key,
        link: Link,
        turn: UnfinishedTurn,
    ) -> Result<&'static str, TurnError> {
        let reins = self.inner.lanes.reins();
        let waited = turn.waits_for().is_some();
        if self.inner.options.recovery == Recovery::End && !waited {
            slot.is_short();
            let ended = link.engine.end(turn, failed(CUT_OFF), &reins).await;
            return ended.map(|_| "ended");
        }
        let turn = link.engine.where_it_stands(turn, &reins).await?;
        if turn.waits_for().is_some() {
            return Ok("waits on");
        }
        let begin = Begin::Resume(Box::new(turn));
        let begun = self.begin_turn(slot, key, link, begin).await;
        begun.map(|_| "resumed")
    }
}

/// The end of a turn for a reason of the host's.
pub(super) fn failed(error: &str) -> Ending {
    Ending::Failed {
        error: error.into(),
        shown: UserFacingError::new(user_facing_error_codes::PROCESSING_ERROR),
        message_id: MessageId::new(),
    }
}
