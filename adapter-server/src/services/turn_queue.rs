//! `TurnQueueService` over the source's turn queue.

use crate::serve::{Answers, Outcome, Serving, not_offered};
use crate::{AdapterSource, Scope, TurnQueue};
use everruns_core::typed_id::MessageId;
use futures::{Stream, StreamExt, stream};
use mortise_proto::convert::id;
use mortise_proto::convert::turn_queue::TurnRequest;
use mortise_proto::pb::turn_queue_service_server::TurnQueueService;
use mortise_proto::rpc::table::turn_queue_service::{
    FOLLOW_TURN_REQUESTS, NAME, TAKE_TURN_REQUEST,
};
use mortise_proto::{StoreError, pb};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, async_trait};

/// How long what another process asked for may stay unseen.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[async_trait]
impl<S: AdapterSource> TurnQueueService for Serving<S> {
    type FollowTurnRequestsStream = Answers<pb::FollowTurnRequestsResponse>;

    async fn follow_turn_requests(
        &self,
        request: Request<pb::FollowTurnRequestsRequest>,
    ) -> Result<Response<Self::FollowTurnRequestsStream>, Status> {
        self.stream(&FOLLOW_TURN_REQUESTS, request, |call| async move {
            let queue = self.turn_queue(&call.scope)?;
            let follower = Follower {
                changed: queue.subscribe(),
                queue,
                ready: VecDeque::new(),
                sent: HashSet::new(),
                closing: self.shared.closing.clone(),
            };
            Ok(follower.into_stream().map(|turn_request| {
                let turn_request = Some(turn_request?.into());
                Ok(pb::FollowTurnRequestsResponse { turn_request })
            }))
        })
        .await
    }

    async fn take_turn_request(
        &self,
        request: Request<pb::TakeTurnRequestRequest>,
    ) -> Result<Response<pb::TakeTurnRequestResponse>, Status> {
        let queue = self.clone();
        self.unary(&TAKE_TURN_REQUEST, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let input_message_id = id("input_message_id", &call.request.input_message_id)?;
            let queue = queue.turn_queue(&call.scope)?;
            let taken = queue.take(session_id, input_message_id).await?;
            Ok(pb::TakeTurnRequestResponse { taken })
        })
        .await
    }
}

impl<S: AdapterSource> Serving<S> {
    fn turn_queue(&self, scope: &Scope) -> Outcome<Arc<dyn TurnQueue>> {
        let queue = self.shared.source.turn_queue(scope);
        queue.ok_or_else(|| not_offered(NAME))
    }
}

/// What waits, each once.
struct Follower {
    queue: Arc<dyn TurnQueue>,
    changed: watch::Receiver<u64>,
    ready: VecDeque<TurnRequest>,
    /// Sent, and still waiting to be taken.
    sent: HashSet<MessageId>,
    closing: CancellationToken,
}

impl Follower {
    fn into_stream(self) -> impl Stream<Item = Outcome<TurnRequest>> + Send {
        stream::unfold(Some(self), |follower| async move {
            let mut follower = follower?;
            match follower.next().await {
                Ok(request) => Some((Ok(request), Some(follower))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    async fn next(&mut self) -> Outcome<TurnRequest> {
        loop {
            if let Some(request) = self.ready.pop_front() {
                return Ok(request);
            }
            // Before it looks, so that nothing falls between the two.
            self.changed.mark_unchanged();
            let waiting = self.queue.waiting().await?;
            let still: HashSet<MessageId> = waiting
                .iter()
                .map(|request| request.input_message_id)
                .collect();
            self.sent.retain(|sent| still.contains(sent));
            let fresh = waiting
                .into_iter()
                .filter(|request| self.sent.insert(request.input_message_id));
            self.ready.extend(fresh);
            if self.ready.is_empty() {
                tokio::select! {
                    _ = timeout(LOOK_EVERY, self.changed.changed()) => {}
                    () = self.closing.cancelled() => return Err(stopping()),
                }
            }
        }
    }
}

fn stopping() -> StoreError {
    StoreError::new(
        pb::ErrorReason::Unavailable,
        "the server is stopping; follow again",
    )
}
