//! A fault on the wire: stands before a server and changes what is asked of some methods, or
//! what they answer.

mod crowd;
mod kinds;
mod stream;

pub(super) use crowd::{in_two_steps, of_two_reads, through_one_file};
pub(super) use kinds::{
    accepts, caches, does_nothing, forgets, keeps, leaks, loses, pretends, remembers_late, shares,
    stays_under_way, unfenced,
};
pub(super) use stream::{each, each_both_ways, reads_then_follows};

use futures::Stream;
use futures::StreamExt;
use futures::future::BoxFuture;
use http_body_util::BodyExt;
use mortise_contract::Dial;
use mortise_proto::{Method, Rpc, StoreError};
use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes, BytesMut};
use std::convert::Infallible;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::http::{HeaderValue, Request, Response};
use tonic::codegen::tokio_stream::iter;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

/// How a call ended: its messages, or why there are none.
pub(in super::super) type End<Rsp> = Result<Vec<Rsp>, StoreError>;

type Act = Arc<dyn Fn(Server, Request<Body>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// One fault.
#[derive(Clone)]
pub(in super::super) struct Fault {
    /// The rule that must catch it.
    pub(in super::super) rule: &'static str,
    /// What is wrong with the server.
    pub(in super::super) name: &'static str,
    /// What happens to the calls of a path.
    acts: Vec<(&'static str, Act)>,
    /// The rule waits in vain for an answer.
    hangs: bool,
}

/// The server behind a fault.
#[derive(Clone)]
pub(super) struct Server {
    routes: Routes,
    /// The number of the connection that a call comes over.
    pub(super) connection: usize,
    /// The file that each restart makes longer.
    restarts: Arc<Path>,
}

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
    end_of(rule, name, rpc, move |_, asked, end| change(asked, end))
}

/// The same by a server that knows of its connections and restarts.
pub(super) fn end_of<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    change: impl Fn(&Server, &Req, End<Rsp>) -> End<Rsp> + Send + Sync + 'static,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
{
    let change = Arc::new(change);
    fault(rule, name, rpc.method.path, move |server, request| {
        let change = change.clone();
        async move {
            let request = whole(request).await;
            let asked: Req = first_of(request.body());
            let end = decoded(server.pass(request).await).await;
            encoded(change(&server, &asked, end))
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
{
    ask_of(rule, name, rpc, move |_, request| change(request))
}

/// The same by a server that knows of its connections and restarts.
pub(super) fn ask_of<Req, Rsp>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    change: impl Fn(&Server, &mut Req) + Send + Sync + 'static,
) -> Fault
where
    Req: Message + Default + 'static,
{
    let change = Arc::new(change);
    fault(rule, name, rpc.method.path, move |server, request| {
        let (change, asked_of) = (change.clone(), server.clone());
        let request = request.map(|body| {
            stream::mapped(body, move |mut message: Req| {
                change(&asked_of, &mut message);
                vec![message]
            })
        });
        async move { server.forward(request).await }
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
    instead_all(rule, name, rpc, move |server, asked| {
        let act = act.clone();
        async move { act(server, asked).await.map(|one| vec![one]) }
    })
}

/// The same of a method whose answer is streamed.
pub(super) fn instead_all<Req, Rsp, Fut>(
    rule: &'static str,
    name: &'static str,
    rpc: &Rpc<Req, Rsp>,
    act: impl Fn(Server, Req) -> Fut + Send + Sync + 'static,
) -> Fault
where
    Req: Message + Default + 'static,
    Rsp: Message + Default + 'static,
    Fut: Future<Output = End<Rsp>> + Send,
{
    let act = Arc::new(act);
    fault(rule, name, rpc.method.path, move |server, request| {
        let act = act.clone();
        async move {
            let asked = first_of(whole(request).await.body());
            encoded(act(server, asked).await)
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
    fault(rule, name, rpc.method.path, move |_server, _request| {
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

/// The calls of a path are answered in another way.
pub(super) fn fault<Fut>(
    rule: &'static str,
    name: &'static str,
    path: &'static str,
    act: impl Fn(Server, Request<Body>) -> Fut + Send + Sync + 'static,
) -> Fault
where
    Fut: Future<Output = Response<Body>> + Send + 'static,
{
    let act: Act = Arc::new(move |server, request| Box::pin(act(server, request)));
    Fault {
        rule,
        name,
        acts: vec![(path, act)],
        hangs: false,
    }
}

// === impl Fault ===

impl Fault {
    /// Both together, as one fault.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.acts.extend(other.acts);
        self
    }

    /// What the rule waits for never comes.
    pub(super) fn hangs(self) -> Self {
        Self {
            hangs: true,
            ..self
        }
    }

    pub(super) fn is_hanging(&self) -> bool {
        self.hangs
    }

    pub(in super::super) fn in_front_of(&self, routes: Routes) -> Broken {
        self.at(routes, 0, Path::new("").into())
    }

    /// A way to the server that numbers its connections. Whatever restarts the server makes
    /// a file longer.
    pub(super) fn dial(&self, routes: Routes, restarts: &Path) -> Dial {
        let (fault, restarts) = (self.clone(), Arc::<Path>::from(restarts));
        let next = AtomicUsize::new(0);
        Dial::new("broken", move || {
            let connection = next.fetch_add(1, Ordering::SeqCst);
            let broken = fault.at(routes.clone(), connection, restarts.clone());
            Dial::service("broken", broken).connect()
        })
    }

    fn at(&self, routes: Routes, connection: usize, restarts: Arc<Path>) -> Broken {
        Broken {
            fault: self.clone(),
            server: Server {
                routes,
                connection,
                restarts,
            },
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
        self.call_method(rpc.method, request).await
    }

    /// The only message of an answer.
    pub(super) async fn one<Req: Message, Rsp: Message + Default>(
        &self,
        rpc: &Rpc<Req, Rsp>,
        request: Req,
    ) -> Result<Rsp, StoreError> {
        let answers = self.call(rpc, request).await?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    pub(super) async fn call_method<Req: Message, Rsp: Message + Default>(
        &self,
        method: &'static Method,
        request: Req,
    ) -> End<Rsp> {
        decoded(self.open(method, request).await).await
    }

    /// A call of the server behind; its answer as it comes.
    async fn open<Req: Message>(&self, method: &'static Method, request: Req) -> Response<Body> {
        let request = Request::builder()
            .method("POST")
            .uri(format!("http://behind{}", method.path))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(unframed(&[request]))
            .unwrap();
        self.pass(request).await
    }

    pub(super) async fn pass(&self, request: Request<Bytes>) -> Response<Body> {
        let request = request.map(|bytes| Body::new(http_body_util::Full::new(bytes)));
        self.forward(request).await
    }

    async fn forward(&self, request: Request<Body>) -> Response<Body> {
        let answer = self.routes.clone().oneshot(request).await;
        answer.unwrap_or_else(|never: Infallible| match never {})
    }

    /// Whether it was restarted since the rule began.
    pub(super) fn was_restarted(&self) -> bool {
        std::fs::metadata(&self.restarts).is_ok_and(|file| file.len() > 0)
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
        let path = request.uri().path();
        match fault.acts.iter().find(|(of, _)| *of == path) {
            None => Box::pin(server.routes.oneshot(request)),
            Some((_, act)) => {
                let answer = act(server, request);
                Box::pin(async move { Ok(answer.await) })
            }
        }
    }
}

/// A request whose body has come. A caller who breaks off in the middle has asked for
/// nothing.
pub(super) async fn whole(request: Request<Body>) -> Request<Bytes> {
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await.map(|whole| whole.to_bytes());
    Request::from_parts(parts, bytes.unwrap_or_default())
}

/// Takes the messages of a body that have come: each has a byte that says whether it is
/// compressed and its length in four.
fn taken<M: Message + Default>(body: &mut BytesMut) -> Vec<M> {
    let mut messages = Vec::new();
    while let Some(length) = body.get(1..5).map(|mut length| length.get_u32() as usize)
        && body.len() >= 5 + length
    {
        body.advance(5);
        messages.push(M::decode(body.split_to(length)).unwrap_or_default());
    }
    messages
}

fn frames<M: Message + Default>(body: &[u8]) -> Vec<M> {
    taken(&mut BytesMut::from(body))
}

pub(super) fn first_of<M: Message + Default>(body: &[u8]) -> M {
    frames(body).into_iter().next().unwrap_or_default()
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
    Ok(frames(&whole.to_bytes()))
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
