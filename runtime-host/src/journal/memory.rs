//! A journal that is forgotten with its process.

use super::{JournalError, QueuedTurn, RememberedRequest, TurnJournal, UnfinishedTurn};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::typed_id::{SessionId, TurnId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps turns as long as the process lives.
#[derive(Default)]
pub struct MemoryJournal {
    turns: Mutex<Turns>,
    ends: Mutex<Turns>,
    queued: Mutex<BTreeMap<String, QueuedTurn>>,
    requests: Mutex<BTreeMap<(i64, String), RememberedRequest>>,
}

/// By org, and by session or turn.
type Turns = BTreeMap<(i64, String), UnfinishedTurn>;

impl fmt::Debug for MemoryJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryJournal").finish_non_exhaustive()
    }
}

// === impl MemoryJournal ===

fn locked<T>(turns: &Mutex<T>) -> MutexGuard<'_, T> {
    turns.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl TurnJournal for MemoryJournal {
    async fn put(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        let key = (turn.state.org_id, turn.session_id().to_string());
        locked(&self.turns).insert(key, turn.clone());
        Ok(())
    }

    async fn get(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> Result<Option<UnfinishedTurn>, JournalError> {
        let key = (org_id, session_id.to_string());
        Ok(locked(&self.turns).get(&key).cloned())
    }

    async fn remove(&self, org_id: i64, session_id: SessionId) -> Result<(), JournalError> {
        locked(&self.turns).remove(&(org_id, session_id.to_string()));
        Ok(())
    }

    async fn all(&self) -> Result<Vec<UnfinishedTurn>, JournalError> {
        Ok(locked(&self.turns).values().cloned().collect())
    }

    async fn put_end(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        let key = (turn.state.org_id, turn.turn_id().to_string());
        locked(&self.ends).insert(key, turn.clone());
        Ok(())
    }

    async fn remove_end(&self, org_id: i64, turn_id: TurnId) -> Result<(), JournalError> {
        locked(&self.ends).remove(&(org_id, turn_id.to_string()));
        Ok(())
    }

    async fn ends(&self) -> Result<Vec<UnfinishedTurn>, JournalError> {
        Ok(locked(&self.ends).values().cloned().collect())
    }

    async fn put_queued(&self, turn: &QueuedTurn) -> Result<(), JournalError> {
        locked(&self.queued).insert(turn.turn_id.to_string(), turn.clone());
        Ok(())
    }

    async fn remove_queued(&self, _org_id: i64, turn_id: TurnId) -> Result<(), JournalError> {
        locked(&self.queued).remove(&turn_id.to_string());
        Ok(())
    }

    async fn queued(&self) -> Result<Vec<QueuedTurn>, JournalError> {
        let mut turns: Vec<QueuedTurn> = locked(&self.queued).values().cloned().collect();
        turns.sort_by_key(|turn| turn.place);
        Ok(turns)
    }
    async fn put_request(&self, request: &RememberedRequest) -> Result<(), JournalError> {
        let key = (request.org_id, request.request_id.clone());
        locked(&self.requests).insert(key, request.clone());
        Ok(())
    }

    async fn request(
        &self,
        org_id: i64,
        request_id: &str,
    ) -> Result<Option<RememberedRequest>, JournalError> {
        let key = (org_id, request_id.to_string());
        Ok(locked(&self.requests).get(&key).cloned())
    }

    async fn remove_request(&self, org_id: i64, request_id: &str) -> Result<(), JournalError> {
        locked(&self.requests).remove(&(org_id, request_id.to_string()));
        Ok(())
    }

    async fn remove_requests_before(&self, time: DateTime<Utc>) -> Result<usize, JournalError> {
        let mut requests = locked(&self.requests);
        let before = requests.len();
        requests.retain(|_, request| request.made_at >= time);
        Ok(before - requests.len())
    }
}
