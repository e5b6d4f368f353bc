//! A session's stored events, to read and to follow. Beyond the upstream trait.
//!
//! Stored events come in two forms: as they are stored, to be passed on and shown, and
//! typed, for code that acts on them. An event that cannot be read is in the first and is
//! left out of the second; it costs nothing else.

use crate::stores::{Remote, malformed};
use everruns_core::error::Result;
use everruns_core::events::Event;
use everruns_core::typed_id::SessionId;
use futures::{Stream, StreamExt};
use mortise_proto::convert::event_log::LoggedEvent;
use mortise_proto::convert::required;
use mortise_proto::pb;
use mortise_proto::rpc::table::event_log_service::{FOLLOW_EVENTS, READ_EVENTS};

/// The event log of an org.
#[derive(Debug, Clone)]
pub struct RemoteEventLog {
    pub(crate) remote: Remote,
}

impl RemoteEventLog {
    /// The stored events after a sequence number, in order, that can be read. Zero: all.
    pub async fn read(&self, session_id: SessionId, after_sequence: i64) -> Result<Vec<Event>> {
        let logged = self.read_logged(session_id, after_sequence, 0).await?;
        Ok(logged.iter().filter_map(typed).collect())
    }

    /// The stored events after a sequence number, in order, at most `limit`. Zero: all.
    pub async fn read_logged(
        &self,
        session_id: SessionId,
        after_sequence: i64,
        limit: u64,
    ) -> Result<Vec<LoggedEvent>> {
        let request = pb::ReadEventsRequest {
            context: None,
            session_id: session_id.to_string(),
            after_sequence,
            limit,
        };
        let answers = self.remote.collect(&READ_EVENTS, request).await?;
        let events = answers.into_iter().flat_map(|answer| answer.events);
        Ok(events.map(LoggedEvent::from).collect())
    }

    /// The stored events after a sequence number and every further one that can be read,
    /// with the ephemeral ones (which have no sequence number) between them. After an
    /// error follow again from the last sequence number seen.
    pub async fn follow(
        &self,
        session_id: SessionId,
        after_sequence: i64,
    ) -> Result<impl Stream<Item = Result<Event>> + Send + Unpin + use<>> {
        let logged = self.follow_logged(session_id, after_sequence).await?;
        let typed = logged.map(|event| event.map(|event| typed(&event)).transpose());
        Ok(typed.filter_map(std::future::ready))
    }

    /// The same with those that cannot be read.
    pub async fn follow_logged(
        &self,
        session_id: SessionId,
        after_sequence: i64,
    ) -> Result<impl Stream<Item = Result<LoggedEvent>> + Send + Unpin + use<>> {
        let request = pb::FollowEventsRequest {
            context: None,
            session_id: session_id.to_string(),
            after_sequence,
        };
        let answers = self.remote.follow(&FOLLOW_EVENTS, request).await?;
        Ok(answers.map(|answer| {
            let event = required("event", answer?.event).map(LoggedEvent::from);
            event.map_err(malformed(FOLLOW_EVENTS.method))
        }))
    }
}

/// The event, if it can be read.
fn typed(logged: &LoggedEvent) -> Option<Event> {
    let read = logged.typed();
    if let Err(fault) = &read {
        let (event_type, sequence) = (logged.event_type(), logged.sequence());
        tracing::warn!(%fault, event_type, sequence, "a stored event cannot be read and is passed over");
    }
    read.ok()
}
