//! Reads whose answers are sent while they are read.

use async_trait::async_trait;
use bytes::Bytes;
use everruns_core::message_filter::MessageQuery;
use everruns_core::traits::StoredImageInfo;
use everruns_core::typed_id::{ImageId, MessageId, SessionId};
use everruns_runtime::RuntimeHostTurnContext;
use futures::stream::BoxStream;
use mortise_proto::StoreError;
use mortise_proto::pb;
use std::fmt;
use std::num::NonZeroU64;

/// Messages in runs that suit a message of the wire, oldest first.
pub type MessageBatches = BoxStream<'static, Result<Vec<pb::Message>, StoreError>>;

/// Bytes in pieces, in order.
pub type ByteChunks = BoxStream<'static, Result<Bytes, StoreError>>;

/// The oldest messages of a session, without a gap. See `KnownMessages` in
/// `runtime_host.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownMessages {
    /// How many.
    pub count: NonZeroU64,
    /// The last of them.
    pub last: MessageId,
}

/// A turn's context whose messages are apart.
pub struct TurnContextRead {
    /// Without messages.
    pub context: RuntimeHostTurnContext,
    /// How many messages are left out: none, or those that are known.
    pub left_out: u64,
    /// The others.
    pub messages: MessageBatches,
}

impl fmt::Debug for TurnContextRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnContextRead")
            .field("session", &self.context.session.id)
            .field("left_out", &self.left_out)
            .finish_non_exhaustive()
    }
}

/// Reads of one org that the upstream trait gives back whole. What each means is what
/// it means there; all that is given is what there was when the read began.
#[async_trait]
pub trait StreamingReads: Send + Sync {
    /// `MessageRetriever::load_page`; all messages, from 0 without a limit.
    async fn messages(
        &self,
        session_id: SessionId,
        offset: u64,
        limit: u64,
    ) -> Result<MessageBatches, StoreError>;

    /// `MessageRetriever::load_filtered` for a query without code, and how many messages
    /// there were before the window was cut.
    async fn filtered_messages(
        &self,
        query: MessageQuery,
    ) -> Result<(u64, MessageBatches), StoreError>;

    /// `RuntimeHostAdapter::load_turn_context`, its messages apart. Where the session has
    /// the messages that the caller knows, they are left out.
    async fn turn_context(
        &self,
        session_id: SessionId,
        known: Option<KnownMessages>,
    ) -> Result<TurnContextRead, StoreError>;

    /// `ImageArtifactStore::get_image`, its bytes apart. Every piece but the last has a
    /// number of bytes that is a multiple of three.
    async fn image(
        &self,
        image_id: ImageId,
    ) -> Result<Option<(StoredImageInfo, ByteChunks)>, StoreError>;
}
