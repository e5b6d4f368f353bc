//! Access in front of a service of HTTP requests: gRPC's and the HTTP API's alike.

use super::{Access, Denied};
use futures::future::{Either, Ready, ready};
use http::{Request, Response};
use mortise_adapter_server::Peer;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// Lets requests through whose callers are known, with an `Arc<Caller>` as extension.
/// The connection's [`Peer`] must be an extension already.
pub struct AccessLayer<Body> {
    access: Arc<Access>,
    refuse: fn(Denied) -> Response<Body>,
    open: &'static [&'static str],
}

/// A service behind an [`AccessLayer`].
pub struct AccessService<S, Body> {
    inner: S,
    layer: AccessLayer<Body>,
}

// === impl AccessLayer ===

impl<Body> AccessLayer<Body> {
    /// Refuses in the words of the protocol. Paths that begin as one of `open` answer
    /// everybody.
    #[must_use]
    pub fn new(
        access: Arc<Access>,
        refuse: fn(Denied) -> Response<Body>,
        open: &'static [&'static str],
    ) -> Self {
        Self {
            access,
            refuse,
            open,
        }
    }

    fn admit<ReqBody>(&self, request: &mut Request<ReqBody>) -> Result<(), Denied> {
        let path = request.uri().path();
        if self.open.iter().any(|open| path.starts_with(open)) {
            return Ok(());
        }
        let peer = request.extensions().get::<Peer>();
        let caller = self.access.check(request.headers(), peer);
        let caller = caller.inspect_err(|denied| {
            let address = peer.and_then(|peer| peer.address);
            tracing::warn!(?address, path, reason = %denied, "a call was refused");
        })?;
        request.extensions_mut().insert(caller);
        Ok(())
    }
}

impl<Body> Clone for AccessLayer<Body> {
    fn clone(&self) -> Self {
        Self {
            access: self.access.clone(),
            refuse: self.refuse,
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
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response<Body>, S::Error>>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        match self.layer.admit(&mut request) {
            Ok(()) => Either::Right(self.inner.call(request)),
            Err(denied) => Either::Left(ready(Ok((self.layer.refuse)(denied)))),
        }
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
