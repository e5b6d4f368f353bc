//! Calls that reach the server twice.

use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::{Mesh, MeshConfig};
use mortise_adapter_server::{AdapterServer, ListenAddress};
use mortise_proto::rpc::table::event_emitter_service::EMIT;
use mortise_proto::rpc::table::session_storage_store_service::SET_VALUE;
use mortise_test_support::fixtures::said;
use mortise_test_support::http_proxy::{Copies, HttpProxy};
use mortise_test_support::in_process::{reference, serve_at};
use mortise_test_support::scenario::seed;

/// An event that arrives twice at the same time is stored once; a value whose second copy
/// arrives after a later change does not come back.
#[tokio::test]
async fn a_change_that_arrives_twice_happens_once() {
    let folder = tempfile::tempdir().unwrap();
    // With the optional features events would go over a stream.
    let builder = AdapterServer::builder(reference(folder.path()).await).without_features();
    let address = ListenAddress::Unix(folder.path().join("s.sock"));
    let server = serve_at(builder, address, tempfile::tempdir().unwrap()).await;
    let proxy = HttpProxy::before(&server.endpoint, 100).await;
    let mesh = Mesh::new(MeshConfig::single(proxy.endpoint.clone())).unwrap();
    let adapter = mesh.adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;

    proxy.copy(EMIT.method.path, Copies::AtOnce);
    let events = adapter.event_emitter();
    for number in 0..20 {
        events
            .emit(said(session_id, &number.to_string()))
            .await
            .unwrap();
    }
    assert_eq!(proxy.copies_delivered(), 20);
    let log = adapter.event_log().unwrap();
    let stored = log.read(session_id, 0).await.unwrap();
    let of_type = stored
        .iter()
        .filter(|event| event.event_type == "input.message");
    assert_eq!(of_type.count(), 20);

    proxy.copy(SET_VALUE.method.path, Copies::Kept);
    let values = adapter.storage_store().unwrap();
    for value in ["one", "two"] {
        values.set_value(session_id, "a", value).await.unwrap();
    }
    let answers = proxy.deliver_kept().await;
    assert_eq!(answers, ["0", "0"], "the remembered answers");
    let found = values.get_value(session_id, "a").await.unwrap();
    assert_eq!(found.as_deref(), Some("two"));
}
