//! A handler that panics costs its caller the answer, and no other caller the connection.

use futures::FutureExt;
use mortise_proto::HostError;
use mortise_proto::host::ErrorReason;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// Has the panics of services answered.
#[derive(Debug, Clone)]
pub(super) struct Unbroken<A>(pub(super) A);

/// A service whose panics are answered.
#[derive(Debug, Clone)]
pub(super) struct UnbrokenService<S, A> {
    inner: S,
    answer: A,
}

impl<S, A: Clone> Layer<S> for Unbroken<A> {
    type Service = UnbrokenService<S, A>;

    fn layer(&self, inner: S) -> Self::Service {
        UnbrokenService {
            inner,
            answer: self.0.clone(),
        }
    }
}

impl<S, A, Req> Service<Req> for UnbrokenService<S, A>
where
    S: Service<Req>,
    S::Future: Send + 'static,
    A: FnOnce(HostError) -> S::Response + Clone + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        let answer = self.answer.clone();
        let answered = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Box::pin(async move {
            let answered = answered.await;
            answered.unwrap_or_else(|_| Ok(answer(panicked())))
        })
    }
}

fn panicked() -> HostError {
    // What it panicked with may quote anything, and stands on stderr.
    tracing::error!("a handler panicked");
    let text = "the host panicked in the middle of the call; see its log";
    HostError::new(ErrorReason::Internal, text)
}
