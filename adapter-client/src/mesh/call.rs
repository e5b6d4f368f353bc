//! What the stores call: which adapter a call goes to, its context and its size. How it
//! gets there is in `stack.rs`.

use super::balance::Node;
use super::io_runtime::Driver;
use super::stack::Stack;
use super::stats::Sample;
use super::tap::Tap;
use super::transport::{
    Bidirectional, Collected, Exchange, Following, Incoming, Outgoing, Probe, Unary, Upload,
    pass_on,
};
use super::{Mesh, Org, Target, TurnTime, trace};
use bytes::Bytes;
use futures::future::BoxFuture;
use mortise_proto::convert::open_value::OpenValues;
use mortise_proto::pb::CallContext;
use mortise_proto::rpc::{Effect, Fencing, Scoped};
use mortise_proto::{Method, Rpc, StoreError};
use prost::Message;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tracing::{Instrument, Span};

/// Messages of a stream that may wait for their reader.
const CHANNEL_CAPACITY: usize = 16;

/// What is waited for an adapter that is not there: its first call says so at once.
const NO_ADAPTER: Duration = Duration::from_secs(1);

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
        let target = self.route(org, rpc.method.service)?.clone();
        self.send_on(Outgoing {
            // Events of a turn are stored, whatever its time.
            until: None,
            ..outgoing(rpc.method, target, org, body)
        })
        .await
    }

    fn send_on<Rsp>(&self, call: Outgoing) -> BoxFuture<'static, Result<Rsp, StoreError>>
    where
        Rsp: Message + Default + 'static,
    {
        self.through_stack(call, Unary::default())
    }

    /// Sends a call through the stack, from now on.
    fn through_stack<X: Exchange + 'static>(
        &self,
        call: Outgoing,
        exchange: X,
    ) -> BoxFuture<'static, Result<X::Out, StoreError>>
    where
        X::Out: 'static,
    {
        let mesh = self.clone();
        let (span, driver) = (call.span.clone(), call.driver);
        let sent = async move { Stack::new(&mesh, &call, exchange).seen().await };
        self.driven(driver, sent.instrument(span))
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
        self.through_stack(call, Upload::default()).await
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
        self.through_stack(call, Collected::default()).await
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
        self.opened(call, Following::default()).await
    }

    /// A bidirectional stream of encoded requests, which carry their own contexts.
    pub(crate) async fn exchange<Req, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        org: &Org,
        requests: mpsc::Receiver<Bytes>,
    ) -> Result<Incoming<Rsp>, StoreError>
    where
        Rsp: Message + Default + 'static,
    {
        let target = self.route(org, rpc.method.service)?.clone();
        let call = outgoing(rpc.method, target, org, Bytes::new());
        self.opened(call, Bidirectional::new(requests)).await
    }

    /// Opens a stream. It stays at its endpoint until it ends, and its reader opens another.
    async fn opened<Rsp, X>(&self, call: Outgoing, exchange: X) -> Result<Incoming<Rsp>, StoreError>
    where
        Rsp: Message + Default + 'static,
        X: Exchange<Out = Streaming<(Rsp, usize)>> + 'static,
    {
        let (sender, receiver) = mpsc::channel(CHANNEL_CAPACITY);
        let (mesh, span, driver) = (self.clone(), call.span.clone(), call.driver);
        let opening = async move {
            let opened = Stack::new(&mesh, &call, exchange).opened().await;
            tokio::spawn(pass_on(opened?, sender));
            Ok(())
        };
        self.driven(driver, opening.instrument(span)).await?;
        Ok(ReceiverStream::new(receiver))
    }

    /// The largest request that the service's adapter takes, in bytes.
    pub(crate) fn request_bytes_max(&self, org: &Org, service: &str) -> Result<usize, StoreError> {
        Ok(self.route(org, service)?.request_bytes_max())
    }

    /// Runs a task of the mesh's own, for as long as it takes, where a call that is made
    /// here is driven.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let task = task.in_current_span();
        drop(match Driver::of_call(self.inner.callers.as_ref()) {
            Driver::Mesh => self.inner.io_runtime.handle().spawn(task),
            Driver::Caller => tokio::spawn(task),
        });
    }

    /// Counts a message of a stream as a call.
    pub(crate) fn record(&self, method: &'static Method, org: &Org, sample: Sample) {
        if let Ok(target) = self.route(org, method.service) {
            target.stats.record(method, sample);
            org.tap.show(method, &target.name, sample);
        }
    }

    /// How long one message to a service's adapter may take.
    pub(crate) fn deadline(&self, org: &Org, service: &str) -> Duration {
        let target = self.route(org, service);
        target.map_or(NO_ADAPTER, |target| target.times.deadline)
    }

    /// For how long a broken stream to a service's adapter is opened again.
    pub(crate) fn retry_window(&self, org: &Org, service: &str) -> Duration {
        let target = self.route(org, service);
        target.map_or(Duration::ZERO, |target| target.patience())
    }

    /// Notes how opening a stream to a service's adapter ended.
    pub(crate) fn note<Out>(&self, org: &Org, service: &str, result: &Result<Out, StoreError>) {
        if let Ok(target) = self.route(org, service) {
            // It was tried for as long as it may be.
            target.note(result, Duration::ZERO);
        }
    }

    /// Notes that a service's adapter refused what it was said to offer.
    pub(crate) fn suspect(&self, org: &Org, service: &str) {
        if let Ok(target) = self.route(org, service) {
            target.suspect();
        }
    }

    /// One call to one endpoint, outside the routes and without retries: the handshake.
    pub(super) async fn call_node<Req: Message, Rsp: Message + Default + 'static>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        target: &Arc<Target>,
        node: &Arc<Node>,
        request: &Req,
    ) -> Result<Rsp, StoreError> {
        let call = Outgoing {
            target: target.clone(),
            method: rpc.method,
            body: request.encode_to_vec().into(),
            rest: Arc::default(),
            span: Span::none(),
            tap: Tap::default(),
            until: None,
            driver: Driver::Mesh,
        };
        let (mesh, node) = (self.clone(), node.clone());
        let asking = async move {
            let stack = Stack::new(&mesh, &call, Probe::default());
            stack.asked(&node).await
        };
        self.on_io_runtime(asking).await
    }

    /// Fills in the context, encodes, and refuses what the server would refuse.
    fn outgoing<Req: Scoped + OpenValues + Message, Rsp>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        org: &Org,
        mut request: Req,
    ) -> Result<Outgoing, StoreError> {
        let target = self.route(org, rpc.method.service)?.clone();
        request.check_values()?;
        // One that has its own request id keeps it.
        if request.context().is_none() {
            request.set_context(context(rpc.method, org));
        }
        let body = target.encode(rpc.method, &request)?;
        Ok(outgoing(rpc.method, target, org, body))
    }
}

fn outgoing(method: &'static Method, target: Arc<Target>, org: &Org, body: Bytes) -> Outgoing {
    Outgoing {
        body,
        span: trace::span(method, &target),
        driver: target.driver(),
        target,
        method,
        rest: Arc::default(),
        tap: org.tap.clone(),
        until: org.turn_time.as_ref().and_then(TurnTime::until),
    }
}

/// Who is calling, with a request id where the method is keyed, and with the fence where
/// the method takes notice of one.
pub(crate) fn context(method: &Method, org: &Org) -> CallContext {
    let request_id = match method.effect {
        Effect::Keyed => org.request_ids.of_change(),
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
