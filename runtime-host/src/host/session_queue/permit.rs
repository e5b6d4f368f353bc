//! The right to run a turn of a session, and what it holds meanwhile.

use super::{Running, Ticket};
use crate::engine::TurnControl;
use crate::host::errors;
use crate::host::leases::SessionHold;
use mortise_proto::HostError;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::OwnedSemaphorePermit;

/// The right to run a turn of a session: the head of its queue.
#[derive(Debug)]
pub(in crate::host) struct TurnPermit {
    // Dropped first: what the turn has left running needs no lease before the next one runs.
    pub(super) lease: Mutex<Option<SessionHold>>,
    // Then this: the next one may run.
    pub(super) _slot: OwnedSemaphorePermit,
    pub(super) turn: Mutex<Option<OwnedSemaphorePermit>>,
    pub(super) ticket: Ticket,
}

// === impl TurnPermit ===

impl TurnPermit {
    /// What controls a turn that runs here.
    pub(in crate::host) fn control(&self) -> TurnControl {
        match &*self.lease() {
            Some(lease) => TurnControl::new(lease.parking()),
            None => self.ticket.sessions.control(),
        }
    }

    /// The engine has parked the turn: where the process goes on, its changes were refused
    /// because another host has the session.
    pub(in crate::host) fn parked(&self) {
        if let Some(lease) = &*self.lease()
            && !self.ticket.sessions.parking.is_cancelled()
        {
            lease.lose();
        }
    }

    /// Whether another host may have the session by now.
    pub(in crate::host) fn is_lost(&self) -> bool {
        self.lease().as_ref().is_some_and(SessionHold::is_lost)
    }

    /// Goes on under another lease, or without one.
    pub(in crate::host) fn hold(&self, hold: Option<SessionHold>) {
        let before = std::mem::replace(&mut *self.lease(), hold);
        drop(before);
    }

    fn lease(&self) -> MutexGuard<'_, Option<SessionHold>> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows which turn runs here.
    pub(in crate::host) fn occupy(&self, running: Running) {
        self.set(Some(running));
    }

    /// Takes room on the host for a turn that goes on here, if there is some.
    pub(in crate::host) fn make_room(&self) -> Result<(), HostError> {
        let mut turn = self.room();
        if turn.is_none() {
            let sessions = &self.ticket.sessions;
            let room = sessions.turns.clone().try_acquire_owned();
            *turn = Some(room.map_err(|_| sessions.busy())?);
        }
        Ok(())
    }

    /// Shows no turn, gives the lease and the room on the host back, and stays at the head of
    /// the session's queue.
    pub(in crate::host) fn step_back(&self) {
        self.set(None);
        self.hold(None);
        *self.room() = None;
    }

    /// Waits for room on the host again.
    pub(in crate::host) async fn enter_room(&self) -> Result<(), HostError> {
        let room = self.ticket.sessions.turns.clone().acquire_owned();
        let room = self.ticket.unless_closing(room).await?;
        *self.room() = Some(room.map_err(|_| errors::draining())?);
        Ok(())
    }

    fn room(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a turn is only being ended here.
    pub(in crate::host) fn mark_short(&self) {
        if let Some(entry) = self.ticket.sessions.lock().get_mut(&self.ticket.key) {
            entry.is_short = true;
        }
    }

    fn set(&self, running: Option<Running>) {
        if let Some(entry) = self.ticket.sessions.lock().get_mut(&self.ticket.key) {
            entry.shown.send_replace(running);
            entry.is_short = false;
        }
    }
}

impl Drop for TurnPermit {
    fn drop(&mut self) {
        self.set(None);
    }
}
