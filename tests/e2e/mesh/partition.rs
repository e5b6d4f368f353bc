//! A host and an adapter on machines of their own, between which the network fails.

use crate::host::load::{Api, Load};
use mortise_adapter_client::Endpoint;
use mortise_runtime_host::local::demo;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::fixtures::simulator;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::in_process::mesh;
use mortise_test_support::network::{FAR_ADDRESS, Network};
use mortise_test_support::scenario::host_adapter;
use std::path::Path;
use std::time::Duration;

const PARTED_FOR: Duration = Duration::from_secs(3);

async fn host(network: &Network, endpoint: &Endpoint, folder: &Path) -> HostProcess {
    let config = format!(
        r#"
        [listen]
        grpc = ["unix:{folder}/grpc.sock"]
        http = "unix:{folder}/http.sock"
        [data]
        dir = "{folder}/data"
        [drivers]
        enabled = ["simulator"]
        [capabilities]
        enabled = ["session_file_system", "session_storage", "test_math"]
        [adapters.main]
        endpoint = "{endpoint}"
        # The two machines are one.
        insecure = true
        "#,
        folder = folder.display()
    );
    HostProcess::configured_inside(&network.near, folder, &config).await
}

/// For three seconds every packet between host and adapter is lost, with calls and event
/// streams under way and their TCP connections staying as they are. No turn is lost, none
/// fails, and every event is stored once.
#[tokio::test]
async fn a_partition_loses_no_turn() {
    let Some(network) = Network::make().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let here = AdapterProcess::start(folder.path()).await;
    let (own, _) = host_adapter(&mesh(&here.endpoint)).await;
    let seed = own.test_seed().unwrap();
    demo::put_platform(&seed, simulator()).await.unwrap();
    here.stop().await;
    // Over the same database, on the other machine.
    let listen = format!("{FAR_ADDRESS}:0");
    let server = AdapterProcess::start_inside(&network.far, folder.path(), &listen).await;
    let host = host(&network, &server.endpoint, folder.path()).await;
    let api = Api::at(&host.http);
    api.ready().await;
    let load = Load::start(&api, 8).await;
    load.more(16).await;
    network.part().await;
    tokio::time::sleep(PARTED_FOR).await;
    network.join().await;
    load.more(32).await;
    let ended = load.stop().await;
    server.stop().await;
    let _here = AdapterProcess::start(folder.path()).await;
    assert!(ended.whole(&own).await >= 48);
}
