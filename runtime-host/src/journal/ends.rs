//! Turns that are over and whose ends are not stored: the journal keeps them, and this has
//! them at hand for those who look and for those who try again.

use super::{JournalError, TurnJournal, UnfinishedTurn, Unstored};
use crate::metrics::HostMetrics;
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_proto::StoreError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many are kept. An adapter that refuses every end must not fill the disk.
const KEPT_MAX: usize = 1000;

/// How often an end is refused before it is given up.
const REFUSED_MAX: u32 = 10;

/// The turns whose ends are not stored.
#[derive(Debug)]
pub struct UnstoredEnds {
    journal: Arc<dyn TurnJournal>,
    metrics: HostMetrics,
    turns: Mutex<HashMap<TurnId, UnfinishedTurn>>,
}

// === impl UnstoredEnds ===

impl UnstoredEnds {
    /// Those of a journal, none of which is read yet; they are counted in the metrics.
    #[must_use]
    pub fn new(journal: Arc<dyn TurnJournal>, metrics: HostMetrics) -> Self {
        Self {
            journal,
            metrics,
            turns: Mutex::default(),
        }
    }

    /// Reads those that an earlier process left.
    pub async fn load(&self) -> Result<(), JournalError> {
        let left = self.journal.ends().await?;
        let left = left.into_iter().map(|turn| (turn.turn_id(), turn));
        self.change(|turns| turns.extend(left));
        Ok(())
    }

    /// Those of an org, oldest first.
    #[must_use]
    pub fn of_org(&self, org_id: i64) -> Vec<UnfinishedTurn> {
        let turns = self.lock();
        let own = turns.values().filter(|turn| turn.state.org_id == org_id);
        let mut own: Vec<UnfinishedTurn> = own.cloned().collect();
        own.sort_by_key(|turn| turn.state.started_at);
        own
    }

    /// The last of a session, or the one that is meant.
    #[must_use]
    pub fn of_session(
        &self,
        org_id: i64,
        session_id: SessionId,
        turn_id: Option<TurnId>,
    ) -> Option<UnfinishedTurn> {
        let own = self.of_org(org_id).into_iter().rev();
        own.filter(|turn| turn.session_id() == session_id)
            .find(|turn| turn_id.is_none_or(|meant| meant == turn.turn_id()))
    }

    /// Keeps a turn whose end was not stored, and counts whether the adapter refused it.
    /// One that was refused too often is given up, and so is one too many.
    pub async fn keep(
        &self,
        mut turn: UnfinishedTurn,
        error: &StoreError,
    ) -> Result<(), JournalError> {
        let before = turn.unstored.as_ref().map_or(0, |before| before.refused);
        let refused = before + u32::from(!error.may_pass());
        let (session, turn_id) = (turn.session_id(), turn.turn_id());
        let is_kept = self.lock().contains_key(&turn_id);
        let too_many = !is_kept && self.lock().len() >= KEPT_MAX;
        if refused > REFUSED_MAX || too_many {
            tracing::error!(
                %session, turn = %turn_id, %error, refused,
                "the end of a turn is given up: it will not be stored"
            );
            self.metrics.end_given_up();
            return self.remove(&turn).await;
        }
        turn.unstored = Some(Unstored {
            problem: error.to_string(),
            refused,
        });
        self.journal.put_end(&turn).await?;
        self.change(|turns| drop(turns.insert(turn_id, turn)));
        Ok(())
    }

    /// The end is stored, or given up.
    pub async fn remove(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        let turn_id = turn.turn_id();
        self.journal.remove_end(turn.state.org_id, turn_id).await?;
        self.change(|turns| drop(turns.remove(&turn_id)));
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut HashMap<TurnId, UnfinishedTurn>)) {
        let mut turns = self.lock();
        change(&mut turns);
        self.metrics.unstored_ends(turns.len());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TurnId, UnfinishedTurn>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Ending, MemoryJournal, NextStep, first_state};
    use everruns_core::typed_id::{HarnessId, MessageId};
    use mortise_proto::pb::ErrorReason;

    /// An end that is refused again and again is given up; one whose adapter does not
    /// answer is kept, however often that is tried.
    #[tokio::test]
    async fn what_is_refused_too_often_is_given_up() -> Result<(), JournalError> {
        let ends = UnstoredEnds::new(Arc::new(MemoryJournal::default()), HostMetrics::default());
        let of = (1, SessionId::new(), HarnessId::new());
        let turn = UnfinishedTurn {
            state: first_state(of, None, MessageId::new()),
            next: NextStep::End(Ending::Completed),
            since_sequence: 3,
            unstored: None,
        };
        let away = StoreError::new(ErrorReason::Unavailable, "connection refused");
        let refused = StoreError::new(ErrorReason::NotAllowed, "no");
        ends.keep(turn, &away).await?;
        for error in [&away, &refused].into_iter().cycle().take(20) {
            let kept = ends.of_org(1).pop();
            assert!(kept.is_some());
            if let Some(turn) = kept {
                ends.keep(turn, error).await?;
            }
        }
        for turn in ends.of_org(1) {
            ends.keep(turn, &refused).await?;
        }
        assert!(ends.of_org(1).is_empty());
        assert!(ends.journal.ends().await?.is_empty());
        Ok(())
    }
}
