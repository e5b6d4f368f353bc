//! Turns that a crash cut off: each is recovered before its session can have another. And
//! the ends of turns that could not be stored: each is tried again when the adapters have
//! changed or are back.

use super::lanes::{Manners, Slot};
use super::orgs::{Link, Org};
use super::{Host, Key};
use crate::engine::{Begin, TurnEngine, TurnError};
use crate::journal::{Ending, UnfinishedTurn};
use everruns_core::typed_id::MessageId;
use everruns_core::{UserFacingError, user_facing_error_codes};
use mortise_proto::convert::error::gone_session;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

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
const CUT_OFF: &str = "the host stopped during the turn; send the message again";

/// How long an end that is tried again waits for the session's turn under way.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

impl Host {
    /// Recovers an unfinished turn as soon as its org can be reached. Its lane is taken
    /// now.
    pub(super) fn take_up(&self, turn: UnfinishedTurn) {
        let (org_id, session_id) = (turn.state.org_id, turn.session_id());
        let Some(org) = self.inner.orgs.get(&org_id).cloned() else {
            tracing::warn!(org_id, session = %session_id, "unfinished turn kept: its org is not served");
            return;
        };
        let key = (org_id, session_id);
        let Ok(place) = self.inner.lanes.enter(key, Manners::Wait) else {
            return;
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
            match host.go_on(slot, key, link, turn).await {
                Ok(how) => tracing::info!(session = %session_id, how, "an interrupted turn was recovered"),
                Err(TurnError::NothingToResume) => {
                    tracing::info!(session = %session_id, "interrupted turn removed: it had stored nothing");
                }
                Err(TurnError::Adapter(error)) if gone_session(&error) == Some(session_id) => {
                    tracing::info!(session = %session_id, "the session of an interrupted turn was deleted");
                }
                Err(error) => {
                    tracing::error!(session = %session_id, %error, "recovering a turn failed; it stays in the journal until its adapters change");
                    host.stuck().insert(key);
                }
            }
        });
    }

    fn stuck(&self) -> std::sync::MutexGuard<'_, std::collections::HashSet<Key>> {
        let stuck = &self.inner.stuck;
        stuck.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries again what an org's adapters did not take before they changed or came back.
    pub(super) fn recover(&self, org: &Arc<Org>) {
        let (host, org) = (self.clone(), org.clone());
        self.spawn_turn(async move {
            host.take_up_stuck(org.id).await;
            let link = org.reached().await;
            host.store_ends(org.id, &link).await;
        });
    }

    async fn take_up_stuck(&self, org_id: i64) {
        let own: Vec<Key> = {
            let mut stuck = self.stuck();
            let own = stuck.iter().filter(|(org, _)| *org == org_id).copied();
            let own: Vec<Key> = own.collect();
            stuck.retain(|(org, _)| *org != org_id);
            own
        };
        for key in own {
            match self.inner.journal.get(org_id, key.1).await {
                Ok(Some(turn)) => self.take_up(turn),
                // Another turn of the session has ended it.
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(session = %key.1, %error, "an interrupted turn cannot be read");
                }
            }
        }
    }

    /// Stores the ends that were put off, one after the other: those of sessions with a
    /// turn under way the next time.
    async fn store_ends(&self, org_id: i64, link: &Link) {
        for turn in self.inner.ends.of_org(org_id) {
            let (session_id, turn_id) = (turn.session_id(), turn.turn_id());
            let key = (org_id, session_id);
            let Ok(place) = self.inner.lanes.enter(key, Manners::Wait) else {
                return;
            };
            let Ok(Ok(slot)) = timeout(HEAD_WITHIN, place.briefly()).await else {
                continue;
            };
            slot.is_short();
            // Another try may have been faster.
            let ends = &self.inner.ends;
            let Some(turn) = ends.of_session(org_id, session_id, Some(turn_id)) else {
                continue;
            };
            let left = self.inner.journal.get(org_id, session_id).await;
            let has_another = !matches!(left, Ok(None));
            match link.engine.store_end(turn, has_another).await {
                Ok(()) => {
                    tracing::info!(session = %session_id, turn = %turn_id, "the end of a turn is stored now");
                }
                Err(error) => {
                    tracing::warn!(session = %session_id, turn = %turn_id, %error, "the end of a turn is still not stored");
                    if error.may_pass() {
                        return;
                    }
                }
            }
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
