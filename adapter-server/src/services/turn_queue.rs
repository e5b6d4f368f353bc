//! `TurnQueueService` over the source's turn queue.

use crate::TurnQueue;
use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::typed_id::MessageId;
use futures::{Stream, StreamExt, stream};
use mortise_proto::convert::id;
use mortise_proto::convert::turn_queue::TurnRequest;
use mortise_proto::rpc::table::turn_queue_service::NAME;
use mortise_proto::{StoreError, pb};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long what another process asked for may stay unseen.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) async fn follow_turn_requests(
    call: Call<pb::FollowTurnRequestsRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::FollowTurnRequestsResponse>> + Send + 'static>
{
    let queue = offered(&call)?;
    let follower = Follower {
        changed: queue.subscribe(),
        queue,
        ready: VecDeque::new(),
        sent: HashSet::new(),
        closing: call.closing,
    };
    Ok(follower.into_stream().map(|turn_request| {
        let turn_request = Some(turn_request?.into());
        Ok(pb::FollowTurnRequestsResponse { turn_request })
    }))
}

pub(super) async fn take_turn_request(
    call: Call<pb::TakeTurnRequestRequest>,
) -> HandlerResult<pb::TakeTurnRequestResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let input_message_id = id("input_message_id", &call.request.input_message_id)?;
    let queue = offered(&call)?;
    let taken = queue.take(session_id, input_message_id).await?;
    Ok(pb::TakeTurnRequestResponse { taken })
}

fn offered<Req>(call: &Call<Req>) -> HandlerResult<Arc<dyn TurnQueue>> {
    let queue = call.adapter.turn_queue(&call.scope);
    queue.ok_or_else(|| not_offered(NAME))
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
    fn into_stream(self) -> impl Stream<Item = HandlerResult<TurnRequest>> + Send {
        stream::unfold(Some(self), |follower| async move {
            let mut follower = follower?;
            match follower.next().await {
                Ok(request) => Some((Ok(request), Some(follower))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    async fn next(&mut self) -> HandlerResult<TurnRequest> {
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
