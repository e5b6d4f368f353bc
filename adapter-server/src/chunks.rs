//! Cutting long answers into messages of a size that every peer takes.

use crate::{ByteChunks, MessageBatches};
use bytes::Bytes;
use everruns_core::message::Message;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use mortise_proto::{CHUNK_BYTES, StoreError, pb};

/// Values in chunks, converted as they are sent. One value larger than a chunk is a
/// chunk of its own.
pub(crate) fn chunks<T, W>(values: Vec<T>) -> impl Stream<Item = Vec<W>> + Send + 'static
where
    T: Send + 'static,
    W: From<T> + prost::Message + 'static,
{
    let mut rest = values.into_iter().map(W::from).peekable();
    stream::iter(std::iter::from_fn(move || {
        let first = rest.next()?;
        let mut bytes = first.encoded_len();
        let mut chunk = vec![first];
        while let Some(next) = rest.next_if(|next| bytes + next.encoded_len() <= CHUNK_BYTES) {
            bytes += next.encoded_len();
            chunk.push(next);
        }
        Some(chunk)
    }))
}

/// Runs of messages in chunks.
pub(crate) fn message_chunks(
    runs: MessageBatches,
) -> impl Stream<Item = Result<pb::MessageChunk, StoreError>> + Send + 'static {
    runs.map_ok(|run| {
        chunks::<_, pb::Message>(run).map(|messages| Ok(pb::MessageChunk { messages }))
    })
    .try_flatten()
}

/// Messages that are all there, as runs that are converted as they are sent.
pub(crate) fn runs_of(messages: Vec<Message>) -> MessageBatches {
    chunks(messages).map(Ok).boxed()
}

/// Bytes in chunks, without copying them.
pub(crate) fn byte_chunks(mut rest: Bytes) -> impl Stream<Item = Bytes> + Send + 'static {
    stream::iter(std::iter::from_fn(move || {
        (!rest.is_empty()).then(|| rest.split_to(rest.len().min(CHUNK_BYTES)))
    }))
}

/// Pieces of bytes in chunks.
pub(crate) fn piece_chunks(
    pieces: ByteChunks,
) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static {
    pieces
        .map_ok(|piece| byte_chunks(piece).map(Ok))
        .try_flatten()
}

/// Bytes that are all there, as one piece.
pub(crate) fn one_piece(bytes: impl Into<Bytes>) -> ByteChunks {
    stream::iter([Ok(bytes.into())]).boxed()
}
