//! Servers that are away for a while, and connections whose other end is gone.

use super::failures_of_calls;
use mortise_adapter_client::{Keepalive, Mesh, MeshConfig};
use mortise_adapter_server::{AdapterServer, ListenAddress};
use mortise_test_support::fault_proxy::{Fault, FaultProxy};
use mortise_test_support::in_process::{Server, mesh, reference, serve, serve_at};
use mortise_test_support::scenario::seed;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio_util::task::AbortOnDropHandle;

async fn serve_in(folder: &Path) -> Server {
    let builder = AdapterServer::builder(reference(folder).await);
    let address = ListenAddress::Unix(folder.join("a.sock"));
    serve_at(builder, address, tempfile::tempdir().unwrap()).await
}

/// An adapter that is away for less than the retry window fails no call, however many
/// wait for it: they wait for one dialler, and spend no budget on refused connections.
#[tokio::test]
async fn calls_wait_for_a_server_that_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve_in(folder.path()).await;
    let adapter = mesh(&server.endpoint).adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    server.stop().await;
    let back = async {
        tokio::time::sleep(Duration::from_millis(2_700)).await;
        serve_in(folder.path()).await
    };
    let calls = failures_of_calls(&adapter, session_id, 500);
    let (failures, _server) = tokio::join!(calls, back);
    assert!(
        failures.is_empty(),
        "{} failed: {}",
        failures.len(),
        failures[0]
    );
}

/// A connection whose other end is gone without a word is closed after the keepalive's
/// time, and the calls on it are sent again on another one.
#[tokio::test]
async fn half_open_connections_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let proxy = FaultProxy::before(&server.endpoint).await;
    let mut config = MeshConfig::single(proxy.endpoint.clone());
    let adapter = config.adapters.get_mut("default").unwrap();
    adapter.transport.keepalive = Some(Keepalive {
        interval: Duration::from_millis(300),
        timeout: Duration::from_millis(300),
    });
    let adapter = Mesh::new(config).unwrap().adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    proxy.set(Fault::HalfOpen);
    let began = Instant::now();
    let failures = failures_of_calls(&adapter, session_id, 16).await;
    assert!(failures.is_empty(), "{failures:?}");
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
}

/// Without keepalive a question about health that is not answered in time ends the silent
/// connection, and the next one finds the adapter.
#[tokio::test]
async fn a_silent_probe_ends_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let proxy = FaultProxy::before(&server.endpoint).await;
    let mut config = MeshConfig::single(proxy.endpoint.clone());
    config
        .adapters
        .get_mut("default")
        .unwrap()
        .transport
        .keepalive = None;
    let mesh = Mesh::new(config).unwrap();
    let adapter = mesh.adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    let watched = mesh.clone();
    let _watch = AbortOnDropHandle::new(tokio::spawn(async move { watched.watch_health().await }));
    let mut changes = mesh.health_changes();
    let mut until = async |is_away: bool| {
        let as_expected = |_: &u64| {
            let mut health = mesh.health().into_values();
            health.any(|now| now.found > 0 && now.away.is_some() == is_away)
        };
        changes.wait_for(as_expected).await.unwrap();
    };
    until(false).await;
    proxy.set(Fault::HalfOpen);
    let calls = failures_of_calls(&adapter, session_id, 16);
    let ((), failures) = tokio::join!(until(true), calls);
    assert!(failures.is_empty(), "{failures:?}");
    until(false).await;
}

/// A connection that is reset under calls that may be repeated costs none of them.
#[tokio::test]
async fn a_reset_connection_costs_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let proxy = FaultProxy::before(&server.endpoint).await;
    let adapter = mesh(&proxy.endpoint).adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    proxy.set(Fault::LostReplies);
    let reset = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        proxy.set(Fault::Reset);
        tokio::time::sleep(Duration::from_millis(200)).await;
        proxy.set(Fault::None);
    };
    let (failures, ()) = tokio::join!(failures_of_calls(&adapter, session_id, 200), reset);
    assert!(
        failures.is_empty(),
        "{} failed: {}",
        failures.len(),
        failures[0]
    );
}
