//! Turns that a crash cut off: each is recovered before its session can have another. And
//! the ends of turns that could not be stored: each is tried again when the adapters have
//! changed or are back.

use super::leases::WhenHeld;
use super::org_connections::{Journal, Org, OrgConnection};
use super::session_queue::{BusyPolicy, TurnPermit};
use super::{Host, Key, errors};
use crate::engine::{Begin, TurnError, store_end};
use crate::journal::{Ending, JournalError, TurnJournal, UnfinishedTurn};
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
pub(super) const CUT_OFF: &str = "the host stopped during the turn; send the message again";

/// How long an end that is tried again waits for the session's turn under way.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

impl Host {
    /// Recovers an unfinished turn as soon as its org can be reached. Its ticket is taken
    /// now.
    pub(super) fn recover_turn(&self, turn: UnfinishedTurn) {
        let (org_id, session_id) = (turn.state.org_id, turn.session_id());
        let Some(org) = self.inner.orgs.get(&org_id).cloned() else {
            tracing::warn!(org_id, session = %session_id, "unfinished turn kept: its org is not served");
            return;
        };
        let key = (org_id, session_id);
        let Ok(ticket) = self.inner.sessions.enter(key, BusyPolicy::Wait) else {
            return;
        };
        let host = self.clone();
        self.spawn_turn(async move {
            let closing = host.inner.closing.clone();
            let connection = tokio::select! {
                connection = org.reached() => connection,
                () = closing.cancelled() => return,
            };
            let leased = host.leased(key, connection, WhenHeld::Insist(host.inner.options.engine.insist_for));
            let (permit, connection) = match ticket.permit(leased).await {
                Ok(permitted) => permitted,
                Err(_) if host.is_draining() => return,
                Err(error) => {
                    tracing::error!(session = %session_id, %error, "recovering a turn failed; it stays in the journal until its adapters change");
                    host.stuck().insert(key);
                    return;
                }
            };
            if let Err(error) = host.handed_over(&connection, &turn).await {
                tracing::error!(session = %session_id, %error, "recovering a turn failed; it stays in the journal until its adapters change");
                host.stuck().insert(key);
                return;
            }
            match host.resume(permit, key, connection.clone(), turn).await {
                Ok(how) => tracing::info!(session = %session_id, how, "an interrupted turn was recovered"),
                Err(TurnError::NothingToResume) => {
                    tracing::info!(session = %session_id, "interrupted turn removed: it had stored nothing");
                }
                Err(TurnError::Adapter(error)) if gone_session(&error) == Some(session_id) => {
                    tracing::info!(session = %session_id, "the session of an interrupted turn was deleted");
                }
                Err(error) if errors::is_lost(&error) => {
                    tracing::info!(session = %session_id, %error, "another host has taken the session of an interrupted turn over");
                    host.recover_lost(key, &connection).await;
                }
                Err(error) => {
                    tracing::error!(session = %session_id, %error, "recovering a turn failed; it stays in the journal until its adapters change");
                    host.stuck().insert(key);
                }
            }
        });
    }

    /// Moves a turn from this host's own journal to the one that hosts share, where they do.
    async fn handed_over(
        &self,
        connection: &OrgConnection,
        turn: &UnfinishedTurn,
    ) -> Result<(), JournalError> {
        if let Journal::Shared(shared) = &connection.journal {
            shared.put(turn).await?;
            let own = &self.inner.journal;
            own.remove(turn.state.org_id, turn.session_id()).await?;
        }
        Ok(())
    }

    fn stuck(&self) -> std::sync::MutexGuard<'_, std::collections::HashSet<Key>> {
        let stuck = &self.inner.stuck;
        stuck.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries again what an org's adapters did not take before they changed or came back.
    pub(super) fn recover(&self, org: &Arc<Org>) {
        let (host, org) = (self.clone(), org.clone());
        self.spawn_turn(async move {
            host.recover_stuck(org.id).await;
            let connection = org.reached().await;
            host.store_ends(org.id, &connection).await;
        });
    }

    async fn recover_stuck(&self, org_id: i64) {
        let own: Vec<Key> = {
            let mut stuck = self.stuck();
            let own = stuck.iter().filter(|(org, _)| *org == org_id).copied();
            let own: Vec<Key> = own.collect();
            stuck.retain(|(org, _)| *org != org_id);
            own
        };
        for key in own {
            match self.inner.journal.get(org_id, key.1).await {
                Ok(Some(turn)) => self.recover_turn(turn),
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
    async fn store_ends(&self, org_id: i64, connection: &OrgConnection) {
        for turn in self.inner.ends.of_org(org_id) {
            let (session_id, turn_id) = (turn.session_id(), turn.turn_id());
            let key = (org_id, session_id);
            let Ok(ticket) = self.inner.sessions.enter(key, BusyPolicy::Wait) else {
                return;
            };
            let leased = self.leased(key, connection.clone(), WhenHeld::Refuse);
            let head = timeout(HEAD_WITHIN, ticket.short_permit(leased)).await;
            let Ok(Ok((permit, connection))) = head else {
                continue;
            };
            permit.mark_short();
            // Another try may have been faster.
            let ends = &self.inner.ends;
            let Some(turn) = ends.of_session(org_id, session_id, Some(turn_id)) else {
                continue;
            };
            let left = connection.unfinished(key).await;
            let has_another = !matches!(left, Ok(None));
            match store_end(&connection.adapter, ends, turn, has_another).await {
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
    pub(super) async fn resume(
        &self,
        permit: TurnPermit,
        key: Key,
        connection: OrgConnection,
        turn: UnfinishedTurn,
    ) -> Result<&'static str, TurnError> {
        let control = permit.control();
        let waited = turn.waits_for().is_some();
        if self.inner.options.recovery == Recovery::End && !waited {
            permit.mark_short();
            let ended = connection
                .engine
                .end(turn, Ending::failed(CUT_OFF), &control)
                .await;
            return ended.map(|_| "ended");
        }
        let turn = connection.engine.reconcile(turn, &control).await?;
        if turn.waits_for().is_some() {
            return Ok("waits on");
        }
        let begin = Begin::Resume(Box::new(turn));
        let begun = self.begin_turn(permit, key, connection, begin).await;
        begun.map(|_| "resumed")
    }
}
