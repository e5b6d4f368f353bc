//! Beginning turns, sending messages into them, cancelling and listing them.

use super::org_connections::OrgConnection;
use super::session_queue::{BusyPolicy, Running};
use super::{Host, Key, Waited, errors};
use crate::engine::{Began, TurnEnd, event_ids};
use crate::journal::UnfinishedTurn;
use chrono::{DateTime, Utc};
use everruns_core::ToolCall;
use everruns_core::events::{EventContext, EventRequest, InputMessageData, TokenUsage};
use everruns_core::message::Message;
use everruns_core::traits::EventEmitter;
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// A turn that has begun. It goes on when this is dropped.
#[derive(Debug, Clone)]
pub struct TurnHandle {
    /// What has begun.
    pub began: Began,
    pub(super) key: Key,
    pub(super) connection: OrgConnection,
    pub(super) ended: watch::Receiver<Option<TurnEnd>>,
}

/// How a turn ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The turn.
    pub turn_id: TurnId,
    /// How.
    pub end: TurnEnd,
    /// The calls that it waits for.
    pub calls: Vec<ToolCall>,
}

/// Where a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The message.
    pub message_id: MessageId,
    /// The turn that answers it.
    pub turn_id: TurnId,
    /// Whether that turn was under way already.
    pub steered: bool,
}

/// What a turn does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnStatus {
    /// It was accepted, and waits for its session or for room.
    Queued,
    /// It is under way.
    Running,
    /// It waits for tool results.
    WaitingForToolResults,
    /// It is over, and its end is not stored.
    EndNotStored,
    /// It completed.
    Completed,
    /// It failed.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// It has started and not ended, and this host does not run it now.
    Elsewhere,
}

/// The end of a turn.
#[derive(Debug, Clone, Default)]
pub struct EndedTurn {
    /// When.
    pub at: DateTime<Utc>,
    /// The sequence number of the event that ended it; 0 where none did.
    pub sequence: i64,
    /// Why it failed, or was cancelled.
    pub error: Option<String>,
    /// What its calls of models took.
    pub usage: Option<TokenUsage>,
    /// The message with its answer.
    pub output_message_id: Option<MessageId>,
    /// How many times it called a model.
    pub llm_call_count: Option<u32>,
    /// How many tools it ran.
    pub tool_call_count: Option<u32>,
}

/// A turn, as it is shown.
#[derive(Debug, Clone)]
pub struct TurnView {
    /// The turn.
    pub turn_id: TurnId,
    /// Its session.
    pub session_id: SessionId,
    /// The message it answers.
    pub input_message_id: MessageId,
    /// What it does, or how it ended.
    pub status: TurnStatus,
    /// When it began, or was accepted.
    pub started_at: DateTime<Utc>,
    /// The calls that it waits for.
    pub calls: Vec<ToolCall>,
    /// Why its end is not stored.
    pub problem: Option<String>,
    /// No event of it has a lower sequence number; 0 where none is known.
    pub first_sequence: i64,
    /// Its end, once it is over.
    pub ended: Option<EndedTurn>,
}

// === impl Host ===

impl Host {
    /// Stores a message for the turn under way, or for a new one where there is none.
    pub(super) async fn send(
        &self,
        key: Key,
        turn_id: TurnId,
        message: Message,
    ) -> Result<Sent, HostError> {
        let (_, connection) = self.org(key.0)?;
        let message_id = message.id;
        if let Some(turn) = self.inner.sessions.running(key)
            && let Some(turn_id) = self
                .run_detached(steer(connection, key.1, turn, message.clone()))
                .await?
        {
            return Ok(Sent {
                message_id,
                turn_id,
                steered: true,
            });
        }
        let when_busy = if self.inner.options.queue_by_default {
            BusyPolicy::Queue
        } else {
            BusyPolicy::WaitForSession
        };
        let accepted = self.accept(key, when_busy, turn_id, message, false).await?;
        let turn_id = match accepted.begun(self).await? {
            Waited::Began(turn) => turn.began.turn_id,
            // The next process stores it.
            Waited::Ended(ended) if ended.end == TurnEnd::Parked => ended.turn_id,
            Waited::Ended(_) => {
                let text = "the turn was cancelled before it began; the message is not stored";
                return Err(HostError::new(ErrorReason::NoTurn, text));
            }
        };
        Ok(Sent {
            message_id,
            turn_id,
            steered: false,
        })
    }

    /// An org's turns that have not ended, or whose ends are not stored, oldest first.
    pub async fn turns(&self, org_id: i64) -> Result<Vec<TurnView>, HostError> {
        let (org_id, connection) = self.org(org_id)?;
        let running = self.inner.sessions.all_running(org_id);
        let mut turns: Vec<TurnView> = running.iter().filter_map(view_of_running).collect();
        let unfinished = connection.journal.as_dyn().all().await;
        for turn in unfinished.map_err(|error| errors::of_journal(&error))? {
            let own = turn.state.org_id == org_id;
            let listed = |view: &TurnView| view.turn_id == turn.turn_id();
            if own && !turns.iter().any(listed) {
                turns.extend(view_of_waiting(&turn));
            }
        }
        for queued in self.inner.waiting.of_org(org_id) {
            if !turns.iter().any(|view| view.turn_id == queued.turn_id) {
                turns.push(queued);
            }
        }
        let unstored = self.inner.ends.of_org(org_id);
        turns.extend(unstored.iter().map(view_of_unstored));
        turns.sort_by_key(|turn| turn.started_at);
        Ok(turns)
    }

    /// How many turns may be under way at once.
    #[must_use]
    pub fn turns_max(&self) -> usize {
        self.inner.sessions.turns_max()
    }

    /// The turn of a session that has not ended.
    pub(super) async fn turn_of(&self, key: Key) -> Result<Option<TurnView>, HostError> {
        if let Some(turn) = self.inner.sessions.running(key) {
            return Ok(view_of_running(&(key, turn)));
        }
        let (_, connection) = self.org(key.0)?;
        let unfinished = connection.unfinished(key).await;
        let unfinished = unfinished.map_err(|error| errors::of_journal(&error))?;
        let waiting = unfinished.as_ref().and_then(view_of_waiting);
        let unstored = || self.inner.ends.of_session(key.0, key.1, None);
        let begun = waiting.or_else(|| unstored().as_ref().map(view_of_unstored));
        Ok(begun.or_else(|| self.inner.waiting.first_of(key)))
    }
}

// === impl TurnHandle ===

impl TurnHandle {
    /// Waits for the turn's end.
    pub async fn ended(&mut self) -> Result<Ended, HostError> {
        let end = ended(&mut self.ended).await?;
        let waits = end == TurnEnd::WaitingForToolResults;
        let left = if waits {
            let left = self.connection.unfinished(self.key).await;
            left.map_err(|error| errors::of_journal(&error))?
        } else {
            None
        };
        let calls = left.as_ref().and_then(|turn| turn.waits_for());
        Ok(Ended {
            turn_id: self.began.turn_id,
            end,
            calls: calls.unwrap_or_default().to_vec(),
        })
    }
}

/// Stores a message into a turn; `None` when it has asked the model for the last time.
async fn steer(
    connection: OrgConnection,
    session_id: SessionId,
    mut turn: Running,
    message: Message,
) -> Result<Option<TurnId>, HostError> {
    let Some(began) = began(&mut turn).await else {
        return Ok(None);
    };
    let emitter = event_ids::of_messages(&connection.adapter).event_emitter();
    let said = said(session_id, &message);
    let store = async { emitter.emit(said).await.map(drop) };
    match turn.control.steer(&message, store).await {
        Some(stored) => stored
            .map(|()| Some(began.turn_id))
            .map_err(errors::of_store),
        None => Ok(None),
    }
}

/// A user's message, as it is stored.
pub(super) fn said(session_id: SessionId, message: &Message) -> EventRequest {
    let data = InputMessageData::new(message.clone());
    EventRequest::new(session_id, EventContext::empty(), data)
}

/// Waits until a turn has begun, or has ended without.
pub(super) async fn began(turn: &mut Running) -> Option<Began> {
    let control = turn.control.clone();
    tokio::select! {
        biased;
        began = control.began() => Some(began),
        _ = ended(&mut turn.ended) => None,
    }
}

/// Waits for a turn's end.
pub(super) async fn ended(
    ended: &mut watch::Receiver<Option<TurnEnd>>,
) -> Result<TurnEnd, HostError> {
    let end = ended.wait_for(Option::is_some).await;
    let end = end.ok().and_then(|end| end.clone());
    end.ok_or_else(errors::aborted)
}

pub(super) fn view_of_running(((_, session_id), turn): &(Key, Running)) -> Option<TurnView> {
    let began = turn.control.has_begun()?;
    Some(TurnView {
        turn_id: began.turn_id,
        session_id: *session_id,
        input_message_id: began.input_message_id,
        status: TurnStatus::Running,
        started_at: turn.started_at,
        calls: Vec::new(),
        problem: None,
        first_sequence: began.sequence,
        ended: None,
    })
}

pub(super) fn view_of_unstored(turn: &UnfinishedTurn) -> TurnView {
    let unstored = turn.unstored.as_ref();
    TurnView {
        turn_id: turn.turn_id(),
        session_id: turn.session_id(),
        input_message_id: turn.state.input_message_id,
        status: TurnStatus::EndNotStored,
        started_at: turn.state.started_at.unwrap_or_default(),
        calls: Vec::new(),
        problem: unstored.map(|unstored| unstored.problem.clone()),
        first_sequence: turn.since_sequence,
        ended: None,
    }
}

/// A turn that was interrupted and is not resumed yet.
pub(super) fn view_of_interrupted(turn: &UnfinishedTurn) -> TurnView {
    TurnView {
        status: TurnStatus::Elsewhere,
        problem: None,
        ..view_of_unstored(turn)
    }
}

pub(super) fn view_of_waiting(turn: &UnfinishedTurn) -> Option<TurnView> {
    Some(TurnView {
        turn_id: turn.turn_id(),
        session_id: turn.session_id(),
        input_message_id: turn.state.input_message_id,
        status: TurnStatus::WaitingForToolResults,
        started_at: turn.state.started_at.unwrap_or_default(),
        calls: turn.waits_for()?.to_vec(),
        problem: None,
        first_sequence: turn.since_sequence,
        ended: None,
    })
}
