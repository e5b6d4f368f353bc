//! What a source of one's own says of its storage.

use mortise_adapter_client::AdapterStatus;
use mortise_adapter_server::{AdapterSource, Outage, Scope};
use mortise_proto::pb;
use mortise_reference::{Reference, ScopedReference};
use mortise_test_support::in_process::{mesh, reference, serve_tcp};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

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

/// Health and handshake follow what the source says, both ways, a host hears the reason, and
/// one that connects meanwhile still gets its adapter.
#[tokio::test]
async fn an_outage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (trouble, outage) = watch::channel(None);
    let storage = reference(folder.path()).await;
    let server = serve_tcp(Troubled { storage, outage }).await;
    let mesh = mesh(&server.endpoint);
    let watched = mesh.clone();
    let _watch = AbortOnDropHandle::new(tokio::spawn(async move { watched.watch_health().await }));
    let mut changes = mesh.health_changes();
    let mut until = async |outage: Option<&str>| {
        let as_expected = |_: &u64| {
            let adapters = mesh.adapters();
            let told = adapters.iter().find_map(AdapterStatus::not_serving);
            match outage {
                Some(reason) => told.is_some_and(|told| told.contains(reason)),
                None => told.is_none(),
            }
        };
        changes.wait_for(as_expected).await.unwrap();
    };
    until(None).await;
    let reason = "the tape is at its end (code 7)";
    trouble.send_replace(Some(Outage {
        reason: reason.into(),
    }));
    until(Some(reason)).await;
    mesh.adapter(1).build().await.unwrap();
    trouble.send_replace(None);
    until(None).await;
}
