//! A host under load: many sessions that run one turn after another over HTTP, with a
//! model that takes 200 ms to answer. Beside the turns, what the processes hold in
//! memory, idle and at the most, how long a turn keeps their processors busy, and how long
//! the host takes to start.
//!
//! The model and the callers run here, on the same cores: read the figures as what
//! this machine does with all of it, and compare the rows. The first row is the floor: the
//! same callers ask the model itself. The ratios are to it.
//!
//! `cargo xtask with-postgres -- cargo bench --workspace --bench load -- [SESSIONS [SECONDS]]`

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

mod model;

use everruns_core::ModelWithProvider;
use everruns_core::llm_models::LlmProviderType;
use mortise_runtime_host::local::demo;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::memory::Memory;
use mortise_test_support::scenario::put_demo;
use reqwest::Client;
use serde_json::{Value, json};
use std::ops::Range;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LATENCY: Duration = Duration::from_millis(200);
const SESSIONS: u64 = 200;
const SECONDS: u64 = 60;

/// Before anything is counted: connections are made, and every session has its first
/// turn behind it or begun.
const WARM_UP: Duration = Duration::from_secs(3);

/// The host takes all of them at once.
const MANY_TURNS: [&str; 2] = ["--turns-max", "1000"];

/// For how long the model alone is asked.
const FLOOR_MOST: Duration = Duration::from_secs(5);

const KEY: &str = "sk-load";

const MIB: usize = 1024 * 1024;

/// A host with its storage.
struct TestHost {
    host: HostProcess,
    /// Where the storage is a process of its own.
    adapter: Option<AdapterProcess>,
    started_in: Duration,
    _folder: TempDir,
}

/// What became of the turns.
#[derive(Default)]
struct Turns {
    /// How long each took that ended in the time that counts.
    took: Vec<Duration>,
    /// How many there were in all.
    count: u32,
    /// Answers that were no completed turn.
    failed: Vec<String>,
}

/// How many sessions, and for how long.
#[derive(Clone, Copy)]
struct Load {
    sessions: u64,
    counted: Duration,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let load = Load::asked_for();
    println!(
        "{} sessions, {} s, a model that takes {} ms",
        load.sessions,
        load.counted.as_secs(),
        LATENCY.as_millis()
    );
    print!(
        "{:<18}{:>9}{:>7}{:>8}{:>7}{:>8}",
        "storage", "turns/s", "ratio", "p50 ms", "ratio", "p99 ms"
    );
    print!("{:>8}{:>8}{:>10}", "max ms", "failed", "start ms");
    print!("{:>14}{:>14}", "host MiB", "adapter MiB");
    println!("{:>14}{:>16}", "host ms/turn", "adapter ms/turn");
    let base_url = model::start(LATENCY).await;
    let floor = floor(&base_url, load).await;
    let stage = TestHost::embedded(&base_url).await;
    row("embedded SQLite", stage, load, floor).await;
    for database in Database::ALL {
        if database.is_there() {
            let stage = TestHost::apart(database, &base_url).await;
            row(&format!("adapter, {database:?}"), stage, load, floor).await;
        }
    }
}

/// Turns a second, and how long half of them take at the most, in milliseconds.
#[derive(Clone, Copy)]
struct Pace {
    per_second: f64,
    p50: f64,
}

/// The same callers ask the model itself: no turn can take less. Measures and prints it.
async fn floor(base_url: &str, load: Load) -> Pace {
    let client = Client::new();
    let from = Instant::now() + WARM_UP;
    let counts = from..from + load.counted.min(FLOOR_MOST);
    let counted = counts.end - counts.start;
    let callers = (0..load.sessions).map(|_| {
        let (client, counts) = (client.clone(), counts.clone());
        let url = format!("{base_url}/chat/completions");
        tokio::spawn(async move {
            let mut took = Vec::new();
            while Instant::now() < counts.end {
                let began = Instant::now();
                // The model looks at these bytes alone.
                let asked = client.post(&url).body("{\"stream\":true}").send();
                let answer = asked.await.unwrap().text().await.unwrap();
                assert!(answer.contains("The answer is 42."), "{answer}");
                if counts.contains(&Instant::now()) {
                    took.push(began.elapsed());
                }
            }
            took
        })
    });
    let mut took = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        took.extend(caller.await.unwrap());
    }
    took.sort();
    let pace = Pace::of(&took, counted);
    let p99 = percentile(&took, 99);
    print!("{:<18}{:>9.1}{:>7}", "the model alone", pace.per_second, 1);
    println!("{:>8.0}{:>7}{p99:>8.0}", pace.p50, 1);
    pace
}

// === impl Pace ===

impl Pace {
    /// Of times that are sorted, in a time that was counted.
    fn of(took: &[Duration], counted: Duration) -> Self {
        Self {
            per_second: took.len() as f64 / counted.as_secs_f64(),
            p50: percentile(took, 50),
        }
    }
}

/// Of times that are sorted, in milliseconds.
fn percentile(took: &[Duration], percent: usize) -> f64 {
    let last = took.len().saturating_sub(1);
    let found = took.get(last * percent / 100);
    found.map_or(0.0, Duration::as_secs_f64) * 1e3
}

/// Measures a stage, and prints what came of it.
async fn row(name: &str, stage: TestHost, load: Load, floor: Pace) {
    let memory = [
        Some(stage.host.memory()),
        stage.adapter.as_ref().map(AdapterProcess::memory),
    ];
    let before = memory.each_ref().map(|memory| {
        let memory = memory.as_ref();
        memory.map_or(Duration::ZERO, Memory::processor_time)
    });
    let mut turns = stage.turns(load).await;
    turns.took.sort();
    let ms = |percent: usize| percentile(&turns.took, percent);
    let Pace { per_second, p50 } = Pace::of(&turns.took, load.counted);
    let ratio = per_second / floor.per_second;
    print!("{name:<18}{per_second:>9.1}{ratio:>7.3}");
    print!("{p50:>8.0}{:>7.2}{:>8.0}", p50 / floor.p50, ms(99));
    print!("{:>8.0}{:>8}", ms(100), turns.failed.len());
    print!("{:>10}", stage.started_in.as_millis());
    for memory in &memory {
        let shown = memory.as_ref().map_or("-".into(), |memory| {
            format!("{} to {}", memory.at_first() / MIB, memory.peak() / MIB)
        });
        print!("{shown:>14}");
    }
    for (width, memory, before) in [(14, &memory[0], before[0]), (16, &memory[1], before[1])] {
        let shown = memory.as_ref().map_or("-".into(), |memory| {
            let busy = memory.processor_time() - before;
            format!(
                "{:.1}",
                busy.as_secs_f64() * 1e3 / f64::from(turns.count.max(1))
            )
        });
        print!("{shown:>width$}");
    }
    println!();
    if let Some(first) = turns.failed.first() {
        println!("  the first failure: {first}");
    }
}

// === impl Load ===

impl Load {
    fn asked_for() -> Self {
        // Cargo adds `--bench`.
        let mut numbers = std::env::args().filter_map(|text| text.parse().ok());
        Self {
            sessions: numbers.next().unwrap_or(SESSIONS),
            counted: Duration::from_secs(numbers.next().unwrap_or(SECONDS)),
        }
    }
}

// === impl TestHost ===

impl TestHost {
    async fn embedded(base_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let began = Instant::now();
        let arguments = ["--base-url", base_url, "--model", "slow"];
        let arguments = [&arguments[..], &MANY_TURNS].concat();
        let host = HostProcess::embedded(folder.path(), &arguments, KEY).await;
        Self::ready(host, None, began, folder).await
    }

    async fn apart(database: Database, base_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let adapter = AdapterProcess::start_on(database, folder.path()).await;
        let model = ModelWithProvider {
            model: "slow".into(),
            provider_type: LlmProviderType::OpenaiCompletions,
            api_key: Some(KEY.into()),
            base_url: Some(base_url.into()),
        };
        put_demo(&adapter.endpoint, model).await;
        let began = Instant::now();
        let data = folder.path().join("host");
        let host = HostProcess::start(&adapter.endpoint, &data, &MANY_TURNS).await;
        Self::ready(host, Some(adapter), began, folder).await
    }

    /// Waits until the host says that it is ready.
    async fn ready(
        host: HostProcess,
        adapter: Option<AdapterProcess>,
        began: Instant,
        folder: TempDir,
    ) -> Self {
        host.ready().await;
        Self {
            host,
            adapter,
            started_in: began.elapsed(),
            _folder: folder,
        }
    }

    /// Runs turns in all sessions at once.
    async fn turns(&self, load: Load) -> Turns {
        let client = Client::new();
        let from = Instant::now() + WARM_UP;
        let counts = from..from + load.counted;
        let sessions = (0..load.sessions).map(|_| {
            let sessions = format!("{}/v1/sessions", self.host.http);
            tokio::spawn(one_session(client.clone(), sessions, counts.clone()))
        });
        let mut all = Turns::default();
        for session in sessions.collect::<Vec<_>>() {
            let turns = session.await.unwrap();
            all.took.extend(turns.took);
            all.failed.extend(turns.failed);
            all.count += turns.count;
        }
        all
    }
}

/// Turns of a session one after another, until the time that counts is over.
async fn one_session(client: Client, sessions: String, counts: Range<Instant>) -> Turns {
    let of = json!({ "harness_id": demo::harness_id(), "agent_id": demo::agent_id() });
    let made = client.post(&sessions).json(&of).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    let (url, turn) = (
        format!("{sessions}/{id}/turns"),
        json!({ "text": "What is it?" }),
    );
    let mut turns = Turns::default();
    while Instant::now() < counts.end {
        let began = Instant::now();
        let answer = client.post(&url).json(&turn).send().await.unwrap();
        let status = answer.status();
        let answer = answer.text().await.unwrap();
        turns.count += 1;
        if !(status == 200 && answer.contains("The answer is 42.")) {
            turns.failed.push(format!("{status} {answer}"));
        } else if counts.contains(&Instant::now()) {
            turns.took.push(began.elapsed());
        }
    }
    turns
}
