//! Proxies between a host and its adapter: how many streams they allow, and what they
//! answer themselves.

use super::failures_of_calls;
use everruns_runtime::RuntimeHostAdapter;
use futures::StreamExt;
use mortise_adapter_client::{Endpoint, Mesh};
use mortise_test_support::fixtures::said;
use mortise_test_support::http_proxy::HttpProxy;
use mortise_test_support::in_process::{
    adapter, impatient_mesh, mesh, reference, serve, serve_tcp,
};
use mortise_test_support::scenario::seed;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

const SOON: Duration = Duration::from_secs(20);

/// Sessions that are watched use up the streams of no call: another connection is opened
/// where one is full, calls and probes have their own, and every watcher hears.
pub(super) async fn watchers_leave_calls_alone(front: &Endpoint, watchers: usize) {
    let mesh = mesh(front);
    let adapter = mesh.adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    let log = adapter.event_log().unwrap();
    let mut followed = Vec::new();
    for _ in 0..watchers {
        let following = log.follow(session_id, 0);
        followed.push(
            tokio::time::timeout(SOON, following)
                .await
                .unwrap()
                .unwrap(),
        );
    }
    let calls = failures_of_calls(&adapter, session_id, 64);
    let failures = tokio::time::timeout(SOON, calls).await.unwrap();
    assert!(failures.is_empty(), "{failures:?}");
    let greeting = tokio::time::timeout(Duration::from_secs(5), mesh.adapter(1).build());
    greeting.await.unwrap().unwrap();
    adapter
        .event_emitter()
        .emit(said(session_id, "heard"))
        .await
        .unwrap();
    for events in &mut followed {
        let heard = tokio::time::timeout(SOON, events.next()).await.unwrap();
        heard.unwrap().unwrap();
    }
}

/// A proxy with 8 streams on a connection carries 128 watched sessions and the calls.
#[tokio::test]
async fn a_small_limit_of_streams_stops_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let proxy = HttpProxy::before(&server.endpoint, 8).await;
    watchers_leave_calls_alone(&proxy.endpoint, 128).await;
    assert!(proxy.connections() > 16, "{}", proxy.connections());
}

/// nginx with 100 streams on a connection carries 500 watched sessions and the calls.
#[tokio::test]
async fn nginx_carries_500_watched_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve_tcp(reference(folder.path()).await).await;
    let nginx = Nginx::before(&server.endpoint, 100, folder.path()).await;
    watchers_leave_calls_alone(&nginx.endpoint, 500).await;
}

/// What a proxy answers instead of the server is an error with gRPC's code for its HTTP
/// status, and names the status and the proxy; nothing of the page is decoded.
#[tokio::test]
async fn pages_of_a_proxy_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let proxy = HttpProxy::before(&server.endpoint, 100).await;
    let session_id = seed(&adapter(&server.endpoint).await).await;
    let adapter = impatient_mesh(&proxy.endpoint)
        .adapter(1)
        .build()
        .await
        .unwrap();
    for status in [200, 302, 401, 403, 404, 413, 429, 500, 502, 503, 504] {
        proxy.answer_with(status, "text/html");
        let failures = failures_of_calls(&adapter, session_id, 1).await;
        let told = failures.first().map(String::as_str).unwrap_or_default();
        assert!(
            told.contains(&format!("HTTP {status} ")),
            "{status}: {told}"
        );
        assert!(told.contains("`front/1.0`"), "{status}: {told}");
        assert!(!told.contains("compression"), "{status}: {told}");
    }
    let unknown = mesh_error(&impatient_mesh(&proxy.endpoint)).await;
    assert!(unknown.contains("HTTP 504"), "{unknown}");
}

async fn mesh_error(mesh: &Mesh) -> String {
    mesh.adapter(1).build().await.unwrap_err().to_string()
}

/// nginx as gRPC's proxy, run privately. It is killed when it is dropped.
struct Nginx {
    endpoint: Endpoint,
    _child: Child,
}

impl Nginx {
    async fn before(server: &Endpoint, streams_max: u32, folder: &Path) -> Self {
        let Endpoint::Http(uri) = server else {
            panic!("the server is to listen on TCP");
        };
        let socket = folder.join("nginx.sock");
        let shown = folder.display();
        let config = format!(
            "daemon off; master_process off; pid {shown}/nginx.pid; error_log {shown}/error.log;\n\
             worker_rlimit_nofile 4096;\n\
             events {{ worker_connections 2048; }}\n\
             http {{\n\
               access_log off; client_body_temp_path {shown}/body; grpc_read_timeout 1h;\n\
               proxy_temp_path {shown}/proxy; fastcgi_temp_path {shown}/fastcgi;\n\
               uwsgi_temp_path {shown}/uwsgi; scgi_temp_path {shown}/scgi;\n\
               server {{\n\
                 listen unix:{} http2; http2_max_concurrent_streams {streams_max};\n\
                 location / {{ grpc_pass grpc://{}; }}\n\
               }}\n\
             }}\n",
            socket.display(),
            uri.authority().unwrap(),
        );
        let path = folder.join("nginx.conf");
        std::fs::write(&path, config).unwrap();
        let child = Command::new("nginx")
            .args(["-p", folder.to_str().unwrap(), "-c", path.to_str().unwrap()])
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("nginx is missing; run the tests with tests/run, which installs it");
        let endpoint: Endpoint = format!("unix:{}", socket.display()).parse().unwrap();
        while tokio::net::UnixStream::connect(&socket).await.is_err() {
            tokio::task::yield_now().await;
        }
        Self {
            endpoint,
            _child: child,
        }
    }
}
