//! Turns by their ids: queued, running, interrupted, waiting or over, from what this
//! process does, from the journal, and from the stored events.

use super::org_connections::OrgConnection;
use super::session_queue::BusyPolicy;
use super::turns::began;
use super::{Accepted, Host, Key, TurnHandle, errors};
use crate::engine::{Began, TurnEnd};
use crate::journal::UnfinishedTurn;
use everruns_core::events::{Event, EventData};
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
                self.find_message(&connection, key.1, &mut turn.began)
                    .await?;
                return Ok(Some(Accepted::Began(turn)));
            }
            let left = self.unfinished(key).await?;
            if let Some(left) = left.filter(|left| left.turn_id() == turn_id) {
                if left.waits_for().is_some() {
                    let (mut began, end) = (began_of(&left), TurnEnd::WaitingForToolResults);
                    self.find_message(&connection, key.1, &mut began).await?;
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
                self.find_message(&connection, key.1, &mut began).await?;
                return Ok(Some(ended(key, &connection, began, end)));
            }
            let events = self.events_of(&connection, key.1).await?;
            let found = logged(&events, turn_id);
            return Ok(found.map(|(began, end)| ended(key, &connection, began, end)));
        }
    }

    /// The same of a turn that stores a message. Where the message is stored, the turn has
    /// begun, whatever else is known of it.
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
        if !is_stored(&connection, key.1, message_id).await? {
            return Ok(None);
        }
        let began = Began {
            turn_id,
            input_message_id: message_id,
            sequence: 0,
        };
        let end = TurnEnd::Failed("how the turn ended is not known".into());
        Ok(Some(ended(key, &connection, began, end)))
    }

    /// Fills in where a turn's message is stored. The journal does not say so where the
    /// process was killed just after it was.
    async fn find_message(
        &self,
        connection: &OrgConnection,
        session_id: SessionId,
        began: &mut Began,
    ) -> Result<(), HostError> {
        if began.sequence == 0 {
            let events = self.events_of(connection, session_id).await?;
            began.sequence = sequence_of(&events, began.input_message_id);
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
            let text = format!(
                "turn {turn_id} was interrupted and could not be resumed; the host tries again when its adapters change"
            );
            let error = HostError::new(ErrorReason::AdapterUnavailable, text);
            return Err(error.retry_after(RESUMED_AFTER));
        }
        Ok(())
    }

    /// The stored events of a session, where they can be read.
    pub(super) async fn events_of(
        &self,
        connection: &OrgConnection,
        session_id: SessionId,
    ) -> Result<Vec<Event>, HostError> {
        let Some(log) = connection.adapter.event_log() else {
            return Ok(Vec::new());
        };
        let events = log.read(session_id, 0).await;
        events.map_err(errors::of_store)
    }
}

/// Whether a message of a session is stored.
pub(super) async fn is_stored(
    connection: &OrgConnection,
    session_id: SessionId,
    message_id: MessageId,
) -> Result<bool, HostError> {
    let messages = connection.adapter.message_store();
    let message = messages.get(session_id, message_id).await;
    Ok(message.map_err(errors::of_store)?.is_some())
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

/// What the stored events say of a turn that is over.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "no other event ends a turn, whatever is to come"
)]
fn logged(events: &[Event], turn_id: TurnId) -> Option<(Began, TurnEnd)> {
    let own = |event: &&Event| event.context.turn_id == Some(turn_id);
    let end = events.iter().rev().filter(own).find_map(|event| {
        Some(match &event.data {
            EventData::TurnCompleted(_) => TurnEnd::Completed,
            EventData::TurnFailed(failed) => TurnEnd::Failed(failed.error.clone()),
            EventData::TurnCancelled(_) => TurnEnd::Cancelled,
            _ => return None,
        })
    })?;
    let context = |event: &Event| event.context.input_message_id;
    let input_message_id = events.iter().filter(own).find_map(context)?;
    let began = Began {
        turn_id,
        input_message_id,
        sequence: sequence_of(events, input_message_id),
    };
    Some((began, end))
}

/// The sequence number of the event that stored a message; 0 where none is found.
fn sequence_of(events: &[Event], message_id: MessageId) -> i64 {
    let stored = events.iter().find(|event| {
        matches!(&event.data, EventData::InputMessage(said) if said.message.id == message_id)
    });
    let sequence = stored.and_then(|event| event.sequence);
    sequence.map_or(0, i64::from)
}
