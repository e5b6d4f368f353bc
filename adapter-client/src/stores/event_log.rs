//! A session's stored events, to read and to follow. Beyond the upstream trait.

use crate::stores::{Remote, malformed};
use everruns_core::error::Result;
use everruns_core::events::Event;
use everruns_core::typed_id::SessionId;
use futures::{Stream, StreamExt};
use mortise_proto::convert::{list, nested};
use mortise_proto::pb;
use mortise_proto::rpc::table::event_log_service::{FOLLOW_EVENTS, READ_EVENTS};

/// The event log of an org.
#[derive(Debug, Clone)]
pub struct RemoteEventLog {
    pub(crate) remote: Remote,
}

impl RemoteEventLog {
    /// The stored events after a sequence number, in order. Zero: all.
    pub async fn read(&self, session_id: SessionId, after_sequence: i64) -> Result<Vec<Event>> {
        self.read_at_most(session_id, after_sequence, 0).await
    }

    /// The first of them, at most `limit`. Zero: all.
    pub async fn read_at_most(
        &self,
        session_id: SessionId,
        after_sequence: i64,
        limit: u64,
    ) -> Result<Vec<Event>> {
        let request = pb::ReadEventsRequest {
            context: None,
            session_id: session_id.to_string(),
            after_sequence,
            limit,
        };
        let answers = self.remote.collect(&READ_EVENTS, request).await?;
        let events: Vec<_> = answers
            .into_iter()
            .flat_map(|answer| answer.events)
            .collect();
        list("events", events).map_err(malformed(READ_EVENTS.method))
    }

    /// The stored events after a sequence number and every further one, with the
    /// ephemeral ones (which have no sequence number) between them. After an error
    /// follow again from the last sequence number seen.
    pub async fn follow(
        &self,
        session_id: SessionId,
        after_sequence: i64,
    ) -> Result<impl Stream<Item = Result<Event>> + Send + Unpin + use<>> {
        let request = pb::FollowEventsRequest {
            context: None,
            session_id: session_id.to_string(),
            after_sequence,
        };
        let Remote { mesh, org, .. } = &self.remote;
        let answers = mesh.follow(&FOLLOW_EVENTS, org, request).await?;
        Ok(answers.map(|answer| {
            let event = nested("event", answer?.event);
            event.map_err(malformed(FOLLOW_EVENTS.method))
        }))
    }
}
