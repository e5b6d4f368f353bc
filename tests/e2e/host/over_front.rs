//! A host process over an adapter that is played.

use super::front::Front;
use super::test_host::{Turn, user};
use super::told;
use everruns_core::ModelWithProvider;
use everruns_core::session::SessionStatus;
use everruns_core::typed_id::SessionId;
use mortise_proto::host as pb;
use mortise_proto::host::host_service_client::HostServiceClient;
use mortise_runtime_host::local::demo;
use mortise_test_support::host_process::HostProcess;
use mortise_test_support::platform::PlatformFile;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::timeout;

/// How long anything may take on a busy machine.
pub const SOON: Duration = Duration::from_secs(60);

/// A host process over an adapter that is played, with a session.
pub struct Set {
    pub front: Front,
    pub host: HostProcess,
    pub session_id: SessionId,
    data: PathBuf,
    arguments: Vec<&'static str>,
    _folder: tempfile::TempDir,
}

impl Set {
    /// With a model.
    pub async fn with(model: ModelWithProvider) -> Self {
        Self::with_arguments(model, &[]).await
    }

    /// The same, with arguments of the host.
    pub async fn with_arguments(model: ModelWithProvider, arguments: &[&'static str]) -> Self {
        Self::over(&PlatformFile::with(&model), arguments).await
    }

    /// The same, with a platform of the test's own.
    pub async fn over(platform: &PlatformFile, arguments: &[&'static str]) -> Self {
        let front = Front::start(platform).await;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("host");
        let mut set = Self {
            host: HostProcess::start(&front.endpoint, &data, arguments).await,
            arguments: arguments.to_vec(),
            front,
            session_id: SessionId::new(),
            data,
            _folder: folder,
        };
        set.until_ready(200, "").await;
        set.session_id = create_session(&set.host).await;
        set
    }

    /// Kills the host, and starts it anew.
    pub async fn restart_host(&mut self) {
        self.host.kill().await;
        self.start_host().await;
    }

    /// Starts the host anew.
    pub async fn start_host(&mut self) {
        let endpoint = &self.front.endpoint;
        self.host = HostProcess::start(endpoint, &self.data, &self.arguments).await;
        self.until_ready(200, "").await;
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        get(&self.host, path).await
    }

    /// Waits until `/ready` has a status and says something.
    pub async fn until_ready(&self, status: u16, words: &str) -> Value {
        until_ready(&self.host, status, words).await
    }

    pub async fn begin(&self, text: &str) -> Turn {
        let mut client = HostServiceClient::connect(self.host.grpc.clone())
            .await
            .unwrap();
        let request = pb::RunTurnRequest {
            org_id: 1,
            session_id: self.session_id.to_string(),
            message: Some(user(text)),
            when_busy: 0,
            request_id: None,
        };
        Turn::begun(client.run_turn(request).await.unwrap().into_inner()).await
    }

    /// Runs a turn that must complete in time.
    pub async fn completes(&self, text: &str) {
        let outcome = async { self.begin(text).await.outcome().await };
        let outcome = timeout(SOON, outcome).await.expect("the turn ends");
        assert_eq!(outcome, pb::TurnOutcome::Completed);
    }

    /// How many stored events have a type.
    pub async fn count(&self, event_type: &str) -> usize {
        told::count(&self.host.http, self.session_id, event_type).await
    }

    /// Waits until so many have it.
    pub async fn until_counted(&self, event_type: &str, least: usize) {
        let counted = async {
            while self.count(event_type).await < least {
                tokio::task::yield_now().await;
            }
        };
        let done = timeout(SOON, counted).await;
        done.unwrap_or_else(|_| panic!("{event_type} is stored {least} times"));
    }

    /// The session's status.
    pub async fn status(&self) -> SessionStatus {
        told::status(&self.host.http, self.session_id).await
    }

    pub async fn metric(&self, name: &str) -> f64 {
        let text = reqwest::get(format!("{}/metrics", self.host.http)).await;
        let text = text.unwrap().text().await.unwrap();
        let line = text.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{name} is counted"));
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    }

    /// Posts JSON to something in the session.
    pub async fn post(&self, what: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/v1/sessions/{}{what}", self.host.http, self.session_id);
        let answer = reqwest::Client::new().post(url).json(body).send();
        let answer = answer.await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub async fn cancel(&self) -> (u16, Value) {
        let url = format!("{}/v1/sessions/{}/cancel", self.host.http, self.session_id);
        let answer = reqwest::Client::new().post(url).json(&json!({})).send();
        let answer = timeout(Duration::from_secs(20), answer).await;
        let answer = answer.expect("cancel answers").unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

/// Creates a session of the demo's agent.
pub async fn create_session(host: &HostProcess) -> SessionId {
    let made = json!({ "harness_id": demo::harness_id(), "agent_id": demo::agent_id() });
    let url = format!("{}/v1/sessions", host.http);
    let answer = reqwest::Client::new().post(url).json(&made).send().await;
    let session: Value = answer.unwrap().json().await.unwrap();
    session["id"].as_str().unwrap().parse().unwrap()
}

pub async fn get(host: &HostProcess, path: &str) -> (u16, Value) {
    let answer = reqwest::get(format!("{}{path}", host.http)).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

pub async fn until_ready(host: &HostProcess, status: u16, words: &str) -> Value {
    let mut last = Value::Null;
    let there = async {
        loop {
            let (found, told) = get(host, "/ready").await;
            if found == status && told.to_string().contains(words) {
                return told;
            }
            last = told;
        }
    };
    match timeout(SOON, there).await {
        Ok(told) => told,
        Err(_) => panic!("/ready becomes {status} with `{words}`: {last}"),
    }
}
