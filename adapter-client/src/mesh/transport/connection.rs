//! One HTTP/2 connection, and one call on it.

use super::answer;
use super::fault::{Failed, Fault};
use super::peer::Peer;
use super::pool::Lease;
use bytes::Bytes;
use futures::future::BoxFuture;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tower::Service;

/// An open connection. Cheap to clone; it is closed when every clone is dropped and the
/// calls on it have ended.
#[derive(Debug, Clone)]
pub(in crate::mesh) struct Connection {
    pub(super) requests: SendRequest<Body>,
    pub(super) peer: Arc<Peer>,
}

/// A place on a connection, for one call.
pub(in crate::mesh) struct OneCall {
    lease: Option<Lease>,
}

/// The body of an answer. It keeps the call's place until it has ended.
pub(in crate::mesh) struct Answer {
    body: Incoming,
    _lease: Lease,
}

// === impl Connection ===

impl Connection {
    /// Whether another call may begin on it.
    pub(super) fn is_usable(&self) -> bool {
        !self.requests.is_closed() && !self.peer.is_leaving()
    }
}

// === impl OneCall ===

impl OneCall {
    pub(super) fn on(lease: Lease) -> Self {
        Self { lease: Some(lease) }
    }
}

impl Service<Request<Body>> for OneCall {
    type Response = Response<Answer>;
    type Error = Fault;
    type Future = BoxFuture<'static, Result<Response<Answer>, Fault>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let lease = self.lease.take();
        Box::pin(async move {
            let Some(lease) = lease else {
                return Err(Fault(Failed::unsent(
                    "a place on a connection is for one call",
                )));
            };
            let mut requests = lease.connection().requests.clone();
            let answer = requests.try_send_request(request).await;
            let answer = answer.map_err(|mut failed| {
                let never_left = failed.take_message().is_some();
                Fault::new(failed.error(), never_left)
            })?;
            answer::check(answer.status(), answer.headers())
                .map_err(|error| Fault(Failed::by_stranger(error)))?;
            Ok(answer.map(|body| Answer {
                body,
                _lease: lease,
            }))
        })
    }
}

// === impl Answer ===

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        frame.map_err(|error| Fault::new(&error, false))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
