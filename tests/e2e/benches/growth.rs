//! How a session grows: the demo turn (five model steps, four tools) again and again in one
//! session. A turn should take the time, the bytes on the wire and the space of the turns
//! before it. Beside it the same with nothing kept of the session between the steps
//! (`session_memory` of zero), where each step brings the whole history.
//!
//! `cargo bench --workspace --bench growth -- 120`, with the number of turns.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::{GrpcHostAdapter, Mesh, MeshConfig};
use mortise_adapter_server::{AdapterServer, ListenAddress};
use mortise_runtime_host::local::demo;
use mortise_runtime_host::registry;
use mortise_test_support::in_process::{reference, serve_at};
use mortise_test_support::scenario::{ask, seed};
use std::path::Path;
use std::time::{Duration, Instant};

const TURNS: usize = 120;

/// Turns that a time is the median of.
const WINDOW: usize = 5;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let number = std::env::args().find_map(|argument| argument.parse().ok());
    let turns: usize = number.unwrap_or(TURNS);
    for (name, kept) in [("what is new is sent", true), ("nothing is kept", false)] {
        println!("{name}");
        let ratio = grow(turns, kept).await;
        println!("  the last turns take {ratio:.2} times as long as turn 10\n");
    }
}

/// Prints how a session grows; the time of the last turns as a ratio to that of turn 10.
async fn grow(turns: usize, kept: bool) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let server = AdapterServer::builder(reference(folder.path()).await);
    let socket = ListenAddress::Unix(folder.path().join("s.sock"));
    let server = serve_at(server, socket, tempfile::tempdir().unwrap()).await;
    let mut config = MeshConfig::single(server.endpoint.clone());
    if !kept {
        config.session_memory_bytes = 0;
    }
    let mesh = Mesh::new(config).unwrap();
    let adapter = adapter(&mesh).await;
    let session_id = seed(&adapter).await;
    println!(
        "{:<8}{:>9}{:>10}{:>10}{:>14}{:>14}",
        "turn", "p50 ms", "calls", "messages", "wire KiB", "database KiB"
    );
    let (mut times, mut tenth) = (Vec::new(), None);
    let mut wire = (0, 0);
    for turn in 1..=turns {
        let started = Instant::now();
        ask(&adapter, session_id, "What is 12 times 34?").await;
        times.push(started.elapsed());
        if turn == 10 {
            tenth = Some(p50(&times));
        }
        let so_far = crossed(&mesh);
        if turn == turns || [1, 10, 100, 1000].contains(&turn) {
            let messages = adapter.message_store().count(session_id).await.unwrap();
            let database = kib(&folder.path().join("t.db")) + kib(&folder.path().join("t.db-wal"));
            println!(
                "{turn:<8}{:>9.1}{:>10}{messages:>10}{:>14}{database:>14}",
                p50(&times).as_secs_f64() * 1e3,
                so_far.0 - wire.0,
                (so_far.1 - wire.1) / 1024,
            );
        }
        wire = crossed(&mesh);
    }
    println!("  {} KiB crossed the wire", wire.1 / 1024);
    let first = tenth.unwrap_or_else(|| p50(&times));
    p50(&times).as_secs_f64() / first.as_secs_f64()
}

/// Calls and events, and their bytes both ways.
fn crossed(mesh: &Mesh) -> (u64, u64) {
    let stats = mesh.stats();
    let calls = stats.iter().map(|stats| stats.calls).sum();
    let bytes = stats
        .iter()
        .map(|stats| stats.bytes_sent + stats.bytes_received);
    (calls, bytes.sum())
}

/// One that keeps no events: they would grow as the session does.
async fn adapter(mesh: &Mesh) -> GrpcHostAdapter {
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
