//! Envoy between a host and three servers, with the routes that `mesh export` writes, as they
//! are.

use super::endpoints::no_call_fails_over;
use super::proxies::watchers_leave_calls_alone;
use mortise_adapter_client::{Endpoint, Mesh, MeshConfig};
use mortise_test_support::adapter_process::host;
use mortise_test_support::fault_proxy::Fault;
use mortise_test_support::replicas::Replicas;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

const MEANWHILE: Duration = Duration::from_secs(3);

/// Envoy, run privately. It is killed when it is dropped.
struct Envoy {
    endpoint: Endpoint,
    _child: Child,
}

// === impl Envoy ===

impl Envoy {
    async fn before(servers: &[Endpoint], folder: &Path) -> Self {
        let exported = host(&[
            "mesh",
            "export",
            "--format",
            "envoy",
            "--backend",
            "adapter",
        ])
        .await;
        let routes = serde_json::from_str(&exported.stdout).unwrap();
        let socket = folder.join("envoy.sock");
        let file = folder.join("envoy.json");
        let config = config(&socket, &routes, servers);
        std::fs::write(&file, config.to_string()).unwrap();
        let program = std::env::var("MORTISE_ENVOY");
        let program = program.expect("MORTISE_ENVOY is not set; run the tests with tests/run");
        let child = Command::new(program)
            .args([
                "--disable-hot-restart",
                "--concurrency",
                "1",
                "--log-level",
                "error",
            ])
            .arg("--config-path")
            .arg(&file)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        while tokio::net::UnixStream::connect(&socket).await.is_err() {
            tokio::task::yield_now().await;
        }
        Self {
            endpoint: format!("unix:{}", socket.display()).parse().unwrap(),
            _child: child,
        }
    }
}

/// What docs/service-mesh.md says, around the exported routes.
fn config(socket: &Path, routes: &Value, servers: &[Endpoint]) -> Value {
    let endpoints = servers.iter().map(|server| {
        let Endpoint::Http(uri) = server else {
            panic!("the servers are to listen on TCP");
        };
        let address = json!({
            "address": uri.host().unwrap(),
            "port_value": uri.port_u16().unwrap(),
        });
        json!({ "endpoint": { "address": { "socket_address": address } } })
    });
    let endpoints: Vec<_> = endpoints.collect();
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "mortise",
        "codec_type": "HTTP2",
        "stream_idle_timeout": "0s",
        "route_config": routes,
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
            },
        }],
    });
    json!({
        "static_resources": {
            "listeners": [{
                "name": "hosts",
                "address": { "pipe": { "path": socket } },
                "filter_chains": [{
                    "filters": [{
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": manager,
                    }],
                }],
            }],
            "clusters": [{
                "name": "adapter",
                "type": "STATIC",
                "lb_policy": "LEAST_REQUEST",
                "connect_timeout": "1s",
                "typed_extension_protocol_options": {
                    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                        "explicit_http_config": {
                            "http2_protocol_options": { "max_concurrent_streams": 1024 },
                        },
                    },
                },
                "load_assignment": {
                    "cluster_name": "adapter",
                    "endpoints": [{ "lb_endpoints": endpoints }],
                },
            }],
        },
    })
}

/// Envoy takes the exported routes, and carries 500 watched sessions and the calls.
#[tokio::test]
async fn envoy_carries_500_watched_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let replicas = Replicas::start(3).await;
    // A server tells its followers of what it has stored itself.
    let envoy = Envoy::before(&replicas.endpoints()[..1], folder.path()).await;
    watchers_leave_calls_alone(&envoy.endpoint, 500).await;
}

/// Servers behind Envoy that are reset one after the other cost no call.
#[tokio::test]
async fn servers_behind_envoy_are_reset() {
    let folder = tempfile::tempdir().unwrap();
    let replicas = Replicas::start(3).await;
    let envoy = Envoy::before(&replicas.endpoints(), folder.path()).await;
    let mesh = Mesh::new(MeshConfig::single(envoy.endpoint.clone())).unwrap();
    no_call_fails_over(&mesh, &replicas, Fault::Reset, MEANWHILE).await;
}
