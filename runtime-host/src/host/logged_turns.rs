//! Turns as the stored events of their session tell of them: what became of a turn that
//! the journal has forgotten. The log is read a piece at a time.

use super::turns::{EndedTurn, TurnStatus, TurnView};
use super::{Host, Key, errors};
use chrono::{DateTime, TimeDelta, Utc};
use everruns_core::events::{self, Event, EventData};
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use mortise_adapter_client::RemoteEventLog;
use mortise_proto::HostError;
use mortise_proto::convert::event_log::LoggedEvent;

/// How many events are asked for at a time.
const PIECE: u64 = 1000;

/// How many events are looked at for one call.
pub(super) const LOOKED_AT_MAX: u64 = 100_000;

/// By how much the clocks of two hosts may differ: the id of a turn has the time of one, and
/// its events may have that of another.
const CLOCKS_DIFFER_BY: TimeDelta = TimeDelta::minutes(10);

/// The turns of a session, in the order in which they started, as far as the events that
/// were seen tell.
#[derive(Debug, Default)]
pub(super) struct LoggedTurns {
    turns: Vec<TurnView>,
}

/// What stands before a place in a log that is read on.
pub(super) struct Reading<'a> {
    log: &'a RemoteEventLog,
    session_id: SessionId,
    after: i64,
    looked_at: u64,
    is_over: bool,
}

// === impl LoggedTurns ===

impl LoggedTurns {
    /// Takes an event in; gives back the turn if the event ends it.
    pub(super) fn take(&mut self, logged: &LoggedEvent) -> Option<&TurnView> {
        let is_of_interest = matches!(
            logged.event_type(),
            events::TURN_STARTED
                | events::TURN_COMPLETED
                | events::TURN_FAILED
                | events::TURN_CANCELLED
        );
        let turn_id = logged.turn_id().filter(|_| is_of_interest)?;
        // One that cannot be read tells nothing; the log's reader has said so.
        let event = logged.typed().ok()?;
        let known = self.turns.iter().position(|turn| turn.turn_id == turn_id);
        let at = known.unwrap_or_else(|| {
            self.turns.push(begun(turn_id, &event));
            self.turns.len() - 1
        });
        let turn = self.turns.get_mut(at)?;
        end(turn, &event).then_some(&*turn)
    }

    pub(super) fn into_turns(self) -> Vec<TurnView> {
        self.turns
    }
}

// === impl Reading ===

impl<'a> Reading<'a> {
    pub(super) fn new(log: &'a RemoteEventLog, session_id: SessionId, after: i64) -> Self {
        Self {
            log,
            session_id,
            after,
            looked_at: 0,
            is_over: false,
        }
    }

    /// The next events; none at the end of the log, and where enough were looked at.
    pub(super) async fn next(&mut self) -> Result<Vec<LoggedEvent>, HostError> {
        if self.is_over || self.has_had_enough() {
            return Ok(Vec::new());
        }
        let events = self.log.read_logged(self.session_id, self.after, PIECE);
        let events = events.await.map_err(errors::of_store)?;
        let count = events.len() as u64;
        self.is_over = count < PIECE;
        self.looked_at += count;
        if let Some(last) = events.last().and_then(LoggedEvent::sequence) {
            self.after = last;
        }
        Ok(events)
    }

    pub(super) fn has_had_enough(&self) -> bool {
        self.looked_at >= LOOKED_AT_MAX
    }
}

// === impl Host ===

impl Host {
    /// A turn that the stored events tell of. The events before the turn was asked for, as
    /// its id says, are passed over without being read.
    pub(super) async fn logged_turn(
        &self,
        key: Key,
        turn_id: TurnId,
    ) -> Result<Option<TurnView>, HostError> {
        let (_, connection) = self.org(key.0)?;
        if connection.adapter.event_log().is_none() {
            return Err(errors::not_offered("event_log"));
        }
        let mut turns = LoggedTurns::default();
        self.find_since(key, turn_id, |event| {
            let is_over = event.turn_id() == Some(turn_id) && turns.take(event).is_some();
            is_over.then_some(())
        })
        .await?;
        Ok(turns.into_turns().pop())
    }

    /// The sequence number of the event that stored the message of a turn; `None` where none
    /// is found.
    pub(super) async fn message_event(
        &self,
        key: Key,
        turn_id: TurnId,
        message_id: MessageId,
    ) -> Result<Option<i64>, HostError> {
        self.find_since(key, turn_id, |event| {
            if event.event_type() != events::INPUT_MESSAGE {
                return None;
            }
            let EventData::InputMessage(said) = event.typed().ok()?.data else {
                return None;
            };
            event.sequence().filter(|_| said.message.id == message_id)
        })
        .await
    }

    /// The first that is found in the stored events since a turn was asked for, as its id
    /// says; the events before are passed over without being read. `None` at the end of the
    /// log, where enough was looked at, and where no adapter has a log.
    pub(super) async fn find_since<T>(
        &self,
        key: Key,
        turn_id: TurnId,
        find: impl FnMut(&LoggedEvent) -> Option<T>,
    ) -> Result<Option<T>, HostError> {
        self.find_after(key, time_of(turn_id), find).await
    }

    /// The same in the events since a time.
    pub(super) async fn find_after<T>(
        &self,
        key: Key,
        time: Option<DateTime<Utc>>,
        mut find: impl FnMut(&LoggedEvent) -> Option<T>,
    ) -> Result<Option<T>, HostError> {
        let (_, connection) = self.org(key.0)?;
        let Some(log) = connection.adapter.event_log() else {
            return Ok(None);
        };
        let after = match time {
            Some(time) => last_before(&log, key.1, time - CLOCKS_DIFFER_BY).await?,
            None => 0,
        };
        let mut reading = Reading::new(&log, key.1, after);
        loop {
            let events = reading.next().await?;
            if events.is_empty() {
                return Ok(None);
            }
            if let Some(found) = events.iter().find_map(&mut find) {
                return Ok(Some(found));
            }
        }
    }
}

/// When an id was made; `None` where it does not say.
fn time_of(turn_id: TurnId) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = turn_id.uuid().get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

/// A sequence number at or before that of the last event before a time, no further back
/// than a piece. Takes some twenty single events of a log of a million.
async fn last_before(
    log: &RemoteEventLog,
    session_id: SessionId,
    time: DateTime<Utc>,
) -> Result<i64, HostError> {
    let is_before = async |after: i64| -> Result<bool, HostError> {
        let events = log.read_logged(session_id, after, 1).await;
        let events = events.map_err(errors::of_store)?;
        let event = events.first().and_then(|event| event.typed().ok());
        Ok(event.is_some_and(|event| event.ts < time))
    };
    let step = i64::try_from(PIECE).unwrap_or(i64::MAX);
    let (mut before, mut not) = (0, step);
    while is_before(not).await? {
        before = not;
        not = not.saturating_mul(2);
    }
    while not - before > step {
        let middle = before + (not - before) / 2;
        match is_before(middle).await? {
            true => before = middle,
            false => not = middle,
        }
    }
    Ok(before)
}

fn begun(turn_id: TurnId, event: &Event) -> TurnView {
    let answers = event.context.input_message_id;
    let started = if let EventData::TurnStarted(started) = &event.data {
        Some(started.input_message_id)
    } else {
        None
    };
    TurnView {
        turn_id,
        session_id: event.session_id,
        input_message_id: started.or(answers).unwrap_or_default(),
        status: TurnStatus::Elsewhere,
        started_at: event.ts,
        calls: Vec::new(),
        problem: None,
        first_sequence: event.sequence.map_or(0, i64::from),
        ended: None,
    }
}

/// Notes the end of a turn, if an event is one.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "no other event ends a turn, whatever is to come"
)]
fn end(turn: &mut TurnView, event: &Event) -> bool {
    let mut ended = EndedTurn {
        at: event.ts,
        sequence: event.sequence.map_or(0, i64::from),
        ..EndedTurn::default()
    };
    turn.status = match &event.data {
        EventData::TurnCompleted(completed) => {
            ended.usage = completed.usage.clone();
            ended.output_message_id = completed.final_message_id;
            ended.llm_call_count = completed.llm_call_count;
            ended.tool_call_count = completed.tool_call_count;
            TurnStatus::Completed
        }
        EventData::TurnFailed(failed) => {
            ended.error = Some(failed.error.clone());
            TurnStatus::Failed
        }
        EventData::TurnCancelled(cancelled) => {
            ended.error.clone_from(&cancelled.reason);
            ended.usage = cancelled.usage.clone();
            TurnStatus::Cancelled
        }
        _ => return false,
    };
    turn.ended = Some(ended);
    true
}
