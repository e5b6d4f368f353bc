//! What is said in sessions.

use super::store;
use crate::chunks::chunks;
use crate::serve::{Call, HandlerResult};
use futures::{Stream, StreamExt};
use mortise_proto::convert::{count, id};
use mortise_proto::pb;

pub(in crate::services) async fn send(
    call: Call<pb::SendMessageRequest>,
) -> HandlerResult<pb::SendMessageResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let content = &call.request.content;
    store(&call)?.send_message(session_id, content).await?;
    Ok(pb::SendMessageResponse {})
}

pub(in crate::services) async fn list(
    call: Call<pb::GetMessagesRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::GetMessagesResponse>> + Send + 'static> {
    let session_id = id("session_id", &call.request.session_id)?;
    let limit = call.request.limit.map(|limit| count("limit", limit));
    let messages = store(&call)?
        .get_messages(session_id, limit.transpose()?)
        .await?;
    Ok(chunks(messages).map(|messages| Ok(pb::GetMessagesResponse { messages })))
}
