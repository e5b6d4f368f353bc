//! What became of turns: one by its id, those of an org that have not ended, and all of a
//! session.

use super::logged_turns::{LoggedTurns, Reading};
use super::pages::{Page, PageToken, nanos};
use super::turns::{TurnStatus, TurnView, view_of_interrupted, view_of_running, view_of_unstored};
use super::{Host, Key, errors};
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;

/// Which turns a list has.
#[derive(Debug, Clone, Default)]
pub struct TurnFilter {
    /// Only those of this session, also the ended ones.
    pub session_id: Option<SessionId>,
    /// Only those with one of these; empty: all.
    pub statuses: Vec<TurnStatus>,
}

// === impl TurnFilter ===

impl TurnFilter {
    fn takes(&self, turn: &TurnView) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&turn.status)
    }
}

// === impl Host ===

impl Host {
    /// A turn of a session, wherever it is, also when it is over.
    pub async fn get_turn(
        &self,
        org_id: i64,
        session_id: SessionId,
        turn_id: TurnId,
    ) -> Result<TurnView, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        let key = (org_id, session_id);
        self.session(&connection, key).await?;
        if let Some(turn) = self.present_turn(key, turn_id).await? {
            return Ok(turn);
        }
        // In this order: one that ends meanwhile has left the journal for the log.
        let left = self.unfinished(key).await?;
        let left = left.filter(|left| left.turn_id() == turn_id);
        if let Some(turn) = self.logged_turn(key, turn_id).await? {
            return Ok(turn);
        }
        if let Some(left) = left {
            return Ok(view_of_interrupted(&left));
        }
        let text = format!("nothing is known of turn {turn_id} in session {session_id}");
        Err(HostError::new(ErrorReason::TurnNotFound, text))
    }

    /// A page of turns, oldest first: of an org those on this host that have not ended, of
    /// a session all.
    pub async fn list_turns(
        &self,
        org_id: i64,
        filter: &TurnFilter,
        limit: usize,
        token: Option<PageToken>,
    ) -> Result<Page<TurnView>, HostError> {
        if let Some(session_id) = filter.session_id {
            let after = match token {
                None => 0,
                Some(PageToken::Event(after)) => after,
                Some(_) => return Err(PageToken::misplaced()),
            };
            return self
                .turns_of_session(org_id, session_id, filter, limit, after)
                .await;
        }
        let after = match token {
            None => None,
            Some(PageToken::Turn(at, turn_id)) => Some((at, turn_id.uuid())),
            Some(_) => return Err(PageToken::misplaced()),
        };
        let place = |turn: &TurnView| (nanos(turn.started_at), turn.turn_id.uuid());
        let mut turns = self.turns(org_id).await?;
        turns.sort_by_key(place);
        turns.retain(|turn| after.is_none_or(|after| place(turn) > after) && filter.takes(turn));
        let token = |turn: &TurnView| PageToken::Turn(nanos(turn.started_at), turn.turn_id);
        Ok(Page::of(turns, limit, token))
    }

    /// Reads the session's events up to the end of a turn with which the page is full.
    async fn turns_of_session(
        &self,
        org_id: i64,
        session_id: SessionId,
        filter: &TurnFilter,
        limit: usize,
        after: i64,
    ) -> Result<Page<TurnView>, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        self.session(&connection, (org_id, session_id)).await?;
        let log = connection.adapter.event_log();
        let log = log.ok_or_else(|| errors::not_offered("event_log"))?;
        let mut turns = LoggedTurns::default();
        let mut reading = Reading::new(&log, session_id, after);
        let (mut found, mut next) = (0, None);
        'pieces: loop {
            let events = reading.next().await?;
            if events.is_empty() {
                break;
            }
            for event in events {
                let Some(turn) = turns.take(&event) else {
                    continue;
                };
                let place = turn.ended.as_ref().map_or(0, |ended| ended.sequence);
                found += usize::from(filter.takes(turn));
                if found >= limit {
                    next = Some(place);
                    break 'pieces;
                }
                if reading.has_had_enough() {
                    // After the last turn that is whole.
                    next = Some(place);
                }
            }
        }
        let mut turns = turns.into_turns();
        match next {
            // What is not whole is on the next page.
            Some(_) => turns.retain(|turn| turn.ended.is_some()),
            None => self.with_present(org_id, session_id, &mut turns).await?,
        }
        turns.retain(|turn| filter.takes(turn));
        Ok(Page {
            items: turns,
            next: next.map(PageToken::Event),
        })
    }

    /// Says of turns without an end what this host does with them, and adds those of which
    /// nothing is stored yet.
    async fn with_present(
        &self,
        org_id: i64,
        session_id: SessionId,
        turns: &mut Vec<TurnView>,
    ) -> Result<(), HostError> {
        let present = self.turns(org_id).await?.into_iter();
        for turn in present.filter(|turn| turn.session_id == session_id) {
            match turns.iter_mut().find(|known| known.turn_id == turn.turn_id) {
                Some(known) if known.ended.is_none() => *known = turn,
                Some(_) => {}
                None => turns.push(turn),
            }
        }
        Ok(())
    }

    /// A turn that this host has, or that it accepted and that never started.
    async fn present_turn(&self, key: Key, turn_id: TurnId) -> Result<Option<TurnView>, HostError> {
        if let Some(turn) = self.inner.waiting.view(key, turn_id) {
            return Ok(Some(turn));
        }
        let is_meant = |turn: &TurnView| turn.turn_id == turn_id;
        let running = self.inner.sessions.running(key);
        let running = running.and_then(|running| view_of_running(&(key, running)));
        if let Some(turn) = running.filter(is_meant) {
            return Ok(Some(turn));
        }
        let left = self.unfinished(key).await?;
        let waits = left.filter(|left| left.turn_id() == turn_id && left.waits_for().is_some());
        if let Some(turn) = waits.as_ref().and_then(super::turns::view_of_waiting) {
            return Ok(Some(turn));
        }
        let unstored = self.inner.ends.of_session(key.0, key.1, Some(turn_id));
        Ok(unstored.as_ref().map(view_of_unstored))
    }
}
