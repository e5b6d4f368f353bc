//! Events as they are on the wire.

use super::SessionFence;
use async_trait::async_trait;
use everruns_core::typed_id::EventId;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;
use mortise_proto::pb;
use std::sync::Arc;
use tokio::sync::broadcast;

/// An event on its way in.
#[derive(Debug, Clone)]
pub struct AppendRequest {
    /// Under which the acknowledgement is remembered.
    pub request_id: String,
    /// The event.
    pub event: pb::NewEvent,
    /// The id that the caller would like it to have.
    pub proposed_id: Option<EventId>,
    /// The fence that it is emitted under.
    pub fence: Option<SessionFence>,
}

/// What an event got when it was stored. Ephemeral events have sequence 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendAck {
    /// Its id.
    pub event_id: EventId,
    /// Its sequence number within the session.
    pub sequence: i64,
}

/// The stored events of one org.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Stores events in order, each with the message that follows from it, and
    /// answers each; one that cannot be stored does not keep the others from it.
    /// Those answered with `Ok` are durable. See `event_emitter.proto`.
    async fn append(&self, events: Vec<AppendRequest>) -> Vec<Result<AppendAck, StoreError>>;

    /// The stored events of a session after a sequence number, in order, at most
    /// `limit`.
    async fn read(
        &self,
        session_id: SessionId,
        after_sequence: i64,
        limit: u32,
    ) -> Result<Vec<pb::Event>, StoreError>;

    /// Every event of the org from now on, stored and ephemeral, of any session. A
    /// receiver that lags misses events, is told so, and reads the stored ones.
    fn subscribe(&self) -> broadcast::Receiver<Arc<pb::Event>>;
}
