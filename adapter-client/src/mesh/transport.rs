//! One attempt of a call: a place on a connection, gRPC on it, and back. All that is
//! tonic's lies here and below.

mod addresses;
mod answer;
mod connection;
mod dial;
mod fault;
mod peer;
mod pool;
#[cfg(test)]
mod pool_tests;
mod purpose;

pub(super) use fault::{Failed, Reached};
pub(super) use purpose::Purpose;

use super::codec::EncodedOnce;
use super::config::{Compression, TransportConfig};
use super::endpoint::Endpoint;
use super::tap::Tap;
use super::tls::ClientTls;
use super::{Mesh, Target, trace};
use bytes::Bytes;
use connection::OneCall;
use dial::Dialler;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::Deadline;
use mortise_proto::{Method, StoreError};
use pool::{Limits, Pool};
use prost::Message;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataValue;
use tonic::transport::Uri;
use tonic::{Request, Streaming};
use tracing::Span;

/// By how much the deadline that the server is told lies behind this side's.
const BEHIND: Duration = Duration::from_millis(500);

/// How many deadlines a stream with an end may take in all.
const STREAM_DEADLINE_FACTOR: u32 = 10;

/// How long the answer to a probe may take before its loss says that the connection is.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// How this side introduces itself to proxies and in logs of access.
const USER_AGENT: &str = concat!("mortise/", env!("CARGO_PKG_VERSION"));

/// The connections to one adapter, and how calls are put on them.
#[derive(Debug)]
pub(super) struct Transport {
    pool: Pool,
    /// What calls are addressed to.
    origin: Uri,
    compression: Option<Compression>,
}

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

/// A message and its size, or how the attempt failed.
pub(super) type Attempt<Rsp> = Result<(Rsp, usize), Failed>;

// === impl Transport ===

impl Transport {
    pub(super) fn new(endpoint: Endpoint, tls: ClientTls, config: TransportConfig) -> Self {
        let origin = match &endpoint {
            Endpoint::Http(uri) | Endpoint::Https(uri) => uri.clone(),
            // The authority of a unix socket is never resolved.
            Endpoint::Unix(_) => Uri::from_static("http://localhost"),
        };
        let limits = Limits {
            connections_max: config.connections_max,
            streams_max: config.streams_max,
        };
        Self {
            origin,
            compression: config.compression,
            pool: Pool::new(Dialler::new(endpoint, tls, config), limits),
        }
    }

    /// Ends the connections on which nothing has come since then.
    pub(super) fn end_silent(&self, since: Instant) {
        self.pool.end_silent(since);
    }
}

// === impl Mesh ===

impl Mesh {
    /// The deadline covers the call, once there is a connection. A probe that its caller
    /// has given up ends connections that have been silent all the while.
    pub(super) async fn unary<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
        purpose: Purpose,
        wait: Duration,
    ) -> Attempt<Rsp> {
        let mut grpc = self.ready(&call.target, purpose, wait).await?;
        let request = self.timed(call, call.target.request(call.body.clone()));
        let unanswered = (purpose == Purpose::Probe).then(|| Unanswered::new(&call.target));
        let answer = grpc.unary(request, call.path(), EncodedOnce::<Rsp>::default());
        let answer = async { Ok(answer.await?.into_inner()) };
        let answer = self.within_deadline(call, answer).await;
        if let Some(unanswered) = unanswered {
            unanswered.answered();
        }
        answer
    }

    /// A request that is a stream; the deadline covers all of the call.
    pub(super) async fn send_stream<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
        wait: Duration,
    ) -> Attempt<Rsp> {
        let mut grpc = self.ready(&call.target, Purpose::Call, wait).await?;
        let messages = tokio_stream::iter(call.messages());
        let request = self.timed(call, call.target.request(messages));
        let answer = grpc.client_streaming(request, call.path(), EncodedOnce::<Rsp>::default());
        self.within_deadline(call, async { Ok(answer.await?.into_inner()) })
            .await
    }

    /// Tells the server the deadline, too; a stream's is for each of its messages.
    fn timed<Body>(&self, call: &Outgoing, mut request: Request<Body>) -> Request<Body> {
        if let Some(deadline) = self.deadline_of(call.method) {
            request.set_timeout(deadline + BEHIND);
        }
        request
    }

    /// The deadline covers the wait for each message; some of them cover the whole.
    pub(super) async fn stream_to_end<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
        wait: Duration,
    ) -> Attempt<Vec<Rsp>> {
        let grpc = self.ready(&call.target, Purpose::Call, wait).await?;
        let whole = self.inner.deadline * STREAM_DEADLINE_FACTOR;
        let answers = timeout(whole, self.stream_by_message(call, grpc)).await;
        answers.unwrap_or_else(|_| Err(too_late(call.method, whole).into()))
    }

    async fn stream_by_message<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
        grpc: Grpc<OneCall>,
    ) -> Attempt<Vec<Rsp>> {
        let opening = self.open_stream(call, grpc);
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
                let limit = self.inner.max_answer_bytes;
                return Err(StoreError::too_large(&what, bytes, limit).into());
            }
            answers.push(answer);
        }
        Ok((answers, bytes))
    }

    pub(super) async fn open_stream<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
        mut grpc: Grpc<OneCall>,
    ) -> Result<Streaming<(Rsp, usize)>, Failed> {
        let request = call.target.request(call.body.clone());
        let answer = grpc
            .server_streaming(request, call.path(), EncodedOnce::<Rsp>::default())
            .await?;
        Ok(answer.into_inner())
    }

    /// Opens a stream of requests and answers. The deadline covers the opening, once
    /// there is a connection.
    pub(super) async fn open_exchange<Rsp: Message + Default + 'static>(
        &self,
        method: &'static Method,
        target: &Target,
        requests: mpsc::Receiver<Bytes>,
    ) -> Result<Streaming<(Rsp, usize)>, StoreError> {
        let wait = target.patience();
        let mut grpc = self.ready(target, Purpose::Stream, wait).await?;
        let path = PathAndQuery::from_static(method.path);
        let requests = target.request(ReceiverStream::new(requests));
        let opening = grpc.streaming(requests, path, EncodedOnce::<Rsp>::default());
        let deadline = self.inner.deadline;
        match timeout(deadline, opening).await {
            Ok(opened) => Ok(opened.map_err(Failed::from)?.into_inner()),
            Err(_) => Err(too_late(method, deadline)),
        }
    }

    /// A place on a connection, for one call.
    pub(super) async fn ready(
        &self,
        target: &Target,
        purpose: Purpose,
        wait: Duration,
    ) -> Result<Grpc<OneCall>, Failed> {
        let transport = &target.transport;
        let lease = transport.pool.acquire(purpose, wait).await?;
        let grpc = Grpc::with_origin(OneCall::on(lease), transport.origin.clone())
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd)
            .max_decoding_message_size(self.inner.max_message_bytes)
            .max_encoding_message_size(usize::MAX);
        Ok(match transport.compression {
            Some(Compression::Gzip) => grpc.send_compressed(CompressionEncoding::Gzip),
            Some(Compression::Zstd) => grpc.send_compressed(CompressionEncoding::Zstd),
            None => grpc,
        })
    }

    /// A call that is not answered in time, on a connection that has been silent all the
    /// while, ends that connection: the other end may be gone without a word.
    async fn within_deadline<Out>(
        &self,
        call: &Outgoing,
        work: impl Future<Output = Result<Out, Failed>>,
    ) -> Result<Out, Failed> {
        let Some(deadline) = self.deadline_of(call.method) else {
            return work.await;
        };
        let began = Instant::now();
        let done = timeout(deadline, work).await;
        done.unwrap_or_else(|_| {
            call.target.transport.end_silent(began);
            Err(too_late(call.method, deadline).into())
        })
    }

    /// How long a call may take; on a stream, the wait for each message.
    pub(super) fn deadline_of(&self, method: &Method) -> Option<Duration> {
        match method.deadline {
            Deadline::Open => None,
            Deadline::Standard => Some(self.inner.deadline),
            Deadline::Long => Some(self.inner.long_deadline),
        }
    }

    /// Runs a call on the mesh's runtime, from now on: the caller's future does not hold
    /// it. Dropping what is returned drops the call.
    pub(super) fn on_io_runtime<Out, Call>(
        &self,
        call: Call,
    ) -> impl Future<Output = Result<Out, StoreError>> + Send + use<Out, Call>
    where
        Out: Send + 'static,
        Call: Future<Output = Result<Out, StoreError>> + Send + 'static,
    {
        let task = AbortOnDropHandle::new(self.inner.io_runtime.handle().spawn(call));
        async move {
            task.await.unwrap_or_else(|fault| {
                Err(StoreError::new(
                    ErrorReason::Internal,
                    format!("a call panicked: {fault}"),
                ))
            })
        }
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
        let user_agent = MetadataValue::from_static(USER_AGENT);
        request.metadata_mut().insert("user-agent", user_agent);
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

/// A probe under way.
pub(super) struct Unanswered {
    target: Option<Arc<Target>>,
    began: Instant,
}

impl Unanswered {
    pub(super) fn new(target: &Arc<Target>) -> Self {
        Self {
            target: Some(target.clone()),
            began: Instant::now(),
        }
    }

    pub(super) fn answered(mut self) {
        self.target = None;
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        let is_long = self.began.elapsed() >= PROBE_PATIENCE;
        if let Some(target) = self.target.take().filter(|_| is_long) {
            target.transport.end_silent(self.began);
        }
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
            Err(status) => (Err(Failed::from(status).error), true),
        };
        if sender.send(item).await.is_err() || last {
            return;
        }
    }
}

pub(super) fn too_late(method: &Method, deadline: Duration) -> StoreError {
    StoreError::new(
        ErrorReason::DeadlineExceeded,
        format!(
            "{} did not answer within {} ms",
            method.short_name(),
            deadline.as_millis()
        ),
    )
}
