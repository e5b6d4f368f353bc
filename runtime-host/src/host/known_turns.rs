//! Turns by their ids: queued, running, interrupted, waiting or over, from what this
//! process does, from the journal, and from the stored events.

use super::org_connections::OrgConnection;
use super::session_queue::BusyPolicy;
use super::turns::{TurnStatus, TurnView, began};
use super::{Accepted, Host, Key, TurnHandle, errors};
use crate::engine::{Began, TurnEnd};
use crate::journal::UnfinishedTurn;
use everruns_core::events::{self, EventData};
use everruns_core::message::Message;
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::time::Duration;
use tokio::sync::watch;

/// When a turn that cannot be resumed now is asked about again.
const RESUMED_AFTER: Duration = Duration::from_secs(1);

// === impl Host ===

impl Host {
    /// A turn of a session by its id, wherever it is; `None` where nothing is known of it.
    /// One that is being resumed is waited for.
    pub(super) async fn known_turn(
        &self,
        key: Key,
        turn_id: TurnId,
    ) -> Result<Option<Accepted>, HostError> {
        let (_, connection) = self.org(key.0)?;
        loop {
            if let Some(queued) = self.inner.waiting.get(key, turn_id) {
                return Ok(Some(Accepted::Queued(queued)));
            }
            if let Some(mut turn) = self.running_turn(key, turn_id, &connection).await {
                self.find_message(key, &mut turn.began).await?;
                return Ok(Some(Accepted::Began(turn)));
            }
            let left = self.unfinished(key).await?;
            if let Some(left) = left.filter(|left| left.turn_id() == turn_id) {
                if left.waits_for().is_some() {
                    let (mut began, end) = (began_of(&left), TurnEnd::WaitingForToolResults);
                    self.find_message(key, &mut began).await?;
                    return Ok(Some(ended(key, &connection, began, end)));
                }
                self.until_resumed(key, turn_id).await?;
                continue;
            }
            if let Some(left) = self.inner.ends.of_session(key.0, key.1, Some(turn_id)) {
                let problem = left.unstored.as_ref().map(|left| left.problem.as_str());
                let problem = problem.unwrap_or_default();
                let text = format!("the end of the turn could not be stored: {problem}");
                let (mut began, end) = (began_of(&left), TurnEnd::Failed(text));
                self.find_message(key, &mut began).await?;
                return Ok(Some(ended(key, &connection, began, end)));
            }
            return self.ended_turn(key, turn_id, &connection).await;
        }
    }

    /// A turn that is over, as the stored events tell; `None` where they do not.
    async fn ended_turn(
        &self,
        key: Key,
        turn_id: TurnId,
        connection: &OrgConnection,
    ) -> Result<Option<Accepted>, HostError> {
        if connection.adapter.event_log().is_none() {
            return Ok(None);
        }
        let logged = self.logged_turn(key, turn_id).await?;
        let Some((turn, end)) =
            logged.and_then(|turn| Some((turn.input_message_id, end_of(turn)?)))
        else {
            return Ok(None);
        };
        let mut began = Began {
            turn_id,
            input_message_id: turn,
            sequence: 0,
        };
        self.find_message(key, &mut began).await?;
        Ok(Some(ended(key, connection, began, end)))
    }

    /// The same of a turn that stores a message. Where the message is stored, the turn has
    /// begun, whatever else is known of it; another host that was asked for the same gave it
    /// an id of its own.
    pub(super) async fn turn_of_message(
        &self,
        key: Key,
        turn_id: TurnId,
        message_id: MessageId,
    ) -> Result<Option<Accepted>, HostError> {
        if let Some(turn) = self.known_turn(key, turn_id).await? {
            return Ok(Some(turn));
        }
        let (_, connection) = self.org(key.0)?;
        let Some(message) = stored_message(&connection, key.1, message_id).await? else {
            return Ok(None);
        };
        let answers = self.turn_that_answers(key, &message).await?;
        if let Some(other) = answers.filter(|answers| *answers != turn_id) {
            let known = self.known_turn(key, other).await?;
            return known.map(Some).ok_or_else(|| elsewhere(other));
        }
        let began = Began {
            turn_id,
            input_message_id: message_id,
            sequence: 0,
        };
        let end = TurnEnd::Failed("how the turn ended is not known".into());
        Ok(Some(ended(key, &connection, began, end)))
    }

    /// The turn that was begun to answer a stored message, by the journal and the events.
    pub(super) async fn turn_that_answers(
        &self,
        key: Key,
        message: &Message,
    ) -> Result<Option<TurnId>, HostError> {
        let is_its = |left: &UnfinishedTurn| left.state.input_message_id == message.id;
        if let Some(left) = self.unfinished(key).await?.filter(is_its) {
            return Ok(Some(left.turn_id()));
        }
        self.find_after(key, Some(message.created_at), |event| {
            if event.event_type() != events::TURN_STARTED {
                return None;
            }
            let EventData::TurnStarted(started) = event.typed().ok()?.data else {
                return None;
            };
            (started.input_message_id == message.id).then_some(started.turn_id)
        })
        .await
    }

    /// Fills in where a turn's message is stored. The journal does not say so where the
    /// process was killed just after it was.
    async fn find_message(&self, key: Key, began: &mut Began) -> Result<(), HostError> {
        if began.sequence == 0 {
            let found = self.message_event(key, began.turn_id, began.input_message_id);
            began.sequence = found.await?.unwrap_or(0);
        }
        Ok(())
    }

    async fn running_turn(
        &self,
        key: Key,
        turn_id: TurnId,
        connection: &OrgConnection,
    ) -> Option<TurnHandle> {
        let mut running = self.inner.sessions.running(key)?;
        let began = began(&mut running).await?;
        (began.turn_id == turn_id).then(|| TurnHandle {
            began,
            key,
            connection: connection.clone(),
            ended: running.ended,
        })
    }

    /// Resolves when a turn that was interrupted runs again, or is over.
    async fn until_resumed(&self, key: Key, turn_id: TurnId) -> Result<(), HostError> {
        let ticket = self.inner.sessions.enter(key, BusyPolicy::Wait)?;
        let shown = ticket.shown();
        tokio::select! {
            biased;
            _ = shown => return Ok(()),
            head = ticket.reached() => head?,
        }
        let left = self.unfinished(key).await?;
        let is_left =
            |left: &UnfinishedTurn| left.turn_id() == turn_id && left.waits_for().is_none();
        if left.as_ref().is_some_and(is_left) {
            return Err(elsewhere(turn_id));
        }
        Ok(())
    }
}

/// A message of a session, if it is stored.
pub(super) async fn stored_message(
    connection: &OrgConnection,
    session_id: SessionId,
    message_id: MessageId,
) -> Result<Option<Message>, HostError> {
    let messages = connection.adapter.message_store();
    let message = messages.get(session_id, message_id).await;
    message.map_err(errors::of_store)
}

fn elsewhere(turn_id: TurnId) -> HostError {
    let text = format!(
        "turn {turn_id} runs at another host, or was interrupted and could not be resumed yet; ask again"
    );
    let error = HostError::new(ErrorReason::AdapterUnavailable, text);
    error.retry_after(RESUMED_AFTER)
}

/// A turn that is over, or waits, as one that is followed to its end.
fn ended(key: Key, connection: &OrgConnection, began: Began, end: TurnEnd) -> Accepted {
    let (_, ended) = watch::channel(Some(end));
    Accepted::Began(TurnHandle {
        began,
        key,
        connection: connection.clone(),
        ended,
    })
}

pub(super) fn began_of(turn: &UnfinishedTurn) -> Began {
    Began {
        turn_id: turn.turn_id(),
        input_message_id: turn.state.input_message_id,
        sequence: turn.since_sequence,
    }
}

/// How a turn ended; `None` where it has not.
fn end_of(turn: TurnView) -> Option<TurnEnd> {
    match turn.status {
        TurnStatus::Completed => Some(TurnEnd::Completed),
        TurnStatus::Failed => {
            let error = turn.ended.and_then(|ended| ended.error);
            Some(TurnEnd::Failed(error.unwrap_or_default()))
        }
        TurnStatus::Cancelled => Some(TurnEnd::Cancelled),
        TurnStatus::Queued
        | TurnStatus::Running
        | TurnStatus::WaitingForToolResults
        | TurnStatus::EndNotStored
        | TurnStatus::Elsewhere => None,
    }
}
