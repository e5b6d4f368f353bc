//! The changes that applications ask for. One with a request id happens once, however often
//! it is sent.

use super::known_turns::stored_message;
use super::leases::WhenHeld;
use super::requests::{Request, is_remembered};
use super::session_queue::BusyPolicy;
use super::sessions::described;
use super::turns::said;
use super::{Accepted, Call, Host, Key, Sent, Submitted, ToolOutcome, Waited, errors};
use crate::engine::{Begin, TurnEnd};
use crate::journal::RememberedRequest;
use everruns_core::Session;
use everruns_core::events::{self, EventData};
use everruns_core::message::Message;
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use mortise_proto::HostError;
use mortise_proto::convert::event_log::LoggedEvent;
use mortise_proto::convert::platform_store::NewSession;
use mortise_proto::host::ErrorReason;
use serde_json::{Value, json};
use std::collections::HashSet;

// === impl Host ===

impl Host {
    /// Makes a session, through the platform store where it is offered, else by seeding.
    pub async fn create_session(
        &self,
        call: impl Into<Call>,
        new: NewSession,
    ) -> Result<Session, HostError> {
        let Call { org_id, request_id } = call.into();
        let (org_id, _) = self.org(org_id)?;
        let Some(request_id) = request_id else {
            return self.make_session(org_id, new, None).await;
        };
        let asked = described(org_id, new.clone());
        let work = async move |host: Host, record: RememberedRequest, _| {
            host.make_session(org_id, new, Some(record.change_id)).await
        };
        self.once(org_id, request_id, ("CreateSession", asked), work)
            .await
    }

    /// Runs the turn that answers a message; `queue` says whether it waits for another turn
    /// of the session. Returns when the message is stored, or, where the turn has to wait,
    /// when the turn is in the journal.
    pub async fn run_turn(
        &self,
        call: impl Into<Call>,
        session_id: SessionId,
        message: Message,
        queue: Option<bool>,
    ) -> Result<Accepted, HostError> {
        let Call { org_id, request_id } = call.into();
        let (org_id, _) = self.org(org_id)?;
        self.check_size(org_id, &said(session_id, &message))?;
        let policy = if queue.unwrap_or(self.inner.options.queue_by_default) {
            BusyPolicy::Queue
        } else {
            BusyPolicy::Refuse
        };
        let key = (org_id, session_id);
        let Some(request_id) = request_id else {
            self.check_model(org_id, &message).await?;
            return self
                .accept(key, policy, TurnId::new(), message, false)
                .await;
        };
        let asked =
            json!({ "session_id": session_id, "queue": queue, "message": text_of(&message) });
        let host = self.clone();
        self.run_detached(async move {
            let request = host.request(org_id, request_id, "RunTurn", &asked);
            let request = request.await?;
            host.accept_once(key, policy, &request, message).await
        })
        .await
    }

    /// The turn of a request, wherever it is by now; it is accepted where nothing of it is
    /// known.
    async fn accept_once(
        &self,
        key: Key,
        policy: BusyPolicy,
        request: &Request,
        mut message: Message,
    ) -> Result<Accepted, HostError> {
        let mut record = request.record.clone();
        // Another host may have been asked before.
        let may_be_known =
            request.is_repeated || self.is_stored_elsewhere(key, &mut record).await?;
        let (turn_id, message_id) = (record.turn_id, record.message_id);
        if may_be_known && let Some(turn) = self.turn_of_message(key, turn_id, message_id).await? {
            return Ok(turn);
        }
        // A turn that is asked for again is answered, whatever has become of its model.
        if let Err(error) = self.check_model(key.0, &message).await {
            request.failed(&error).await;
            return Err(error);
        }
        message.id = message_id;
        let may_be_refused = policy == BusyPolicy::Refuse && request.is_repeated;
        // It runs: to refuse it because another turn runs first would be untrue.
        let policy = match may_be_refused && self.has(key, message_id).await? {
            true => BusyPolicy::Queue,
            false => policy,
        };
        let is_shared = self.shares_sessions(key.0)?;
        let accepted = self.accept(key, policy, turn_id, message, is_shared).await;
        if let Err(error) = &accepted {
            request.failed(error).await;
        }
        accepted
    }

    /// Whether the engine has the turn of a message.
    async fn has(&self, key: Key, message_id: MessageId) -> Result<bool, HostError> {
        let (_, connection) = self.org(key.0)?;
        let has = connection.engine.has(key.1, message_id).await;
        has.map_err(errors::of_turn)
    }

    /// Stores a message for the turn under way, or for a new one where there is none.
    pub async fn send_message(
        &self,
        call: impl Into<Call>,
        session_id: SessionId,
        message: Message,
    ) -> Result<Sent, HostError> {
        let Call { org_id, request_id } = call.into();
        let (org_id, _) = self.org(org_id)?;
        self.check_size(org_id, &said(session_id, &message))?;
        let key = (org_id, session_id);
        let Some(request_id) = request_id else {
            self.check_model(org_id, &message).await?;
            return self.send(key, TurnId::new(), message).await;
        };
        let asked = json!({ "session_id": session_id, "message": text_of(&message) });
        let work = async move |host: Host, mut record: RememberedRequest, is_repeated| {
            // Another host may have been asked before.
            let may_be_known = is_repeated || host.is_stored_elsewhere(key, &mut record).await?;
            if may_be_known && let Some(sent) = host.sent_before(key, &record).await? {
                return Ok(sent);
            }
            host.check_model(key.0, &message).await?;
            let mut message = message;
            message.id = record.message_id;
            host.send(key, record.turn_id, message).await
        };
        self.once(org_id, request_id, ("SendMessage", asked), work)
            .await
    }

    /// Whether another host has stored the message of a call. One that was stored longer ago
    /// than calls are remembered is of another call: this one gets an id of its own.
    async fn is_stored_elsewhere(
        &self,
        key: Key,
        record: &mut RememberedRequest,
    ) -> Result<bool, HostError> {
        if !self.shares_sessions(key.0)? {
            return Ok(false);
        }
        let (_, connection) = self.org(key.0)?;
        let stored = stored_message(&connection, key.1, record.message_id).await?;
        let is_remembered = stored.map(|message| is_remembered(message.created_at));
        if is_remembered == Some(false) {
            self.about_another_message(record).await?;
        }
        Ok(is_remembered == Some(true))
    }

    /// Where a message went whose call was cut; `None` where it is not stored.
    async fn sent_before(
        &self,
        key: Key,
        record: &RememberedRequest,
    ) -> Result<Option<Sent>, HostError> {
        let (turn_id, message_id) = (record.turn_id, record.message_id);
        let sent = |turn_id, steered| Sent {
            message_id,
            turn_id,
            steered,
        };
        if self.known_turn(key, turn_id).await?.is_some() {
            return Ok(Some(sent(turn_id, false)));
        }
        let (_, connection) = self.org(key.0)?;
        let Some(message) = stored_message(&connection, key.1, message_id).await? else {
            return Ok(None);
        };
        if let Some(turn_id) = self.turn_that_answers(key, &message).await? {
            return Ok(Some(sent(turn_id, false)));
        }
        let stored_at = Some(message.created_at);
        let asked = self.find_after(key, stored_at, |event| asked_with(event, message_id));
        if let Some(turn_id) = asked.await? {
            return Ok(Some(sent(turn_id, true)));
        }
        // A turn that has not ended reads it before it asks the model again.
        if let Some(turn) = self.turn_of(key).await? {
            return Ok(Some(sent(turn.turn_id, true)));
        }
        let ticket = self.inner.sessions.enter(key, BusyPolicy::Wait)?;
        let begin = Begin::Stored {
            message_id,
            turn_id,
            claim: None,
        };
        let leased = self.leased(key, connection, WhenHeld::Wait);
        let (permit, connection) = ticket.permit(leased).await?;
        let turn = self.begin(permit, key, connection, begin).await;
        let turn = turn.map_err(errors::of_turn)?;
        Ok(Some(sent(turn.began.turn_id, false)))
    }

    /// Answers tool calls that a turn waits for: all of them are stored or none.
    pub async fn submit_tool_results(
        &self,
        call: impl Into<Call>,
        session_id: SessionId,
        outcomes: Vec<ToolOutcome>,
    ) -> Result<Submitted, HostError> {
        let Call { org_id, request_id } = call.into();
        let (org_id, _) = self.org(org_id)?;
        let key = (org_id, session_id);
        let Some(request_id) = request_id else {
            return self.submit(key, outcomes).await;
        };
        let results: Vec<Value> = outcomes
            .iter()
            .map(|outcome| json!([outcome.call_id, outcome.result]))
            .collect();
        let asked = json!({ "session_id": session_id, "results": results });
        let work = async move |host: Host, record: RememberedRequest, is_repeated| {
            let calls: Vec<String> = outcomes.iter().map(|given| given.call_id.clone()).collect();
            let done = host.submit(key, outcomes).await;
            match done {
                Err(error) if is_repeated && is_done(&error) => {
                    let before = host.submitted_before(key, &record, &calls).await?;
                    before.ok_or(error)
                }
                done => done,
            }
        };
        self.once(org_id, request_id, ("SubmitToolResults", asked), work)
            .await
    }

    /// What results led to that are all stored already.
    async fn submitted_before(
        &self,
        key: Key,
        record: &RememberedRequest,
        calls: &[String],
    ) -> Result<Option<Submitted>, HostError> {
        let mut open: HashSet<&str> = calls.iter().map(String::as_str).collect();
        let found = self.find_since(key, record.turn_id, |event| {
            let (call_id, turn_id) = answered(event)?;
            open.remove(call_id.as_str());
            turn_id.filter(|_| open.is_empty())
        });
        let Some(turn_id) = found.await? else {
            return Ok(None);
        };
        let left = self.unfinished(key).await?;
        let left = left.filter(|left| left.turn_id() == turn_id);
        let waits = left.as_ref().and_then(|left| left.waits_for());
        let waiting_for: Vec<String> = waits
            .into_iter()
            .flatten()
            .map(|call| call.id.clone())
            .collect();
        Ok(Some(Submitted {
            turn_id,
            resumed: waiting_for.is_empty(),
            waiting_for,
        }))
    }

    /// Cancels a turn that is queued or under way or waits for tool results, and returns
    /// when it has ended, or after 10 s with an error that says so: an adapter that does not
    /// answer keeps the end from being stored, not the turn from being cancelled. One that
    /// is about to begin is cancelled when it does, and one that waits to begin does not.
    pub async fn cancel_turn(
        &self,
        call: impl Into<Call>,
        session_id: SessionId,
        turn_id: Option<TurnId>,
        reason: Option<String>,
    ) -> Result<(TurnId, TurnEnd), HostError> {
        let Call { org_id, request_id } = call.into();
        let (org_id, _) = self.org(org_id)?;
        let key = (org_id, session_id);
        let Some(request_id) = request_id else {
            return self.cancel(key, turn_id, reason).await;
        };
        let asked = json!({ "session_id": session_id, "turn_id": turn_id, "reason": reason });
        let work = async move |host: Host, record: RememberedRequest, is_repeated| {
            host.cancel_once(key, turn_id, reason, record, is_repeated)
                .await
        };
        self.once(org_id, request_id, ("CancelTurn", asked), work)
            .await
    }

    /// Cancels the same turn, however often it is asked to.
    async fn cancel_once(
        &self,
        key: Key,
        meant: Option<TurnId>,
        reason: Option<String>,
        mut record: RememberedRequest,
        is_repeated: bool,
    ) -> Result<(TurnId, TurnEnd), HostError> {
        if !is_repeated {
            let found = match meant {
                Some(meant) => Some(meant),
                None => self.turn_of(key).await?.map(|turn| turn.turn_id),
            };
            if let Some(found) = found {
                self.about_turn(&mut record, found).await?;
            }
        }
        let turn_id = record.is_turn_known.then_some(record.turn_id);
        let error = match self.cancel(key, turn_id, reason).await {
            Err(error) if is_repeated && error.reason == ErrorReason::NoTurn => error,
            done => return done,
        };
        // It was cancelled before, or has ended by itself.
        let Some(turn_id) = turn_id else {
            return Err(error);
        };
        let Some(turn) = self.known_turn(key, turn_id).await? else {
            return Err(error);
        };
        let end = match turn.begun(self).await? {
            Waited::Began(mut turn) => turn.ended().await?.end,
            Waited::Ended(ended) => ended.end,
        };
        Ok((turn_id, end))
    }
}

/// What a message says, without what differs each time that it is sent.
fn text_of(message: &Message) -> Value {
    let mut message = json!(message);
    if let Some(message) = message.as_object_mut() {
        for own in ["id", "created_at"] {
            message.remove(own);
        }
    }
    message
}

/// Whether an error says that the results are there already.
fn is_done(error: &HostError) -> bool {
    matches!(
        error.reason,
        ErrorReason::ToolCallAnswered | ErrorReason::NotWaiting | ErrorReason::UnknownToolCall
    )
}

/// The turn whose model was asked with a message, if an event says so.
fn asked_with(event: &LoggedEvent, message_id: MessageId) -> Option<TurnId> {
    if event.event_type() != events::LLM_GENERATION {
        return None;
    }
    let EventData::LlmGeneration(asked) = event.typed().ok()?.data else {
        return None;
    };
    let is_there = asked.messages.iter().any(|said| said.id == message_id);
    event.turn_id().filter(|_| is_there)
}

/// The tool call that has its result by an event, and its turn.
fn answered(event: &LoggedEvent) -> Option<(String, Option<TurnId>)> {
    if event.event_type() != events::TOOL_COMPLETED {
        return None;
    }
    let EventData::ToolCompleted(done) = event.typed().ok()?.data else {
        return None;
    };
    Some((done.tool_call_id, event.turn_id()))
}
