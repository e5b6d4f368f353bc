//! Access in front of a service of HTTP requests: gRPC's and the HTTP API's alike.

use super::{Access, Denied, Revoked};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use mortise_adapter_server::Peer;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// Lets requests through whose callers are known, with an `Arc<Caller>` as extension.
/// The connection's [`Peer`] must be an extension already.
pub struct AccessLayer<Body> {
    access: Arc<Access>,
    refuse: fn(Denied) -> Response<Body>,
    bound: fn(Body, Revoked) -> Body,
    open: &'static [&'static str],
}

/// A body that ends when its caller may call no longer. What is streamed is not only
/// asked for once.
pub struct Until<Body> {
    body: Body,
    /// `None` once it is over.
    revoked: Option<Revoked>,
    trailers: HeaderMap,
}

/// A service behind an [`AccessLayer`].
pub struct AccessService<S, Body> {
    inner: S,
    layer: AccessLayer<Body>,
}

// === impl AccessLayer ===

impl<Body> AccessLayer<Body> {
    /// Refuses in the words of the protocol, and has `bound` end what is streamed to a
    /// caller whose token is revoked. Paths that begin as one of `open` answer everybody.
    #[must_use]
    pub fn new(
        access: Arc<Access>,
        refuse: fn(Denied) -> Response<Body>,
        bound: fn(Body, Revoked) -> Body,
        open: &'static [&'static str],
    ) -> Self {
        Self {
            access,
            refuse,
            bound,
            open,
        }
    }

    /// What ends the answer, if anything but the answer itself does.
    fn admit<ReqBody>(&self, request: &mut Request<ReqBody>) -> Result<Option<Revoked>, Denied> {
        let path = request.uri().path();
        if self.open.iter().any(|open| path.starts_with(open)) {
            return Ok(None);
        }
        let peer = request.extensions().get::<Peer>();
        let caller = self.access.check(request.headers(), peer);
        let caller = caller.inspect_err(|denied| {
            let address = peer.and_then(|peer| peer.address);
            tracing::warn!(?address, path, reason = %denied, "call refused");
        })?;
        request.extensions_mut().insert(caller);
        Ok(self.access.revoked(request.headers()))
    }
}

impl<Body> Clone for AccessLayer<Body> {
    fn clone(&self) -> Self {
        Self {
            access: self.access.clone(),
            refuse: self.refuse,
            bound: self.bound,
            open: self.open,
        }
    }
}

impl<S, Body> Layer<S> for AccessLayer<Body> {
    type Service = AccessService<S, Body>;

    fn layer(&self, inner: S) -> Self::Service {
        AccessService {
            inner,
            layer: self.clone(),
        }
    }
}

// === impl AccessService ===

impl<S: Clone, Body> Clone for AccessService<S, Body> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            layer: self.layer.clone(),
        }
    }
}

impl<S, ReqBody, Body> Service<Request<ReqBody>> for AccessService<S, Body>
where
    S: Service<Request<ReqBody>, Response = Response<Body>>,
    S::Future: Send + 'static,
    Body: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let revoked = match self.layer.admit(&mut request) {
            Ok(revoked) => revoked,
            Err(denied) => {
                let refusal = (self.layer.refuse)(denied);
                return Box::pin(async { Ok(refusal) });
            }
        };
        let (answer, bound) = (self.inner.call(request), self.layer.bound);
        Box::pin(async move {
            let answer = answer.await?;
            Ok(match revoked {
                Some(revoked) => answer.map(|body| bound(body, revoked)),
                None => answer,
            })
        })
    }
}

// === impl Until ===

impl<Body> Until<Body> {
    /// Ends with these trailers.
    #[must_use]
    pub fn new(body: Body, revoked: Revoked, trailers: HeaderMap) -> Self {
        Self {
            body,
            revoked: Some(revoked),
            trailers,
        }
    }
}

impl<Body: HttpBody + Unpin> HttpBody for Until<Body> {
    type Data = Body::Data;
    type Error = Body::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Body::Data>, Body::Error>>> {
        let Some(revoked) = &mut self.revoked else {
            return Poll::Ready(None);
        };
        if revoked.poll_unpin(context).is_ready() {
            self.revoked = None;
            let trailers = std::mem::take(&mut self.trailers);
            return Poll::Ready((!trailers.is_empty()).then(|| Ok(Frame::trailers(trailers))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.revoked.is_none() || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<Body> std::fmt::Debug for Until<Body> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Until").finish_non_exhaustive()
    }
}

impl<Body> std::fmt::Debug for AccessLayer<Body> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessLayer")
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

impl<S, Body> std::fmt::Debug for AccessService<S, Body> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessService").finish_non_exhaustive()
    }
}
