//! A fault on the wire: stands before a server and changes one method's requests or
//! answers.

use futures::future::BoxFuture;
use futures::{Stream, StreamExt};
use http_body_util::BodyExt;
use mortise_proto::pb::ErrorReason;
use mortise_proto::rpc::Scoped;
use mortise_proto::{Method, Rpc, StoreError};
use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes, BytesMut};
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::http::{HeaderValue, Request, Response};
use tonic::codegen::tokio_stream::iter;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

/// How a call ended: its messages, or why there are none.
pub(in super::super) type End<Rsp> = Result<Vec<Rsp>, StoreError>;

type Act = Arc<dyn Fn(Server, Request<Bytes>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// One fault.
#[derive(Clone)]
pub(in super::super) struct Fault {
    /// The rule that must catch it.
    pub(in super::super) rule: &'static str,
    /// What is wrong with the server.
    pub(in super::super) name: &'static str,
    method: &'static Method,
    act: Act,
}

/// The server behind a fault.
#[derive(Clone)]
pub(super) struct Server(Routes);

/// A server with a fault before it.
#[derive(Clone)]
pub(in super::super) struct Broken {
    fault: Fault,
    server: Server,
}

/// The answers of a method are changed, however a call ends.
pub(super) fn end<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    change: impl Fn(&Req, End<Rsp>) -> End<Rsp> + Send + Sync + 'static,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    let change = Arc::new(change);
    fault(rule, name, rpc.method, move |server, request| {
        let change = change.clone();
        async move {
            let asked: Req = first_of(request.body());
            encoded(change(&asked, decoded(server.pass(request).await).await))
        }
    })
}

/// Each message of a method's answers is changed.
pub(super) fn answer<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    change: impl Fn(&Req, &mut Rsp) + Send + Sync + 'static,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    end(rule, name, rpc, move |asked, end| {
        let mut messages = end?;
        messages
            .iter_mut()
            .for_each(|message| change(asked, message));
        Ok(messages)
    })
}

/// Each message of a method's requests is changed before the server sees it.
pub(super) fn ask<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    change: impl Fn(&mut Req) + Send + Sync + 'static,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    let change = Arc::new(change);
    fault(rule, name, rpc.method, move |server, request| {
        let (parts, body) = request.into_parts();
        let mut messages: Vec<Req> = frames(body);
        messages.iter_mut().for_each(|message| change(message));
        let body = unframed(&messages);
        async move { server.pass(Request::from_parts(parts, body)).await }
    })
}

/// The server takes every call of a keyed method for a new one.
pub(super) fn forgets<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    ask(rule, name, rpc, |request| {
        let mut context = request.context().cloned().unwrap_or_default();
        context.request_id = uuid::Uuid::new_v4().to_string();
        request.set_context(context);
    })
}

/// The server answers every org as if it were org 1.
pub(super) fn leaks<Req, Rsp>(rule: &'static str, name: &'static str, rpc: &Rpc<Req, Rsp>) -> Fault
where
    Req: Scoped + Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    ask(rule, name, rpc, |request| {
        let mut context = request.context().cloned().unwrap_or_default();
        context.org_id = 1;
        request.set_context(context);
    })
}

/// The server does not see the fence of a method's calls.
pub(super) fn unfenced<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Scoped + Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    ask(rule, name, rpc, |request| {
        let mut context = request.context().cloned().unwrap_or_default();
        context.fence = 0;
        request.set_context(context);
    })
}

/// Every call that is refused as fenced is answered as if it had been done.
pub(super) fn pretends<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    end(rule, name, rpc, |_, end| match end {
        Err(error) if error.reason == Some(ErrorReason::Fenced) => Ok(vec![Rsp::default()]),
        end => end,
    })
}

/// A unary method is done in another way, by calls of the server.
pub(super) fn instead<Req, Rsp, Fut>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    act: impl Fn(Server, Req) -> Fut + Send + Sync + 'static,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
    Fut: Future<Output = Result<Rsp, StoreError>> + Send,
{
    let act = Arc::new(act);
    fault(rule, name, rpc.method, move |server, request| {
        let act = act.clone();
        async move {
            encoded(
                act(server, first_of(request.body()))
                    .await
                    .map(|one| vec![one]),
            )
        }
    })
}

/// A method is answered with these bytes, for as long as they come.
pub(in super::super) fn bytes<Req, Rsp, S>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    stream: impl Fn() -> S + Send + Sync + 'static,
) -> Fault
where
    S: Stream<Item = Bytes> + Send + 'static,
{
    fault(rule, name, rpc.method, move |_server, _request| {
        let frames = stream().map(|bytes| Ok::<_, Status>(http_body::Frame::data(bytes)));
        let body = Body::new(http_body_util::StreamBody::new(frames));
        async move {
            let mut answer = Response::new(body);
            let kind = HeaderValue::from_static("application/grpc");
            answer.headers_mut().insert("content-type", kind);
            answer
        }
    })
}

/// A message as it stands in a body.
pub(in super::super) fn framed<M: Message>(message: &M) -> Bytes {
    unframed(std::slice::from_ref(message))
}

fn fault<Fut>(
    rule: &'static str,
    name: &'static str,
    method: &'static Method,
    act: impl Fn(Server, Request<Bytes>) -> Fut + Send + Sync + 'static,
) -> Fault
where
    Fut: Future<Output = Response<Body>> + Send + 'static,
{
    Fault {
        rule,
        name,
        method,
        act: Arc::new(move |server, request| Box::pin(act(server, request))),
    }
}

// === impl Fault ===

impl Fault {
    pub(in super::super) fn in_front_of(&self, routes: Routes) -> Broken {
        Broken {
            fault: self.clone(),
            server: Server(routes),
        }
    }
}

// === impl Server ===

impl Server {
    /// A call of the server behind; all messages of its answer.
    pub(super) async fn call<Req: Message, Rsp: Message + Default>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> End<Rsp> {
        let request = Request::builder()
            .method("POST")
            .uri(format!("http://behind{}", rpc.method.path))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(unframed(&[request]))
            .unwrap();
        decoded(self.pass(request).await).await
    }

    async fn pass(&self, request: Request<Bytes>) -> Response<Body> {
        let request = request.map(|bytes| Body::new(http_body_util::Full::new(bytes)));
        let answer = self.0.clone().oneshot(request).await;
        answer.unwrap_or_else(|never: Infallible| match never {})
    }
}

// === impl Broken ===

impl Service<Request<Body>> for Broken {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self { fault, server } = self.clone();
        if request.uri().path() != fault.method.path {
            return Box::pin(server.0.oneshot(request));
        }
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // A caller who breaks off in the middle has asked for nothing.
            let bytes = body.collect().await.map(|whole| whole.to_bytes());
            let request = Request::from_parts(parts, bytes.unwrap_or_default());
            Ok((fault.act)(server, request).await)
        })
    }
}

/// The messages of a body: each has a byte that says whether it is compressed and its
/// length in four.
fn frames<M: Message + Default>(mut body: Bytes) -> Vec<M> {
    let mut messages = Vec::new();
    while body.remaining() >= 5 {
        body.advance(1);
        let length = body.get_u32() as usize;
        let message = body.split_to(length.min(body.len()));
        messages.push(M::decode(message).unwrap_or_default());
    }
    messages
}

fn first_of<M: Message + Default>(body: &Bytes) -> M {
    frames(body.clone()).into_iter().next().unwrap_or_default()
}

fn unframed<M: Message>(messages: &[M]) -> Bytes {
    let mut bytes = BytesMut::new();
    for message in messages {
        bytes.put_u8(0);
        bytes.put_u32(u32::try_from(message.encoded_len()).unwrap());
        message.encode(&mut bytes).unwrap();
    }
    bytes.freeze()
}

async fn decoded<Rsp: Message + Default>(answer: Response<Body>) -> End<Rsp> {
    let (parts, body) = answer.into_parts();
    if let Some(status) = Status::from_header_map(&parts.headers)
        && status.code() != Code::Ok
    {
        return Err(status.into());
    }
    let whole = body.collect().await?;
    if let Some(status) = whole.trailers().and_then(Status::from_header_map)
        && status.code() != Code::Ok
    {
        return Err(status.into());
    }
    Ok(frames(whole.to_bytes()))
}

/// An answer as it crosses the wire.
pub(in super::super) fn encoded<Rsp: Message>(end: End<Rsp>) -> Response<Body> {
    let messages = match end {
        Ok(messages) => messages,
        Err(error) => return Status::from(error).into_http(),
    };
    let data = http_body::Frame::data(unframed(&messages));
    let mut trailers = tonic::codegen::http::HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = [data, http_body::Frame::trailers(trailers)].map(Ok::<_, Status>);
    let body = http_body_util::StreamBody::new(iter(frames));
    let mut answer = Response::new(Body::new(body));
    answer
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("application/grpc"));
    answer
}
