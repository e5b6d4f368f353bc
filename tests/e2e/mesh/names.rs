//! Names whose addresses change.

use super::failures_of_calls;
use futures::FutureExt;
use futures::future::BoxFuture;
use mortise_adapter_client::{Endpoint, Mesh, Resolve, Resolver};
use mortise_test_support::fault_proxy::Fault;
use mortise_test_support::replicas::{Replicas, over};
use mortise_test_support::scenario::seed;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Names as a test says they are.
#[derive(Debug, Clone, Default)]
struct Names(Arc<Mutex<Vec<SocketAddr>>>);

impl Names {
    fn set(&self, addresses: Vec<SocketAddr>) {
        *self.0.lock().unwrap() = addresses;
    }
}

impl Resolve for Names {
    fn addresses<'a>(
        &'a self,
        _host: &'a str,
        _port: u16,
    ) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let found = self.0.lock().unwrap().clone();
        std::future::ready(Ok(found)).boxed()
    }
}

fn named(names: &Names) -> Mesh {
    let endpoint: Endpoint = "dns:///storage.test:7443".parse().unwrap();
    let mut config = over(vec![endpoint]);
    config.resolver = Resolver::new(names.clone());
    let adapter = config.adapters.get_mut("default").unwrap();
    // The proxies listen on this machine.
    adapter.is_insecure = true;
    Mesh::new(config).unwrap()
}

/// Every address of a name is an endpoint. When the servers behind it are replaced, calls go
/// on at the new ones within seconds and none fails.
#[tokio::test]
async fn a_name_leads_to_its_new_addresses() {
    let replicas = Replicas::start(4).await;
    let at = |numbers: &[usize]| {
        let addresses = numbers
            .iter()
            .map(|number| replicas.proxies[*number].address());
        addresses.collect::<Vec<_>>()
    };
    let names = Names::default();
    names.set(at(&[0, 1]));
    let mesh = named(&names);
    let adapter = mesh.adapter(1).build().await.unwrap();
    let session_id = seed(&adapter).await;
    assert_eq!(mesh.adapters()[0].endpoints.len(), 2);
    names.set(at(&[2, 3]));
    replicas.set(0, Fault::Reset);
    replicas.set(1, Fault::Reset);
    let began = Instant::now();
    let failures = failures_of_calls(&adapter, session_id, 64).await;
    assert!(failures.is_empty(), "{failures:?}");
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    let endpoints = mesh.adapters().remove(0).endpoints;
    let expected = format!("storage.test@{}", at(&[2])[0]);
    assert!(
        endpoints.iter().any(|one| one.address == expected),
        "{endpoints:?}"
    );
}

/// A name without any address is told, and its adapter is found when there is one.
#[tokio::test]
async fn a_name_without_addresses_is_told() {
    let replicas = Replicas::start(1).await;
    let names = Names::default();
    let mesh = named(&names);
    let error = mesh.adapter(1).build().await.unwrap_err().to_string();
    assert!(error.contains("`storage.test` has no address"), "{error}");
    names.set(vec![replicas.proxies[0].address()]);
    let build = async {
        loop {
            if let Ok(adapter) = mesh.adapter(1).build().await {
                return adapter;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let waiting = tokio::time::timeout(Duration::from_secs(60), build);
    assert!(waiting.await.is_ok());
}
