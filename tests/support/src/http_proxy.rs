//! A proxy that speaks HTTP/2, as one stands before many servers: it allows so many
//! streams on a connection, and may answer itself instead of passing calls on.

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::SendRequest;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mortise_adapter_client::Endpoint;
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

struct State {
    server: SendRequest<Incoming>,
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
    let answered = state.server.clone().send_request(request).await;
    Ok(answered.map_or_else(|_| page_of_failure(), |answer| answer.map(BodyExt::boxed)))
}

fn page_of_failure() -> Response<Body> {
    page(StatusCode::BAD_GATEWAY.as_u16(), "text/html")
}

fn page(status: u16, content_type: &'static str) -> Response<Body> {
    let page = Full::new(Bytes::from_static(b"<html><body>a page</body></html>"));
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .header("server", "front/1.0")
        .body(page.map_err(|never| match never {}).boxed())
        .unwrap()
}
