//! A host and an adapter on machines of their own, between which the network fails.

use crate::host::load::{Api, Load};
use mortise_adapter_client::Endpoint;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::simulator;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::network::{FAR_ADDRESS, Network};
use mortise_test_support::platform::PlatformFile;
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
    let database = Database::Sqlite.at(&folder.path().join("p.db")).await;
    let platform = PlatformFile::with(&simulator());
    platform.import(&database, folder.path()).await;
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
    assert!(load.end().await >= 48);
    server.stop().await;
}
