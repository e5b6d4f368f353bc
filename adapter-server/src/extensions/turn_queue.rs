//! Turns that wait for a host.

use async_trait::async_trait;
use everruns_core::typed_id::MessageId;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;
use mortise_proto::convert::turn_queue::TurnRequest;
use tokio::sync::watch;

/// The turns of one org that wait for a host; see `turn_queue.proto`.
#[async_trait]
pub trait TurnQueue: Send + Sync {
    /// The oldest of those that wait, in order.
    async fn waiting(&self) -> Result<Vec<TurnRequest>, StoreError>;

    /// Changes when there may be more. What another process asks for is not seen
    /// here: look now and then as well.
    fn subscribe(&self) -> watch::Receiver<u64>;

    /// Takes one away, and says whether it was still there.
    async fn take(
        &self,
        session_id: SessionId,
        input_message_id: MessageId,
    ) -> Result<bool, StoreError>;
}
