//! The contract's `EgressService` over upstream's, where the adapter has one.

use crate::AdapterSource;
use crate::chunks::byte_chunks;
use crate::serve::{Answers, Outcome, Serving, not_offered};
use bytes::Bytes;
use everruns_core::egress::EgressService as Egress;
use everruns_runtime::RuntimeHostAdapter;
use futures::{StreamExt, TryStreamExt, stream};
use mortise_proto::convert::nested;
use mortise_proto::pb::egress_service_server::EgressService;
use mortise_proto::rpc::table::egress_service::{NAME, SEND, SEND_STREAM};
use mortise_proto::{StoreError, pb};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> EgressService for Serving<S> {
    type SendStream = Answers<pb::SendResponse>;
    type SendStreamStream = Answers<pb::SendStreamResponse>;

    async fn send(
        &self,
        request: Request<pb::SendRequest>,
    ) -> Result<Response<Self::SendStream>, Status> {
        self.stream(&SEND, request, |call| async move {
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
        })
        .await
    }

    async fn send_stream(
        &self,
        request: Request<pb::SendStreamRequest>,
    ) -> Result<Response<Self::SendStreamStream>, Status> {
        self.stream(&SEND_STREAM, request, |call| async move {
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
        })
        .await
    }
}

fn offered(egress: Option<Arc<dyn Egress>>) -> Outcome<Arc<dyn Egress>> {
    egress.ok_or_else(|| not_offered(NAME))
}
