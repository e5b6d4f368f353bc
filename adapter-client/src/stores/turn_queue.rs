//! Turns that the storage asks for. Beyond the upstream trait.

use crate::stores::{Remote, malformed};
use everruns_core::error::Result;
use futures::{Stream, StreamExt};
use mortise_proto::convert::nested;
use mortise_proto::convert::turn_queue::TurnRequest;
use mortise_proto::pb;
use mortise_proto::rpc::table::turn_queue_service::{FOLLOW_TURN_REQUESTS, TAKE_TURN_REQUEST};

/// The turn queue of an org.
#[derive(Debug, Clone)]
pub struct RemoteTurnQueue {
    pub(crate) remote: Remote,
}

impl RemoteTurnQueue {
    /// The turn requests that wait, and every further one. After an error follow
    /// again.
    pub async fn follow(
        &self,
    ) -> Result<impl Stream<Item = Result<TurnRequest>> + Send + Unpin + use<>> {
        let request = pb::FollowTurnRequestsRequest { context: None };
        let answers = self.remote.follow(&FOLLOW_TURN_REQUESTS, request).await?;
        Ok(answers.map(|answer| {
            let turn_request = nested("turn_request", answer?.turn_request);
            turn_request.map_err(malformed(FOLLOW_TURN_REQUESTS.method))
        }))
    }

    /// Takes a turn request. The host that is told so runs the turn.
    pub async fn take(&self, turn_request: &TurnRequest) -> Result<bool> {
        let request = pb::TakeTurnRequestRequest {
            context: None,
            session_id: turn_request.session_id.to_string(),
            input_message_id: turn_request.input_message_id.to_string(),
        };
        Ok(self.remote.call(&TAKE_TURN_REQUEST, request).await?.taken)
    }
}
