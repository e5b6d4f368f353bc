//! Turns of hosts that are lost, where hosts share a journal: whichever host finds one first
//! goes on with it.

use super::leases::WhenHeld;
use super::org_connections::{Journal, OrgConnection};
use super::session_queue::{BusyPolicy, Ticket};
use super::{Host, Key};
use crate::engine::TurnError;
use crate::journal::{JournalError, SharedJournal};
use chrono::{DateTime, Utc};
use everruns_core::typed_id::TurnId;
use mortise_adapter_client::jittered;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

/// How often the journal is looked at for turns that no host has.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What is known of turns that no host has, so that a look at them costs one call.
#[derive(Debug, Default)]
struct Known {
    /// Turns that wait for tool results, as they last were.
    waiting: HashMap<TurnId, DateTime<Utc>>,
    /// Sessions whose turn is being taken over here.
    under_way: Arc<Mutex<Vec<Key>>>,
}

/// A session whose turn is being taken over, until this is dropped.
struct UnderWay {
    key: Key,
    all: Arc<Mutex<Vec<Key>>>,
}

// === impl Host ===

impl Host {
    /// Takes over what other hosts have left in the journal that they share, until the
    /// connection is over.
    pub(super) fn watch_left(&self, org_id: i64, connection: &OrgConnection) {
        let Journal::Shared(journal) = connection.journal.clone() else {
            return;
        };
        let (host, connection) = (self.clone(), connection.clone());
        self.inner.watches.spawn(async move {
            let over = connection.over.clone();
            let mut known = Known::default();
            let look = async {
                loop {
                    let looked = host.look_for_left(org_id, &connection, &journal, &mut known);
                    if let Err(error) = looked.await {
                        tracing::warn!(org = org_id, %error, "looking for turns of lost hosts failed; trying again");
                    }
                    sleep(jittered(LOOK_EVERY)).await;
                }
            };
            tokio::select! {
                () = look => {}
                () = over.cancelled() => {}
            }
        });
    }

    async fn look_for_left(
        &self,
        org_id: i64,
        connection: &OrgConnection,
        journal: &SharedJournal,
        known: &mut Known,
    ) -> Result<(), JournalError> {
        let left = journal.left().await?;
        let is_there = |turn_id: &TurnId| left.iter().any(|turn| turn.turn_id == *turn_id);
        known.waiting.retain(|turn_id, _| is_there(turn_id));
        for turn in &left {
            let key = (org_id, turn.session_id);
            if known.waiting.get(&turn.turn_id) == Some(&turn.updated_at) {
                continue;
            }
            match journal.read(turn).await {
                Ok(Some(found)) if found.waits_for().is_some() => {
                    known.waiting.insert(turn.turn_id, turn.updated_at);
                    continue;
                }
                Ok(Some(_)) => {}
                Ok(None) => continue,
                Err(error) => {
                    tracing::error!(session = %turn.session_id, turn = %turn.turn_id, %error, "an unfinished turn cannot be read");
                    known.waiting.insert(turn.turn_id, turn.updated_at);
                    continue;
                }
            }
            let Some(under_way) = UnderWay::begin(key, &known.under_way) else {
                continue;
            };
            let Ok(ticket) = self.inner.sessions.enter(key, BusyPolicy::Wait) else {
                return Ok(());
            };
            let (host, connection) = (self.clone(), connection.clone());
            self.spawn_turn(async move {
                host.take_over(ticket, key, connection).await;
                drop(under_way);
            });
        }
        Ok(())
    }

    /// Goes on with a turn that another host has left, unless a third one does.
    async fn take_over(&self, ticket: Ticket, key: Key, connection: OrgConnection) {
        let session_id = key.1;
        match connection.engine.runs(session_id).await {
            Ok(false) => {}
            // It is not left: the engine places it again.
            Ok(true) => return,
            Err(error) => {
                tracing::debug!(session = %session_id, %error, "the engine does not say which turn it runs; asking again");
                return;
            }
        }
        let leased = self.leased(key, connection, WhenHeld::Refuse);
        // Another host was faster, or the adapter is away: the next look tells.
        let Ok((permit, connection)) = ticket.permit(leased).await else {
            return;
        };
        // It may have ended meanwhile.
        let turn = match connection.unfinished(key).await {
            Ok(Some(turn)) => turn,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(session = %session_id, %error, "an unfinished turn cannot be read");
                return;
            }
        };
        if turn.waits_for().is_some() {
            return;
        }
        let turn_id = turn.turn_id();
        match self.resume(permit, key, connection, turn).await {
            Ok(how) => {
                tracing::info!(session = %session_id, turn = %turn_id, how, "the turn of another host was taken over");
            }
            Err(TurnError::NothingToResume) => {
                tracing::info!(session = %session_id, turn = %turn_id, "the turn of another host was removed: it had stored nothing");
            }
            Err(error) => {
                tracing::warn!(session = %session_id, turn = %turn_id, %error, "taking over a turn failed; trying again");
            }
        }
    }
}

// === impl UnderWay ===

impl UnderWay {
    /// `None` if the session's turn is being taken over already.
    fn begin(key: Key, all: &Arc<Mutex<Vec<Key>>>) -> Option<Self> {
        let mut keys = all.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.contains(&key) {
            return None;
        }
        keys.push(key);
        drop(keys);
        let all = all.clone();
        Some(Self { key, all })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut keys = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|key| *key != self.key);
    }
}
