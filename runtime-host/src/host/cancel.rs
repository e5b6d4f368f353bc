//! Cancelling a turn, wherever it is: on its way to begin, under way, or waiting.

use super::leases::WhenHeld;
use super::org_connections::OrgConnection;
use super::session_queue::{BusyPolicy, Running, TurnPermit};
use super::turns::{began, ended};
use super::{Host, Key, Waited, errors};
use crate::engine::{TurnEnd, TurnError};
use crate::journal::Ending;
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::time::Duration;
use tokio::time::timeout;

/// How long a caller waits for the end of a turn that it cancels.
const CANCEL_WITHIN: Duration = Duration::from_secs(10);

/// Who is to end a turn.
enum Found {
    /// The turn itself: it is under way.
    UnderWay(Running),
    /// Its holder knows: no turn is under way, though one may wait.
    Head(Box<(TurnPermit, OrgConnection)>),
}

/// What is to be cancelled.
struct Cancel {
    key: Key,
    /// None: whichever there is.
    turn_id: Option<TurnId>,
    reason: Option<String>,
}

// === impl Host ===

impl Host {
    /// Cancels a turn within the time that a caller waits.
    pub(super) async fn cancel(
        &self,
        key: Key,
        turn_id: Option<TurnId>,
        reason: Option<String>,
    ) -> Result<(TurnId, TurnEnd), HostError> {
        let cancelled = self.cancelled(key, turn_id, reason);
        let answer = timeout(CANCEL_WITHIN, cancelled).await;
        answer.unwrap_or_else(|_| Err(late(key.1)))
    }

    async fn cancelled(
        &self,
        key: Key,
        turn_id: Option<TurnId>,
        reason: Option<String>,
    ) -> Result<(TurnId, TurnEnd), HostError> {
        let (_, connection) = self.org(key.0)?;
        let cancel = Cancel {
            key,
            turn_id,
            reason,
        };
        loop {
            if let Some(cancelled) = self.cancel_queued(&cancel).await? {
                return Ok(cancelled);
            }
            if let Some(cancelled) = self.cancel_elsewhere(&cancel, &connection).await? {
                return Ok(cancelled);
            }
            match self.found(key, &connection).await? {
                Found::UnderWay(turn) => {
                    let (turn_id, end) = cancel.under_way(turn).await?;
                    // It was about to wait and did not notice: it is cancelled there.
                    if end != TurnEnd::WaitingForToolResults {
                        return Ok((turn_id, end));
                    }
                }
                Found::Head(head) => {
                    let (permit, connection) = *head;
                    return self
                        .run_detached(self.clone().end_left(permit, connection, cancel))
                        .await;
                }
            }
        }
    }

    /// Has the turn that is meant not begin; `None` where it does not wait, or has begun all
    /// the same. Where none is named, that is the first of the session, if no other has
    /// begun.
    async fn cancel_queued(&self, cancel: &Cancel) -> Result<Option<(TurnId, TurnEnd)>, HostError> {
        let (key, waiting) = (cancel.key, &self.inner.waiting);
        let turn_id = match cancel.turn_id {
            Some(turn_id) => turn_id,
            None => match waiting.first_of(key) {
                Some(first) if self.has_no_other(key).await? => first.turn_id,
                Some(_) | None => return Ok(None),
            },
        };
        let Some(queued) = waiting.cancel(key, turn_id, cancel.reason.clone()) else {
            return Ok(None);
        };
        match queued.begun(self).await? {
            Waited::Began(_) => Ok(None),
            Waited::Ended(ended) if ended.end == TurnEnd::Parked => Err(errors::draining()),
            Waited::Ended(ended) => Ok(Some((turn_id, ended.end))),
        }
    }

    /// Has the engine cancel a turn that was asked for at another host.
    async fn cancel_elsewhere(
        &self,
        cancel: &Cancel,
        connection: &OrgConnection,
    ) -> Result<Option<(TurnId, TurnEnd)>, HostError> {
        if self.inner.sessions.running(cancel.key).is_some() {
            return Ok(None);
        }
        let engine = &connection.engine;
        let reason = cancel.reason.clone();
        let cancelled = engine.cancel(cancel.key.1, cancel.turn_id, reason).await;
        cancelled.map_err(errors::of_turn)
    }

    /// Whether no turn of a session has begun and not ended.
    async fn has_no_other(&self, key: Key) -> Result<bool, HostError> {
        let runs = self.inner.sessions.running(key).is_some();
        Ok(!runs && self.unfinished(key).await?.is_none())
    }

    async fn found(&self, key: Key, connection: &OrgConnection) -> Result<Found, HostError> {
        let sessions = &self.inner.sessions;
        if let Some(turn) = sessions.running(key) {
            return Ok(Found::UnderWay(turn));
        }
        let ticket = sessions.enter(key, BusyPolicy::Wait)?;
        let shown = ticket.shown();
        // A turn that another host runs is that host's to cancel.
        let leased = self.leased(key, connection.clone(), WhenHeld::Refuse);
        tokio::select! {
            biased;
            turn = shown => Ok(Found::UnderWay(turn)),
            head = ticket.short_permit(leased) => Ok(Found::Head(Box::new(head?))),
        }
    }

    /// Ends what an earlier turn of the session left in the journal.
    async fn end_left(
        self,
        permit: TurnPermit,
        connection: OrgConnection,
        cancel: Cancel,
    ) -> Result<(TurnId, TurnEnd), HostError> {
        permit.mark_short();
        let left = connection.unfinished(cancel.key).await;
        let left = left.map_err(|error| errors::of_journal(&error))?;
        let left = left.filter(|left| cancel.means(left.turn_id()));
        let Some(left) = left else {
            return self.put_off(&cancel);
        };
        let turn_id = left.turn_id();
        let control = permit.control();
        let ending = Ending::Cancelled {
            reason: cancel.reason.clone(),
        };
        match connection.engine.end(left, ending, &control).await {
            Ok(end) => Ok((turn_id, end)),
            Err(TurnError::NothingToResume) => Err(cancel.misses()),
            Err(error) => Err(errors::of_turn(error)),
        }
    }
}

impl Host {
    /// The turn that is meant is over, and its end is not stored.
    fn put_off(&self, cancel: &Cancel) -> Result<(TurnId, TurnEnd), HostError> {
        let (org_id, session_id) = cancel.key;
        let ends = &self.inner.ends;
        let turn = ends.of_session(org_id, session_id, cancel.turn_id);
        let turn = turn.ok_or_else(|| cancel.misses())?;
        let problem = turn.unstored.as_ref().map(|unstored| &unstored.problem);
        let problem = problem.cloned().unwrap_or_default();
        let text = format!("the end of the turn could not be stored: {problem}");
        Ok((turn.turn_id(), TurnEnd::Failed(text)))
    }
}

fn late(session_id: SessionId) -> HostError {
    let seconds = CANCEL_WITHIN.as_secs();
    let text = format!(
        "the turn of session {session_id} was told to end, and its end is not stored after {seconds} s: an adapter does not answer. It does no more work, and the host goes on storing its end"
    );
    HostError::new(ErrorReason::AdapterUnavailable, text).retry_after(CANCEL_WITHIN)
}

// === impl Cancel ===

impl Cancel {
    fn means(&self, found: TurnId) -> bool {
        self.turn_id.is_none_or(|meant| meant == found)
    }

    fn misses(&self) -> HostError {
        let session_id = self.key.1;
        let text = format!(
            "session {session_id} has no such turn, neither queued nor running nor waiting"
        );
        HostError::new(ErrorReason::NoTurn, text)
    }

    async fn under_way(&self, mut turn: Running) -> Result<(TurnId, TurnEnd), HostError> {
        let began = began(&mut turn).await;
        let began = began.filter(|began| self.means(began.turn_id));
        let began = began.ok_or_else(|| self.misses())?;
        turn.control.cancel(self.reason.clone());
        Ok((began.turn_id, ended(&mut turn.ended).await?))
    }
}
