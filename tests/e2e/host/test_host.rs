//! A host process over an adapter process, with a session of the demo's agent. Tests reach
//! it as users do: over its APIs, and with a platform file that is imported.

use super::told;
use everruns_core::events::Event;
use everruns_core::llm_models::LlmProviderType;
use everruns_core::session::SessionStatus;
use everruns_core::typed_id::SessionId;
use everruns_core::{ModelWithProvider, Session};
use futures::StreamExt;
use mortise_adapter_client::Endpoint;
use mortise_proto::convert::platform_store::SessionSettings;
use mortise_proto::host as pb;
use mortise_proto::host::host_service_client::HostServiceClient;
use mortise_proto::host::run_turn_response::Happened;
use mortise_runtime_host::local::demo;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::failing_disk::FailingDisk;
use mortise_test_support::fake_openai::FakeOpenAi;
use mortise_test_support::fixtures::simulator;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::platform::PlatformFile;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::timeout;
use tonic::Streaming;
use tonic::transport::Channel;

/// The service's client.
pub type Client = HostServiceClient<Channel>;

/// Everything.
pub struct TestHost {
    /// The host.
    pub host: HostProcess,
    /// A session of the demo's agent.
    pub session_id: SessionId,
    /// The host's folder. What is in it is the host's business.
    data: PathBuf,
    process: Option<AdapterProcess>,
    adapter_arguments: Vec<String>,
    arguments: Vec<String>,
    folder: TempDir,
}

impl TestHost {
    /// With the simulator.
    pub async fn set(arguments: &[&str]) -> Self {
        Self::set_with(simulator(), arguments, |_| {}).await
    }

    /// With a model that the test plays.
    pub async fn played(fake: &FakeOpenAi, arguments: &[&str]) -> Self {
        Self::set_with(played(fake), arguments, |_| {}).await
    }

    /// With a model and a session that is changed before it is put.
    pub async fn set_with(
        model: ModelWithProvider,
        arguments: &[&str],
        change: impl FnOnce(&mut Session),
    ) -> Self {
        Self::set_over(&[], model, arguments, change).await
    }

    /// The same over an adapter with these arguments.
    pub async fn set_over(
        adapter_arguments: &[&str],
        model: ModelWithProvider,
        arguments: &[&str],
        change: impl FnOnce(&mut Session),
    ) -> Self {
        let platform = PlatformFile::with(&model);
        Self::set_up(platform, adapter_arguments, arguments, change).await
    }

    /// With a platform of the test's own.
    pub async fn set_up(
        platform: PlatformFile,
        adapter_arguments: &[&str],
        arguments: &[&str],
        change: impl FnOnce(&mut Session),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::Sqlite.at(&folder.path().join("p.db")).await;
        platform.import(&database, folder.path()).await;
        let process = adapter(folder.path(), adapter_arguments).await;
        let data = folder.path().join("host");
        let [arguments, adapter_arguments] = [arguments, adapter_arguments].map(|given| {
            given
                .iter()
                .map(|given| (*given).into())
                .collect::<Vec<String>>()
        });
        let host = start(&process, &data, &arguments).await;
        let mut stage = Self {
            host,
            session_id: SessionId::new(),
            data,
            process: Some(process),
            adapter_arguments,
            arguments,
            folder,
        };
        stage.ready().await;
        let mut session = demo::session(1, chrono::Utc::now());
        change(&mut session);
        stage.session_id = stage.create(session).await;
        stage
    }

    /// Another session of the demo's agent.
    pub async fn another_session(&self) -> SessionId {
        self.create(demo::session(1, chrono::Utc::now())).await
    }

    /// Creates a session like this one, as an application does.
    pub async fn create(&self, like: Session) -> SessionId {
        let settings = SessionSettings {
            tags: like.tags,
            model_id: like.model_id,
            capabilities: like.capabilities,
            tools: like.tools,
            mcp_servers: like.mcp_servers,
            system_prompt: like.system_prompt,
            initial_files: like.initial_files,
            hints: like.hints,
            network_access: like.network_access,
            max_iterations: like.max_iterations,
        };
        let request = pb::CreateSessionRequest {
            org_id: 1,
            harness_id: like.harness_id.to_string(),
            agent_id: like.agent_id.map(|id| id.to_string()),
            title: like.title,
            locale: like.locale,
            settings: Some(settings.into()),
            request_id: None,
        };
        let mut client = self.client().await;
        let made = client.create_session(request).await.unwrap().into_inner();
        made.session.unwrap().id.parse().unwrap()
    }

    /// Another host over the same adapter, with a folder of its own.
    pub async fn another_host(&self, name: &str, arguments: &[&str]) -> HostProcess {
        let process = self.process.as_ref().unwrap();
        let data = self.folder.path().join(name);
        let host = HostProcess::start(&process.endpoint, &data, arguments).await;
        host.ready().await;
        host
    }

    /// Kills the host, and starts it anew.
    pub async fn restart_after_kill(mut self) -> Self {
        self.host.kill().await;
        self.start_host().await;
        self
    }

    /// Kills the host, and starts it anew on a disk that can fail.
    pub async fn restart_on(&mut self, disk: &FailingDisk) {
        self.host.kill().await;
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        self.host = HostProcess::start_on(disk, self.storage(), &self.data, &arguments).await;
        self.ready().await;
    }

    /// Waits until the host has stopped in good order, and starts it anew.
    pub async fn stopped_and_again(mut self) -> Self {
        self.until_stopped().await;
        self.start_host().await;
        self
    }

    /// Waits until the host has stopped in good order.
    pub async fn until_stopped(&mut self) {
        let stopped = timeout(Duration::from_secs(60), self.host.stopped()).await;
        assert_eq!(stopped.expect("the host is stopping"), Some(0));
    }

    /// Starts the host anew.
    pub async fn start_host(&mut self) {
        let process = self.process.as_ref().unwrap();
        self.host = start(process, &self.data, &self.arguments).await;
        self.ready().await;
    }

    /// Kills the adapter under the host, and starts it anew.
    pub async fn adapter_killed_and_again(mut self) -> Self {
        self.kill_adapter().await;
        self.start_adapter().await;
        self.ready().await;
        self
    }

    /// Kills the adapter under the host.
    pub async fn kill_adapter(&mut self) {
        self.process.take().unwrap().kill().await;
    }

    /// Starts it again.
    pub async fn start_adapter(&mut self) {
        let arguments: Vec<&str> = self.adapter_arguments.iter().map(String::as_str).collect();
        self.process = Some(adapter(self.folder.path(), &arguments).await);
    }

    /// The folder of everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the adapter listens: for other programs over the same storage.
    pub fn storage(&self) -> &Endpoint {
        &self.process.as_ref().unwrap().endpoint
    }

    /// What the host has counted under these words, added up.
    pub async fn counted(&self, words: &[&str]) -> f64 {
        let text = reqwest::get(format!("{}/metrics", self.host.http)).await;
        let text = text.unwrap().text().await.unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.filter(|line| words.iter().all(|word| line.contains(word)));
        let figures = lines.map(|line| line.rsplit_once(' ').unwrap().1);
        figures.map(|figure| figure.parse::<f64>().unwrap()).sum()
    }

    /// Waits until the host has counted so many.
    pub async fn until_counted(&self, words: &[&str], least: f64) {
        let counted = async {
            while self.counted(words).await < least {
                tokio::task::yield_now().await;
            }
        };
        let done = timeout(Duration::from_secs(60), counted).await;
        assert!(done.is_ok(), "{words:?} reaches {least}");
    }

    /// Waits until the host has reached the adapter.
    pub async fn ready(&self) {
        self.host.ready().await;
    }

    /// A client of the service.
    pub async fn client(&self) -> Client {
        HostServiceClient::connect(self.host.grpc.clone())
            .await
            .unwrap()
    }

    /// The address of something in the session.
    pub fn url(&self, what: &str) -> String {
        format!("{}/v1/sessions/{}{what}", self.host.http, self.session_id)
    }

    /// Posts JSON to something in the session.
    pub async fn post(&self, what: &str, body: Value) -> (u16, Value) {
        let client = reqwest::Client::new();
        let answer = client
            .post(self.url(what))
            .json(&body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Posts JSON to something in the session, as a change with this id.
    pub async fn post_once(&self, what: &str, key: &str, body: &Value) -> (u16, Value) {
        let request = reqwest::Client::new().post(self.url(what));
        let request = request.header("idempotency-key", key).json(body);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Begins a turn.
    pub async fn run(&self, text: &str) -> Turn {
        let mut client = self.client().await;
        let answers = client.run_turn(self.turn(text)).await.unwrap().into_inner();
        Turn::begun(answers).await
    }

    /// A turn to ask for.
    pub fn turn(&self, text: &str) -> pb::RunTurnRequest {
        pb::RunTurnRequest {
            org_id: 1,
            session_id: self.session_id.to_string(),
            message: Some(user(text)),
            when_busy: 0,
            request_id: None,
        }
    }

    /// The session's status.
    pub async fn status(&self) -> SessionStatus {
        told::status(&self.host.http, self.session_id).await
    }

    /// The stored events, without a gap and each once.
    pub async fn stored(&self) -> Vec<Event> {
        self.stored_at(&self.host).await
    }

    /// The same as another host tells them.
    pub async fn stored_at(&self, host: &HostProcess) -> Vec<Event> {
        told::events(&host.http, self.session_id).await
    }

    /// How many stored events have a type.
    pub async fn count(&self, event_type: &str) -> usize {
        told::count(&self.host.http, self.session_id, event_type).await
    }
}

async fn adapter(folder: &Path, arguments: &[&str]) -> AdapterProcess {
    AdapterProcess::start_unseeded(Database::Sqlite, folder, arguments).await
}

async fn start(process: &AdapterProcess, data: &Path, arguments: &[String]) -> HostProcess {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    HostProcess::start(&process.endpoint, data, &arguments).await
}

/// A turn that is followed.
pub struct Turn {
    /// What was accepted.
    pub accepted: pb::TurnAccepted,
    answers: Streaming<pb::RunTurnResponse>,
}

impl Turn {
    /// A turn whose answers begin with what was accepted.
    pub async fn begun(mut answers: Streaming<pb::RunTurnResponse>) -> Self {
        let mut first = answers.next().await.unwrap().unwrap();
        if let Some(Happened::Queued(_)) = first.happened {
            first = answers.next().await.unwrap().unwrap();
        }
        let Some(Happened::Accepted(accepted)) = first.happened else {
            panic!("the first is what was accepted");
        };
        Self { accepted, answers }
    }

    /// The next thing that happens; nothing when the stream is over or breaks.
    pub async fn next(&mut self) -> Option<Happened> {
        let answer = self.answers.next().await?.ok()?;
        answer.happened
    }

    /// Reads until an event of a type comes.
    pub async fn until(&mut self, event_type: &str) -> mortise_proto::pb::Event {
        loop {
            match self.next().await {
                Some(Happened::Event(event)) if event.r#type == event_type => return event,
                Some(Happened::Event(_)) => {}
                other => panic!("{event_type} comes, not {other:?}"),
            }
        }
    }

    /// The events up to the end, and the end.
    pub async fn rest(mut self) -> (Vec<mortise_proto::pb::Event>, pb::TurnEnded) {
        let mut events = Vec::new();
        loop {
            match self.next().await {
                Some(Happened::Event(event)) => events.push(event),
                Some(Happened::Ended(ended)) => return (events, ended),
                other => panic!("an event or the end comes, not {other:?}"),
            }
        }
    }

    /// How it ends.
    pub async fn outcome(self) -> pb::TurnOutcome {
        self.rest().await.1.outcome()
    }
}

/// What a user says.
pub fn user(text: &str) -> pb::UserMessage {
    pb::UserMessage {
        text: text.into(),
        parts: Vec::new(),
        controls: None,
    }
}

/// A model that the test plays.
pub fn played(fake: &FakeOpenAi) -> ModelWithProvider {
    ModelWithProvider {
        model: "fake".into(),
        provider_type: LlmProviderType::OpenaiCompletions,
        api_key: Some("sk-test".into()),
        base_url: Some(fake.base_url.clone()),
    }
}

/// Something that sends events over HTTP, read one by one.
pub struct Sse {
    body: futures::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    text: String,
}

/// One server-sent event.
#[derive(Debug, Default)]
pub struct Sent {
    /// Its name.
    pub event: String,
    /// Its id; empty where it has none.
    pub id: String,
    /// What it holds.
    pub data: Value,
}

impl Sse {
    /// Sends a request whose answer is a stream of events.
    pub async fn open(request: reqwest::RequestBuilder) -> Self {
        let request = request.header("accept", "text/event-stream");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        Self {
            body: answer.bytes_stream().boxed(),
            text: String::new(),
        }
    }

    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let mut sent = Sent::default();
                for line in event.lines() {
                    match line.split_once(": ") {
                        Some(("event", name)) => sent.event = name.into(),
                        Some(("id", id)) => sent.id = id.into(),
                        Some(("data", data)) => sent.data = serde_json::from_str(data).unwrap(),
                        Some(_) | None => {}
                    }
                }
                self.text = rest.to_string();
                if !sent.event.is_empty() {
                    return Some(sent);
                }
                continue;
            }
            let more = self.body.next().await?.ok()?;
            self.text.push_str(std::str::from_utf8(&more).unwrap());
        }
    }
}
