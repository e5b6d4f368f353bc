//! Runs the turns that the storage asks for: messages that were sent through the
//! platform store (by subagents' parents, by other sessions) and schedules that came
//! due.
//!
//! One turn at a time per session, in the order of its messages. A turn that is under
//! way when a message arrives sees the message as soon as it reasons again, and
//! answers it; then there is nothing left to run. A turn request is taken when its
//! turn begins: what waits, waits in the storage.

use crate::engine::{Claim, TurnEnd, TurnError};
use crate::host::errors;
use async_trait::async_trait;
use everruns_core::AgentLoopError;
use everruns_core::events::{Event, EventData};
use everruns_core::typed_id::{MessageId, SessionId};
use futures::StreamExt;
use futures::future::BoxFuture;
use mortise_adapter_client::{Backoff, GrpcHostAdapter, RemoteEventLog, RemoteTurnQueue, jittered};
use mortise_proto::StoreError;
use mortise_proto::convert::error::gone_session;
use mortise_proto::convert::turn_queue::TurnRequest;
use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How long to wait before following again after it was interrupted, and before a request
/// that could not be served is tried again. That wait doubles.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// It grows up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// For how long a turn that does not begin is tried.
pub(in crate::host) const TRIED_FOR: Duration = Duration::from_secs(60 * 60);

/// Runs turns, one at a time per session.
pub trait TurnRunner: Send + Sync + fmt::Debug {
    /// Runs the turn of a message that is stored, if `claim` says so. Its place in the
    /// session's queue is taken now: turns run in the order of these calls.
    fn answer(
        &self,
        session_id: SessionId,
        message_id: MessageId,
        claim: Box<dyn Claim>,
    ) -> Running;
}

/// A turn that has a place in its session's queue.
pub type Running = BoxFuture<'static, Result<TurnEnd, TurnError>>;

/// Which message of which session.
type Key = (SessionId, MessageId);

/// Runs the turns that one org's storage asks for.
#[derive(Debug)]
pub struct TurnWorker {
    queue: RemoteTurnQueue,
    log: Option<RemoteEventLog>,
    runner: Arc<dyn TurnRunner>,
    /// What is asked for and not done. Followed again, a request may come a second time.
    accepted: HashSet<Key>,
    under_way: JoinSet<Key>,
    /// Cancelled when it is to stop: nothing is tried again then.
    stopping: CancellationToken,
}

/// A turn request that is served.
#[derive(Debug)]
struct Serving {
    queue: RemoteTurnQueue,
    log: Option<RemoteEventLog>,
    runner: Arc<dyn TurnRunner>,
    request: TurnRequest,
}

// === impl TurnWorker ===

impl TurnWorker {
    /// A worker over an adapter; `None` where the adapter offers no turn queue.
    #[must_use]
    pub fn new(adapter: &GrpcHostAdapter, runner: Arc<dyn TurnRunner>) -> Option<Self> {
        Some(Self {
            queue: adapter.turn_queue()?,
            log: adapter.event_log(),
            runner,
            accepted: HashSet::new(),
            under_way: JoinSet::new(),
            stopping: CancellationToken::new(),
        })
    }

    /// Runs turns until it is told to stop, and then ends those under way.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                broken = self.follow() => {
                    tracing::warn!(error = %broken, "following the turn queue failed; trying again");
                }
            }
            tokio::select! {
                () = &mut stop => break,
                () = sleep(jittered(AGAIN_AFTER)) => {}
            }
        }
        self.stopping.cancel();
        while self.under_way.join_next().await.is_some() {}
    }

    /// Follows the queue until it breaks off, and says why.
    async fn follow(&mut self) -> String {
        let mut requests = match self.queue.follow().await {
            Ok(requests) => requests,
            Err(error) => return error.to_string(),
        };
        loop {
            tokio::select! {
                request = requests.next() => match request {
                    Some(Ok(request)) => self.accept(request),
                    Some(Err(error)) => return error.to_string(),
                    None => return "it ended".into(),
                },
                Some(Ok(key)) = self.under_way.join_next() => {
                    self.accepted.remove(&key);
                }
            }
        }
    }

    fn accept(&mut self, request: TurnRequest) {
        let key = (request.session_id, request.input_message_id);
        if !self.accepted.insert(key) {
            return;
        }
        let serving = Arc::new(Serving {
            queue: self.queue.clone(),
            log: self.log.clone(),
            runner: self.runner.clone(),
            request,
        });
        // In the order in which the requests came.
        let first = serving.running();
        let stopping = self.stopping.clone();
        self.under_way.spawn(async move {
            serving.until_done(first, &stopping).await;
            key
        });
    }
}

/// What became of a turn request.
#[derive(Debug)]
enum Served {
    Ran(TurnEnd),
    /// Another host has it, or a turn that was under way has answered the message.
    Otherwise,
}

// === impl Serving ===

impl Serving {
    fn running(self: &Arc<Self>) -> Running {
        let (session_id, message_id) = (self.request.session_id, self.request.input_message_id);
        let claim = Box::new(self.clone());
        self.runner.answer(session_id, message_id, claim)
    }

    /// Serves it, again where that may pass: who stored the message waits for its answer,
    /// and the storage does not ask a second time on this stream. What cannot be served in
    /// an hour, or is refused for good, waits in the storage until the queue is followed
    /// anew.
    async fn until_done(self: Arc<Self>, first: Running, stopping: &CancellationToken) {
        let session = self.request.session_id.to_string();
        let mut running = first;
        let mut backoff = Backoff::new(AGAIN_AFTER, LONGEST_PAUSE);
        let until = Instant::now() + TRIED_FOR;
        loop {
            let once = self.clone();
            // A task of its own: one that panics must not take the session's queue with it.
            let error = match tokio::spawn(async move { once.serve(running).await }).await {
                Ok(Ok(Served::Ran(TurnEnd::Failed(_)))) => {
                    // Why may quote what users wrote.
                    return tracing::warn!(session, "a turn failed; its events say why");
                }
                Ok(Ok(served)) => {
                    return tracing::debug!(session, ?served, "turn request done");
                }
                Ok(Err(error)) => error,
                Err(fault) => {
                    tracing::error!(session, %fault, "the task of a turn request panicked or was aborted");
                    TurnError::Aborted
                }
            };
            if !passes(&error) || Instant::now() >= until {
                return tracing::error!(session, %error, "a turn could not be run; its request waits in the storage");
            }
            tracing::error!(session, %error, "running a requested turn failed; trying again");
            tokio::select! {
                () = stopping.cancelled() => return,
                () = sleep(backoff.next()) => {}
            }
            running = self.running();
        }
    }

    async fn serve(self: Arc<Self>, running: Running) -> Result<Served, TurnError> {
        let session_id = self.request.session_id;
        match running.await {
            Ok(end) => Ok(Served::Ran(end)),
            Err(TurnError::NotClaimed) => Ok(Served::Otherwise),
            Err(error) if has_no_session(&error, session_id) => {
                // It cannot be answered any more.
                self.take().await?;
                Ok(Served::Otherwise)
            }
            Err(error) => Err(error),
        }
    }
}

/// The engine claims the turn once nothing else stands in its way.
#[async_trait]
impl Claim for Arc<Serving> {
    async fn is_answered(&self) -> Result<bool, AgentLoopError> {
        let Some(log) = &self.log else {
            return Ok(false);
        };
        let request = &self.request;
        let since = log.read(request.session_id, request.sequence).await?;
        Ok(asked_with(&since, request.input_message_id))
    }

    async fn take(&self) -> Result<bool, AgentLoopError> {
        self.queue.take(&self.request).await
    }
}

/// Whether a turn that did not begin may begin later.
pub(in crate::host) fn passes(of: &TurnError) -> bool {
    match of {
        TurnError::NotStored(error) | TurnError::Adapter(error) => {
            errors::is_lost(of) || StoreError::from(error).may_pass()
        }
        TurnError::Journal(_)
        | TurnError::Parked
        | TurnError::Aborted
        | TurnError::Refused(_)
        | TurnError::NothingToResume => true,
        TurnError::SessionNotFound(_) | TurnError::NotClaimed => false,
    }
}

/// Whether a turn cannot be run because its session is not there, or was deleted.
fn has_no_session(error: &TurnError, session_id: SessionId) -> bool {
    match error {
        TurnError::SessionNotFound(_) => true,
        TurnError::Adapter(error) | TurnError::NotStored(error) => {
            gone_session(error) == Some(session_id)
        }
        TurnError::Journal(_)
        | TurnError::NotClaimed
        | TurnError::NothingToResume
        | TurnError::Parked
        | TurnError::Aborted
        | TurnError::Refused(_) => false,
    }
}

/// Whether a model was asked with a message. That a turn had begun to reason does not
/// say so: it may have read the messages before.
fn asked_with(events: &[Event], message_id: MessageId) -> bool {
    events.iter().any(|event| {
        matches!(&event.data, EventData::LlmGeneration(asked)
            if asked.messages.iter().any(|message| message.id == message_id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use everruns_core::events::{EventContext, EventRequest, LlmGenerationData, ReasonStartedData};
    use everruns_core::message::Message;
    use everruns_core::typed_id::{EventId, HarnessId};

    fn stored(data: impl Into<EventData>) -> Event {
        let request = EventRequest::new(SessionId::new(), EventContext::empty(), data);
        request.into_event(EventId::new(), 7)
    }

    /// A message that came between a phase's reading and its first event has no phase to
    /// answer it yet, whatever began since; one that a model was given has.
    #[test]
    fn only_what_a_model_was_given_is_answered() {
        let (seen, missed) = (Message::user("one"), Message::user("two"));
        let begun = stored(ReasonStartedData {
            harness_id: HarnessId::new(),
            agent_id: None,
            metadata: None,
        });
        let (model, given) = ("m".to_string(), vec![seen.clone()]);
        let asked = LlmGenerationData::success(
            given,
            Vec::new(),
            Some("1".into()),
            Vec::new(),
            model,
            None,
            None,
            None,
            None,
        );
        let events = [begun, stored(asked)];
        assert!(asked_with(&events, seen.id));
        assert!(!asked_with(&events, missed.id));
        assert!(!asked_with(&events[..1], seen.id));
    }
}
