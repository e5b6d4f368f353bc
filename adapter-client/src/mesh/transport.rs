//! One attempt of a call: onto the mesh's runtime, into the channel, and back.

use super::codec::EncodedOnce;
use super::tap::Tap;
use super::{Mesh, Target, trace};
use bytes::Bytes;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::Deadline;
use mortise_proto::{Method, StoreError};
use prost::Message;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Streaming};
use tracing::Span;

/// By how much the deadline that the server is told lies behind this side's.
const BEHIND: Duration = Duration::from_millis(500);

/// How many deadlines a stream with an end may take in all.
const WHOLE_STREAM: u32 = 10;

/// An encoded call on its way to its server.
#[derive(Clone)]
pub(super) struct Outgoing {
    pub(super) target: Arc<Target>,
    pub(super) method: &'static Method,
    pub(super) body: Bytes,
    /// What follows the body, where the request is a stream.
    pub(super) rest: Arc<[Bytes]>,
    pub(super) span: Span,
    /// Who sees how it ends.
    pub(super) tap: Tap,
}

/// The messages of a stream, as they come.
pub(crate) type Incoming<Rsp> = ReceiverStream<Result<Rsp, StoreError>>;

// === impl Mesh ===

impl Mesh {
    /// The deadline covers the call.
    pub(super) async fn unary<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
    ) -> Result<(Rsp, usize), StoreError> {
        self.within_deadline(call, self.send(call)).await
    }

    async fn send<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
    ) -> Result<(Rsp, usize), StoreError> {
        let mut grpc = self.ready(&call.target).await?;
        let mut request = call.target.request(call.body.clone());
        // Tells the server, too; a stream's deadline is for each of its messages. The
        // channel keeps it as well, so it lies a little behind this side's own.
        if let Some(deadline) = self.deadline_of(call.method) {
            request.set_timeout(deadline + BEHIND);
        }
        let answer = grpc
            .unary(request, call.path(), EncodedOnce::<Rsp>::default())
            .await?;
        Ok(answer.into_inner())
    }

    /// A request that is a stream; the deadline covers all of the call.
    pub(super) async fn send_stream<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
    ) -> Result<(Rsp, usize), StoreError> {
        self.within_deadline(call, self.send_messages(call)).await
    }

    async fn send_messages<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
    ) -> Result<(Rsp, usize), StoreError> {
        let mut grpc = self.ready(&call.target).await?;
        let mut request = call.target.request(tokio_stream::iter(call.messages()));
        if let Some(deadline) = self.deadline_of(call.method) {
            request.set_timeout(deadline + BEHIND);
        }
        let answer = grpc
            .client_streaming(request, call.path(), EncodedOnce::<Rsp>::default())
            .await?;
        Ok(answer.into_inner())
    }

    /// The deadline covers the wait for each message; some of them cover the whole.
    pub(super) async fn stream_to_end<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
    ) -> Result<(Vec<Rsp>, usize), StoreError> {
        let whole = self.inner.deadline * WHOLE_STREAM;
        let answers = timeout(whole, self.stream_by_message(call)).await;
        answers.unwrap_or_else(|_| Err(too_late(call, whole)))
    }

    async fn stream_by_message<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
    ) -> Result<(Vec<Rsp>, usize), StoreError> {
        let opening = self.open_stream(call);
        let mut stream = self.within_deadline(call, opening).await?;
        let (mut answers, mut bytes) = (Vec::new(), 0);
        while let Some((answer, size)) = self
            .within_deadline(call, async { Ok(stream.message().await?) })
            .await?
        {
            // What it takes in memory, so that empty messages count as well.
            bytes += size + size_of::<Rsp>();
            if bytes > self.inner.max_answer_bytes {
                let what = format!("the answer of {}", call.method.short_name());
                return Err(StoreError::too_large(
                    &what,
                    bytes,
                    self.inner.max_answer_bytes,
                ));
            }
            answers.push(answer);
        }
        Ok((answers, bytes))
    }

    pub(super) async fn open_stream<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
    ) -> Result<Streaming<(Rsp, usize)>, StoreError> {
        let mut grpc = self.ready(&call.target).await?;
        let request = call.target.request(call.body.clone());
        let answer = grpc
            .server_streaming(request, call.path(), EncodedOnce::<Rsp>::default())
            .await?;
        Ok(answer.into_inner())
    }

    pub(super) async fn ready(&self, target: &Target) -> Result<Grpc<Channel>, StoreError> {
        let mut grpc = Grpc::new(target.channel.clone())
            .max_decoding_message_size(self.inner.max_message_bytes)
            .max_encoding_message_size(usize::MAX);
        let unavailable = |fault: tonic::transport::Error| {
            StoreError::new(ErrorReason::Unavailable, fault.to_string())
        };
        grpc.ready().await.map_err(unavailable)?;
        Ok(grpc)
    }

    pub(super) async fn within_deadline<Out>(
        &self,
        call: &Outgoing,
        work: impl Future<Output = Result<Out, StoreError>>,
    ) -> Result<Out, StoreError> {
        let Some(deadline) = self.deadline_of(call.method) else {
            return work.await;
        };
        let done = timeout(deadline, work).await;
        done.unwrap_or_else(|_| Err(too_late(call, deadline)))
    }

    /// How long a call may take; on a stream, the wait for each message.
    pub(super) fn deadline_of(&self, method: &Method) -> Option<Duration> {
        match method.deadline {
            Deadline::Open => None,
            Deadline::Standard => Some(self.inner.deadline),
            Deadline::Long => Some(self.inner.long_deadline),
        }
    }

    /// Runs a call on the mesh's runtime. Dropping it drops the call.
    pub(super) async fn on_driver<Out: Send + 'static>(
        &self,
        call: impl Future<Output = Result<Out, StoreError>> + Send + 'static,
    ) -> Result<Out, StoreError> {
        let task = AbortOnDropHandle::new(self.inner.driver.handle().spawn(call));
        task.await.unwrap_or_else(|fault| {
            Err(StoreError::new(
                ErrorReason::Internal,
                format!("a call panicked: {fault}"),
            ))
        })
    }
}

// === impl Target ===

impl Target {
    /// A request with what every one carries: the token, and the trace it belongs to.
    pub(super) fn request<Body>(&self, body: Body) -> Request<Body> {
        let mut request = Request::new(body);
        if let Some(token) = &self.token {
            request
                .metadata_mut()
                .insert("authorization", token.header());
        }
        trace::inject(request.metadata_mut());
        request
    }
}

// === impl Outgoing ===

impl Outgoing {
    fn path(&self) -> PathAndQuery {
        PathAndQuery::from_static(self.method.path)
    }

    /// How many bytes it sends.
    pub(super) fn size_bytes(&self) -> u64 {
        let rest = self.rest.iter().map(Bytes::len).sum::<usize>();
        (self.body.len() + rest) as u64
    }

    /// All of its messages, to be sent.
    fn messages(&self) -> impl Iterator<Item = Bytes> + Send + 'static {
        let rest = self.rest.clone();
        let numbers = 0..rest.len();
        let rest = numbers.filter_map(move |number| rest.get(number).cloned());
        std::iter::once(self.body.clone()).chain(rest)
    }
}

/// Passes a stream on until either side has enough.
pub(super) async fn pass_on<Rsp: Send + 'static>(
    mut stream: Streaming<(Rsp, usize)>,
    sender: mpsc::Sender<Result<Rsp, StoreError>>,
) {
    loop {
        let message = tokio::select! {
            message = stream.message() => message,
            () = sender.closed() => return,
        };
        let (item, last) = match message {
            Ok(Some((answer, _size))) => (Ok(answer), false),
            Ok(None) => return,
            Err(status) => (Err(StoreError::from(status)), true),
        };
        if sender.send(item).await.is_err() || last {
            return;
        }
    }
}

pub(super) fn too_late(call: &Outgoing, deadline: Duration) -> StoreError {
    StoreError::new(
        ErrorReason::DeadlineExceeded,
        format!(
            "{} did not answer within {} ms",
            call.method.short_name(),
            deadline.as_millis()
        ),
    )
}
