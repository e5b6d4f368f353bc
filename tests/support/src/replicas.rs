//! One adapter of several servers that are alike: all over one storage, each behind a proxy
//! that a test may break.

use crate::database::Database;
use crate::fault_proxy::{Fault, FaultProxy};
use crate::in_process::{Server, reference_on, serve};
use mortise_adapter_client::{AdapterConfig, Endpoint, Keepalive, Mesh, MeshConfig};
use mortise_reference::Reference;
use std::time::Duration;
use tempfile::TempDir;

/// The servers and their proxies.
pub struct Replicas {
    /// In front of each server.
    pub proxies: Vec<FaultProxy>,
    /// What all of them serve.
    pub storage: Reference,
    _servers: Vec<Server>,
    _folder: TempDir,
}

impl Replicas {
    /// So many on SQLite.
    pub async fn start(count: usize) -> Self {
        Self::start_on(Database::Sqlite, count).await
    }

    /// So many on a fresh database.
    pub async fn start_on(database: Database, count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = reference_on(database, folder.path()).await;
        let (mut proxies, mut servers) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let server = serve(storage.clone()).await;
            proxies.push(FaultProxy::before(&server.endpoint).await);
            servers.push(server);
        }
        Self {
            proxies,
            storage,
            _servers: servers,
            _folder: folder,
        }
    }

    /// Where the proxies listen.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let proxies = self.proxies.iter();
        proxies.map(|proxy| proxy.endpoint.clone()).collect()
    }

    /// A mesh over all of them that notices a silent connection soon.
    pub fn config(&self) -> MeshConfig {
        over(self.endpoints())
    }

    /// The same, made.
    pub fn mesh(&self) -> Mesh {
        Mesh::new(self.config()).unwrap()
    }

    /// From now on, at one of them.
    pub fn set(&self, number: usize, fault: Fault) {
        self.proxies[number].set(fault);
    }
}

/// One adapter at these endpoints.
pub fn over(endpoints: Vec<Endpoint>) -> MeshConfig {
    let mut config = MeshConfig::single(endpoints[0].clone());
    let mut adapter = AdapterConfig::new(endpoints[0].clone());
    adapter.endpoints = endpoints;
    adapter.transport.keepalive = Some(Keepalive {
        interval: Duration::from_millis(300),
        timeout: Duration::from_millis(300),
    });
    config.adapters.insert("default".into(), adapter);
    config
}

/// The adapter of a configuration that has one.
pub fn only(config: &mut MeshConfig) -> &mut AdapterConfig {
    config.adapters.get_mut("default").unwrap()
}
