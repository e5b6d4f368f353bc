//! The caller's side of a turn that the server runs: attached to its invocation, it passes on
//! what the control says, and says what becomes of the turn.

use super::client::{CallError, CancelRequest, Client, RunRequest};
use crate::engine::placed::Caller;
use crate::engine::{Began, Halt, PlacedEnd, Steering, Store, TurnControl, TurnEnd, TurnError};
use crate::journal::{NextStep, TurnJournal};
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::message::Message;
use everruns_core::typed_id::MessageId;
use mortise_adapter_client::Backoff;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How often it is looked whether a turn of another host has begun; it doubles.
const LOOK_AFTER: Duration = Duration::from_millis(20);

/// It grows up to this.
const LOOK_AFTER_MAX: Duration = Duration::from_millis(500);

/// A turn that is waited for.
pub(super) struct Waiting<'a> {
    pub(super) client: &'a Client,
    pub(super) journal: &'a Arc<dyn TurnJournal>,
    pub(super) backoff: Backoff,
    pub(super) request: &'a RunRequest,
    pub(super) invocation_id: String,
    pub(super) caller: &'a Caller,
    pub(super) control: &'a TurnControl,
}

/// Messages for a turn that runs at this host.
#[derive(Debug)]
struct Here(Arc<TurnControl>);

/// Messages for a turn that runs at another host do not reach it: each gets a turn of its
/// own.
#[derive(Debug)]
struct Elsewhere;

// === impl Waiting ===

impl Waiting<'_> {
    pub(super) async fn run(&self) -> Result<TurnEnd, TurnError> {
        let attached = self.attached();
        let began = self.began();
        let cancelled = self.cancelled();
        tokio::pin!(attached, began, cancelled);
        let mut has_begun = false;
        loop {
            tokio::select! {
                biased;
                ended = &mut attached => return self.over(ended),
                (began, steering) = &mut began, if !has_begun => {
                    has_begun = true;
                    self.control.begin(began, steering);
                }
                // It goes on elsewhere, or here when this host is back.
                () = self.control.parked() => {
                    return if has_begun { Ok(TurnEnd::Parked) } else { Err(TurnError::Parked) };
                }
                // Whether it is cancelled shows in how it ends.
                () = &mut cancelled => {}
            }
        }
    }

    fn over(&self, ended: Result<PlacedEnd, CallError>) -> Result<TurnEnd, TurnError> {
        match ended {
            Ok(PlacedEnd::Ended { began, end }) => {
                self.control.about_to_end();
                if self.control.has_begun().is_none() {
                    self.control.begin(began, Arc::new(Elsewhere));
                }
                Ok(end)
            }
            Ok(PlacedEnd::NotBegun { why }) => Err(why.into_error(self.request.session_id)),
            Err(error) => {
                let session = self.request.session_id;
                tracing::error!(%session, %error, "the engine does not know what became of a turn");
                match self.control.has_begun() {
                    Some(_) => Ok(TurnEnd::Failed(error.to_string())),
                    None if error.is_cancelled() => {
                        let text =
                            "the turn was cancelled before it began; its message is not stored";
                        Err(TurnError::Refused(HostError::new(
                            ErrorReason::NoTurn,
                            text,
                        )))
                    }
                    None => Err(super::away(&error)),
                }
            }
        }
    }

    /// Waits for what becomes of the invocation, over any number of connections. An error:
    /// the server answers, and does not know it, or cancelled it before it began.
    async fn attached(&self) -> Result<PlacedEnd, CallError> {
        let mut backoff = self.backoff.clone();
        loop {
            let error = match self.client.attach(&self.invocation_id).await {
                Ok(ended) => return Ok(ended),
                Err(error) => error,
            };
            if error.is_final() {
                return Err(error);
            }
            tracing::debug!(invocation = self.invocation_id, %error, "waiting for a turn was interrupted; trying again");
            sleep(backoff.next()).await;
        }
    }

    /// Resolves when the turn has begun, here or at another host.
    async fn began(&self) -> (Began, Arc<dyn Steering>) {
        tokio::select! {
            biased;
            (began, control) = self.caller.began_here() => {
                (began, Arc::new(Here(control)) as Arc<dyn Steering>)
            }
            began = self.began_elsewhere() => (began, Arc::new(Elsewhere) as Arc<dyn Steering>),
        }
    }

    /// Looks into the journal: a turn that has taken a step has begun.
    async fn began_elsewhere(&self) -> Began {
        let mut pauses = Backoff::new(LOOK_AFTER, LOOK_AFTER_MAX);
        let RunRequest {
            org_id,
            session_id,
            begin,
        } = self.request;
        loop {
            sleep(pauses.next()).await;
            let found = self.journal.get(*org_id, *session_id).await;
            let Ok(Some(turn)) = found else {
                continue;
            };
            let is_own = turn.state.input_message_id == begin.message_id();
            if is_own && !matches!(turn.next, NextStep::Input) {
                return Began {
                    turn_id: turn.turn_id(),
                    input_message_id: turn.state.input_message_id,
                    sequence: turn.since_sequence,
                };
            }
        }
    }

    /// Cancels the turn once it is to be, wherever it is.
    async fn cancelled(&self) {
        let Halt::Cancel { reason } = self.control.halted().await else {
            return std::future::pending().await;
        };
        let request = CancelRequest {
            turn_id: Some(self.request.begin.turn_id()),
            message_id: Some(self.request.begin.message_id()),
            reason: reason.clone(),
            invocation_id: Some(self.invocation_id.clone()),
        };
        let mut backoff = self.backoff.clone();
        loop {
            if let Some(control) = self.caller.here() {
                control.cancel(reason.clone());
            }
            let RunRequest {
                org_id, session_id, ..
            } = self.request;
            match self.client.cancel(*org_id, *session_id, &request).await {
                Ok(_) => return std::future::pending().await,
                Err(error) => {
                    tracing::warn!(session = %session_id, %error, "cancelling a turn at the engine failed; trying again");
                    sleep(backoff.next()).await;
                }
            }
        }
    }
}

// === impl Here ===

#[async_trait]
impl Steering for Here {
    async fn steer(
        &self,
        message: &Message,
        store: Store<'_>,
    ) -> Option<Result<(), AgentLoopError>> {
        self.0.steer(message, store).await
    }

    async fn close(&self) -> Option<MessageId> {
        self.0.close().await;
        None
    }
}

// === impl Elsewhere ===

#[async_trait]
impl Steering for Elsewhere {
    async fn steer(&self, _: &Message, _: Store<'_>) -> Option<Result<(), AgentLoopError>> {
        None
    }

    async fn close(&self) -> Option<MessageId> {
        None
    }
}
