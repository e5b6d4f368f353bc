//! Where secrets may be found after a host and an adapter have done everything they do
//! with them, logging all that can be logged and tracing all calls: nowhere. What users and
//! models say is stored, but neither logged nor traced.

use crate::secrets::{KEY, MARKER, key_file, put_secrets};
use crate::security::mesh;
use crate::traces::Collector;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::traits::ModelWithProvider;
use everruns_core::typed_id::SessionId;
use mortise_adapter_client::{ClientTls, GrpcHostAdapter};
use mortise_runtime_host::local::demo;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi, chunk};
use mortise_test_support::host_process::HostProcess;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// What a user or a model says.
const SAID: &str = "SAID-90d4c2";

/// A provider's error that quotes the key and the question.
const QUOTED: &str = "Incorrect API key provided: MARKER-5e0b77f1, you asked SAID-90d4c2";

/// What is done, and where it may have left something.
struct Scene {
    adapter: GrpcHostAdapter,
    host: HostProcess,
    process: AdapterProcess,
    /// Everything that was answered.
    answered: String,
}

impl Scene {
    async fn set(database: Database, folder: &Path, otlp: &str, fake: &FakeOpenAi) -> Self {
        let secret = |name: &str| key_file(folder, name, MARKER.as_bytes());
        let (key, token) = (key_file(folder, "key", KEY), secret("adapter-token"));
        let (_, utility) = (secret("web-token"), secret("utility-key"));
        let arguments = [
            ["--key-file", &key],
            ["--token-file", &token],
            ["--otlp", otlp],
            ["--utility-llm-key-file", &utility],
            ["--utility-llm-model", "small"],
        ];
        let log = folder.join("adapter.log");
        let arguments = arguments.as_flattened();
        let process = AdapterProcess::start_logged(database, folder, arguments, &log).await;
        let endpoint = process.endpoint.clone();
        let mesh = mesh(&endpoint, ClientTls::default(), Some(token.into()));
        let adapter = mesh.adapter(1).build().await.unwrap();
        let model = ModelWithProvider {
            model: "fake".into(),
            provider_type: LlmProviderType::Openai,
            api_key: Some(MARKER.into()),
            base_url: Some(fake.base_url.clone()),
        };
        let config = format!(
            "[listen]\ngrpc = [\"127.0.0.1:0\"]\nhttp = \"127.0.0.1:0\"\n\
             [adapters.main]\nendpoint = \"{endpoint}\"\ntoken_file = \"adapter-token\"\n\
             [capabilities]\n\
             enabled = [\"session_file_system\", \"session_storage\", \"test_math\"]\n\
             [drivers]\nenabled = [\"openai\"]\n\
             [access]\nanonymous = false\n[access.tokens.web]\ntoken_file = \"web-token\"\n\
             [telemetry]\nlog_level = \"trace\"\notlp_endpoint = \"{otlp}\"\n"
        );
        let log = folder.join("host.log");
        let host = HostProcess::configured_logged(folder, &config, &log).await;
        let mut scene = Self {
            adapter,
            host,
            process,
            answered: String::new(),
        };
        scene.until_ready().await;
        let other = put_secrets(&scene.adapter).await;
        // The demo's model in place of the other.
        let seed = scene.adapter.test_seed().unwrap();
        demo::put_platform(&seed, model).await.unwrap();
        scene.work(other).await;
        scene
    }

    async fn until_ready(&self) {
        let url = format!("{}/ready", self.host.http);
        while reqwest::get(&url).await.unwrap().status() != 200 {
            tokio::task::yield_now().await;
        }
    }

    /// Turns that go well and wrong, in sessions with and without secrets.
    async fn work(&mut self, other: SessionId) {
        let seed = self.adapter.test_seed().unwrap();
        let mut with_server = demo::session(1, chrono::Utc::now());
        let url = format!("https://mcp.invalid/{MARKER}?token={MARKER}");
        with_server.mcp_servers = serde_json::from_value(json!({
            "far": {"type": "http", "url": url, "headers": {"authorization": MARKER}},
        }))
        .unwrap();
        let plain = demo::session(1, chrono::Utc::now());
        let sessions = [plain.id, with_server.id, other];
        seed.put_session(with_server).await.unwrap();
        seed.put_session(plain).await.unwrap();
        for session_id in [
            sessions[0],
            sessions[0],
            sessions[0],
            sessions[1],
            sessions[2],
        ] {
            let path = format!("{session_id}/turns");
            self.post(&path, &json!({ "text": SAID })).await;
        }
        let wrong = json!({ "text": SAID, "no_such_field": MARKER });
        self.post(&format!("{}/turns", sessions[0]), &wrong).await;
        self.post(&format!("{MARKER}/turns"), &json!({})).await;
        let refused = reqwest::Client::new().get(format!("{}/v1/turns", self.host.http));
        let refused = refused.bearer_auth(format!("{MARKER}-wrong")).send().await;
        assert_eq!(refused.unwrap().status(), 401);
        for session_id in sessions {
            let log = self.adapter.event_log().unwrap();
            for event in log.read(session_id, 0).await.unwrap() {
                self.note(&serde_json::to_string(&event).unwrap());
                self.note(&format!("{event:?}"));
            }
        }
        for path in ["/v1/turns", "/metrics", "/ready", "/v1/sessions"] {
            let answer = reqwest::Client::new().get(format!("{}{path}", self.host.http));
            let answer = answer.bearer_auth(MARKER).send().await.unwrap();
            self.note(&answer.text().await.unwrap());
        }
    }

    /// A path that quotes what it was asked for is the caller's own.
    async fn post(&mut self, path: &str, body: &Value) {
        let url = format!("{}/v1/sessions/{path}", self.host.http);
        let asked = reqwest::Client::new().post(url).bearer_auth(MARKER);
        let answer = asked.json(body).send().await.unwrap();
        assert_ne!(answer.status(), 401);
        assert_ne!(answer.status(), 500);
        let answer = answer.text().await.unwrap();
        if !path.contains(MARKER) {
            self.note(&answer);
        }
    }

    fn note(&mut self, text: &str) {
        writeln!(self.answered, "{text}").unwrap();
    }
}

/// A model whose provider quotes the key in an error and in the middle of an answer, whose
/// tools are given what a user said, and which is wrong about arguments.
async fn quoting() -> FakeOpenAi {
    let error = json!({ "error": { "message": QUOTED, "type": "server_error" } });
    let broken = vec![chunk(json!({ "content": SAID }), None), error.to_string()];
    let arguments = json!({ "operation": "set", "key": SAID, "value": SAID });
    let mut answers = VecDeque::from([
        Answer::Error(401, QUOTED),
        Answer::Error(400, QUOTED),
        Answer::ToolCall("kv_store", arguments),
        Answer::ToolCall("multiply", json!({ "a": SAID })),
        Answer::ToolCall(SAID, json!({ "a": SAID })),
        Answer::Text(vec![SAID]),
        Answer::Chunks(broken, true),
    ]);
    FakeOpenAi::play(move |_| answers.pop_front().unwrap_or(Answer::Error(403, QUOTED))).await
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

/// No marker is in a log, a trace, an event or an answer, nor in the database: key files,
/// tokens, stored credentials, keys of models, headers and addresses of MCP servers,
/// secrets of sessions, and what a provider quotes of them.
#[tokio::test(flavor = "multi_thread")]
async fn no_marker_is_found_anywhere() {
    for database in Database::ALL {
        let folder = tempfile::tempdir().unwrap();
        let collector = Collector::default();
        let otlp = collector.start().await;
        let fake = quoting().await;
        let scene = Scene::set(database, folder.path(), &otlp, &fake).await;
        let Scene {
            mut host,
            process,
            answered,
            ..
        } = scene;
        host.terminate().await;
        host.stopped().await;
        process.stop().await;
        for (name, words) in [("host.log", "DEBUG"), ("adapter.log", "serving")] {
            let log = fs::read_to_string(folder.path().join(name)).unwrap();
            assert!(log.contains(words), "{name}: all is logged");
            for marker in [MARKER, SAID] {
                let found = log.lines().find(|line| line.contains(marker));
                assert_eq!(found, None, "{name}");
            }
        }
        let spans = collector.spans();
        for process in ["mortise-host", "mortise-adapter"] {
            assert!(
                spans.iter().any(|(name, _)| name == process),
                "{process} traces"
            );
        }
        for span in spans {
            let span = format!("{span:?}");
            assert!(!span.contains(MARKER) && !span.contains(SAID), "{span}");
        }
        assert!(answered.contains(SAID), "what was said is answered");
        let found = answered.lines().find(|line| line.contains(MARKER));
        assert_eq!(found, None, "an answer or an event");
        let dump = database.dumped(&folder.path().join("p.db")).await;
        assert!(holds(&dump, SAID), "the dump is the dump");
        assert!(!holds(&dump, MARKER), "the database");
    }
}
