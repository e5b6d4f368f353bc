//! `mortise-host mesh`.

use mortise_test_support::adapter_process::{AdapterProcess, host};
use mortise_test_support::host_process::HostProcess;
use std::fs;
use tokio::time::{Duration, sleep};

/// The table of a running host names every endpoint and its state, and the exit code says
/// whether all is well. Without a host the adapters of a file are asked directly.
#[tokio::test]
async fn the_mesh_is_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = AdapterProcess::start(folder.path()).await;
    let config = format!(
        "[listen]\ngrpc = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n\
         [data]\ndir = \"{}\"\n\
         [adapters.main]\nendpoints = [\"{}\", \"unix:/nonexistent/a.sock\"]\n",
        folder.path().join("data").display(),
        adapter.endpoint,
    );
    let served = HostProcess::configured(folder.path(), &config).await;
    let admin = format!(
        "http://{}",
        served.address("admin").trim_start_matches("http://")
    );
    let shown = async {
        loop {
            let shown = host(&["mesh", "show", "--admin", &admin]).await;
            if shown.code == 0 && shown.stdout.contains("away") {
                return shown.stdout;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let shown = tokio::time::timeout(Duration::from_secs(60), shown)
        .await
        .unwrap();
    let there = adapter.endpoint.to_string();
    for part in [
        "ADAPTER",
        "ready",
        &there,
        "unix:/nonexistent/a.sock",
        "main serves ",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let file = folder.path().join("probe.toml");
    fs::write(&file, &config).unwrap();
    let probed = host(&["mesh", "probe", file.to_str().unwrap()]).await;
    assert_eq!(probed.code, 0, "{}{}", probed.stdout, probed.stderr);
    assert!(
        probed.stdout.contains("mortise-adapter"),
        "{}",
        probed.stdout
    );
    adapter.stop().await;
    let probed = host(&["mesh", "probe", file.to_str().unwrap()]).await;
    assert_eq!(probed.code, 1, "{}{}", probed.stdout, probed.stderr);
}

/// What is exported is JSON for every format.
#[tokio::test]
async fn every_format_is_exported() {
    for format in ["service-config", "envoy", "grpcroute", "istio"] {
        let exported = host(&["mesh", "export", "--format", format]).await;
        assert_eq!(exported.code, 0, "{format}: {}", exported.stderr);
        let value: serde_json::Value = serde_json::from_str(&exported.stdout).unwrap();
        assert!(value.is_object(), "{format}");
    }
}
