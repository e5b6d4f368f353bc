//! Accepting a turn. It begins at once, or waits for its session and for room on the host.
//! One that waits is in the journal before its caller is told, so it runs when its turn
//! comes, whatever becomes of the caller or of this process.

use super::known_turns::stored_message;
use super::leases::WhenHeld;
use super::org_connections::OrgConnection;
use super::session_queue::{BusyPolicy, Ticket, TurnPermit};
use super::turn_queue::worker::{TRIED_FOR, passes};
use super::waiting_turns::{Became, Cancelled, Tell};
use super::{Accepted, Host, Key, QueuedHandle, TurnHandle, errors};
use crate::engine::{Begin, TurnEnd, TurnError};
use crate::journal::{Ending, NotBegun, QueuedTurn};
use chrono::Utc;
use everruns_core::message::Message;
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::typed_id::TurnId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::Backoff;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::Instrument;

/// The pauses while an adapter does not take a turn's message.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Why a turn that waited waits no longer.
enum Outcome {
    Began(TurnHandle),
    /// It had begun already: in an earlier process, or although its adapter did not say so.
    BegunBefore,
    /// It was cancelled, and nothing of it is stored.
    Cancelled(Option<String>),
    /// It was cancelled when its message was stored already.
    Ended(TurnEnd),
    Failed(HostError),
    /// The host stops; the next process runs it.
    Parked,
}

/// Whether a turn can begin now.
enum Now {
    Permit(Box<(TurnPermit, OrgConnection)>),
    /// The session has a turn, or the host no room.
    Busy(Ticket),
    /// Another host has the session.
    Held(Ticket),
}

// === impl Host ===

impl Host {
    /// Accepts a turn: begins it, or writes it down where it has to wait. `may_have_begun`:
    /// another host may have been asked for it, and the lease of the session shows that.
    pub(super) async fn accept(
        &self,
        key: Key,
        policy: BusyPolicy,
        turn_id: TurnId,
        message: Message,
        may_have_begun: bool,
    ) -> Result<Accepted, HostError> {
        let (org_id, session_id) = key;
        let sessions = &self.inner.sessions;
        let (ticket, place) = self.inner.waiting.enter(|| sessions.enter(key, policy))?;
        let (_, connection) = self.org(org_id)?;
        let permit = match self.permit_now(ticket, key, &connection, policy).await? {
            Now::Permit(permit) => Ok(permit),
            Now::Held(ticket) => Err(ticket.made_patient()),
            Now::Busy(ticket) if policy != BusyPolicy::Refuse && ticket.is_patient() => Err(ticket),
            // There is no room, or the session's turn ends this moment.
            Now::Busy(ticket) => {
                let leased = self.leased(key, connection.clone(), WhenHeld::Refuse);
                Ok(Box::new(ticket.permit(leased).await?))
            }
        };
        let (ticket, place, may_have_begun) = match permit {
            Ok(permit) => {
                let (permit, connection) = *permit;
                if may_have_begun
                    && stored_message(&connection, session_id, message.id)
                        .await?
                        .is_some()
                {
                    drop(permit);
                    let found = self.turn_of_message(key, turn_id, message.id).await?;
                    return found.ok_or_else(|| self.aborted());
                }
                let begin = Begin::Message {
                    message: Box::new(message.clone()),
                    turn_id,
                };
                match self.begin(permit, key, connection, begin).await {
                    Ok(turn) => return Ok(Accepted::Began(turn)),
                    Err(error) if policy == BusyPolicy::Refuse || !errors::is_lost(&error) => {
                        return Err(errors::of_turn(error));
                    }
                    // It waits for the session as it would have, had the other come first.
                    Err(_) => {}
                }
                let enter = || sessions.enter(key, policy);
                let (ticket, place) = self.inner.waiting.enter(enter)?;
                (ticket.made_patient(), place, true)
            }
            Err(ticket) => (ticket, place, may_have_begun),
        };
        self.session(&connection, key).await?;
        let turn = QueuedTurn {
            org_id,
            session_id,
            turn_id,
            place,
            message,
            accepted_at: Utc::now(),
            end: None,
        };
        let enqueued = self.clone().enqueue(ticket, turn, may_have_begun);
        let queued = self.run_detached(enqueued).await;
        queued.map(Accepted::Queued)
    }

    /// The permit where nothing has to be waited for: neither a turn of the session, here or
    /// on another host, nor room on this host.
    async fn permit_now(
        &self,
        ticket: Ticket,
        key: Key,
        connection: &OrgConnection,
        policy: BusyPolicy,
    ) -> Result<Now, HostError> {
        if !ticket.is_free() {
            return Ok(Now::Busy(ticket));
        }
        let leased = self.leased(key, connection.clone(), WhenHeld::Refuse);
        let leased = match leased.await {
            Ok(leased) => leased,
            Err(error)
                if error.reason == ErrorReason::SessionBusy && policy != BusyPolicy::Refuse =>
            {
                return Ok(Now::Held(ticket));
            }
            Err(error) => return Err(error),
        };
        Ok(match ticket.try_permit(leased) {
            Ok(permit) => Now::Permit(Box::new(permit)),
            Err(ticket) => Now::Busy(ticket),
        })
    }

    async fn enqueue(
        self,
        ticket: Ticket,
        turn: QueuedTurn,
        may_have_begun: bool,
    ) -> Result<QueuedHandle, HostError> {
        let written = self.inner.journal.put_queued(&turn).await;
        written.map_err(|error| errors::of_journal(&error))?;
        Ok(self.wait_for_turn(ticket, turn, may_have_begun))
    }

    /// Has the turns run that an earlier process accepted, in their order.
    pub(super) async fn recover_queued(&self, turns: Vec<QueuedTurn>) {
        for turn in turns {
            self.inner.waiting.continue_after(turn.place);
            if turn.end.is_some() {
                self.keep_end(turn).await;
                continue;
            }
            let (org_id, session_id) = (turn.org_id, turn.session_id);
            if !self.inner.orgs.contains_key(&org_id) {
                tracing::warn!(org_id, session = %session_id, "queued turn kept: its org is not served");
                continue;
            }
            let key = (org_id, session_id);
            if let Ok(ticket) = self.inner.sessions.enter(key, BusyPolicy::WaitAgain) {
                drop(self.wait_for_turn(ticket, turn, true));
            }
        }
    }

    fn wait_for_turn(
        &self,
        ticket: Ticket,
        turn: QueuedTurn,
        may_have_begun: bool,
    ) -> QueuedHandle {
        let (handle, tell, cancelled) = self.inner.waiting.insert(&turn);
        let host = self.clone();
        let work = async move {
            let run = host.run_queued(ticket, &turn, may_have_begun, cancelled);
            let outcome = run.await;
            host.settle(turn, outcome, &tell).await;
        };
        self.spawn_turn(work.in_current_span());
        handle
    }

    /// Waits for a turn's place and begins it, again where its adapter is away. Other turns
    /// of the session stay behind it meanwhile.
    async fn run_queued(
        &self,
        ticket: Ticket,
        turn: &QueuedTurn,
        mut may_have_begun: bool,
        mut cancelled: Cancelled,
    ) -> Outcome {
        let key = (turn.org_id, turn.session_id);
        let place = async {
            self.until_reached(turn.org_id).await;
            let leased = async {
                let (_, connection) = self.org(turn.org_id)?;
                let insists = WhenHeld::Insist(TRIED_FOR);
                self.leased(key, connection, insists).await
            };
            ticket.permit(leased).await
        };
        let permit = tokio::select! {
            biased;
            reason = cancelled_for(&mut cancelled) => return Outcome::Cancelled(reason),
            permit = place => permit,
        };
        let (permit, mut connection) = match permit {
            Ok((permit, connection)) => (Arc::new(permit), connection),
            Err(_) if self.is_draining() => return Outcome::Parked,
            Err(error) => return Outcome::Failed(error),
        };
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let until = Instant::now() + TRIED_FOR;
        loop {
            let begun = self.try_begin(&permit, &connection, turn, may_have_begun);
            let error = match begun.await {
                Ok(outcome) => return outcome,
                Err(error) => error,
            };
            if self.is_draining() {
                return Outcome::Parked;
            }
            if !passes(&error) || Instant::now() >= until {
                return Outcome::Failed(errors::of_turn(error));
            }
            tracing::warn!(session = %turn.session_id, turn = %turn.turn_id, %error, "queued turn not started; trying again");
            // Its message may be stored although its adapter did not say so.
            may_have_begun = true;
            permit.step_back();
            let room = async {
                sleep(backoff.next()).await;
                self.until_reached(turn.org_id).await;
                let (_, connection) = self.org(turn.org_id)?;
                let leased = self
                    .leased(key, connection, WhenHeld::Insist(TRIED_FOR))
                    .await?;
                permit.hold(leased.hold);
                permit.enter_room().await?;
                Ok(leased.connection)
            };
            tokio::select! {
                biased;
                reason = cancelled_for(&mut cancelled) => return self.cancel_left(turn, reason).await,
                () = self.inner.closing.cancelled() => return Outcome::Parked,
                room = room => match room {
                    Ok(leased) => connection = leased,
                    Err(_) if self.is_draining() => return Outcome::Parked,
                    Err(error) => return Outcome::Failed(error),
                }
            }
        }
    }

    /// Begins a turn, or goes on with it where it has begun already.
    async fn try_begin(
        &self,
        permit: &Arc<TurnPermit>,
        connection: &OrgConnection,
        turn: &QueuedTurn,
        may_have_begun: bool,
    ) -> Result<Outcome, TurnError> {
        let key = (turn.org_id, turn.session_id);
        let mut begin = Begin::Message {
            message: Box::new(turn.message.clone()),
            turn_id: turn.turn_id,
        };
        if may_have_begun {
            let left = connection.unfinished(key).await?;
            let left = left.filter(|left| left.turn_id() == turn.turn_id);
            if let Some(left) = left {
                if left.waits_for().is_some() {
                    return Ok(Outcome::BegunBefore);
                }
                begin = Begin::Resume(Box::new(left));
            } else {
                let messages = connection.adapter.message_store();
                let stored = messages.get(turn.session_id, turn.message.id).await?;
                if stored.is_some() {
                    return Ok(Outcome::BegunBefore);
                }
            }
        }
        let share = permit.clone();
        let begun = self.begin(share, key, connection.clone(), begin);
        begun.await.map(Outcome::Began)
    }

    /// Ends a turn that was cancelled and of which something may be stored.
    async fn cancel_left(&self, turn: &QueuedTurn, reason: Option<String>) -> Outcome {
        let key = (turn.org_id, turn.session_id);
        let ended = async {
            let (_, connection) = self.org(turn.org_id)?;
            let leased = self.leased(key, connection, WhenHeld::Refuse).await?;
            let connection = &leased.connection;
            let left = connection.unfinished(key).await?;
            let left = left.filter(|left| left.turn_id() == turn.turn_id);
            let left = left.ok_or(TurnError::NothingToResume)?;
            let ending = Ending::Cancelled {
                reason: reason.clone(),
            };
            let control = self.inner.sessions.control();
            connection.engine.end(left, ending, &control).await
        };
        match ended.await {
            Ok(end) => Outcome::Ended(end),
            Err(TurnError::NothingToResume) => Outcome::Cancelled(reason),
            Err(error) => Outcome::Failed(errors::of_turn(error)),
        }
    }

    /// Says what became of a turn, once that is sure.
    async fn settle(&self, turn: QueuedTurn, outcome: Outcome, tell: &Tell) {
        let session = turn.session_id;
        let became = match outcome {
            Outcome::Began(handle) => {
                self.inner.waiting.remove(turn.turn_id);
                tell.send_replace(Some(Became::Began(handle)));
                return self.forget(&turn).await;
            }
            Outcome::BegunBefore => {
                tracing::info!(%session, turn = %turn.turn_id, "a queued turn had begun before");
                self.inner.waiting.remove(turn.turn_id);
                self.forget(&turn).await;
                Became::BegunBefore
            }
            Outcome::Ended(end) => {
                self.inner.waiting.remove(turn.turn_id);
                self.forget(&turn).await;
                Became::Ended(end)
            }
            Outcome::Parked => Became::Ended(TurnEnd::Parked),
            Outcome::Cancelled(reason) => {
                let ended = turn.ended(NotBegun::Cancelled { reason });
                match self.write_end(ended).await {
                    Ok(()) => Became::Ended(TurnEnd::Cancelled),
                    Err(error) => Became::Refused(error),
                }
            }
            Outcome::Failed(error) => {
                tracing::warn!(%session, turn = %turn.turn_id, %error, "queued turn not started");
                let problem = error.message.clone();
                let ended = turn.ended(NotBegun::Failed { error: problem });
                // Why it failed is the answer either way.
                drop(self.write_end(ended).await);
                Became::Refused(error)
            }
        };
        tell.send_replace(Some(became));
    }

    /// Writes down that a turn will not begin.
    async fn write_end(&self, turn: QueuedTurn) -> Result<(), HostError> {
        let written = self.inner.journal.put_queued(&turn).await;
        self.keep_end(turn).await;
        written.map_err(|error| errors::of_journal(&error))
    }

    async fn keep_end(&self, turn: QueuedTurn) {
        for old in self.inner.waiting.end(turn) {
            self.forget(&old).await;
        }
    }

    async fn forget(&self, turn: &QueuedTurn) {
        let journal = &self.inner.journal;
        if let Err(error) = journal.remove_queued(turn.org_id, turn.turn_id).await {
            tracing::error!(session = %turn.session_id, %error, "removing a queued turn from the journal failed");
        }
    }

    /// Resolves when an org can be served, or the host is to stop.
    async fn until_reached(&self, org_id: i64) {
        let Some(org) = self.inner.orgs.get(&org_id) else {
            return;
        };
        tokio::select! {
            _ = org.reached() => {}
            () = self.inner.closing.cancelled() => {}
        }
    }
}

/// Resolves when a turn is cancelled, to why it is.
async fn cancelled_for(cancelled: &mut Cancelled) -> Option<String> {
    let asked = cancelled.wait_for(Option::is_some).await;
    let asked = asked.ok().and_then(|asked| asked.clone());
    match asked {
        Some(reason) => reason,
        // It waits no longer, and cannot be cancelled so.
        None => std::future::pending().await,
    }
}
