//! Runs the turns that the storage asks for: messages that were sent through the
//! platform store (by subagents' parents, by other sessions) and schedules that came
//! due.
//!
//! One turn at a time per session, in the order of its messages. A turn that is under
//! way when a message arrives sees the message as soon as it reasons again, and
//! answers it; then there is nothing left to run. A turn request is taken when its
//! turn begins: what waits, waits in the storage.

use crate::engine::{TurnEnd, TurnEngine, TurnError};
use everruns_core::AgentLoopError;
use everruns_core::events::REASON_STARTED;
use everruns_core::typed_id::SessionId;
use futures::{FutureExt, StreamExt};
use mortise_adapter_client::{GrpcHostAdapter, RemoteEventLog, RemoteTurnQueue};
use mortise_proto::convert::turn_queue::TurnRequest;
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long to wait before following again after it broke off.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Runs the turns that one org's storage asks for.
#[derive(Debug)]
pub struct TurnWorker<E> {
    queue: RemoteTurnQueue,
    log: Option<RemoteEventLog>,
    engine: Arc<E>,
    /// What waits for the session's turn under way. A session without one has no entry.
    lanes: HashMap<SessionId, VecDeque<TurnRequest>>,
    under_way: JoinSet<SessionId>,
}

// === impl TurnWorker ===

impl<E: TurnEngine + 'static> TurnWorker<E> {
    /// A worker over an adapter; `None` where nobody offers a turn queue.
    #[must_use]
    pub fn new(adapter: &GrpcHostAdapter, engine: Arc<E>) -> Option<Self> {
        Some(Self {
            queue: adapter.turn_queue()?,
            log: adapter.event_log(),
            engine,
            lanes: HashMap::new(),
            under_way: JoinSet::new(),
        })
    }

    /// Runs turns until it is told to stop, and then ends those under way.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                broken = self.follow() => {
                    tracing::warn!(error = %broken, "the turn queue cannot be followed now");
                }
            }
            tokio::select! {
                () = &mut stop => break,
                () = sleep(AGAIN_AFTER) => {}
            }
        }
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
                Some(Ok(session_id)) = self.under_way.join_next() => self.next_of(session_id),
            }
        }
    }

    fn accept(&mut self, request: TurnRequest) {
        match self.lanes.get_mut(&request.session_id) {
            // Followed again, it may come a second time.
            Some(lane) if lane.contains(&request) => {}
            Some(lane) => lane.push_back(request),
            None => {
                self.lanes.insert(request.session_id, VecDeque::new());
                self.begin(request);
            }
        }
    }

    fn next_of(&mut self, session_id: SessionId) {
        let next = self
            .lanes
            .get_mut(&session_id)
            .and_then(VecDeque::pop_front);
        match next {
            Some(request) => self.begin(request),
            None => drop(self.lanes.remove(&session_id)),
        }
    }

    fn begin(&mut self, request: TurnRequest) {
        let (queue, log) = (self.queue.clone(), self.log.clone());
        let engine = self.engine.clone();
        self.under_way.spawn(async move {
            // A task of its own: one that panics must not take the lane with it.
            let turn =
                tokio::spawn(async move { serve(queue, log, engine.as_ref(), request).await });
            let session = request.session_id.to_string();
            match turn.await {
                Ok(Ok(Served::Ran(TurnEnd::Failed(error)))) => {
                    tracing::warn!(session, error, "a turn failed");
                }
                Ok(Ok(served)) => tracing::debug!(session, ?served, "a turn request is done with"),
                Ok(Err(error)) => tracing::error!(session, %error, "a turn could not be run"),
                Err(fault) => tracing::error!(session, %fault, "a turn broke off"),
            }
            request.session_id
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

async fn serve(
    queue: RemoteTurnQueue,
    log: Option<RemoteEventLog>,
    engine: &impl TurnEngine,
    request: TurnRequest,
) -> Result<Served, TurnError> {
    let (session_id, message_id) = (request.session_id, request.input_message_id);
    // The engine claims the turn once nothing else stands in its way.
    let claim = async move {
        let answered = is_answered(log.as_ref(), &request).await?;
        Ok(queue.take(&request).await? && !answered)
    };
    match engine
        .answer(session_id, message_id, Some(claim.boxed()))
        .await
    {
        Ok(end) => Ok(Served::Ran(end)),
        Err(TurnError::NotClaimed) => Ok(Served::Otherwise),
        Err(error) => Err(error),
    }
}

/// Whether a turn has begun to reason since the message was stored.
async fn is_answered(
    log: Option<&RemoteEventLog>,
    request: &TurnRequest,
) -> Result<bool, AgentLoopError> {
    let Some(log) = log else {
        return Ok(false);
    };
    let since = log.read(request.session_id, request.sequence).await?;
    Ok(since.iter().any(|event| event.event_type == REASON_STARTED))
}
