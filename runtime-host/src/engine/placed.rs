//! A turn that an engine has placed on this host: how it begins, what the engine is told of
//! its steps, and how it ends. All of it but the [`Attempt`] is plain data, which crosses
//! between hosts.

use super::control::SharedControl;
use super::{Began, TurnControl, TurnEnd, TurnError};
use crate::journal::{
    Claimed, JournalError, MadeClaim, QueuedTurn, RememberedRequest, Settlement, ToolClaim,
    TurnJournal, UnfinishedTurn,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::message::Message;
use everruns_core::typed_id::{MessageId, SessionId, TurnId};
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

/// Runs turns that an engine places on this host.
#[async_trait]
pub trait TurnSite: Send + Sync + fmt::Debug {
    /// Runs a turn until it has ended or waits for tool results. None: it was interrupted,
    /// and the engine is to place it again.
    async fn run_placed(&self, turn: PlacedTurn) -> Option<PlacedEnd>;

    /// Resolves when no further turn is to be placed here.
    async fn stopping(&self);

    /// Resolves when none runs here any more.
    async fn stopped(&self);
}

/// A turn that is to run here.
#[derive(Debug)]
pub struct PlacedTurn {
    /// Its org.
    pub org_id: i64,
    /// Its session.
    pub session_id: SessionId,
    /// How its caller asked for it.
    pub begin: PlacedBegin,
    /// Where it stood when an earlier attempt was interrupted; `None` in the first attempt,
    /// and where none came so far.
    pub stands: Option<UnfinishedTurn>,
    /// What the engine and this run of the turn tell each other.
    pub attempt: Arc<Attempt>,
}

/// How a turn begins that is placed somewhere.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacedBegin {
    /// Its message is stored first.
    Message {
        /// The message.
        message: Box<Message>,
        /// The id of the turn.
        turn_id: TurnId,
    },
    /// Its message is stored already.
    Stored {
        /// The message.
        message_id: MessageId,
        /// The id of the turn.
        turn_id: TurnId,
    },
    /// It goes on from its last finished step.
    Resume {
        /// The turn.
        turn: Box<UnfinishedTurn>,
    },
}

/// How a turn ended that was placed somewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacedEnd {
    /// It has ended, or waits for tool results.
    Ended {
        /// What began.
        began: Began,
        /// How it ended.
        end: TurnEnd,
    },
    /// It has not begun.
    NotBegun {
        /// Why.
        why: NotBegunHere,
    },
}

/// Why a turn did not begin where it was placed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotBegunHere {
    /// There is no such session.
    SessionNotFound,
    /// There is nothing to resume.
    NothingToResume,
    /// It is answered already.
    NotClaimed,
    /// It was refused.
    Refused {
        /// The name of the reason.
        reason: String,
        /// For people.
        message: String,
        /// The field that is wrong.
        field: Option<String>,
        /// When to come back, in milliseconds.
        retry_after_ms: Option<u64>,
    },
}

/// One run of a placed turn on this host.
#[derive(Debug)]
pub struct Attempt {
    steps: mpsc::Sender<Stepped>,
    cancelled: watch::Sender<Option<Option<String>>>,
    /// Cancelled when the engine waits for this run no longer: another may have begun.
    over: CancellationToken,
    /// Where the turn was asked for at this host: there it is shown.
    caller: Option<Arc<Caller>>,
}

/// A turn that was asked for at this host, wherever it runs.
#[derive(Debug)]
pub(super) struct Caller {
    shared: SharedControl,
    /// The control of the run of the turn at this host, if it runs here.
    attempt: watch::Sender<Option<Arc<TurnControl>>>,
}

/// A turn has finished a step, and does not take the next before this is answered.
#[derive(Debug)]
pub(super) struct Stepped {
    pub(super) turn: UnfinishedTurn,
    pub(super) recorded: oneshot::Sender<()>,
}

/// A journal whose steps the engine records as well.
#[derive(Debug)]
struct RecordedSteps {
    journal: Arc<dyn TurnJournal>,
    attempt: Arc<Attempt>,
    /// Parks the turn.
    parking: CancellationToken,
}

// === impl PlacedBegin ===

impl PlacedBegin {
    /// The message that the turn answers.
    #[must_use]
    pub fn message_id(&self) -> MessageId {
        match self {
            Self::Message { message, .. } => message.id,
            Self::Stored { message_id, .. } => *message_id,
            Self::Resume { turn } => turn.state.input_message_id,
        }
    }

    /// Its id.
    #[must_use]
    pub fn turn_id(&self) -> TurnId {
        match self {
            Self::Message { turn_id, .. } | Self::Stored { turn_id, .. } => *turn_id,
            Self::Resume { turn } => turn.turn_id(),
        }
    }
}

/// What people said stays out of logs.
impl fmt::Debug for PlacedBegin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Message { .. } => "Message",
            Self::Stored { .. } => "Stored",
            Self::Resume { .. } => "Resume",
        };
        f.debug_tuple(name).field(&self.message_id()).finish()
    }
}

// === impl NotBegunHere ===

impl From<HostError> for NotBegunHere {
    fn from(error: HostError) -> Self {
        let retry_after = error.retry_after;
        Self::Refused {
            reason: error.reason.as_str_name().into(),
            message: error.message,
            field: error.field,
            retry_after_ms: retry_after
                .map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

impl NotBegunHere {
    /// The error as the caller's host has it.
    pub(super) fn into_error(self, session_id: SessionId) -> TurnError {
        match self {
            Self::SessionNotFound => TurnError::SessionNotFound(session_id),
            Self::NothingToResume => TurnError::NothingToResume,
            Self::NotClaimed => TurnError::NotClaimed,
            Self::Refused {
                reason,
                message,
                field,
                retry_after_ms,
            } => {
                let reason = ErrorReason::from_str_name(&reason);
                let mut error = HostError::new(reason.unwrap_or(ErrorReason::Internal), message);
                error.field = field;
                error.retry_after = retry_after_ms.map(Duration::from_millis);
                TurnError::Refused(error)
            }
        }
    }
}

// === impl Attempt ===

impl Attempt {
    pub(super) fn new(
        steps: mpsc::Sender<Stepped>,
        over: CancellationToken,
        caller: Option<Arc<Caller>>,
    ) -> Self {
        Self {
            steps,
            cancelled: watch::Sender::new(None),
            over,
            caller,
        }
    }

    /// The engine's side: cancels the turn. The first reason holds.
    pub(super) fn cancel(&self, reason: Option<String>) {
        self.cancelled.send_if_modified(|current| {
            let is_first = current.is_none();
            if is_first {
                *current = Some(reason);
            }
            is_first
        });
    }

    /// Resolves when the turn is cancelled, to why it is.
    pub async fn cancelled(&self) -> Option<String> {
        let mut cancelled = self.cancelled.subscribe();
        let reason = cancelled.wait_for(Option::is_some).await;
        let reason = reason.ok().and_then(|reason| reason.clone());
        reason.unwrap_or_default()
    }

    /// Resolves when the engine waits for this run no longer.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }

    /// Whether it waits no longer.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Whether the turn's caller is at this host, which then shows the turn already.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.caller.is_some()
    }

    /// What controls this run of the turn.
    #[must_use]
    pub fn control(&self, parking: CancellationToken) -> TurnControl {
        match &self.caller {
            Some(caller) => caller.shared.attempt(parking),
            None => TurnControl::new(parking),
        }
    }

    /// The turn runs here, under this control.
    pub fn runs(&self, control: &Arc<TurnControl>) {
        if let Some(caller) = &self.caller {
            caller.attempt.send_replace(Some(control.clone()));
        }
    }

    /// The same journal, in which a turn takes a step when the engine has recorded the one
    /// before. A turn whose engine is gone is parked.
    #[must_use]
    pub fn recording(
        self: &Arc<Self>,
        journal: Arc<dyn TurnJournal>,
        parking: CancellationToken,
    ) -> Arc<dyn TurnJournal> {
        let attempt = self.clone();
        Arc::new(RecordedSteps {
            journal,
            attempt,
            parking,
        })
    }

    /// Has the engine record where a turn stands; `false` if it is gone.
    async fn record(&self, turn: &UnfinishedTurn) -> bool {
        let (recorded, is_recorded) = oneshot::channel();
        let turn = turn.clone();
        let sent = self.steps.send(Stepped { turn, recorded }).await;
        sent.is_ok() && is_recorded.await.is_ok()
    }
}

// === impl Caller ===

impl Caller {
    pub(super) fn new(control: &TurnControl) -> Self {
        Self {
            shared: control.shared(),
            attempt: watch::Sender::new(None),
        }
    }

    /// The control of the turn's run at this host, if it runs here.
    pub(super) fn here(&self) -> Option<Arc<TurnControl>> {
        self.attempt.borrow().clone()
    }

    /// Resolves when the turn has begun here, to what has begun and who takes messages.
    pub(super) async fn began_here(&self) -> (Began, Arc<TurnControl>) {
        let mut attempt = self.attempt.subscribe();
        loop {
            let control = attempt.borrow_and_update().clone();
            let began = async {
                match &control {
                    Some(control) => control.began().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                began = began => {
                    if let Some(control) = control.clone() {
                        return (began, control);
                    }
                }
                // Another attempt; the sender is this value's own.
                _ = attempt.changed() => {}
            }
        }
    }
}

// === impl RecordedSteps ===

#[async_trait]
impl TurnJournal for RecordedSteps {
    async fn put(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        self.journal.put(turn).await?;
        if !self.attempt.record(turn).await {
            // Before it takes the next step.
            self.parking.cancel();
        }
        Ok(())
    }

    async fn get(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> Result<Option<UnfinishedTurn>, JournalError> {
        self.journal.get(org_id, session_id).await
    }

    async fn replace(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        self.journal.replace(turn).await
    }

    async fn claim(
        &self,
        turn: &UnfinishedTurn,
        claim: &ToolClaim<'_>,
    ) -> Result<Claimed, JournalError> {
        self.journal.claim(turn, claim).await
    }

    async fn settle(&self, claim: &MadeClaim, settlement: &Settlement) -> Result<(), JournalError> {
        self.journal.settle(claim, settlement).await
    }

    async fn remove(&self, org_id: i64, session_id: SessionId) -> Result<(), JournalError> {
        self.journal.remove(org_id, session_id).await
    }

    async fn all(&self) -> Result<Vec<UnfinishedTurn>, JournalError> {
        self.journal.all().await
    }

    async fn put_end(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        self.journal.put_end(turn).await
    }

    async fn remove_end(&self, org_id: i64, turn_id: TurnId) -> Result<(), JournalError> {
        self.journal.remove_end(org_id, turn_id).await
    }

    async fn ends(&self) -> Result<Vec<UnfinishedTurn>, JournalError> {
        self.journal.ends().await
    }

    async fn put_queued(&self, turn: &QueuedTurn) -> Result<(), JournalError> {
        self.journal.put_queued(turn).await
    }

    async fn remove_queued(&self, org_id: i64, turn_id: TurnId) -> Result<(), JournalError> {
        self.journal.remove_queued(org_id, turn_id).await
    }

    async fn queued(&self) -> Result<Vec<QueuedTurn>, JournalError> {
        self.journal.queued().await
    }

    async fn put_request(&self, request: &RememberedRequest) -> Result<(), JournalError> {
        self.journal.put_request(request).await
    }

    async fn request(
        &self,
        org_id: i64,
        request_id: &str,
    ) -> Result<Option<RememberedRequest>, JournalError> {
        self.journal.request(org_id, request_id).await
    }

    async fn remove_request(&self, org_id: i64, request_id: &str) -> Result<(), JournalError> {
        self.journal.remove_request(org_id, request_id).await
    }

    async fn remove_requests_before(&self, time: DateTime<Utc>) -> Result<usize, JournalError> {
        self.journal.remove_requests_before(time).await
    }
}
