//! What a source of one's own says of its storage.

use mortise_adapter_client::ConnectError;
use mortise_adapter_server::reference::{Reference, ScopedReference};
use mortise_adapter_server::{AdapterSource, Outage, Scope};
use mortise_proto::pb;
use mortise_test_support::in_process::{mesh, reference, serve_tcp};
use std::time::Duration;
use tokio::sync::watch;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

struct Troubled {
    storage: Reference,
    outage: watch::Receiver<Option<Outage>>,
}

impl AdapterSource for Troubled {
    type Adapter = ScopedReference;

    fn adapter(&self, scope: &Scope) -> ScopedReference {
        self.storage.adapter(scope)
    }

    fn scoping(&self) -> pb::Scoping {
        pb::Scoping::PerOrg
    }

    fn outage(&self) -> Option<watch::Receiver<Option<Outage>>> {
        Some(self.outage.clone())
    }
}

/// Health, handshake and probe follow what the source says, both ways, and a host that
/// connects meanwhile still gets its adapter.
#[tokio::test]
async fn an_outage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (trouble, outage) = watch::channel(None);
    let storage = reference(folder.path()).await;
    let server = serve_tcp(Troubled { storage, outage }).await;
    let mesh = mesh(&server.endpoint);
    let within = Duration::from_secs(30);
    mesh.probe(1, within).await.unwrap();
    let channel = Channel::from_shared(server.endpoint.to_string()).unwrap();
    let health = HealthClient::new(channel.connect().await.unwrap());
    let until = async |expected: ServingStatus| {
        let mut health = health.clone();
        let request = HealthCheckRequest {
            service: "mortise.adapter.v1.EventEmitterService".into(),
        };
        while health
            .check(request.clone())
            .await
            .unwrap()
            .into_inner()
            .status()
            != expected
        {}
    };
    until(ServingStatus::Serving).await;
    let reason = "the tape is at its end (code 7)".to_string();
    trouble.send_replace(Some(Outage { reason }));
    until(ServingStatus::NotServing).await;
    let error = mesh.probe(1, within).await.unwrap_err();
    assert!(matches!(error, ConnectError::Outage { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("the tape is at its end (code 7)"),
        "{error}"
    );
    mesh.adapter(1).build().await.unwrap();
    trouble.send_replace(None);
    until(ServingStatus::Serving).await;
    mesh.probe(1, within).await.unwrap();
}
