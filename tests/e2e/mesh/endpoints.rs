//! Several servers behind one adapter, of which one after the other does not do its part.

use super::failures_of_calls;
use everruns_core::traits::SessionFileSystem;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use futures::future::join_all;
use mortise_adapter_client::{Endpoint, EndpointState, GrpcHostAdapter, Mesh};
use mortise_adapter_server::AdapterServer;
use mortise_proto::rpc::table::{event_emitter_service, session_storage_store_service};
use mortise_test_support::fault_proxy::Fault;
use mortise_test_support::http_proxy::HttpProxy;
use mortise_test_support::in_process::{reference, serve, serve_at};
use mortise_test_support::replicas::{Replicas, only, over};
use mortise_test_support::scenario::seed;
use std::time::{Duration, Instant};

/// How long calls are made while something is wrong.
const MEANWHILE: Duration = Duration::from_millis(1_500);

/// An adapter of org 1 over them, and a session.
async fn adapter(mesh: &Mesh) -> (GrpcHostAdapter, SessionId) {
    let adapter = mesh.adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    (adapter, session_id)
}

/// Reads again and again for a while; what has failed.
pub(super) async fn failures_for(
    adapter: &GrpcHostAdapter,
    session_id: SessionId,
    time: Duration,
) -> Vec<String> {
    let until = Instant::now() + time;
    let mut failures = Vec::new();
    while Instant::now() < until {
        failures.extend(failures_of_calls(adapter, session_id, 16).await);
    }
    failures
}

fn attempts(mesh: &Mesh) -> Vec<u64> {
    let endpoints = mesh.adapters().remove(0).endpoints.into_iter();
    endpoints.map(|endpoint| endpoint.attempts).collect()
}

async fn no_call_fails_with(fault: Fault) {
    let replicas = Replicas::start(3).await;
    no_call_fails_over(&replicas.mesh(), &replicas, fault, MEANWHILE).await;
}

/// Breaks the servers of a mesh one after the other, each for a third of a while in which
/// calls are made.
pub(super) async fn no_call_fails_over(
    mesh: &Mesh,
    replicas: &Replicas,
    fault: Fault,
    meanwhile: Duration,
) {
    let (adapter, session_id) = adapter(mesh).await;
    for number in 0..replicas.proxies.len() {
        let broken = async {
            tokio::time::sleep(meanwhile / 6).await;
            replicas.set(number, fault);
            tokio::time::sleep(meanwhile / 3).await;
            replicas.set(number, Fault::None);
        };
        let calls = failures_for(&adapter, session_id, meanwhile);
        let (failures, ()) = tokio::join!(calls, broken);
        assert!(failures.is_empty(), "{}: {}", failures.len(), failures[0]);
    }
}

/// Calls are spread over every server that is there.
#[tokio::test]
async fn every_server_gets_calls() {
    let replicas = Replicas::start(3).await;
    let mesh = replicas.mesh();
    let (adapter, session_id) = adapter(&mesh).await;
    let failures = failures_of_calls(&adapter, session_id, 300).await;
    assert!(failures.is_empty(), "{failures:?}");
    let attempts = attempts(&mesh);
    assert!(attempts.iter().all(|count| *count > 20), "{attempts:?}");
}

/// Servers whose connections are reset one after the other cost no call.
#[tokio::test]
async fn servers_that_are_reset_cost_no_call() {
    no_call_fails_with(Fault::Reset).await;
}

/// Servers that fall silent one after the other cost no call.
#[tokio::test]
async fn servers_that_fall_silent_cost_no_call() {
    no_call_fails_with(Fault::HalfOpen).await;
}

/// Servers whose answers arrive as garbage cost no call.
#[tokio::test]
async fn servers_that_send_garbage_cost_no_call() {
    no_call_fails_with(Fault::Garbage).await;
}

/// Servers to which the line is slow cost no call.
#[tokio::test]
async fn slow_lines_cost_no_call() {
    no_call_fails_with(Fault::Throttle(Duration::from_millis(20))).await;
}

/// An endpoint where nothing listens keeps no call waiting, at the start either.
#[tokio::test]
async fn an_endpoint_that_never_was_costs_no_time() {
    let replicas = Replicas::start(1).await;
    let mut endpoints = replicas.endpoints();
    endpoints.push("unix:/nonexistent/adapter.sock".parse().unwrap());
    endpoints.push("http://127.0.0.1:1".parse().unwrap());
    let mesh = Mesh::new(over(endpoints)).unwrap();
    let began = Instant::now();
    let (adapter, session_id) = adapter(&mesh).await;
    let failures = failures_of_calls(&adapter, session_id, 100).await;
    assert!(failures.is_empty(), "{failures:?}");
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

/// Without any server a call waits for the first that comes, and says at the end of its
/// window which endpoints there are.
#[tokio::test]
async fn a_call_waits_for_the_first_server_that_comes() {
    let replicas = Replicas::start(2).await;
    let mesh = replicas.mesh();
    let (adapter, session_id) = adapter(&mesh).await;
    replicas.set(0, Fault::Reset);
    replicas.set(1, Fault::Reset);
    let back = async {
        tokio::time::sleep(Duration::from_millis(800)).await;
        replicas.set(1, Fault::None);
    };
    let (failures, ()) = tokio::join!(failures_of_calls(&adapter, session_id, 64), back);
    assert!(failures.is_empty(), "{failures:?}");
}

/// A slow server gets few calls: the others answer the rest.
#[tokio::test]
async fn a_slow_server_gets_few_calls() {
    let replicas = Replicas::start(3).await;
    let mesh = replicas.mesh();
    let (adapter, session_id) = adapter(&mesh).await;
    replicas.set(1, Fault::Delay(Duration::from_millis(150)));
    let before = attempts(&mesh);
    for _ in 0..200 {
        let failures = failures_of_calls(&adapter, session_id, 1).await;
        assert!(failures.is_empty(), "{failures:?}");
    }
    let after = attempts(&mesh);
    let slow = after[1] - before[1];
    assert!(slow < 30, "{slow} of 200 calls went to the slow server");
}

/// A change whose answer is lost happens once: it is sent to another server with the same
/// request id, and all of them remember answers in one storage.
#[tokio::test]
async fn a_change_whose_answer_is_lost_happens_once() {
    let replicas = Replicas::start(3).await;
    let mut config = replicas.config();
    only(&mut config).calls.deadline = Some(Duration::from_secs(2));
    let mesh = Mesh::new(config).unwrap();
    let (adapter, session_id) = adapter(&mesh).await;
    let files = adapter.file_store();
    replicas.set(0, Fault::LostReplies);
    let lost = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        replicas.set(0, Fault::Reset);
        tokio::time::sleep(Duration::from_millis(200)).await;
        replicas.set(0, Fault::None);
    };
    let writes = join_all((0..60).map(|number| {
        let files = files.clone();
        async move {
            let path = format!("/made/{number}");
            files.write_file(session_id, &path, "x", "text").await
        }
    }));
    let (written, ()) = tokio::join!(writes, lost);
    assert!(written.iter().all(Result::is_ok), "{written:?}");
    let found = files.list_directory(session_id, "/made").await.unwrap();
    assert_eq!(found.len(), 60);
}

/// A read that one server keeps waiting is sent to another as well, and the first answer
/// counts.
#[tokio::test]
async fn a_read_that_waits_is_asked_twice() {
    let replicas = Replicas::start(2).await;
    let mut config = replicas.config();
    only(&mut config).calls.hedge_after = Some(Duration::from_millis(50));
    let mesh = Mesh::new(config).unwrap();
    let (adapter, session_id) = adapter(&mesh).await;
    let values = adapter.storage_store().unwrap();
    values.set_value(session_id, "a", "1").await.unwrap();
    // Slow enough to be seen, and not silent for as long as a connection may be.
    replicas.set(0, Fault::Delay(Duration::from_millis(250)));
    for _ in 0..8 {
        let began = Instant::now();
        let found = values.get_value(session_id, "a").await.unwrap();
        assert_eq!(found.as_deref(), Some("1"));
        assert!(
            began.elapsed() < Duration::from_millis(230),
            "{:?}",
            began.elapsed()
        );
    }
}

/// A page of a proxy in place of one server's answers costs no call; the endpoint is ejected
/// with what the proxy said, and gets calls again when it answers.
#[tokio::test]
async fn an_endpoint_is_ejected_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let storage = reference(folder.path()).await;
    let (one, other) = (serve(storage.clone()).await, serve(storage).await);
    let proxy = HttpProxy::before(&one.endpoint, 100).await;
    let mut config = over(vec![proxy.endpoint.clone(), other.endpoint.clone()]);
    let balance = &mut only(&mut config).balance;
    balance.eject_after = 2;
    balance.eject_for = Duration::from_millis(300);
    let mesh = Mesh::new(config).unwrap();
    let (adapter, session_id) = adapter(&mesh).await;
    proxy.answer_with(503, "text/html");
    let state = |mesh: &Mesh| mesh.adapters().remove(0).endpoints.remove(0);
    let until = async |expected: EndpointState| loop {
        let failures = failures_of_calls(&adapter, session_id, 16).await;
        assert!(failures.is_empty(), "{failures:?}");
        let now = state(&mesh);
        if now.state == expected {
            return now;
        }
    };
    let within = Duration::from_secs(20);
    let ejected = tokio::time::timeout(within, until(EndpointState::Ejected)).await;
    let problem = ejected.unwrap().problem.unwrap_or_default();
    assert!(problem.contains("HTTP 503"), "{problem}");
    proxy.pass_on();
    let back = tokio::time::timeout(within, until(EndpointState::Ready)).await;
    assert!(back.unwrap().ejections > 0);
}

/// A proxy that says goodbye to its connections again and again costs no call.
#[tokio::test]
async fn farewells_cost_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let proxy = HttpProxy::before(&server.endpoint, 100).await;
    let mesh = Mesh::new(over(vec![proxy.endpoint.clone()])).unwrap();
    let (adapter, session_id) = adapter(&mesh).await;
    let farewells = async {
        for _ in 0..10 {
            tokio::time::sleep(MEANWHILE / 12).await;
            proxy.go_away();
        }
    };
    let calls = failures_for(&adapter, session_id, MEANWHILE);
    let (failures, ()) = tokio::join!(calls, farewells);
    assert!(failures.is_empty(), "{}: {}", failures.len(), failures[0]);
    assert!(proxy.connections() > 5, "{}", proxy.connections());
}

/// A connection is replaced when it is old, and that costs no call.
#[tokio::test]
async fn old_connections_are_replaced() {
    let replicas = Replicas::start(2).await;
    let mut config = replicas.config();
    only(&mut config).transport.age_max = Some(Duration::from_millis(200));
    let mesh = Mesh::new(config).unwrap();
    let (adapter, session_id) = adapter(&mesh).await;
    let failures = failures_for(&adapter, session_id, MEANWHILE).await;
    assert!(failures.is_empty(), "{failures:?}");
    let made: Vec<_> = replicas
        .proxies
        .iter()
        .map(|proxy| proxy.connections())
        .collect();
    assert!(made.iter().all(|count| *count >= 3), "{made:?}");
}

/// Of servers of two versions what both offer is used, and the look says which they are.
#[tokio::test]
async fn two_versions_offer_what_both_have() {
    let folder = tempfile::tempdir().unwrap();
    let storage = reference(folder.path()).await;
    let old = AdapterServer::builder(storage.clone())
        .identity("acme", "1.0.0")
        .without_features();
    let address = format!("unix:{}", folder.path().join("old.sock").display());
    let old = serve_at(old, address.parse().unwrap(), tempfile::tempdir().unwrap()).await;
    let new = serve(storage).await;
    let mesh = Mesh::new(over(vec![old.endpoint.clone(), new.endpoint.clone()])).unwrap();
    let look = mesh.handshakes(1).look(Duration::from_secs(5)).await;
    let offers = look.offers.unwrap();
    assert!(look.is_mixed);
    assert!(
        look.degraded.iter().any(|text| text.contains("acme 1.0.0")),
        "{:?}",
        look.degraded
    );
    assert!(offers.has(session_storage_store_service::NAME));
    let feature = mortise_proto::pb::Feature::EmitStream;
    assert!(!offers.has_feature(event_emitter_service::NAME, feature));
}

/// An abstract socket is an address like others.
#[tokio::test]
async fn an_abstract_socket_is_an_endpoint() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let replicas = Replicas::start(1).await;
    let name = format!("mortise-test-{}", uuid::Uuid::new_v4());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::UnixListener::from_std(listener).unwrap();
    let to = replicas.proxies[0].address();
    let passing = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(to).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
            });
        }
    });
    let endpoint: Endpoint = format!("unix-abstract:{name}").parse().unwrap();
    let mesh = Mesh::new(over(vec![endpoint])).unwrap();
    let (adapter, session_id) = adapter(&mesh).await;
    assert!(failures_of_calls(&adapter, session_id, 8).await.is_empty());
    passing.abort();
}
