//! How a call gets to its server and back. See the picture in `mesh.rs`.

use super::stats::Sample;
use super::tap::Tap;
use super::transport::{Attempt, Incoming, Outgoing, Purpose, pass_on, too_late};
use super::{Mesh, Org, Target, trace};
use bytes::Bytes;
use mortise_proto::convert::open_value::OpenValues;
use mortise_proto::pb::CallContext;
use mortise_proto::rpc::{Effect, Fencing, Scoped};
use mortise_proto::{Method, Rpc, StoreError};
use prost::Message;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};
use tracing::{Instrument, Span};
use uuid::Uuid;

/// Messages of a stream that may wait for their reader.
const CHANNEL_CAPACITY: usize = 16;

/// How long a call that counts as allowed may keep its caller waiting.
const ALLOWED_AFTER: Duration = Duration::from_secs(1);

// === impl Mesh ===

impl Mesh {
    /// A unary call. Where the method's options say so it counts as allowed when its
    /// server cannot be asked.
    pub(crate) async fn call<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        org: &Org,
        request: Req,
    ) -> Result<Rsp, StoreError>
    where
        Req: Scoped + OpenValues + Message,
        Rsp: Message + Default + 'static,
    {
        let answer = self
            .outgoing(rpc, org, request)
            .map(|call| self.send_on(call));
        let Some(allowed) = rpc.allowed else {
            return answer?.await;
        };
        let problem = match answer {
            Ok(answer) => match timeout(ALLOWED_AFTER, answer).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer came within {} s", ALLOWED_AFTER.as_secs()),
            },
            Err(error) => error.to_string(),
        };
        let method = rpc.method.short_name();
        tracing::debug!(org = org.id, method, problem, "it counts as allowed");
        Ok(allowed())
    }

    /// A unary call whose request is encoded already, with its context.
    pub(crate) async fn call_encoded<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        org: &Org,
        body: Bytes,
    ) -> Result<Rsp, StoreError>
    where
        Rsp: Message + Default + 'static,
    {
        let target = self.route(rpc.method.service)?.clone();
        self.send_on(Outgoing {
            body,
            span: trace::span(rpc.method, &target),
            target,
            method: rpc.method,
            rest: Arc::default(),
            tap: org.tap.clone(),
        })
        .await
    }

    fn send_on<Rsp>(
        &self,
        call: Outgoing,
    ) -> impl Future<Output = Result<Rsp, StoreError>> + Send + use<Rsp>
    where
        Rsp: Message + Default + 'static,
    {
        let mesh = self.clone();
        let span = call.span.clone();
        let attempts = async move {
            mesh.attempts(&call, |wait| mesh.unary(&call, Purpose::Call, wait))
                .await
        };
        self.on_io_runtime(attempts.instrument(span))
    }

    /// A call whose request is a stream: the first message, which says who is calling,
    /// and those after it. It is encoded once, and sent again as a whole.
    pub(crate) async fn upload<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        org: &Org,
        first: Req,
        rest: impl IntoIterator<Item = Req>,
    ) -> Result<Rsp, StoreError>
    where
        Req: Scoped + OpenValues + Message,
        Rsp: Message + Default + 'static,
    {
        let mut call = self.outgoing(rpc, org, first)?;
        let encoded = rest
            .into_iter()
            .map(|message| call.target.encode(rpc.method, &message));
        call.rest = encoded.collect::<Result<_, _>>()?;
        let mesh = self.clone();
        let span = call.span.clone();
        let attempts = async move {
            mesh.attempts(&call, |wait| mesh.send_stream(&call, wait))
                .await
        };
        self.on_io_runtime(attempts.instrument(span)).await
    }

    /// A call whose answer is a stream with an end, collected.
    pub(crate) async fn collect<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        org: &Org,
        request: Req,
    ) -> Result<Vec<Rsp>, StoreError>
    where
        Req: Scoped + OpenValues + Message,
        Rsp: Message + Default + 'static,
    {
        let call = self.outgoing(rpc, org, request)?;
        let mesh = self.clone();
        let span = call.span.clone();
        let attempts = async move {
            mesh.attempts(&call, |wait| mesh.stream_to_end(&call, wait))
                .await
        };
        self.on_io_runtime(attempts.instrument(span)).await
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
        Req: Scoped + OpenValues + Message,
        Rsp: Message + Default + 'static,
    {
        let call = self.outgoing(rpc, org, request)?;
        let (sender, receiver) = mpsc::channel(CHANNEL_CAPACITY);
        let (mesh, span) = (self.clone(), call.span.clone());
        let opening = async move {
            let opened = mesh.open_follow(&call).await;
            trace::ended(&opened);
            tokio::spawn(pass_on(opened?, sender));
            Ok(())
        };
        self.on_io_runtime(opening.instrument(span)).await?;
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
        let (sender, receiver) = mpsc::channel(CHANNEL_CAPACITY);
        let (mesh, span) = (self.clone(), trace::span(rpc.method, &target));
        let method = rpc.method;
        let opening = async move {
            let opened = mesh.open_exchange(method, &target, requests).await;
            trace::ended(&opened);
            tokio::spawn(pass_on(opened?, sender));
            Ok(())
        };
        self.on_io_runtime(opening.instrument(span)).await?;
        Ok(ReceiverStream::new(receiver))
    }

    /// Opens a stream without an end. The deadline covers the opening, once there is a
    /// connection.
    async fn open_follow<Rsp: Message + Default + 'static>(
        &self,
        call: &Outgoing,
    ) -> Result<Streaming<(Rsp, usize)>, StoreError> {
        let wait = call.target.patience();
        let grpc = self.ready(&call.target, Purpose::Stream, wait).await?;
        let deadline = self.deadline_of(call.method);
        let deadline = deadline.unwrap_or(self.inner.deadline);
        match timeout(deadline, self.open_stream(call, grpc)).await {
            Ok(opened) => Ok(opened?),
            Err(_) => Err(too_late(call.method, deadline)),
        }
    }

    /// The largest request that the service's adapter takes, in bytes.
    pub(crate) fn request_bytes_max(&self, service: &str) -> Result<usize, StoreError> {
        Ok(self.route(service)?.request_bytes_max())
    }

    /// Runs a task of the mesh's own on its runtime, for as long as it takes.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.inner.io_runtime.handle().spawn(task.in_current_span()));
    }

    /// Counts a message of a stream as a call.
    pub(crate) fn record(&self, method: &'static Method, org: &Org, sample: Sample) {
        if let Ok(target) = self.route(method.service) {
            target.stats.record(method, sample);
            org.tap.show(method, &target.name, sample);
        }
    }

    /// How long one message may take.
    pub(crate) fn deadline(&self) -> Duration {
        self.inner.deadline
    }

    /// For how long a broken stream to a service's adapter is opened again.
    pub(crate) fn retry_window(&self, service: &str) -> Duration {
        match self.route(service) {
            Ok(target) => target.patience(),
            Err(_) => Duration::ZERO,
        }
    }

    /// Notes how opening a stream to a service's adapter ended.
    pub(crate) fn note<Out>(&self, service: &str, result: &Result<Out, StoreError>) {
        if let Ok(target) = self.route(service) {
            target.note(result);
        }
    }

    /// Notes that a service's adapter refused what it was said to offer.
    pub(crate) fn suspect(&self, service: &str) {
        if let Ok(target) = self.route(service) {
            target.health.suspect();
        }
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
            rest: Arc::default(),
            span: Span::none(),
            tap: Tap::default(),
        };
        let mesh = self.clone();
        let asking = async move { Ok(mesh.unary(&call, Purpose::Probe, Duration::ZERO).await?) };
        self.on_io_runtime(asking)
            .await
            .map(|(answer, _size)| answer)
    }

    /// Fills in the context, encodes, and refuses what the server would refuse.
    fn outgoing<Req: Scoped + OpenValues + Message, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        org: &Org,
        mut request: Req,
    ) -> Result<Outgoing, StoreError> {
        let target = self.route(rpc.method.service)?.clone();
        request.check_values()?;
        request.set_context(context(rpc.method, org));
        Ok(Outgoing {
            body: target.encode(rpc.method, &request)?,
            span: trace::span(rpc.method, &target),
            target,
            method: rpc.method,
            rest: Arc::default(),
            tap: org.tap.clone(),
        })
    }

    /// Sends a call until it is answered or may not be sent again.
    async fn attempts<Out, Fut>(
        &self,
        call: &Outgoing,
        attempt: impl Fn(Duration) -> Fut,
    ) -> Result<Out, StoreError>
    where
        Fut: Future<Output = Attempt<Out>>,
    {
        let started = Instant::now();
        let mut sample = Sample {
            code: Code::Ok,
            retries: 0,
            bytes_sent: call.size_bytes(),
            bytes_received: 0,
            time: Duration::ZERO,
        };
        let mut retries = call.target.retries(call.method);
        let result = loop {
            let failed = match attempt(retries.left()).await {
                Ok((answer, size)) => {
                    sample.bytes_received = size as u64;
                    break Ok(answer);
                }
                Err(failed) => failed,
            };
            let Some(wait) = retries.after(&failed) else {
                break Err(call.target.name_in(failed.error));
            };
            sample.retries += 1;
            let error = &failed.error;
            tracing::debug!(method = call.method.short_name(), adapter = %call.target.name, %error, ?wait, "retrying");
            tokio::time::sleep(wait).await;
        };
        retries.answered();
        if let Err(error) = &result
            && (error.is_transient() || error.code == Code::Unimplemented)
        {
            call.target.health.suspect();
        }
        // One that is never sent again says little about its adapter: the calls after it
        // still wait for one that is coming back.
        if result.is_ok() || call.method.may_repeat() {
            call.target.note(&result);
        }
        trace::ended(&result);
        sample.code = result
            .as_ref()
            .map_or_else(|error| error.code, |_| Code::Ok);
        sample.time = started.elapsed();
        call.target.stats.record(call.method, sample);
        call.tap.show(call.method, &call.target.name, sample);
        result
    }
}

/// Who is calling, with a fresh request id where the method is keyed, and with the fence
/// where the method takes notice of one.
pub(crate) fn context(method: &Method, org: &Org) -> CallContext {
    let request_id = match method.effect {
        Effect::Keyed => Uuid::now_v7().to_string(),
        Effect::Read | Effect::Idempotent | Effect::Unsafe => String::new(),
    };
    let mut context = CallContext {
        org_id: org.id,
        org_public_id: org.public_id.clone(),
        session_id: org.session_id.clone(),
        request_id,
        ..CallContext::default()
    };
    let fence = org
        .fence
        .as_ref()
        .filter(|_| method.fencing != Fencing::Ignored);
    if let Some(fence) = fence {
        fence.add_to(&mut context);
    }
    context
}
