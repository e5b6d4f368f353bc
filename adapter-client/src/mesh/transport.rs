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
mod pools;
mod purpose;

#[cfg(test)]
pub(super) use pool_tests::Server;

pub(super) use dial::{Dial, Dialler, Place};
pub(super) use fault::{Failed, Reached};
pub(super) use pool::{Lease, Limits, Pool};
pub(super) use pools::{Pools, Wanted};
pub(super) use purpose::Purpose;

use super::balance::Node;
use super::codec::EncodedOnce;
use super::config::Compression;
use super::io_runtime::Driver;
use super::tap::Tap;
use super::{Mesh, Target, trace};
use bytes::Bytes;
use connection::OneCall;
use mortise_proto::pb::ErrorReason;
use mortise_proto::{Method, StoreError};
use prost::Message;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataValue;
use tonic::{Request, Streaming};
use tracing::Span;

/// By how much the deadline that the server is told lies behind this side's.
const SERVER_DEADLINE_SLACK: Duration = Duration::from_millis(500);

/// How many deadlines a stream with an end may take in all.
const STREAM_DEADLINE_FACTOR: u32 = 10;

/// How long the answer to a probe may take before its loss says that the connection is.
const PROBE_PATIENCE: Duration = Duration::from_secs(1);

/// How this side introduces itself to proxies and in logs of access.
const USER_AGENT: &str = concat!("mortise/", env!("CARGO_PKG_VERSION"));

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
    /// When the turn that it is for ends.
    pub(super) until: Option<Instant>,
    /// What drives it, and the connection that it takes.
    pub(super) driver: Driver,
}

/// What crosses a connection in one attempt of a call.
pub(super) trait Exchange: Send + Sync {
    /// What its place on a connection is for.
    const PURPOSE: Purpose;

    /// What it brings.
    type Out: Send;

    /// How long it may take.
    fn deadline(&self, call: &Outgoing) -> Option<Duration>;

    /// Does it once, on a place that is taken. The size is that of what it brings.
    fn exchange(
        &self,
        mesh: &Mesh,
        call: &Outgoing,
        lease: Lease,
        node: &Node,
    ) -> impl Future<Output = Attempt<Self::Out>> + Send;
}

/// A request and its answer.
pub(super) struct Unary<Rsp>(Answers<Rsp>);

/// The same about one endpoint: whether it is there, and what it is. One that its caller
/// has given up ends connections that have been silent all the while.
pub(super) struct Probe<Rsp>(Answers<Rsp>);

/// A request that is a stream. The deadline covers all of it.
pub(super) struct Upload<Rsp>(Answers<Rsp>);

/// An answer that is a stream with an end, collected. The deadline covers the wait for each
/// message; ten of them cover the whole.
pub(super) struct Collected<Rsp>(Answers<Rsp>);

/// An answer that is a stream without an end. The deadline covers the opening.
pub(super) struct Following<Rsp>(Answers<Rsp>);

/// Streams in both directions. The deadline covers the opening.
pub(super) struct Bidirectional<Rsp> {
    /// Taken by the attempt that opens it.
    requests: Mutex<Option<mpsc::Receiver<Bytes>>>,
    _answers: Answers<Rsp>,
}

/// Whatever answers there are.
type Answers<Rsp> = PhantomData<fn() -> Rsp>;

/// The messages of a stream, as they come.
pub(crate) type Incoming<Rsp> = ReceiverStream<Result<Rsp, StoreError>>;

/// A message and its size, or how the attempt failed.
pub(super) type Attempt<Rsp> = Result<(Rsp, usize), Failed>;

// === impl Exchange ===

impl<Rsp: Message + Default + 'static> Exchange for Unary<Rsp> {
    const PURPOSE: Purpose = Purpose::Call;
    type Out = Rsp;

    fn deadline(&self, call: &Outgoing) -> Option<Duration> {
        call.target.times.of(call.method)
    }

    async fn exchange(
        &self,
        mesh: &Mesh,
        call: &Outgoing,
        lease: Lease,
        node: &Node,
    ) -> Attempt<Rsp> {
        let mut grpc = mesh.grpc(&call.target, lease, node);
        let request = call.timed(call.target.request(call.body.clone()));
        let answer = grpc.unary(request, call.path(), EncodedOnce::<Rsp>::default());
        Ok(answer.await?.into_inner())
    }
}

impl<Rsp: Message + Default + 'static> Exchange for Probe<Rsp> {
    const PURPOSE: Purpose = Purpose::Probe;
    type Out = Rsp;

    fn deadline(&self, call: &Outgoing) -> Option<Duration> {
        call.target.times.of(call.method)
    }

    async fn exchange(
        &self,
        mesh: &Mesh,
        call: &Outgoing,
        lease: Lease,
        node: &Node,
    ) -> Attempt<Rsp> {
        let unanswered = Unanswered::new(node);
        let answer = Unary::default().exchange(mesh, call, lease, node).await;
        unanswered.answered();
        answer
    }
}

impl<Rsp: Message + Default + 'static> Exchange for Upload<Rsp> {
    const PURPOSE: Purpose = Purpose::Call;
    type Out = Rsp;

    fn deadline(&self, call: &Outgoing) -> Option<Duration> {
        call.target.times.of(call.method)
    }

    async fn exchange(
        &self,
        mesh: &Mesh,
        call: &Outgoing,
        lease: Lease,
        node: &Node,
    ) -> Attempt<Rsp> {
        let mut grpc = mesh.grpc(&call.target, lease, node);
        let messages = tokio_stream::iter(call.messages());
        let request = call.timed(call.target.request(messages));
        let answer = grpc.client_streaming(request, call.path(), EncodedOnce::<Rsp>::default());
        Ok(answer.await?.into_inner())
    }
}

impl<Rsp: Message + Default + 'static> Exchange for Collected<Rsp> {
    const PURPOSE: Purpose = Purpose::Call;
    type Out = Vec<Rsp>;

    fn deadline(&self, call: &Outgoing) -> Option<Duration> {
        Some(call.target.times.deadline * STREAM_DEADLINE_FACTOR)
    }

    async fn exchange(
        &self,
        mesh: &Mesh,
        call: &Outgoing,
        lease: Lease,
        node: &Node,
    ) -> Attempt<Vec<Rsp>> {
        let grpc = mesh.grpc(&call.target, lease, node);
        let opening = open_stream::<Rsp>(call, grpc);
        let mut stream = by_message(call, node, opening).await?;
        let (mut answers, mut bytes, mut held) = (Vec::new(), 0, 0);
        while let Some((answer, size)) =
            by_message(call, node, async { Ok(stream.message().await?) }).await?
        {
            bytes += size;
            // What it takes in memory: empty messages count as well.
            held += size + size_of::<Rsp>();
            if held > mesh.inner.max_answer_bytes {
                let what = format!("the answer of {}", call.method.short_name());
                let limit = mesh.inner.max_answer_bytes;
                return Err(StoreError::too_large(&what, held, limit).into());
            }
            answers.push(answer);
        }
        Ok((answers, bytes))
    }
}

impl<Rsp: Message + Default + 'static> Exchange for Following<Rsp> {
    const PURPOSE: Purpose = Purpose::Stream;
    type Out = Streaming<(Rsp, usize)>;

    fn deadline(&self, call: &Outgoing) -> Option<Duration> {
        let own = call.target.times.of(call.method);
        Some(own.unwrap_or(call.target.times.deadline))
    }

    async fn exchange(
        &self,
        mesh: &Mesh,
        call: &Outgoing,
        lease: Lease,
        node: &Node,
    ) -> Attempt<Self::Out> {
        let grpc = mesh.grpc(&call.target, lease, node);
        Ok((open_stream(call, grpc).await?, 0))
    }
}

impl<Rsp: Message + Default + 'static> Exchange for Bidirectional<Rsp> {
    const PURPOSE: Purpose = Purpose::Stream;
    type Out = Streaming<(Rsp, usize)>;

    fn deadline(&self, call: &Outgoing) -> Option<Duration> {
        Some(call.target.times.deadline)
    }

    async fn exchange(
        &self,
        mesh: &Mesh,
        call: &Outgoing,
        lease: Lease,
        node: &Node,
    ) -> Attempt<Self::Out> {
        let requests = {
            let mut requests = self.requests.lock();
            let requests = requests.as_deref_mut().ok().and_then(Option::take);
            requests.ok_or_else(|| Failed::unsent("a stream of requests is sent once"))?
        };
        let mut grpc = mesh.grpc(&call.target, lease, node);
        let requests = call.target.request(ReceiverStream::new(requests));
        let opening = grpc.streaming(requests, call.path(), EncodedOnce::<Rsp>::default());
        Ok((opening.await?.into_inner(), 0))
    }
}

impl<Rsp> Default for Unary<Rsp> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<Rsp> Default for Probe<Rsp> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<Rsp> Default for Upload<Rsp> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<Rsp> Default for Collected<Rsp> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<Rsp> Default for Following<Rsp> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<Rsp> Bidirectional<Rsp> {
    pub(super) fn new(requests: mpsc::Receiver<Bytes>) -> Self {
        Self {
            requests: Mutex::new(Some(requests)),
            _answers: PhantomData,
        }
    }
}

async fn open_stream<Rsp: Message + Default + 'static>(
    call: &Outgoing,
    mut grpc: Grpc<OneCall>,
) -> Result<Streaming<(Rsp, usize)>, Failed> {
    let request = call.target.request(call.body.clone());
    let answer = grpc
        .server_streaming(request, call.path(), EncodedOnce::<Rsp>::default())
        .await?;
    Ok(answer.into_inner())
}

/// Waits for one message of a stream.
async fn by_message<Out>(
    call: &Outgoing,
    node: &Node,
    message: impl Future<Output = Result<Out, Failed>>,
) -> Result<Out, Failed> {
    let Some(deadline) = call.target.times.of(call.method) else {
        return message.await;
    };
    let began = Instant::now();
    timeout(deadline, message).await.unwrap_or_else(|_| {
        node.pools.end_silent(began);
        Err(too_late(call.method, deadline).into())
    })
}

// === impl Mesh ===

impl Mesh {
    /// gRPC on a place of a connection, for one call.
    pub(super) fn grpc(&self, target: &Target, lease: Lease, node: &Node) -> Grpc<OneCall> {
        let origin = node.pools.dialler().origin();
        let grpc = Grpc::with_origin(OneCall::on(lease), origin)
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd)
            .max_decoding_message_size(self.inner.max_message_bytes)
            .max_encoding_message_size(usize::MAX);
        match target.config.transport.compression {
            Some(Compression::Gzip) => grpc.send_compressed(CompressionEncoding::Gzip),
            Some(Compression::Zstd) => grpc.send_compressed(CompressionEncoding::Zstd),
            None => grpc,
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
    /// Tells the server how much time is left, too; a stream's is for each of its messages.
    fn timed<Body>(&self, mut request: Request<Body>) -> Request<Body> {
        let own = self.target.times.of(self.method);
        let left = self
            .until
            .map(|until| until.saturating_duration_since(Instant::now()));
        if let Some(deadline) = own.into_iter().chain(left).min() {
            request.set_timeout(deadline + SERVER_DEADLINE_SLACK);
        }
        request
    }

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
pub(super) struct Unanswered<'a> {
    node: Option<&'a Node>,
    began: Instant,
}

impl<'a> Unanswered<'a> {
    pub(super) fn new(node: &'a Node) -> Self {
        Self {
            node: Some(node),
            began: Instant::now(),
        }
    }

    pub(super) fn answered(mut self) {
        self.node = None;
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        let is_long = self.began.elapsed() >= PROBE_PATIENCE;
        if let Some(node) = self.node.take().filter(|_| is_long) {
            node.pools.end_silent(self.began);
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
