//! An adapter in the test's own process that can be replaced in an instant by one that
//! offers less, refuses calls or says that it does not serve, and that can leave calls
//! without an answer. The storage stays; its platform was imported.

use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use mortise_adapter_client::Endpoint;
use mortise_adapter_server::AdapterServer;
use mortise_proto::pb;
use mortise_proto::rpc::table::adapter_service::DESCRIBE;
use mortise_reference::ReferenceConfig;
use mortise_test_support::database::Database;
use mortise_test_support::in_process::reference_with;
use mortise_test_support::platform::PlatformFile;
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

/// What the server in front does otherwise than the one behind.
#[derive(Debug, Clone, Default)]
pub struct Play {
    /// Services that it does not know, by their short names.
    pub without: BTreeSet<&'static str>,
    /// Whether it has neither event stream nor snapshot, and does not say so.
    pub plain: bool,
    /// Methods that it refuses: short service and method, such as `EventEmitterService/Emit`.
    pub refused: BTreeMap<&'static str, Code>,
    /// A service whose health is NOT_SERVING.
    pub not_serving: Option<&'static str>,
    /// Whether every other handshake is answered as by one without features.
    pub two_voices: bool,
}

/// The adapter.
pub struct Front {
    /// Where it listens.
    pub endpoint: Endpoint,
    path: PathBuf,
    routes: Routes,
    calls: Calls,
    faults: Faults,
    server: Option<Runtime>,
    _folder: TempDir,
}

type Calls = Arc<Mutex<BTreeMap<String, usize>>>;

/// What becomes of calls, whichever server answers.
#[derive(Debug, Clone, Default)]
struct Faults {
    all: Arc<Mutex<Vec<Fault>>>,
    /// How many calls met one.
    met: Arc<AtomicUsize>,
}

/// What becomes of the calls of a method whose request holds a text: they do not reach the
/// storage.
#[derive(Debug, Clone)]
struct Fault {
    /// Short service and method, or the service and a slash alone: all of its methods.
    method: String,
    text: String,
    /// What they are refused with; `None`: they have no answer.
    refused: Option<Code>,
}

/// One server.
#[derive(Clone)]
struct Server {
    play: Arc<Play>,
    routes: Routes,
    calls: Calls,
    faults: Faults,
}

impl Front {
    /// Starts one that plays nothing, with a platform.
    pub async fn start(platform: &PlatformFile) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let unseeded = |config: &mut ReferenceConfig| config.allow_test_seed = false;
        let storage = reference_with(Database::Sqlite, folder.path(), unseeded).await;
        platform.import_into(&storage).await;
        let path = folder.path().join("front.sock");
        let mut front = Self {
            endpoint: format!("unix:{}", path.display()).parse().unwrap(),
            path,
            routes: AdapterServer::builder(storage).routes().await.unwrap(),
            calls: Calls::default(),
            faults: Faults::default(),
            server: None,
            _folder: folder,
        };
        front.replace(Play::default());
        front
    }

    /// Another server takes its place at once: every connection breaks.
    pub fn replace(&mut self, play: Play) {
        self.stop();
        let server = Server {
            play: Arc::new(play),
            routes: self.routes.clone(),
            calls: self.calls.clone(),
            faults: self.faults.clone(),
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = std::os::unix::net::UnixListener::bind(&self.path).unwrap();
        listener.set_nonblocking(true).unwrap();
        runtime.spawn(async move {
            let incoming = UnixListenerStream::new(UnixListener::from_std(listener).unwrap());
            let serving = tonic::transport::Server::builder().serve_with_incoming(server, incoming);
            serving.await.unwrap();
        });
        self.server = Some(runtime);
    }

    /// It is away: every connection breaks, and no server listens.
    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.shutdown_background();
        }
        drop(std::fs::remove_file(&self.path));
    }

    /// How often a method was called so far, such as `AdapterService/Describe`.
    pub fn calls(&self, method: &str) -> usize {
        let calls = self.calls.lock().unwrap();
        calls.get(method).copied().unwrap_or_default()
    }
}

impl Front {
    /// Leaves calls without an answer from now on, and does not pass them on: those of a
    /// method, or of a service and a slash, whose request holds a text.
    pub fn hold(&self, method: &str, text: &str) {
        self.meet(method, text, None);
    }

    /// The same with calls that are refused.
    pub fn refuse(&self, method: &str, text: &str, code: Code) {
        self.meet(method, text, Some(code));
    }

    fn meet(&self, method: &str, text: &str, refused: Option<Code>) {
        self.faults.all.lock().unwrap().push(Fault {
            method: method.into(),
            text: text.into(),
            refused,
        });
    }

    /// Passes on all calls that come from now on.
    pub fn heal(&self) {
        self.faults.all.lock().unwrap().clear();
        self.faults.met.store(0, Ordering::SeqCst);
    }

    /// Waits until so many calls were held or refused since it was healed.
    pub async fn until_met(&self, calls: usize) {
        let met = async {
            while self.faults.met.load(Ordering::SeqCst) < calls {
                tokio::task::yield_now().await;
            }
        };
        let met = timeout(Duration::from_secs(60), met).await;
        assert!(met.is_ok(), "{calls} calls of {:?}", self.faults.all);
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.stop();
    }
}

impl NamedService for Server {
    const NAME: &'static str = "";
}

impl Service<Request<Body>> for Server {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move { Ok(server.answer(request).await) })
    }
}

impl Server {
    async fn answer(self, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path().trim_start_matches('/').to_string();
        let method = path.trim_start_matches("mortise.adapter.v1.").to_string();
        let count = {
            let mut calls = self.calls.lock().unwrap();
            let count = calls.entry(method.clone()).or_default();
            *count += 1;
            *count
        };
        let play = &self.play;
        let service = method.split('/').next().unwrap_or_default();
        if let Some(code) = play.refused.get(method.as_str()) {
            return Status::new(*code, "refused by the test: quota not found").into_http();
        }
        let (faulty, request) = self.faults.of(&method, request).await;
        match faulty {
            Some(Fault {
                refused: Some(code),
                ..
            }) => return Status::new(code, "refused by the test").into_http(),
            Some(_) => std::future::pending().await,
            None => {}
        }
        let is_unknown = play.without.contains(service)
            || (play.plain && method == "EventEmitterService/EmitStream");
        if is_unknown {
            return Status::unimplemented("unknown method").into_http();
        }
        if path == "grpc.health.v1.Health/Check"
            && let Some(not_serving) = play.not_serving
        {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let asked = tonic_health::pb::HealthCheckRequest::decode(&body[5..]).unwrap();
            let is_not = asked.service.ends_with(not_serving);
            let status = if is_not { 2 } else { 1 };
            let answer = tonic_health::pb::HealthCheckResponse { status };
            return framed(&answer);
        }
        let is_described = format!("/{path}") == DESCRIBE.method.path;
        let answer = self.routes.oneshot(request).await;
        let answer = answer.unwrap_or_else(|never: Infallible| match never {});
        if !is_described {
            return answer;
        }
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let mut described = pb::DescribeResponse::decode(&body[5..]).unwrap();
        let is_plain = play.plain || (play.two_voices && count % 2 == 0);
        described.services.retain_mut(|offer| {
            if is_plain {
                offer.features.clear();
            }
            !play.without.iter().any(|name| offer.name.ends_with(name))
        });
        framed(&described)
    }
}

impl Faults {
    /// What becomes of a call, and the call.
    async fn of(&self, method: &str, request: Request<Body>) -> (Option<Fault>, Request<Body>) {
        let faults = self.all.lock().unwrap().clone();
        let is_of = |fault: &Fault| match fault.method.strip_suffix('/') {
            Some(service) => method.split('/').next() == Some(service),
            None => method == fault.method,
        };
        let faults: Vec<_> = faults.into_iter().filter(is_of).collect();
        if faults.is_empty() {
            return (None, request);
        }
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let holds = |fault: &Fault| {
            let text = fault.text.as_bytes();
            body.windows(text.len()).any(|part| part == text)
        };
        let met = faults.into_iter().find(holds);
        if met.is_some() {
            self.met.fetch_add(1, Ordering::SeqCst);
        }
        (met, Request::from_parts(head, Body::new(Full::new(body))))
    }
}

/// A message as the one answer of a call.
fn framed(message: &impl Message) -> Response<Body> {
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(message.encoded_len()).unwrap().to_be_bytes());
    bytes.extend(message.encode_to_vec());
    let mut trailers = tonic::codegen::http::HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    let frames = [
        http_body::Frame::data(prost::bytes::Bytes::from(bytes)),
        http_body::Frame::trailers(trailers),
    ];
    let frames = futures::stream::iter(frames.map(Ok::<_, Status>));
    let mut answer = Response::new(Body::new(http_body_util::StreamBody::new(frames)));
    let kind = "application/grpc".parse().unwrap();
    answer.headers_mut().insert("content-type", kind);
    answer
}
