//! Calls as any gRPC client makes them: no mesh, one connection. And the least that a
//! call of the same server can cost, its health check.

use crate::bare::connect;
use futures::future::BoxFuture;
use mortise_adapter_client::Endpoint;
use mortise_proto::Rpc;
use mortise_proto::pb::CallContext;
use prost::Message;
use tonic::Request;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;

/// Makes calls of org 1. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Wire(Channel);

// === impl Wire ===

impl Wire {
    pub(crate) async fn connect(endpoint: &Endpoint) -> Self {
        let Endpoint::Unix(path) = endpoint else {
            panic!("the server of a benchmark listens on a unix socket, not on {endpoint}");
        };
        Self(connect(path.clone()).await)
    }

    pub(crate) fn call<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> BoxFuture<'static, Rsp>
    where
        Req: Message + Send + Sync + 'static,
        Rsp: Message + Default + Send + Sync + 'static,
    {
        let (channel, path) = (self.0.clone(), rpc.method.path);
        Box::pin(async move {
            let mut grpc = Grpc::new(channel);
            grpc.ready().await.unwrap();
            let path = PathAndQuery::from_static(path);
            let codec = ProstCodec::<Req, Rsp>::default();
            let answer = grpc.unary(Request::new(request), path, codec).await;
            answer.unwrap().into_inner()
        })
    }

    /// A call whose request is a stream of these messages.
    pub(crate) async fn upload<Req, Rsp>(&self, rpc: &Rpc<Req, Rsp>, parts: Vec<Req>) -> Rsp
    where
        Req: Message + Send + Sync + 'static,
        Rsp: Message + Default + Send + Sync + 'static,
    {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.unwrap();
        let path = PathAndQuery::from_static(rpc.method.path);
        let codec = ProstCodec::<Req, Rsp>::default();
        let parts = Request::new(futures::stream::iter(parts));
        let answer = grpc.client_streaming(parts, path, codec).await;
        answer.unwrap().into_inner()
    }

    pub(crate) async fn health_check(&self) {
        let mut health = HealthClient::new(self.0.clone());
        let request = HealthCheckRequest::default();
        health.check(request).await.unwrap();
    }
}

/// What every request carries; a change of its own each time.
pub(crate) fn context() -> Option<CallContext> {
    Some(CallContext {
        org_id: 1,
        request_id: uuid::Uuid::now_v7().to_string(),
        ..CallContext::default()
    })
}

/// The same for a call that is made for a session.
pub(crate) fn context_of(session_id: &str) -> Option<CallContext> {
    context().map(|context| CallContext {
        session_id: session_id.into(),
        ..context
    })
}
