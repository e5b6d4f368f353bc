//! Cutting long answers into messages of a size that every peer takes.

use everruns_core::message::Message;
use futures::{Stream, stream};
use mortise_proto::{CHUNK_BYTES, pb};
use prost::Message as _;

/// Messages in chunks, converted as they are sent. One message larger than a chunk
/// is a chunk of its own.
pub(crate) fn message_chunks(
    messages: Vec<Message>,
) -> impl Stream<Item = pb::MessageChunk> + Send + 'static {
    let mut rest = messages.into_iter().map(pb::Message::from).peekable();
    stream::iter(std::iter::from_fn(move || {
        let first = rest.next()?;
        let mut bytes = first.encoded_len();
        let mut messages = vec![first];
        while let Some(next) = rest.next_if(|next| bytes + next.encoded_len() <= CHUNK_BYTES) {
            bytes += next.encoded_len();
            messages.push(next);
        }
        Some(pb::MessageChunk { messages })
    }))
}

/// Values in runs of `run`.
pub(crate) fn runs<T: Send + 'static>(
    values: Vec<T>,
    run: usize,
) -> impl Stream<Item = Vec<T>> + Send + 'static {
    let mut rest = values.into_iter();
    stream::iter(std::iter::from_fn(move || {
        let next: Vec<T> = rest.by_ref().take(run).collect();
        (!next.is_empty()).then_some(next)
    }))
}

/// A text's bytes in chunks, without copying them.
pub(crate) fn byte_chunks(text: String) -> impl Stream<Item = bytes::Bytes> + Send + 'static {
    let mut rest = bytes::Bytes::from(text);
    stream::iter(std::iter::from_fn(move || {
        (!rest.is_empty()).then(|| rest.split_to(rest.len().min(CHUNK_BYTES)))
    }))
}
