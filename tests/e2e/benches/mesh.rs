//! What the whole stack of the mesh adds to a call: a read of 1 KiB over a unix socket, one
//! at a time and 64 in flight, beside a plain tonic client of the same server in the same
//! run. Read the ratios: the numbers are this machine's.
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
const MEASURED: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;

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
async fn rate<Call>(in_flight: usize, call: impl Fn() -> Call) -> f64
where
    Call: Future<Output = ()>,
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

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.sock");
    serve(&path);
    let channel = plain(path.clone()).await;
    let mesh = Mesh::new(MeshConfig::single(Endpoint::Unix(path))).unwrap();
    let adapter = mesh.adapter(1).build().await.unwrap();
    let values: Arc<dyn SessionStorageStore> = adapter.storage_store().unwrap();
    let session_id = SessionId::new();
    println!("in flight  plain calls/s  mesh calls/s  throughput  latency");
    for in_flight in [1, 64] {
        for _ in 0..ROUNDS {
            let plain = rate(in_flight, || plain_call(&channel, session_id)).await;
            let mesh = rate(in_flight, || async {
                let value = values.get_value(session_id, "k").await.unwrap();
                assert_eq!(value.map(|value| value.len()), Some(VALUE_BYTES));
            })
            .await;
            let throughput = mesh / plain;
            println!(
                "{in_flight:>9}  {plain:>13.0}  {mesh:>12.0}  {throughput:>10.2}  {:>7.2}",
                1.0 / throughput
            );
        }
    }
}
