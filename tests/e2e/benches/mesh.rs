//! What the whole stack of the mesh adds to a call: a read of 1 KiB over a unix socket, one
//! at a time and 64 in flight, beside a plain tonic client of the same server in the same
//! run, once driven by the runtime of the callers and once by the mesh's own thread. Each
//! ratio is the median of the rounds; the calls per second are those of the last round.
//!
//! `cargo bench --workspace --bench mesh`

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

use everruns_core::traits::SessionStorageStore;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use futures::future::{BoxFuture, Ready, join_all, ready};
use hyper_util::rt::TokioIo;
use mortise_adapter_client::{Endpoint, Mesh, MeshConfig};
use mortise_proto::rpc::table;
use mortise_proto::rpc::table::session_storage_store_service::GET_VALUE;
use mortise_proto::{PROTOCOL, pb};
use pb::adapter_service_server::{AdapterService, AdapterServiceServer};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::http::{Request as HttpRequest, Response as HttpResponse};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

const VALUE_BYTES: usize = 1024;
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(2);
const ROUNDS: usize = 5;

/// Answers GetValue with 1 KiB.
#[derive(Clone)]
struct Values;

struct Answer;

struct Handshake;

impl NamedService for Values {
    const NAME: &'static str = table::session_storage_store_service::NAME;
}

impl Service<HttpRequest<Body>> for Values {
    type Response = HttpResponse<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<Body>) -> Self::Future {
        let codec = ProstCodec::<pb::GetValueResponse, pb::GetValueRequest>::default();
        let mut grpc = tonic::server::Grpc::new(codec);
        Box::pin(async move { Ok(grpc.unary(Answer, request).await) })
    }
}

impl UnaryService<pb::GetValueRequest> for Answer {
    type Response = pb::GetValueResponse;
    type Future = Ready<Result<Response<pb::GetValueResponse>, Status>>;

    fn call(&mut self, _: Request<pb::GetValueRequest>) -> Self::Future {
        ready(Ok(Response::new(pb::GetValueResponse {
            value: Some("x".repeat(VALUE_BYTES)),
        })))
    }
}

#[tonic::async_trait]
impl AdapterService for Handshake {
    async fn describe(
        &self,
        _: Request<pb::DescribeRequest>,
    ) -> Result<Response<pb::DescribeResponse>, Status> {
        let services = table::SERVICES.iter().map(|name| pb::ServiceOffer {
            name: (*name).into(),
            ..pb::ServiceOffer::default()
        });
        Ok(Response::new(pb::DescribeResponse {
            server: Some(pb::Identity::default()),
            protocol: Some(PROTOCOL),
            services: services.collect(),
            limits: Some(pb::Limits {
                max_message_bytes: 1 << 20,
                ..pb::Limits::default()
            }),
            ..pb::DescribeResponse::default()
        }))
    }
}

fn serve(path: &Path) {
    let incoming = UnixListenerStream::new(UnixListener::bind(path).unwrap());
    let server = Server::builder()
        .add_service(AdapterServiceServer::new(Handshake))
        .add_service(Values);
    drop(tokio::spawn(server.serve_with_incoming(incoming)));
}

async fn plain(path: PathBuf) -> Channel {
    let connect = service_fn(move |_| {
        let path = path.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    let endpoint = tonic::transport::Endpoint::from_static("http://localhost");
    endpoint.connect_with_connector(connect).await.unwrap()
}

async fn plain_call(channel: &Channel, session_id: SessionId) {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let request = pb::GetValueRequest {
        context: Some(pb::CallContext {
            org_id: 1,
            ..pb::CallContext::default()
        }),
        session_id: session_id.to_string(),
        key: "k".into(),
    };
    let path = PathAndQuery::from_static(GET_VALUE.method.path);
    let codec = ProstCodec::<pb::GetValueRequest, pb::GetValueResponse>::default();
    let answer = grpc.unary(Request::new(request), path, codec).await;
    let value = answer.unwrap().into_inner().value.unwrap();
    assert_eq!(value.len(), VALUE_BYTES);
}

/// Calls a second, with so many in flight.
async fn rate<Call>(in_flight: usize, call: impl Fn() -> Call + Sync) -> f64
where
    Call: Future<Output = ()> + Send,
{
    let call = &call;
    let callers = |time: Duration| {
        let until = Instant::now() + time;
        let callers = (0..in_flight).map(move |_| async move {
            let mut calls = 0_u32;
            while Instant::now() < until {
                call().await;
                calls += 1;
            }
            calls
        });
        join_all(callers)
    };
    callers(WARM_UP).await;
    let began = Instant::now();
    let calls: u32 = callers(MEASURED).await.into_iter().sum();
    f64::from(calls) / began.elapsed().as_secs_f64()
}

/// The store of a mesh to this server; with the callers' runtime, or with its own thread.
async fn values(path: &Path, runtime: Option<Handle>) -> Arc<dyn SessionStorageStore> {
    let mut config = MeshConfig::single(Endpoint::Unix(path.into()));
    config.runtime = runtime;
    let adapter = Mesh::new(config).unwrap().adapter(1).build().await.unwrap();
    adapter.storage_store().unwrap()
}

async fn mesh_call(values: &dyn SessionStorageStore, session_id: SessionId) {
    let value = values.get_value(session_id, "k").await.unwrap();
    assert_eq!(value.map(|value| value.len()), Some(VALUE_BYTES));
}

async fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.sock");
    serve(&path);
    let channel = plain(path.clone()).await;
    let meshes = [
        (
            "the caller's runtime",
            values(&path, Some(Handle::current())).await,
        ),
        ("its own thread", values(&path, None).await),
    ];
    let session_id = SessionId::new();
    println!(
        "{:>9}  {:<22}{:>13}{:>13}{:>12}{:>9}",
        "in flight", "the mesh runs on", "plain calls/s", "mesh calls/s", "throughput", "latency"
    );
    for in_flight in [1, 64] {
        for (name, values) in &meshes {
            let mut ratios = Vec::new();
            let mut last = (0.0, 0.0);
            for _ in 0..ROUNDS {
                let plain = rate(in_flight, || plain_call(&channel, session_id)).await;
                let mesh = rate(in_flight, || mesh_call(&**values, session_id)).await;
                ratios.push(mesh / plain);
                last = (plain, mesh);
            }
            ratios.sort_by(f64::total_cmp);
            let ratio = ratios[ROUNDS / 2];
            println!(
                "{in_flight:>9}  {name:<22}{:>13.0}{:>13.0}{ratio:>12.2}{:>9.2}",
                last.0,
                last.1,
                1.0 / ratio
            );
        }
    }
}

/// Everything runs on the workers, as a host's turns do.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    tokio::spawn(measure()).await.unwrap();
}
