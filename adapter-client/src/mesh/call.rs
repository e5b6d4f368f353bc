//! How a call gets to its server and back. See the picture in `mesh.rs`.

use super::codec::EncodedOnce;
use super::stats::Sample;
use super::{Mesh, Org, Target};
use bytes::Bytes;
use mortise_proto::pb::{CallContext, ErrorReason};
use mortise_proto::rpc::{Deadline, Effect, Scoped};
use mortise_proto::{Method, Rpc, StoreError};
use prost::Message;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{IntoStreamingRequest, Request, Streaming};
use uuid::Uuid;

/// Messages of a stream that may wait for their reader.
const AHEAD: usize = 16;

/// By how much the deadline that the server is told lies behind this side's.
const BEHIND: Duration = Duration::from_millis(500);

/// An encoded call on its way to its server.
#[derive(Clone)]
struct Outgoing {
    target: Arc<Target>,
    method: &'static Method,
    body: Bytes,
}

/// The messages of a stream, as they come.
pub(crate) type Incoming<Rsp> = ReceiverStream<Result<Rsp, StoreError>>;

// === impl Mesh ===

impl Mesh {
    /// A unary call.
    pub(crate) async fn call<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        org: &Org,
        request: Req,
    ) -> Result<Rsp, StoreError>
    where
        Req: Scoped + Message,
        Rsp: Message + Default + 'static,
    {
        let call = self.outgoing(rpc, org, request)?;
        let mesh = self.clone();
        self.on_driver(async move { mesh.attempts(&call, || mesh.unary(&call)).await })
            .await
    }

    /// A call whose answer is a stream with an end, collected.
    pub(crate) async fn collect<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        org: &Org,
        request: Req,
    ) -> Result<Vec<Rsp>, StoreError>
    where
        Req: Scoped + Message,
        Rsp: Message + Default + 'static,
    {
        let call = self.outgoing(rpc, org, request)?;
        let mesh = self.clone();
        self.on_driver(async move { mesh.attempts(&call, || mesh.stream_to_end(&call)).await })
            .await
    }

    /// A call whose answer is a stream without an end. It is not resumed here: only
    /// its reader knows how far it has come.
    pub(crate) async fn follow<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        org: &Org,
        request: Req,
    ) -> Result<Incoming<Rsp>, StoreError>
    where
        Req: Scoped + Message,
        Rsp: Message + Default + 'static,
    {
        let call = self.outgoing(rpc, org, request)?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        let mesh = self.clone();
        self.on_driver(async move {
            let stream = mesh.open_stream(&call).await?;
            tokio::spawn(pass_on(stream, sender));
            Ok(())
        })
        .await?;
        Ok(ReceiverStream::new(receiver))
    }

    /// A bidirectional stream of encoded requests, which carry their own contexts.
    pub(crate) async fn exchange<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        requests: mpsc::Receiver<Bytes>,
    ) -> Result<Incoming<Rsp>, StoreError>
    where
        Rsp: Message + Default + 'static,
    {
        let target = self.route(rpc.method.service)?.clone();
        let path = PathAndQuery::from_static(rpc.method.path);
        let (sender, receiver) = mpsc::channel(AHEAD);
        let mesh = self.clone();
        self.on_driver(async move {
            let mut grpc = mesh.ready(&target).await?;
            let requests = ReceiverStream::new(requests).into_streaming_request();
            let stream = grpc.streaming(requests, path, EncodedOnce::<Rsp>::default());
            let stream = stream.await?.into_inner();
            tokio::spawn(pass_on(stream, sender));
            Ok(())
        })
        .await?;
        Ok(ReceiverStream::new(receiver))
    }

    /// Runs a task of the mesh's own on its runtime, for as long as it takes.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.inner.driver.handle().spawn(task));
    }

    /// Counts a message of a stream as a call.
    pub(crate) fn record(&self, method: &'static Method, sample: Sample) {
        self.inner.stats.record(method, sample);
    }

    /// How long one message may take.
    pub(crate) fn deadline(&self) -> Duration {
        self.inner.deadline
    }

    /// For how long a broken stream is opened again.
    pub(crate) fn retry_window(&self) -> Duration {
        self.inner.retry.window()
    }

    /// One call to one server, outside the routes and without retries: the
    /// handshake.
    pub(super) async fn call_target<Req: Message, Rsp: Message + Default + 'static>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        target: &Arc<Target>,
        request: &Req,
    ) -> Result<Rsp, StoreError> {
        let call = Outgoing {
            target: target.clone(),
            method: rpc.method,
            body: request.encode_to_vec().into(),
        };
        let mesh = self.clone();
        self.on_driver(async move { mesh.within_deadline(&call, mesh.unary(&call)).await })
            .await
            .map(|(answer, _size)| answer)
    }

    /// Fills in the context, encodes, and refuses what the server would refuse.
    fn outgoing<Req: Scoped + Message, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        org: &Org,
        mut request: Req,
    ) -> Result<Outgoing, StoreError> {
        let target = self.route(rpc.method.service)?.clone();
        request.set_context(context(rpc.method, org));
        let body = Bytes::from(request.encode_to_vec());
        let limit = target.request_bytes_max();
        if body.len() > limit {
            let what = format!("the request of {}", rpc.method.short_name());
            return Err(StoreError::too_large(&what, body.len(), limit));
        }
        Ok(Outgoing {
            target,
            method: rpc.method,
            body,
        })
    }

    /// Sends a call until it is answered or may not be sent again.
    async fn attempts<Out, Fut>(
        &self,
        call: &Outgoing,
        attempt: impl Fn() -> Fut,
    ) -> Result<Out, StoreError>
    where
        Fut: Future<Output = Result<(Out, usize), StoreError>>,
    {
        let started = Instant::now();
        let mut sample = Sample {
            bytes_sent: call.body.len() as u64,
            ..Sample::default()
        };
        let mut retries = self.inner.retry.begin(call.method);
        let result = loop {
            let error = match self.within_deadline(call, attempt()).await {
                Ok((answer, size)) => {
                    sample.bytes_received = size as u64;
                    break Ok(answer);
                }
                Err(error) => error,
            };
            let Some(wait) = retries.after(&error) else {
                break Err(call.target.name_in(error));
            };
            sample.retries += 1;
            tracing::debug!(method = call.method.short_name(), adapter = %call.target.name, %error, ?wait, "sent again");
            tokio::time::sleep(wait).await;
        };
        retries.answered();
        sample.failed = result.is_err();
        sample.time = started.elapsed();
        self.inner.stats.record(call.method, sample);
        result
    }

    async fn unary<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
    ) -> Result<(Rsp, usize), StoreError> {
        let mut grpc = self.ready(&call.target).await?;
        let mut request = Request::new(call.body.clone());
        // Tells the server, too; a stream's deadline is for each of its messages. The
        // channel keeps it as well, so it lies a little behind this side's own.
        request.set_timeout(self.inner.deadline + BEHIND);
        let answer = grpc
            .unary(request, call.path(), EncodedOnce::<Rsp>::default())
            .await?;
        Ok(answer.into_inner())
    }

    async fn stream_to_end<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
    ) -> Result<(Vec<Rsp>, usize), StoreError> {
        let mut stream = self.open_stream(call).await?;
        let (mut answers, mut bytes) = (Vec::new(), 0);
        while let Some((answer, size)) = self
            .within_deadline(call, async { Ok(stream.message().await?) })
            .await?
        {
            bytes += size;
            answers.push(answer);
        }
        Ok((answers, bytes))
    }

    async fn open_stream<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
    ) -> Result<Streaming<(Rsp, usize)>, StoreError> {
        let mut grpc = self.ready(&call.target).await?;
        let request = Request::new(call.body.clone());
        let answer = grpc
            .server_streaming(request, call.path(), EncodedOnce::<Rsp>::default())
            .await?;
        Ok(answer.into_inner())
    }

    async fn ready(&self, target: &Target) -> Result<Grpc<Channel>, StoreError> {
        let mut grpc = Grpc::new(target.channel.clone())
            .max_decoding_message_size(self.inner.max_message_bytes)
            .max_encoding_message_size(usize::MAX);
        let unavailable = |fault: tonic::transport::Error| {
            StoreError::new(ErrorReason::Unavailable, fault.to_string())
        };
        grpc.ready().await.map_err(unavailable)?;
        Ok(grpc)
    }

    async fn within_deadline<Out>(
        &self,
        call: &Outgoing,
        work: impl Future<Output = Result<Out, StoreError>>,
    ) -> Result<Out, StoreError> {
        match call.method.deadline {
            Deadline::Open => work.await,
            Deadline::Standard => timeout(self.inner.deadline, work)
                .await
                .unwrap_or_else(|_| Err(too_late(call, self.inner.deadline))),
        }
    }

    /// Runs a call on the mesh's runtime. Dropping it drops the call.
    async fn on_driver<Out: Send + 'static>(
        &self,
        call: impl Future<Output = Result<Out, StoreError>> + Send + 'static,
    ) -> Result<Out, StoreError> {
        let task = AbortOnDropHandle::new(self.inner.driver.handle().spawn(call));
        task.await.unwrap_or_else(|fault| {
            Err(StoreError::new(
                ErrorReason::Internal,
                format!("a call broke off: {fault}"),
            ))
        })
    }
}

// === impl Outgoing ===

impl Outgoing {
    fn path(&self) -> PathAndQuery {
        PathAndQuery::from_static(self.method.path)
    }
}

/// Who is calling, with a fresh request id where the method is keyed.
pub(crate) fn context(method: &Method, org: &Org) -> CallContext {
    let request_id = match method.effect {
        Effect::Keyed => Uuid::now_v7().to_string(),
        Effect::Read | Effect::Idempotent | Effect::Unsafe => String::new(),
    };
    CallContext {
        org_id: org.id,
        org_public_id: org.public_id.clone(),
        session_id: org.session_id.clone(),
        request_id,
        ..CallContext::default()
    }
}

/// Passes a stream on until either side has enough.
async fn pass_on<Rsp: Send + 'static>(
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

fn too_late(call: &Outgoing, deadline: Duration) -> StoreError {
    StoreError::new(
        ErrorReason::DeadlineExceeded,
        format!(
            "{} did not answer within {} ms",
            call.method.short_name(),
            deadline.as_millis()
        ),
    )
}
