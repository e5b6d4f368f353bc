//! The contract's `EgressService` over upstream's, where the adapter has one.

use crate::chunks::byte_chunks;
use crate::serve::{Call, HandlerResult, not_offered};
use bytes::Bytes;
use everruns_core::egress::EgressService as Egress;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use mortise_proto::convert::nested;
use mortise_proto::rpc::table::egress_service::NAME;
use mortise_proto::{StoreError, pb};
use std::sync::Arc;

pub(super) async fn send(
    call: Call<pb::SendRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::SendResponse>> + Send + 'static> {
    let egress = offered(call.adapter.egress_service())?;
    let answer = egress
        .send(nested("request", call.request.request)?)
        .await?;
    let head = pb::SendResponse {
        head: Some(pb::EgressHead {
            status: answer.status.into(),
            headers: answer.headers,
        }),
        body: Bytes::new(),
    };
    let body = byte_chunks(answer.body.into());
    let body = body.map(|body| pb::SendResponse { head: None, body });
    Ok(stream::iter([head]).chain(body).map(Ok))
}

pub(super) async fn send_stream(
    call: Call<pb::SendStreamRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::SendStreamResponse>> + Send + 'static> {
    let egress = offered(call.adapter.egress_service())?;
    let answer = egress
        .send_stream(nested("request", call.request.request)?)
        .await?;
    let head = pb::SendStreamResponse {
        head: Some(pb::EgressHead {
            status: answer.status.into(),
            headers: answer.headers,
        }),
        body: Bytes::new(),
    };
    let body = answer
        .body
        .map_ok(|bytes| byte_chunks(bytes.into()).map(Ok))
        .map_err(StoreError::from)
        .try_flatten()
        .map_ok(|body| pb::SendStreamResponse { head: None, body });
    Ok(stream::iter([Ok(head)]).chain(body))
}

fn offered(egress: Option<Arc<dyn Egress>>) -> HandlerResult<Arc<dyn Egress>> {
    egress.ok_or_else(|| not_offered(NAME))
}
