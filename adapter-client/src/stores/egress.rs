//! `EgressService` over the contract's service of the same name.

use super::Remote;
use async_trait::async_trait;
use everruns_core::egress::{
    EgressError, EgressRequest, EgressResponse, EgressResult, EgressService, EgressStreamResponse,
};
use futures::StreamExt;
use mortise_proto::convert::{ConvertError, egress, required};
use mortise_proto::pb;
use mortise_proto::rpc::table::egress_service::{SEND, SEND_STREAM};

#[async_trait]
impl EgressService for Remote {
    async fn send(&self, request: EgressRequest) -> EgressResult<EgressResponse> {
        let request = pb::SendRequest {
            context: None,
            request: Some(request.into()),
        };
        let answers = self.collect(&SEND, request).await?;
        let mut body = Vec::with_capacity(answers.iter().map(|answer| answer.body.len()).sum());
        let mut head = None;
        for answer in answers {
            head = head.or(answer.head);
            body.extend_from_slice(&answer.body);
        }
        let head = required("head", head).map_err(unreadable)?;
        Ok(EgressResponse {
            status: egress::status(&head).map_err(unreadable)?,
            headers: head.headers,
            body,
        })
    }

    async fn send_stream(&self, request: EgressRequest) -> EgressResult<EgressStreamResponse> {
        let request = pb::SendStreamRequest {
            context: None,
            request: Some(request.into()),
        };
        let mut answers = self.follow(&SEND_STREAM, request).await?;
        let first = answers.next().await.transpose()?.unwrap_or_default();
        let head = required("head", first.head).map_err(unreadable)?;
        let begun = (!first.body.is_empty()).then(|| Ok(first.body.into()));
        let rest = answers.map(|answer| Ok(answer.map_err(EgressError::from)?.body.into()));
        Ok(EgressStreamResponse {
            status: egress::status(&head).map_err(unreadable)?,
            headers: head.headers,
            body: Box::pin(futures::stream::iter(begun).chain(rest)),
        })
    }

    fn name(&self) -> &'static str {
        "RemoteEgressService"
    }
}

/// An answer that breaks the contract.
fn unreadable(fault: ConvertError) -> EgressError {
    egress::into_host_error(fault.malformed("the answer of the egress"))
}
