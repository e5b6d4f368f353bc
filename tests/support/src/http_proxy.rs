//! A proxy that speaks HTTP/2, as one stands before many servers: it allows so many
//! streams on a connection, may answer itself instead of passing calls on, and may deliver a
//! call twice.

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::SendRequest;
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mortise_adapter_client::Endpoint;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

type Body = BoxBody<Bytes, hyper::Error>;

/// A proxy on a free port. It stops when it is dropped.
pub struct HttpProxy {
    /// What clients connect to.
    pub endpoint: Endpoint,
    state: Arc<State>,
    accepting: JoinHandle<()>,
}

/// When the second copy of a call arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// With the first; the caller gets the answer to one of them.
    AtOnce,
    /// When the test says so.
    Kept,
}

struct State {
    server: SendRequest<Body>,
    /// The calls that arrive twice, by their paths.
    copied: Mutex<HashMap<&'static str, Copies>>,
    kept: Mutex<Vec<(Parts, Bytes)>>,
    copies_delivered: AtomicUsize,
    /// Instead of the server's answers.
    page: Mutex<Option<(u16, &'static str)>>,
    connections: AtomicUsize,
    /// Changes when connections are to go away.
    farewells: watch::Sender<u64>,
}

impl HttpProxy {
    /// Stands before a server on a unix socket, and allows so many streams.
    pub async fn before(server: &Endpoint, streams_max: u32) -> Self {
        let Endpoint::Unix(path) = server else {
            panic!("the server is to listen on a unix socket");
        };
        let stream = TokioIo::new(UnixStream::connect(path).await.unwrap());
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
        let (server, connection) = handshake.await.unwrap();
        drop(tokio::spawn(connection));
        let state = Arc::new(State {
            server,
            copied: Mutex::default(),
            kept: Mutex::default(),
            copies_delivered: AtomicUsize::new(0),
            page: Mutex::default(),
            connections: AtomicUsize::new(0),
            farewells: watch::Sender::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        Self {
            endpoint: endpoint.parse().unwrap(),
            accepting: tokio::spawn(accept(listener, streams_max, state.clone())),
            state,
        }
    }

    /// Answers every call with a page from now on.
    pub fn answer_with(&self, status: u16, content_type: &'static str) {
        *self.state.page.lock().unwrap() = Some((status, content_type));
    }

    /// Passes every call on again.
    pub fn pass_on(&self) {
        *self.state.page.lock().unwrap() = None;
    }

    /// Delivers calls of a unary method twice from now on.
    pub fn copy(&self, path: &'static str, copies: Copies) {
        self.state.copied.lock().unwrap().insert(path, copies);
    }

    /// How many second copies the server has answered.
    pub fn copies_delivered(&self) -> usize {
        self.state.copies_delivered.load(Ordering::SeqCst)
    }

    /// Delivers the copies that were kept, in their order, and gives back the server's
    /// statuses.
    pub async fn deliver_kept(&self) -> Vec<String> {
        let kept: Vec<_> = self.state.kept.lock().unwrap().drain(..).collect();
        let mut statuses = Vec::new();
        for (parts, body) in kept {
            statuses.push(self.state.deliver_copy(parts, body).await);
        }
        statuses
    }

    /// Sends GOAWAY on every connection; the calls on it end.
    pub fn go_away(&self) {
        self.state.farewells.send_modify(|count| *count += 1);
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }
}

impl Drop for HttpProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, streams_max: u32, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        client.set_nodelay(true).unwrap();
        state.connections.fetch_add(1, Ordering::SeqCst);
        let mut farewells = state.farewells.subscribe();
        let state = state.clone();
        let service = service_fn(move |request| answer(state.clone(), request));
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .max_concurrent_streams(streams_max)
            .serve_connection(TokioIo::new(client), service);
        drop(tokio::spawn(async move {
            tokio::pin!(connection);
            let is_leaving = tokio::select! {
                _ = &mut connection => false,
                _ = farewells.changed() => true,
            };
            if is_leaving {
                connection.as_mut().graceful_shutdown();
                drop(connection.await);
            }
        }));
    }
}

async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let page = *state.page.lock().unwrap();
    if let Some((status, content_type)) = page {
        return Ok(self::page(status, content_type));
    }
    let copies = state
        .copied
        .lock()
        .unwrap()
        .get(request.uri().path())
        .copied();
    let (parts, body) = request.into_parts();
    let answered = match copies {
        None => state.send(parts, body.boxed()).await,
        Some(copies) => {
            let Ok(body) = body.collect().await else {
                return Ok(page_of_failure());
            };
            let body = body.to_bytes();
            let first = state.send(parts.clone(), whole(body.clone()));
            match copies {
                Copies::AtOnce => tokio::join!(first, state.deliver_copy(parts, body)).0,
                Copies::Kept => {
                    let answered = first.await;
                    state.kept.lock().unwrap().push((parts, body));
                    answered
                }
            }
        }
    };
    Ok(answered.map_or_else(|_| page_of_failure(), |answer| answer.map(BodyExt::boxed)))
}

// === impl State ===

impl State {
    async fn send(&self, parts: Parts, body: Body) -> hyper::Result<Response<Incoming>> {
        let request = Request::from_parts(parts, body);
        self.server.clone().send_request(request).await
    }

    /// Delivers a second copy, and gives back the status of the server's answer.
    async fn deliver_copy(&self, parts: Parts, body: Bytes) -> String {
        let answer = self.send(parts, whole(body)).await.unwrap();
        let in_headers = answer.headers().clone();
        let answer = answer.into_body().collect().await.unwrap();
        let trailers = answer.trailers().unwrap_or(&in_headers);
        let status = trailers.get("grpc-status").unwrap().to_str().unwrap();
        self.copies_delivered.fetch_add(1, Ordering::SeqCst);
        status.into()
    }
}

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

fn page_of_failure() -> Response<Body> {
    page(StatusCode::BAD_GATEWAY.as_u16(), "text/html")
}

fn page(status: u16, content_type: &'static str) -> Response<Body> {
    let page = whole(Bytes::from_static(b"<html><body>a page</body></html>"));
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .header("server", "front/1.0")
        .body(page)
        .unwrap()
}
