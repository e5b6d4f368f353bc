//! How a session grows: the demo turn (five model steps, four tools) again and again in one
//! session, each step with the whole history before it. A turn should take the time and the
//! space of the turns before it.
//!
//! `cargo bench --workspace --bench growth -- 120`, with the number of turns.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::GrpcHostAdapter;
use mortise_adapter_server::{AdapterServer, ListenAddress};
use mortise_runtime_host::local::demo;
use mortise_runtime_host::registry;
use mortise_test_support::in_process::{mesh, reference, serve_at};
use mortise_test_support::scenario::{ask, seed};
use std::path::Path;
use std::time::{Duration, Instant};

const TURNS: usize = 120;

/// Turns that a row is the median of.
const WINDOW: usize = 5;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let number = std::env::args().find_map(|argument| argument.parse().ok());
    let turns: usize = number.unwrap_or(TURNS);
    let folder = tempfile::tempdir().unwrap();
    let server = AdapterServer::builder(reference(folder.path()).await);
    let socket = ListenAddress::Unix(folder.path().join("s.sock"));
    let server = serve_at(server, socket, tempfile::tempdir().unwrap()).await;
    let adapter = adapter(&mesh(&server.endpoint)).await;
    let session_id = seed(&adapter).await;
    println!(
        "{:<8}{:>12}{:>12}{:>14}{:>12}",
        "turn", "p50 ms", "messages", "database KiB", "log KiB"
    );
    let mut times = Vec::new();
    for turn in 1..=turns {
        let started = Instant::now();
        ask(&adapter, session_id, "What is 12 times 34?").await;
        times.push(started.elapsed());
        if turn == turns || [1, 10, 100, 1000].contains(&turn) {
            let messages = adapter.message_store().count(session_id).await.unwrap();
            println!(
                "{turn:<8}{:>12.1}{messages:>12}{:>14}{:>12}",
                p50(&times).as_secs_f64() * 1e3,
                kib(&folder.path().join("t.db")),
                kib(&folder.path().join("t.db-wal")),
            );
        }
    }
}

/// One that keeps no events: they would grow as the session does.
async fn adapter(mesh: &mortise_adapter_client::Mesh) -> GrpcHostAdapter {
    let drivers = registry::drivers(
        &[registry::Driver::Simulator],
        registry::DriverOptions::default(),
    );
    let adapter = mesh
        .adapter(1)
        .capability_registry(registry::capabilities(demo::CAPABILITIES).unwrap())
        .driver_registry(drivers);
    adapter.build().await.unwrap()
}

fn p50(times: &[Duration]) -> Duration {
    let mut last: Vec<_> = times.iter().rev().take(WINDOW).collect();
    last.sort();
    *last[last.len() / 2]
}

fn kib(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| file.len() / 1024)
}
