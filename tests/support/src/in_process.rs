//! Servers in the test's own process, and adapters over them.

use crate::adapter_process::binary;
use crate::database::Database;
use mortise_adapter_client::{AdapterConfig, Endpoint, GrpcHostAdapter, Mesh, MeshConfig, Routes};
use mortise_adapter_server::{AdapterServer, AdapterSource, ListenAddress, Listener};
use mortise_reference::{EncryptionKey, Reference, ReferenceConfig, SqlWorker};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server on a private unix socket or a free port. It stops when it is dropped.
pub struct Server {
    /// Where it listens.
    pub endpoint: Endpoint,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    _folder: TempDir,
}

impl Server {
    /// Stops it, and waits until it has.
    pub async fn stop(self) {
        drop(self.stop);
        self.served.await.unwrap();
    }
}

/// Serves on a private unix socket.
pub async fn serve(source: impl AdapterSource) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let address = ListenAddress::Unix(folder.path().join("a.sock"));
    serve_at(AdapterServer::builder(source), address, folder).await
}

/// Serves on a free TCP port.
pub async fn serve_tcp(source: impl AdapterSource) -> Server {
    let address = "127.0.0.1:0".parse().unwrap();
    serve_at(
        AdapterServer::builder(source),
        address,
        tempfile::tempdir().unwrap(),
    )
    .await
}

/// Serves what was built, at an address.
pub async fn serve_at(server: AdapterServer, address: ListenAddress, folder: TempDir) -> Server {
    serve_on(server, address.bind().await.unwrap(), folder)
}

/// Serves what was built, on a listener.
pub fn serve_on(server: AdapterServer, listener: Listener, folder: TempDir) -> Server {
    let endpoint = listener.endpoint().parse().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        server.serve(listener, stopped).await.unwrap();
    });
    Server {
        endpoint,
        stop,
        served,
        _folder: folder,
    }
}

/// The reference storage in a folder, with a key and the way to seed it.
pub async fn reference(folder: &Path) -> Reference {
    reference_on(Database::Sqlite, folder).await
}

/// The reference storage on a fresh database, with a key and the way to seed it.
pub async fn reference_on(database: Database, folder: &Path) -> Reference {
    reference_with(database, folder, |_config| {}).await
}

/// The same with a configuration that the test changes.
pub async fn reference_with(
    database: Database,
    folder: &Path,
    change: impl FnOnce(&mut ReferenceConfig),
) -> Reference {
    let mut config = ReferenceConfig::new(database.fresh(folder).await);
    config.encryption_key = Some(EncryptionKey::from_bytes([7; 32]));
    config.allow_test_seed = true;
    config.sql_worker = Some(SqlWorker::new(binary("mortise-adapter"), ["sql-worker"]));
    change(&mut config);
    Reference::open(config).await.unwrap()
}

/// A mesh of one adapter.
pub fn mesh(endpoint: &Endpoint) -> Mesh {
    Mesh::new(MeshConfig::single(endpoint.clone())).unwrap()
}

/// A mesh that waits for a server which is started again on a busy machine.
pub fn patient_mesh(endpoint: &Endpoint) -> Mesh {
    let mut config = MeshConfig::single(endpoint.clone());
    config.retry_window = Duration::from_secs(60);
    Mesh::new(config).unwrap()
}

/// A mesh whose failures come soon.
pub fn impatient_mesh(endpoint: &Endpoint) -> Mesh {
    let mut config = MeshConfig::single(endpoint.clone());
    config.retry_window = Duration::ZERO;
    Mesh::new(config).unwrap()
}

/// The adapter of org 1 over one server.
pub async fn adapter(endpoint: &Endpoint) -> GrpcHostAdapter {
    mesh(endpoint).adapter(1).build().await.unwrap()
}

/// A mesh of two adapters, `one` by default and `other` for the stores named.
pub fn split_mesh(one: &Endpoint, other: &Endpoint, stores: &[&str]) -> Mesh {
    let mut config = MeshConfig::single(one.clone());
    let adapter = |endpoint: &Endpoint| AdapterConfig::new(endpoint.clone());
    config.adapters = BTreeMap::from([
        ("one".to_string(), adapter(one)),
        ("other".to_string(), adapter(other)),
    ]);
    config.routes = Routes {
        default: "one".into(),
        stores: stores
            .iter()
            .map(|store| ((*store).to_string(), "other".to_string()))
            .collect(),
        ..Routes::default()
    };
    Mesh::new(config).unwrap()
}
