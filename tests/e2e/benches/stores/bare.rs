//! The bare call that everything else is held against: tonic with nothing behind it, in
//! the process and over the kind of socket that the stores have.

use bytes::Bytes;
use futures::future::{BoxFuture, Ready, ready};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};
use tokio::net::{UnixListener, UnixStream};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::http::{Request as HttpRequest, Response as HttpResponse};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

/// Answers each request with as many bytes as its first eight say.
#[derive(Clone)]
struct Bare;

struct Answer;

/// The way to it.
#[derive(Clone)]
pub(crate) struct BareClient(Channel);

impl NamedService for Bare {
    const NAME: &'static str = "bare.Bare";
}

impl Service<HttpRequest<Body>> for Bare {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        let mut grpc = tonic::server::Grpc::new(ProstCodec::<Bytes, Bytes>::default());
        Box::pin(async move { Ok(grpc.unary(Answer, request).await) })
    }
}

impl UnaryService<Bytes> for Answer {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let size = request.get_ref().first_chunk().copied().unwrap_or_default();
        let size = u64::from_le_bytes(size) as usize;
        ready(Ok(Response::new(vec![7; size].into())))
    }
}

// === impl BareClient ===

impl BareClient {
    /// Starts the server in a folder and connects to it.
    pub(crate) async fn start(folder: &Path) -> Self {
        let path = folder.join("bare.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let incoming = UnixListenerStream::new(listener);
        tokio::spawn(
            Server::builder()
                .add_service(Bare)
                .serve_with_incoming(incoming),
        );
        Self(connect(path).await)
    }

    /// One call that sends and receives so many bytes.
    pub(crate) async fn call(&self, (sent, received): (usize, usize)) {
        let mut request = vec![0; sent.max(8)];
        request[..8].copy_from_slice(&(received as u64).to_le_bytes());
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.unwrap();
        let path = PathAndQuery::from_static("/bare.Bare/Call");
        let codec = ProstCodec::<Bytes, Bytes>::default();
        let request = Request::new(Bytes::from(request));
        let answer = grpc.unary(request, path, codec).await.unwrap();
        assert_eq!(answer.get_ref().len(), received);
    }
}

/// Connects to a unix socket.
pub(crate) async fn connect(path: PathBuf) -> Channel {
    let connect = service_fn(move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    let endpoint = Endpoint::from_static("http://localhost");
    endpoint.connect_with_connector(connect).await.unwrap()
}
