//! What a scrape says of a turn's calls.

use mortise_runtime_host::engine::TurnEnd;
use mortise_runtime_host::metrics::HostMetrics;
use mortise_test_support::in_process::{impatient_mesh, mesh, reference, serve};
use mortise_test_support::scenario::{ask, host_adapter, seed};

/// Calls are counted by adapter, store, method and code, each once and in one bucket.
#[tokio::test]
async fn calls_are_counted_by_adapter_store_method_and_code() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(reference(folder.path()).await).await;
    let mesh = mesh(&server.endpoint);
    let metrics = HostMetrics::default();
    metrics.watch(&mesh);
    let (adapter, _seen) = host_adapter(&mesh).await;
    let session_id = seed(&adapter).await;
    assert_eq!(
        ask(&adapter, session_id, "What is 6 times 7?").await,
        TurnEnd::Completed
    );
    let text = metrics.encode();
    let value = |series: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(series));
        let value = line.unwrap_or_else(|| panic!("{series} is missing:\n{text}"));
        value.trim().parse::<f64>().unwrap()
    };
    let labels = "adapter=\"default\",store=\"EventEmitter\",method=\"EmitStream\"";
    let events = value(&format!("mortise_rpcs_total{{{labels},code=\"Ok\"}}"));
    assert!(events > 10.0, "{events}");
    let counted = value(&format!("mortise_rpc_duration_seconds_count{{{labels}}}"));
    let all = value(&format!(
        "mortise_rpc_duration_seconds_bucket{{{labels},le=\"+Inf\"}}"
    ));
    assert_eq!((counted, all), (events, events));
    assert!(value(&format!("mortise_rpc_sent_bytes_total{{{labels}}}")) > 1000.0);
    assert!(value("mortise_process_resident_memory_bytes") > 1e6);

    // Another mesh takes the place of the one before.
    metrics.watch(&impatient_mesh(&server.endpoint));
    assert!(!metrics.encode().contains("mortise_rpcs_total{"));
}
