//! `MessageRetrieverService` over `MessageRetriever`.

use crate::MessageBatches;
use crate::chunks::{message_chunks, runs_of};
use crate::serve::{Call, HandlerResult};
use everruns_core::message::Message;
use everruns_core::message_filter::{FilterContext, MessageQuery, PrependTransform};
use everruns_core::message_retriever::MessageRetriever;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use mortise_proto::convert::{ConvertError, id, list};
use mortise_proto::pb;
use mortise_proto::pb::load_filtered_messages_response::Part;
use std::sync::{Arc, OnceLock};

pub(super) async fn get_message(
    call: Call<pb::GetMessageRequest>,
) -> HandlerResult<pb::GetMessageResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let message_id = id("message_id", &call.request.message_id)?;
    let store = call.adapter.message_store();
    let message = store.get(session_id, message_id).await?;
    Ok(pb::GetMessageResponse {
        message: message.map(Into::into),
    })
}

pub(super) async fn load_messages(
    call: Call<pb::LoadMessagesRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::LoadMessagesResponse>> + Send + 'static> {
    let session_id = id("session_id", &call.request.session_id)?;
    let runs = match call.adapter.streaming_reads(&call.scope) {
        Some(store) => store.messages(session_id, 0, u64::MAX).await?,
        None => runs_of(call.adapter.message_store().load(session_id).await?),
    };
    Ok(message_chunks(runs).map_ok(|chunk| pb::LoadMessagesResponse { chunk: Some(chunk) }))
}

pub(super) async fn load_filtered_messages(
    call: Call<pb::LoadFilteredMessagesRequest>,
) -> HandlerResult<
    impl Stream<Item = HandlerResult<pb::LoadFilteredMessagesResponse>> + Send + 'static,
> {
    let query = query(call.request)?;
    let (matched, runs) = match call.adapter.streaming_reads(&call.scope) {
        Some(store) => store.filtered_messages(query).await?,
        None => filtered(call.adapter.message_store().as_ref(), query).await?,
    };
    let first = stream::iter([Ok(Part::Matched(matched))]);
    let parts = first.chain(message_chunks(runs).map_ok(Part::Chunk));
    Ok(parts.map_ok(|part| pb::LoadFilteredMessagesResponse { part: Some(part) }))
}

pub(super) async fn load_message_page(
    call: Call<pb::LoadMessagePageRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::LoadMessagePageResponse>> + Send + 'static>
{
    let session_id = id("session_id", &call.request.session_id)?;
    let (offset, limit) = (call.request.offset, call.request.limit);
    let runs = match call.adapter.streaming_reads(&call.scope) {
        Some(store) => store.messages(session_id, offset, limit).await?,
        None => {
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let store = call.adapter.message_store();
            runs_of(store.load_page(session_id, offset, limit).await?)
        }
    };
    Ok(message_chunks(runs).map_ok(|chunk| pb::LoadMessagePageResponse { chunk: Some(chunk) }))
}

pub(super) async fn count_messages(
    call: Call<pb::CountMessagesRequest>,
) -> HandlerResult<pb::CountMessagesResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let count = call.adapter.message_store().count(session_id).await?;
    Ok(pb::CountMessagesResponse {
        count: count as u64,
    })
}

fn query(request: pb::LoadFilteredMessagesRequest) -> Result<MessageQuery, ConvertError> {
    let mut query = MessageQuery::new(id("session_id", &request.session_id)?);
    query.filters = list("filters", request.filters)?;
    query.limit = request.limit;
    query.offset = request.offset;
    Ok(query)
}

/// What an upstream store finds, and how many there were before the window was cut.
async fn filtered(
    store: &dyn MessageRetriever,
    query: MessageQuery,
) -> HandlerResult<(u64, MessageBatches)> {
    let matched = Arc::new(Matched::default());
    let query = query.with_prepend_transform(matched.clone());
    let messages = store.load_filtered(query).await?;
    let matched = matched.0.get().copied().unwrap_or(messages.len());
    Ok((matched as u64, runs_of(messages)))
}

/// Learns from the store, by the one hook the upstream query has for it, how many
/// messages there were before the window was cut. The notice itself is the
/// client's: its transform cannot cross.
#[derive(Default)]
struct Matched(OnceLock<usize>);

impl PrependTransform for Matched {
    fn transform(&self, context: &FilterContext) -> Option<Message> {
        self.0.get_or_init(|| context.total_count);
        None
    }
}
