//! Cutting long answers into messages of a size that every peer takes.

use bytes::Bytes;
use everruns_core::message::Message;
use futures::{Stream, StreamExt, stream};
use mortise_proto::{CHUNK_BYTES, pb};

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

/// Messages in chunks.
pub(crate) fn message_chunks(
    messages: Vec<Message>,
) -> impl Stream<Item = pb::MessageChunk> + Send + 'static {
    chunks(messages).map(|messages| pb::MessageChunk { messages })
}

/// Bytes in chunks, without copying them.
pub(crate) fn byte_chunks(mut rest: Bytes) -> impl Stream<Item = Bytes> + Send + 'static {
    stream::iter(std::iter::from_fn(move || {
        (!rest.is_empty()).then(|| rest.split_to(rest.len().min(CHUNK_BYTES)))
    }))
}
