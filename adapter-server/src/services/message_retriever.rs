//! `MessageRetrieverService` over `MessageRetriever`.

use crate::chunks::{message_chunks, runs_of};
use crate::serve::{Answers, Outcome, Serving};
use crate::{AdapterSource, MessageRuns};
use everruns_core::message::Message;
use everruns_core::message_filter::{FilterContext, MessageQuery, PrependTransform};
use everruns_core::message_retriever::MessageRetriever;
use everruns_runtime::RuntimeHostAdapter;
use futures::{StreamExt, TryStreamExt, stream};
use mortise_proto::convert::{ConvertError, id, list};
use mortise_proto::pb;
use mortise_proto::pb::load_filtered_messages_response::Part;
use mortise_proto::pb::message_retriever_service_server::MessageRetrieverService;
use mortise_proto::rpc::table::message_retriever_service::{
    COUNT_MESSAGES, GET_MESSAGE, LOAD_FILTERED_MESSAGES, LOAD_MESSAGE_PAGE, LOAD_MESSAGES,
};
use std::sync::{Arc, OnceLock};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> MessageRetrieverService for Serving<S> {
    type LoadMessagesStream = Answers<pb::LoadMessagesResponse>;
    type LoadFilteredMessagesStream = Answers<pb::LoadFilteredMessagesResponse>;
    type LoadMessagePageStream = Answers<pb::LoadMessagePageResponse>;

    async fn get_message(
        &self,
        request: Request<pb::GetMessageRequest>,
    ) -> Result<Response<pb::GetMessageResponse>, Status> {
        self.unary(&GET_MESSAGE, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let message_id = id("message_id", &call.request.message_id)?;
            let store = call.adapter.message_store();
            let message = store.get(session_id, message_id).await?;
            Ok(pb::GetMessageResponse {
                message: message.map(Into::into),
            })
        })
        .await
    }

    async fn load_messages(
        &self,
        request: Request<pb::LoadMessagesRequest>,
    ) -> Result<Response<Self::LoadMessagesStream>, Status> {
        self.stream(&LOAD_MESSAGES, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let runs = match self.shared.source.piecewise(&call.scope) {
                Some(store) => store.messages(session_id, 0, u64::MAX).await?,
                None => runs_of(call.adapter.message_store().load(session_id).await?),
            };
            Ok(
                message_chunks(runs)
                    .map_ok(|chunk| pb::LoadMessagesResponse { chunk: Some(chunk) }),
            )
        })
        .await
    }

    async fn load_filtered_messages(
        &self,
        request: Request<pb::LoadFilteredMessagesRequest>,
    ) -> Result<Response<Self::LoadFilteredMessagesStream>, Status> {
        self.stream(&LOAD_FILTERED_MESSAGES, request, |call| async move {
            let query = query(call.request)?;
            let (matched, runs) = match self.shared.source.piecewise(&call.scope) {
                Some(store) => store.filtered_messages(query).await?,
                None => filtered(call.adapter.message_store().as_ref(), query).await?,
            };
            let first = stream::iter([Ok(Part::Matched(matched))]);
            let parts = first.chain(message_chunks(runs).map_ok(Part::Chunk));
            Ok(parts.map_ok(|part| pb::LoadFilteredMessagesResponse { part: Some(part) }))
        })
        .await
    }

    async fn load_message_page(
        &self,
        request: Request<pb::LoadMessagePageRequest>,
    ) -> Result<Response<Self::LoadMessagePageStream>, Status> {
        self.stream(&LOAD_MESSAGE_PAGE, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let (offset, limit) = (call.request.offset, call.request.limit);
            let runs = match self.shared.source.piecewise(&call.scope) {
                Some(store) => store.messages(session_id, offset, limit).await?,
                None => {
                    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                    let store = call.adapter.message_store();
                    runs_of(store.load_page(session_id, offset, limit).await?)
                }
            };
            Ok(message_chunks(runs)
                .map_ok(|chunk| pb::LoadMessagePageResponse { chunk: Some(chunk) }))
        })
        .await
    }

    async fn count_messages(
        &self,
        request: Request<pb::CountMessagesRequest>,
    ) -> Result<Response<pb::CountMessagesResponse>, Status> {
        self.unary(&COUNT_MESSAGES, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let count = call.adapter.message_store().count(session_id).await?;
            Ok(pb::CountMessagesResponse {
                count: count as u64,
            })
        })
        .await
    }
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
) -> Outcome<(u64, MessageRuns)> {
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
