//! Several hosts over one adapter, with one of the engines, whose agents have a tool that
//! does something outside each time it runs.

use crate::host::test_host::played;
use mortise_adapter_client::Endpoint;
use mortise_runtime_host::local::demo;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::fake_mcp::{FakeMcp, LEDGER};
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::in_process::{Server, reference_with, serve};
use mortise_test_support::platform::PlatformFile;
use mortise_test_support::restate::{RestateServer, Spread, free_ports};
use reqwest::Client;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::watch;

/// The name that the model has for the tool.
pub const TOOL: &str = "mcp_ledger__enter";

/// What runs the turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Local,
    Restate,
}

/// Everything that is raced on.
pub struct Field {
    /// What the tool has done.
    pub ledger: Arc<FakeMcp>,
    pub hosts: Vec<Place>,
    /// The way of a Restate server to the hosts, and their ports.
    pub way: Option<(Spread, Vec<u16>)>,
    pub server: Option<RestateServer>,
    _adapter: AdapterProcess,
    _outside: Server,
    folder: Option<TempDir>,
}

/// A host that comes back with its name and its folder.
pub struct Place {
    process: HostProcess,
    folder: PathBuf,
    config: String,
    starts: usize,
    http: watch::Sender<String>,
}

// === impl Field ===

impl Field {
    /// So many hosts, whose leases run for so many seconds.
    pub async fn start(
        engine: Engine,
        database: Database,
        fake: &FakeOpenAi,
        hosts: usize,
        ttl: u32,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = database.at(&folder.path().join("p.db")).await;
        let platform = PlatformFile::with(&played(fake));
        platform.import(&url, folder.path()).await;
        let adapter = AdapterProcess::start_unseeded(database, folder.path(), &[]).await;
        let ledger = Arc::new(FakeMcp::default());
        let beside = made(folder.path(), "outside");
        let outside = reference_with(Database::Sqlite, &beside, |config| {
            config.egress_service = Some(ledger.clone());
        });
        let outside = serve(outside.await).await;
        let mut field = Self {
            ledger,
            hosts: Vec::new(),
            way: None,
            server: None,
            _adapter: adapter,
            _outside: outside,
            folder: Some(folder),
        };
        let tables = field.engine(engine, hosts).await;
        for (number, table) in tables.into_iter().enumerate() {
            let folder = made(field.path(), &format!("host-{number}"));
            let config = config(&field._adapter.endpoint, &field._outside.endpoint, ttl);
            let place = Place::start(folder, format!("{config}{table}")).await;
            field.hosts.push(place);
        }
        for place in &field.hosts {
            place.ready().await;
        }
        field
    }

    /// What the configuration of each host says of the engine.
    async fn engine(&mut self, engine: Engine, hosts: usize) -> Vec<String> {
        if engine == Engine::Local {
            return vec![String::new(); hosts];
        }
        let server = RestateServer::start().await;
        let [first, second, third] = free_ports().await;
        let ports: Vec<u16> = [first, second, third].into_iter().take(hosts).collect();
        let spread = Spread::over(ports.clone()).await;
        let table = |port: &u16| {
            format!(
                "engine = \"restate\"\n[turns.restate]\ningress = \"{}\"\nadmin = \"{}\"\nlisten = \"127.0.0.1:{port}\"\nadvertise = \"{}\"\n",
                server.ingress, server.admin, spread.url
            )
        };
        let tables = ports.iter().map(table).collect();
        self.way = Some((spread, ports));
        self.server = Some(server);
        tables
    }

    fn path(&self) -> &Path {
        self.folder.as_ref().unwrap().path()
    }

    /// A session of the demo's agent, with the tool.
    pub async fn create_session(&self) -> String {
        let body = json!({
            "harness_id": demo::harness_id(),
            "agent_id": demo::agent_id(),
            "mcp_servers": { "ledger": { "url": LEDGER } },
        });
        let url = format!("{}/v1/sessions", self.hosts[0].http());
        let answer = Client::new().post(url).json(&body).send().await.unwrap();
        let session: Value = answer.json().await.unwrap();
        let id = session["id"].as_str();
        id.unwrap_or_else(|| panic!("{session}")).into()
    }
}

/// What the hosts have logged is kept where a test fails.
impl Drop for Field {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(folder) = self.folder.take()
        {
            eprintln!("logs of the hosts: {}", folder.keep().display());
        }
    }
}

// === impl Place ===

impl Place {
    async fn start(folder: PathBuf, config: String) -> Self {
        let log = folder.join("0.log");
        let process = HostProcess::configured_logged(&folder, &config, &log).await;
        Self {
            http: watch::Sender::new(process.http.clone()),
            process,
            folder,
            config,
            starts: 1,
        }
    }

    /// Where it is now.
    pub fn http(&self) -> String {
        self.http.borrow().clone()
    }

    /// Where it is, also after it has come back.
    pub fn follow(&self) -> watch::Receiver<String> {
        self.http.subscribe()
    }

    pub async fn kill(&mut self) {
        self.process.kill().await;
    }

    pub async fn freeze(&self) {
        self.process.freeze().await;
    }

    pub async fn thaw(&self) {
        self.process.thaw().await;
    }

    /// It comes back after it was killed.
    pub async fn start_again(&mut self) {
        let log = self.folder.join(format!("{}.log", self.starts));
        self.starts += 1;
        self.process = HostProcess::configured_logged(&self.folder, &self.config, &log).await;
        self.http.send_replace(self.process.http.clone());
    }

    /// Waits until it says so.
    pub async fn ready(&self) {
        self.process.ready().await;
    }
}

fn made(folder: &Path, name: &str) -> PathBuf {
    let folder = folder.join(name);
    fs::create_dir(&folder).unwrap();
    folder
}

/// The configuration of a host, up to what it says of the engine.
fn config(main: &Endpoint, outside: &Endpoint, ttl: u32) -> String {
    let capabilities = demo::CAPABILITIES;
    format!(
        r#"[listen]
grpc = ["127.0.0.1:0"]
http = "127.0.0.1:0"
[data]
dir = "data"
[adapters.main]
endpoint = "{main}"
[adapters.outside]
endpoint = "{outside}"
[routes]
default = "main"
egress = "outside"
[capabilities]
enabled = {capabilities:?}
[telemetry]
log_level = "info"
[leases]
ttl = "{ttl}s"
[turns]
journal = "adapter"
"#
    )
}

/// A model that answers each question after it has had the tool write it down.
pub fn answer(request: &Value) -> Answer {
    let question = question(request);
    if has_entered(request) {
        return Answer::Text(vec![format!("answer to {question}").leak()]);
    }
    Answer::ToolCall(TOOL, json!({ "entry": question }))
}

/// What a model is asked.
pub fn question(request: &Value) -> String {
    let content = &last_question(request)[0]["content"];
    let text = content.as_str().or_else(|| content[0]["text"].as_str());
    text.unwrap_or_else(|| panic!("{content}")).into()
}

/// Whether the question was written down.
pub fn has_entered(request: &Value) -> bool {
    let mut since = last_question(request).iter();
    since.any(|message| message["role"] == "tool")
}

/// The messages from the last question on.
fn last_question(request: &Value) -> &[Value] {
    let messages = request["messages"].as_array().unwrap();
    let asked = messages
        .iter()
        .rposition(|message| message["role"] == "user");
    &messages[asked.unwrap()..]
}
