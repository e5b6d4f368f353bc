//! The journal of an org that its adapter keeps, so that another host can take a turn over.
//! What is over
//! and not stored stays with this host, and so does what has not begun.

use super::claims::claim_id;
use super::{
    Claimed, JournalError, MadeClaim, QueuedTurn, RememberedRequest, Settlement, ToolClaim,
    TurnJournal, UnfinishedTurn,
};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use everruns_core::tool_fingerprint::tool_call_fingerprint;
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_adapter_client::RemoteTurnJournal;
use mortise_proto::StoreError;
use mortise_proto::convert::turn_journal::{
    JournaledTurn, ToolCallClaim, ToolCallSettlement, ToolCallStatus,
};
use mortise_proto::pb::ErrorReason;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The form of the records. One of another form is left to the hosts that know it.
const VERSION: u32 = 1;

/// The journal of one org in its adapter.
#[derive(Debug, Clone)]
pub struct SharedJournal {
    remote: RemoteTurnJournal,
    local: Arc<dyn TurnJournal>,
}

#[derive(Serialize, Deserialize)]
struct Record<T> {
    version: u32,
    turn: T,
}

// === impl SharedJournal ===

impl SharedJournal {
    /// A journal whose changes are made under the fence of `remote`, which is of the session
    /// that is changed. Ends that are not stored stay in `local`.
    #[must_use]
    pub fn new(remote: RemoteTurnJournal, local: Arc<dyn TurnJournal>) -> Self {
        Self { remote, local }
    }

    /// A turn as it is recorded; `None` if it has ended meanwhile.
    pub(crate) async fn read(
        &self,
        turn: &JournaledTurn,
    ) -> Result<Option<UnfinishedTurn>, JournalError> {
        let found = self.remote.get(turn.session_id, turn.turn_id).await?;
        found.map(|(_, record)| parsed(&record)).transpose()
    }

    /// The turns whose session no host has now.
    pub(crate) async fn left(&self) -> Result<Vec<JournaledTurn>, JournalError> {
        Ok(self.remote.list(None, true).await?)
    }

    async fn of_session(&self, session_id: SessionId) -> Result<Vec<JournaledTurn>, JournalError> {
        Ok(self.remote.list(Some(session_id), false).await?)
    }
}

#[async_trait]
impl TurnJournal for SharedJournal {
    async fn put(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        let record = Record {
            version: VERSION,
            turn,
        };
        let text = serde_json::to_vec(&record).map_err(|fault| unreadable(&fault))?;
        let (session_id, turn_id) = (turn.session_id(), turn.turn_id());
        self.remote
            .put(session_id, turn_id, Bytes::from(text))
            .await?;
        Ok(())
    }

    async fn get(
        &self,
        _org_id: i64,
        session_id: SessionId,
    ) -> Result<Option<UnfinishedTurn>, JournalError> {
        // The newest: one before it was replaced by it, and its removal was cut off.
        let turns = self.of_session(session_id).await?;
        match turns.last() {
            Some(turn) => self.read(turn).await,
            None => Ok(None),
        }
    }

    async fn remove(&self, _org_id: i64, session_id: SessionId) -> Result<(), JournalError> {
        for turn in self.of_session(session_id).await? {
            self.remote.remove(session_id, turn.turn_id).await?;
        }
        Ok(())
    }

    async fn claim(
        &self,
        turn: &UnfinishedTurn,
        claim: &ToolClaim<'_>,
    ) -> Result<Claimed, JournalError> {
        let (session_id, call) = (turn.session_id(), claim.call);
        let claim_id = claim_id(turn.state.iteration, call);
        let fingerprint = tool_call_fingerprint(call);
        let asked = ToolCallClaim {
            turn_id: turn.turn_id(),
            tool_call_id: claim_id.clone(),
            tool_name: call.name.clone(),
            args_fingerprint: fingerprint.clone(),
            retake: claim.may_run_twice,
        };
        let answer = self.remote.claim(session_id, asked).await?;
        if let Some(token) = answer.claim_token {
            return Ok(Claimed::Made(MadeClaim {
                session_id,
                turn_id: turn.turn_id(),
                claim_id,
                token,
            }));
        }
        let stored = answer.call;
        // A result of other arguments, or in a form that this host does not know, is none.
        let is_same = stored.args_fingerprint == fingerprint;
        let result = stored.result.filter(|_| is_same);
        Ok(result
            .and_then(|result| serde_json::from_value(result).ok())
            .map_or(Claimed::InDoubt, Claimed::Settled))
    }

    async fn settle(&self, claim: &MadeClaim, settlement: &Settlement) -> Result<(), JournalError> {
        let status = match settlement.is_interrupted {
            true => ToolCallStatus::Interrupted,
            false => ToolCallStatus::Settled,
        };
        let result =
            serde_json::to_value(&settlement.result).map_err(|fault| unreadable(&fault))?;
        let settled = ToolCallSettlement {
            turn_id: claim.turn_id,
            tool_call_id: claim.claim_id.clone(),
            claim_token: claim.token,
            status,
            result: Some(result),
        };
        if !self.remote.settle(claim.session_id, settled).await? {
            tracing::warn!(session = %claim.session_id, turn = %claim.turn_id, "the result of a tool call is not kept: its claim is another host's by now");
        }
        Ok(())
    }

    async fn replace(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        self.put(turn).await?;
        let (session_id, turn_id) = (turn.session_id(), turn.turn_id());
        for before in self.of_session(session_id).await? {
            if before.turn_id != turn_id {
                self.remote.remove(session_id, before.turn_id).await?;
            }
        }
        Ok(())
    }

    async fn all(&self) -> Result<Vec<UnfinishedTurn>, JournalError> {
        let mut turns = Vec::new();
        for turn in self.remote.list(None, false).await? {
            match self.read(&turn).await {
                Ok(found) => turns.extend(found),
                Err(error) => {
                    tracing::error!(session = %turn.session_id, turn = %turn.turn_id, %error, "an unfinished turn cannot be read");
                }
            }
        }
        Ok(turns)
    }

    async fn put_end(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        self.local.put_end(turn).await
    }

    async fn remove_end(&self, org_id: i64, turn_id: TurnId) -> Result<(), JournalError> {
        self.local.remove_end(org_id, turn_id).await
    }

    async fn ends(&self) -> Result<Vec<UnfinishedTurn>, JournalError> {
        self.local.ends().await
    }

    async fn put_queued(&self, turn: &QueuedTurn) -> Result<(), JournalError> {
        self.local.put_queued(turn).await
    }

    async fn remove_queued(&self, org_id: i64, turn_id: TurnId) -> Result<(), JournalError> {
        self.local.remove_queued(org_id, turn_id).await
    }

    async fn queued(&self) -> Result<Vec<QueuedTurn>, JournalError> {
        self.local.queued().await
    }

    async fn put_request(&self, request: &RememberedRequest) -> Result<(), JournalError> {
        self.local.put_request(request).await
    }

    async fn request(
        &self,
        org_id: i64,
        request_id: &str,
    ) -> Result<Option<RememberedRequest>, JournalError> {
        self.local.request(org_id, request_id).await
    }

    async fn remove_request(&self, org_id: i64, request_id: &str) -> Result<(), JournalError> {
        self.local.remove_request(org_id, request_id).await
    }

    async fn remove_requests_before(&self, time: DateTime<Utc>) -> Result<usize, JournalError> {
        self.local.remove_requests_before(time).await
    }
}

fn parsed(record: &[u8]) -> Result<UnfinishedTurn, JournalError> {
    let version: Record<serde::de::IgnoredAny> =
        serde_json::from_slice(record).map_err(|fault| unreadable(&fault))?;
    if version.version != VERSION {
        let text = format!(
            "the record of a turn has the form {}; this host knows {VERSION}",
            version.version
        );
        return Err(StoreError::new(ErrorReason::Internal, text).into());
    }
    let record: Record<UnfinishedTurn> =
        serde_json::from_slice(record).map_err(|fault| unreadable(&fault))?;
    Ok(record.turn)
}

/// A record holds what people wrote: the fault is told by its place alone.
fn unreadable(fault: &serde_json::Error) -> JournalError {
    let text = format!(
        "the record of a turn cannot be read: line {}, column {}",
        fault.line(),
        fault.column()
    );
    StoreError::new(ErrorReason::Internal, text).into()
}
