//! Turns that a crash cut off: each is taken up before its session can have another.

use super::Host;
use super::lanes::Manners;
use crate::engine::{Begin, TurnEnd, TurnEngine, TurnError};
use crate::journal::{Ending, UnfinishedTurn};
use everruns_core::typed_id::MessageId;
use everruns_core::{UserFacingError, user_facing_error_codes};

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
                let waits = turn.waits_for().is_some();
                let taken_up = match host.inner.options.recovery {
                    Recovery::End if !waits => {
                        slot.is_short();
                        let end = link.engine.end(turn, failed(CUT_OFF), &host.inner.lanes.reins()).await;
                        drop(slot);
                        end.map(|_: TurnEnd| "ended")
                    }
                    Recovery::Resume | Recovery::End => {
                        let begin = Begin::Resume(Box::new(turn));
                        let begun = host.begin_turn(slot, key, link, begin).await;
                        begun.map(|_| "resumed")
                    }
                };
                match taken_up {
                    Ok(how) => tracing::info!(session = %session_id, how, "an interrupted turn was taken up"),
                    Err(TurnError::NothingToResume) => {
                        tracing::info!(session = %session_id, "an interrupted turn had not begun");
                    }
                    Err(error) => {
                        tracing::error!(session = %session_id, %error, "an interrupted turn stays in the journal");
                    }
                }
            });
        }
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
