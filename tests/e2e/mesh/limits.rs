//! Limits of calls: of their number and of their time.

use super::failures_of_calls;
use everruns_core::traits::SessionFileSystem;
use everruns_core::typed_id::OrgId;
use everruns_runtime::RuntimeHostAdapter;
use futures::future::join_all;
use mortise_adapter_client::{AdapterConfig, ConfigError, Endpoint, Mesh, MeshConfig, OrgRoutes};
use mortise_test_support::fault_proxy::Fault;
use mortise_test_support::in_process::{adapter, reference, serve};
use mortise_test_support::replicas::{Replicas, only};
use mortise_test_support::scenario::seed;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Calls beyond the limit of an adapter and its queue are refused at once, with the limit's
/// name; those in the queue are answered.
#[tokio::test]
async fn overload_is_refused_with_the_limits_name() {
    let replicas = Replicas::start(1).await;
    let mut config = replicas.config();
    let own = only(&mut config);
    (own.calls.calls_max, own.calls.queue_max) = (1, 1);
    // The delay of the answers is not silence.
    own.transport.keepalive = None;
    let adapter = Mesh::new(config).unwrap().adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    replicas.set(0, Fault::Delay(Duration::from_millis(200)));
    let failures = failures_of_calls(&adapter, session_id, 3).await;
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert!(failures[0].contains("overloaded"), "{failures:?}");
    assert!(failures[0].contains("`queue_max`"), "{failures:?}");
}

/// An adapter has a deadline of its own, which goes before that of the mesh.
#[tokio::test]
async fn an_adapter_has_its_own_deadline() {
    let replicas = Replicas::start(1).await;
    let mut config = replicas.config();
    let own = only(&mut config);
    own.calls.deadline = Some(Duration::from_millis(300));
    own.transport.keepalive = None;
    let adapter = Mesh::new(config).unwrap().adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    replicas.set(0, Fault::LostReplies);
    let began = Instant::now();
    let failures = failures_of_calls(&adapter, session_id, 1).await;
    assert!(
        failures[0].contains("did not answer within 300 ms"),
        "{failures:?}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "{:?}",
        began.elapsed()
    );
}

/// No call outlives the time of its turn, however long it may be sent again.
#[tokio::test]
async fn no_call_outlives_its_turn() {
    let replicas = Replicas::start(1).await;
    let adapter = replicas.mesh().adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    replicas.set(0, Fault::LostReplies);
    let in_turn = adapter.until(tokio::time::Instant::now() + Duration::from_millis(400));
    let began = Instant::now();
    let failures = failures_of_calls(&in_turn, session_id, 4).await;
    assert!(failures[0].contains("its turn's time"), "{failures:?}");
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

/// An org with routes of its own has its records where they lead, and no other org does.
#[tokio::test]
async fn an_org_is_served_by_its_own_adapter() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let one = serve(reference(folders[0].path()).await).await;
    let other = serve(reference(folders[1].path()).await).await;
    let mut config = MeshConfig::single(one.endpoint.clone());
    let adapters = &mut config.adapters;
    adapters.insert("other".into(), AdapterConfig::new(other.endpoint.clone()));
    let own = OrgRoutes {
        default: Some("other".into()),
        stores: BTreeMap::new(),
    };
    config.routes.orgs.insert(2, own);
    let mesh = Mesh::new(config).unwrap();
    let second = mesh.adapter(2).build().await.unwrap();
    let session_id = seed(&second).await;
    let files = second.file_store();
    files
        .write_file(session_id, "/mine", "x", "text")
        .await
        .unwrap();
    let seen = async |endpoint: &Endpoint| {
        let mesh = Mesh::new(MeshConfig::single(endpoint.clone())).unwrap();
        let direct = mesh.adapter(2).build().await.unwrap();
        let found = direct
            .session_store(2)
            .get_session(session_id)
            .await
            .unwrap();
        found.is_some()
    };
    assert!(seen(&other.endpoint).await);
    assert!(!seen(&one.endpoint).await);
}

/// Calls do not cross a network in clear unless that is meant.
#[tokio::test]
async fn plain_tcp_to_elsewhere_must_be_meant() {
    let mut config = MeshConfig::single("http://storage.example.com:7443".parse().unwrap());
    let refused = Mesh::new(config.clone()).unwrap_err();
    assert!(matches!(refused, ConfigError::Exposed { .. }), "{refused}");
    only(&mut config).is_insecure = true;
    assert!(Mesh::new(config).is_ok());
}

/// A check that fails open counts as allowed when its adapter is away, and one that fails
/// closed is an error: as the table of methods says.
#[tokio::test]
async fn what_becomes_of_a_check_without_its_adapter() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let session_id = seed(&adapter(&server.endpoint).await).await;
    let mut config = MeshConfig::single(server.endpoint.clone());
    let gone: Endpoint = "unix:/nonexistent/limits.sock".parse().unwrap();
    config
        .adapters
        .insert("gone".into(), AdapterConfig::new(gone));
    config.retry_window = Duration::from_millis(100);
    for store in ["outbound_tool_rate_limiter", "budget_checker"] {
        config.routes.stores.insert(store.into(), "gone".into());
    }
    let adapter = Mesh::new(config).unwrap().adapter(1).build().await.unwrap();
    let limiter = adapter.outbound_tool_rate_limiter(1).unwrap();
    let org = OrgId::new();
    let checks = (0..8).map(|_| limiter.check_org(&org));
    let allowed = join_all(checks).await;
    assert!(allowed.iter().all(|allowed| *allowed), "{allowed:?}");
    let budgets = adapter.budget_checker(1, None).unwrap();
    let checked = budgets.check_budgets(&session_id.to_string()).await;
    assert!(checked.is_err());
}
