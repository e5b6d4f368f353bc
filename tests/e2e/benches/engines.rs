//! What keeps the turns of a session apart costs: the same turns of the demo's agent (five
//! model steps, four tools) at a host without leases, with leases, with a journal that hosts
//! share, and with the engine restate, interleaved in one run. Read the ratios.
//!
//! `cargo bench --workspace --bench engines`, with the program of the Restate server in
//! `MORTISE_RESTATE`

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first fault")]

use mortise_adapter_server::{
    AdapterSource, EventStore, McpDirectory, Outage, Scope, SessionFactory, SessionLeases,
    SqlDatabases, StreamingReads, TestSeed, TurnJournals, TurnQueue,
};
use mortise_proto::pb;
use mortise_reference::Reference;
use mortise_runtime_host::local::demo;
use mortise_test_support::fixtures::simulator;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::in_process::{Server, reference, serve};
use mortise_test_support::restate::{RestateServer, Spread, free_ports};
use mortise_test_support::scenario::put_demo;
use reqwest::Client;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;

const ROUNDS: usize = 9;
const TURNS: usize = 12;

/// The reference storage, which may keep its leases to itself.
struct Storage {
    reference: Reference,
    has_leases: bool,
}

/// A host with one of the ways to run turns.
struct Arm {
    name: &'static str,
    host: HostProcess,
    took: Vec<Duration>,
    _storage: Server,
    _folder: TempDir,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let server = RestateServer::start().await;
    let [port] = free_ports().await;
    let spread = Spread::over(vec![port]).await;
    let restate = format!(
        "[turns]\njournal = \"adapter\"\nengine = \"restate\"\n[turns.restate]\n\
         ingress = \"{}\"\nadmin = \"{}\"\nlisten = \"127.0.0.1:{port}\"\nadvertise = \"{}\"\n",
        server.ingress, server.admin, spread.url
    );
    let mut arms = [
        arm("no leases", false, "").await,
        arm("leases", true, "").await,
        arm(
            "leases, shared journal",
            true,
            "[turns]\njournal = \"adapter\"\n",
        )
        .await,
        arm("restate", true, &restate).await,
    ];
    for round in 0..=ROUNDS {
        for arm in &mut arms {
            let took = arm.turns().await;
            if round > 0 {
                arm.took.extend(took);
            }
        }
    }
    println!(
        "{:<24}{:>9}{:>9}{:>20}",
        "turns", "p50 ms", "p99 ms", "over no leases"
    );
    let floor = arms[0].percentile(50);
    for arm in &mut arms {
        let (half, most) = (arm.percentile(50), arm.percentile(99));
        println!(
            "{:<24}{half:>9.1}{most:>9.1}{:>20.2}",
            arm.name,
            half / floor
        );
    }
}

async fn arm(name: &'static str, has_leases: bool, turns: &str) -> Arm {
    let folder = tempfile::tempdir().unwrap();
    let storage = Storage {
        reference: reference(folder.path()).await,
        has_leases,
    };
    let storage = serve(storage).await;
    put_demo(&storage.endpoint, simulator()).await;
    let config = format!(
        r#"[listen]
grpc = ["127.0.0.1:0"]
http = "127.0.0.1:0"
[data]
dir = "data"
[adapters.main]
endpoint = "{}"
[capabilities]
enabled = ["session_file_system", "session_storage", "test_math"]
[drivers]
enabled = ["simulator"]
{turns}"#,
        storage.endpoint
    );
    let log = folder.path().join("host.log");
    let host = HostProcess::configured_logged(folder.path(), &config, &log).await;
    host.ready().await;
    Arm {
        name,
        host,
        took: Vec::new(),
        _storage: storage,
        _folder: folder,
    }
}

// === impl Arm ===

impl Arm {
    /// How long turns take, each the first of its session.
    async fn turns(&self) -> Vec<Duration> {
        let client = Client::new();
        let sessions = format!("{}/v1/sessions", self.host.http);
        let of = json!({ "harness_id": demo::harness_id(), "agent_id": demo::agent_id() });
        let asked = json!({ "text": "What is 12 times 34?" });
        let mut took = Vec::new();
        for _ in 0..TURNS {
            let made = client.post(&sessions).json(&of).send().await.unwrap();
            let made: Value = made.json().await.unwrap();
            let url = format!("{sessions}/{}/turns", made["id"].as_str().unwrap());
            let began = Instant::now();
            let answer = client.post(url).json(&asked).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            took.push(began.elapsed());
            assert_eq!(answer["outcome"], "completed", "{answer}");
        }
        took
    }

    /// In milliseconds.
    fn percentile(&mut self, percent: usize) -> f64 {
        self.took.sort();
        let at = (self.took.len() - 1) * percent / 100;
        self.took[at].as_secs_f64() * 1e3
    }
}

// === impl Storage ===

impl AdapterSource for Storage {
    type Adapter = <Reference as AdapterSource>::Adapter;

    fn adapter(&self, scope: &Scope) -> Self::Adapter {
        self.reference.adapter(scope)
    }

    fn scoping(&self) -> pb::Scoping {
        self.reference.scoping()
    }

    fn remembers_requests(&self) -> bool {
        self.reference.remembers_requests()
    }

    fn outage(&self) -> Option<watch::Receiver<Option<Outage>>> {
        self.reference.outage()
    }

    fn event_store(&self, scope: &Scope) -> Option<Arc<dyn EventStore>> {
        self.reference.event_store(scope)
    }

    fn streaming_reads(&self, scope: &Scope) -> Option<Arc<dyn StreamingReads>> {
        self.reference.streaming_reads(scope)
    }

    fn sql_databases(&self, scope: &Scope) -> Option<Arc<dyn SqlDatabases>> {
        self.reference.sql_databases(scope)
    }

    fn mcp_directory(&self, scope: &Scope) -> Option<Arc<dyn McpDirectory>> {
        self.reference.mcp_directory(scope)
    }

    fn turn_queue(&self, scope: &Scope) -> Option<Arc<dyn TurnQueue>> {
        self.reference.turn_queue(scope)
    }

    fn session_leases(&self, scope: &Scope) -> Option<Arc<dyn SessionLeases>> {
        let leases = self.reference.session_leases(scope)?;
        self.has_leases.then_some(leases)
    }

    fn checks_fences(&self) -> bool {
        self.has_leases
    }

    fn turn_journal(&self, scope: &Scope) -> Option<Arc<dyn TurnJournals>> {
        self.reference.turn_journal(scope)
    }

    fn session_factory(&self, scope: &Scope) -> Option<Arc<dyn SessionFactory>> {
        self.reference.session_factory(scope)
    }

    fn test_seed(&self, scope: &Scope) -> Option<Arc<dyn TestSeed>> {
        self.reference.test_seed(scope)
    }
}
