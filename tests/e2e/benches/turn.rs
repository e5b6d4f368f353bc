//! What the turn-aware data path is worth: the demo turn (five model steps, four
//! tools) against one server with and without the optional features, interleaved in
//! one run. Read the ratios; the milliseconds are this machine's.
//!
//! `cargo bench --workspace --bench turn`

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::{GrpcHostAdapter, Mesh};
use mortise_adapter_server::{AdapterServer, ListenAddress};
use mortise_test_support::in_process::{Server, mesh, reference, serve_at};
use mortise_test_support::scenario::{ask, host_adapter, seed};
use std::path::Path;
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;
const TURNS: usize = 15;

struct Arm {
    name: &'static str,
    adapter: GrpcHostAdapter,
    mesh: Mesh,
    turns: Vec<Duration>,
    _server: Server,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let mut arms = vec![
        arm("with features", folder.path(), true).await,
        arm("plain methods", folder.path(), false).await,
    ];
    for round in 0..=ROUNDS {
        for arm in &mut arms {
            for _ in 0..TURNS {
                let session_id = seed(&arm.adapter).await;
                let started = Instant::now();
                ask(&arm.adapter, session_id, "What is 12 times 34?").await;
                if round > 0 {
                    arm.turns.push(started.elapsed());
                }
            }
        }
    }
    let turns = (ROUNDS + 1) * TURNS;
    // Before the floor makes calls of its own.
    let counted: Vec<_> = arms.iter().map(|arm| calls(&arm.mesh)).collect();
    let floor = floor(&arms[0].adapter).await.as_secs_f64() * 1e3;
    println!("one read (GetSession), the floor, p50: {floor:.3} ms");
    println!(
        "{:<16}{:>10}{:>10}{:>10}{:>14}{:>14}",
        "arm", "p50 ms", "p99 ms", "p50/floor", "round trips", "streamed"
    );
    for (arm, (calls, streamed)) in arms.iter_mut().zip(counted) {
        arm.turns.sort();
        println!(
            "{:<16}{:>10.2}{:>10.2}{:>10.1}{:>14.1}{:>14.1}",
            arm.name,
            ms(&arm.turns, 50),
            ms(&arm.turns, 99),
            ms(&arm.turns, 50) / floor,
            calls as f64 / turns as f64,
            streamed as f64 / turns as f64
        );
    }
    println!(
        "plain / with features: {:.2} times the latency",
        ms(&arms[1].turns, 50) / ms(&arms[0].turns, 50)
    );
}

async fn arm(name: &'static str, folder: &Path, features: bool) -> Arm {
    let folder = folder.join(name);
    std::fs::create_dir(&folder).unwrap();
    let server = AdapterServer::builder(reference(&folder).await);
    let server = if features {
        server
    } else {
        server.without_features()
    };
    let socket = ListenAddress::Unix(folder.join("s.sock"));
    let server = serve_at(server, socket, tempfile::tempdir().unwrap()).await;
    let mesh = mesh(&server.endpoint);
    let (adapter, _seen) = host_adapter(&mesh).await;
    Arm {
        name,
        adapter,
        mesh,
        turns: Vec::new(),
        _server: server,
    }
}

/// Awaited calls of turns (without those that set a session up), and events that
/// went on streams.
fn calls(mesh: &Mesh) -> (u64, u64) {
    let count = |keep: &dyn Fn(&str) -> bool| -> u64 {
        let stats = mesh.stats();
        stats
            .iter()
            .filter(|stats| keep(stats.method.short_name()))
            .map(|stats| stats.calls)
            .sum()
    };
    let streamed = |name: &str| name.ends_with("/EmitStream");
    let seeding = |name: &str| name.starts_with("TestSeedService");
    (
        count(&|name| !streamed(name) && !seeding(name)),
        count(&streamed),
    )
}

async fn floor(adapter: &GrpcHostAdapter) -> Duration {
    let session_id = seed(adapter).await;
    let store = adapter.session_store(1);
    let mut times = Vec::new();
    for _ in 0..500 {
        let started = Instant::now();
        store.get_session(session_id).await.unwrap();
        times.push(started.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

fn ms(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e3
}
