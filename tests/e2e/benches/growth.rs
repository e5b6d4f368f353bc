//! How a session grows: the demo turn (five model steps, four tools) again and again in one
//! session. A turn should take the time, the bytes on the wire and the space of the turns
//! before it. Beside it the same with nothing kept of the session between the steps
//! (`session_memory` of zero), where each step brings the whole history, and as the floor
//! the upstream runtime alone, with its stores in memory: what it does with a history is in
//! every turn.
//!
//! `cargo bench --workspace --bench growth -- 120`, with the number of turns.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

use everruns_core::PlatformDefinition;
use everruns_core::llm_driver_registry::DriverRegistry;
use everruns_runtime::{InProcessRuntimeBuilder, RuntimeHostAdapter};
use mortise_adapter_client::{GrpcHostAdapter, Mesh, MeshConfig};
use mortise_adapter_server::{AdapterServer, ListenAddress};
use mortise_runtime_host::local::demo;
use mortise_runtime_host::registry;
use mortise_test_support::fixtures::simulator;
use mortise_test_support::in_process::{reference, serve_at};
use mortise_test_support::memory::Memory;
use mortise_test_support::scenario::{ask, seed};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

const TURNS: usize = 120;

/// Turns that a time is the median of.
const WINDOW: usize = 5;

/// How long turns take, and how long they keep processors busy.
#[derive(Default)]
struct Turns {
    took: Vec<Duration>,
    busy: Vec<Duration>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let number = std::env::args().find_map(|argument| argument.parse().ok());
    let turns: usize = number.unwrap_or(TURNS);
    tokio::spawn(measure(turns)).await.unwrap();
}

async fn measure(turns: usize) {
    let floor = alone(turns).await;
    for (name, kept) in [("what is new is sent", true), ("nothing is kept", false)] {
        println!("{name}");
        let took = grow(turns, kept).await;
        println!(
            "  the last turns take {:.2} times as long as turn 10, and {:.1} times as long as upstream alone\n",
            took.growth(),
            p50(&took.took).as_secs_f64() / p50(&floor.took).as_secs_f64()
        );
    }
}

/// The upstream runtime in one process, without Mortise.
async fn alone(turns: usize) -> Turns {
    let now = chrono::Utc::now();
    let session = demo::session(1, now);
    let session_id = session.id;
    let platform = PlatformDefinition::new(
        registry::capabilities(demo::CAPABILITIES).unwrap(),
        drivers(),
    );
    let runtime = InProcessRuntimeBuilder::new()
        .platform_definition(platform)
        .default_model(simulator())
        .harness(demo::harness(now))
        .agent(demo::agent(now))
        .session(session);
    let runtime = runtime.build().await.unwrap();
    println!("upstream alone");
    println!("{:<8}{:>9}{:>9}", "turn", "p50 ms", "CPU ms");
    let mut all = Turns::default();
    for turn in 1..=turns {
        let turn_began = Turn::begin();
        let end = runtime
            .run_text_turn(session_id, "What is 12 times 34?")
            .await;
        assert!(end.unwrap().success);
        turn_began.end(&mut all);
        if is_shown(turn, turns) {
            println!("{turn:<8}{:>9.1}{:>9.1}", ms(&all.took), ms(&all.busy));
        }
    }
    println!(
        "  the last turns take {:.2} times as long as turn 10\n",
        all.growth()
    );
    all
}

/// Prints how a session grows.
async fn grow(turns: usize, kept: bool) -> Turns {
    let folder = tempfile::tempdir().unwrap();
    let server = AdapterServer::builder(reference(folder.path()).await);
    let socket = ListenAddress::Unix(folder.path().join("s.sock"));
    let server = serve_at(server, socket, tempfile::tempdir().unwrap()).await;
    let mut config = MeshConfig::single(server.endpoint.clone());
    config.runtime = Some(Handle::current());
    if !kept {
        config.session_memory_bytes = 0;
    }
    let mesh = Mesh::new(config).unwrap();
    let adapter = adapter(&mesh).await;
    let session_id = seed(&adapter).await;
    println!(
        "{:<8}{:>9}{:>9}{:>10}{:>10}{:>14}{:>14}",
        "turn", "p50 ms", "CPU ms", "calls", "messages", "wire KiB", "database KiB"
    );
    let mut all = Turns::default();
    let mut wire = (0, 0);
    for turn in 1..=turns {
        let turn_began = Turn::begin();
        ask(&adapter, session_id, "What is 12 times 34?").await;
        turn_began.end(&mut all);
        let so_far = crossed(&mesh);
        if is_shown(turn, turns) {
            let messages = adapter.message_store().count(session_id).await.unwrap();
            let database = kib(&folder.path().join("t.db")) + kib(&folder.path().join("t.db-wal"));
            println!(
                "{turn:<8}{:>9.1}{:>9.1}{:>10}{messages:>10}{:>14}{database:>14}",
                ms(&all.took),
                ms(&all.busy),
                so_far.0 - wire.0,
                (so_far.1 - wire.1) / 1024,
            );
        }
        wire = crossed(&mesh);
    }
    println!("  {} KiB crossed the wire", wire.1 / 1024);
    all
}

fn is_shown(turn: usize, turns: usize) -> bool {
    turn == turns || [1, 10, 100, 1000].contains(&turn)
}

/// A turn that is under way.
struct Turn {
    began: Instant,
    memory: Memory,
    busy: Duration,
}

// === impl Turn ===

impl Turn {
    fn begin() -> Self {
        let memory = Memory::own();
        Self {
            busy: memory.processor_time(),
            memory,
            began: Instant::now(),
        }
    }

    fn end(self, turns: &mut Turns) {
        turns.took.push(self.began.elapsed());
        turns.busy.push(self.memory.processor_time() - self.busy);
    }
}

// === impl Turns ===

impl Turns {
    /// The last turns over turn 10.
    fn growth(&self) -> f64 {
        let tenth = self.took.get(..10).unwrap_or(&self.took);
        p50(&self.took).as_secs_f64() / p50(tenth).as_secs_f64()
    }
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
    let adapter = mesh
        .adapter(1)
        .capability_registry(registry::capabilities(demo::CAPABILITIES).unwrap())
        .driver_registry(drivers());
    adapter.build().await.unwrap()
}

fn drivers() -> DriverRegistry {
    registry::drivers(
        &[registry::Driver::Simulator],
        registry::DriverOptions::default(),
    )
}

fn ms(times: &[Duration]) -> f64 {
    p50(times).as_secs_f64() * 1e3
}

fn p50(times: &[Duration]) -> Duration {
    let mut last: Vec<_> = times.iter().rev().take(WINDOW).collect();
    last.sort();
    *last[last.len() / 2]
}

fn kib(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |file| file.len() / 1024)
}
