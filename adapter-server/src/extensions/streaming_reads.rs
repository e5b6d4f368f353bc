//! Reads whose answers are sent while they are read.

use async_trait::async_trait;
use bytes::Bytes;
use everruns_core::message_filter::MessageQuery;
use everruns_core::traits::StoredImageInfo;
use everruns_core::typed_id::ImageId;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostTurnContext;
use futures::stream::BoxStream;
use mortise_proto::StoreError;
use mortise_proto::pb;

/// Messages in runs that suit a message of the wire, oldest first.
pub type MessageBatches = BoxStream<'static, Result<Vec<pb::Message>, StoreError>>;

/// Bytes in pieces, in order.
pub type ByteChunks = BoxStream<'static, Result<Bytes, StoreError>>;

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

    /// `RuntimeHostAdapter::load_turn_context`, its messages apart.
    async fn turn_context(
        &self,
        session_id: SessionId,
    ) -> Result<(RuntimeHostTurnContext, MessageBatches), StoreError>;

    /// `ImageArtifactStore::get_image`, its bytes apart. Every piece but the last has a
    /// number of bytes that is a multiple of three.
    async fn image(
        &self,
        image_id: ImageId,
    ) -> Result<Option<(StoredImageInfo, ByteChunks)>, StoreError>;
}
