//! Turns over a host's HTTP API, one after the other in each of several sessions, for as long
//! as a test changes something under them.

use super::told;
use everruns_core::typed_id::SessionId;
use mortise_runtime_host::local::demo;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long a test waits for what must come.
const SOON: Duration = Duration::from_secs(120);

/// The HTTP API of a host.
#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    base: String,
}

/// Turns under way.
pub struct Load {
    /// The sessions.
    pub sessions: Vec<SessionId>,
    api: Api,
    done: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    workers: Vec<JoinHandle<Ran>>,
}

/// Turns of which none has failed: how many each session has.
pub struct Ended {
    sessions: Vec<(SessionId, usize)>,
    api: Api,
}

/// What became of a session's turns.
struct Ran {
    completed: usize,
    failures: Vec<String>,
}

// === impl Api ===

impl Api {
    /// At an address as a host tells it: `http://` or `unix:`.
    pub fn at(address: &str) -> Self {
        match address.strip_prefix("unix:") {
            Some(path) => Self {
                client: reqwest::Client::builder()
                    .unix_socket(Path::new(path))
                    .build()
                    .unwrap(),
                base: "http://localhost".into(),
            },
            None => Self {
                client: reqwest::Client::new(),
                base: address.into(),
            },
        }
    }

    /// Asks for something; no answer is status 0.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let asked = self.client.get(format!("{}{path}", self.base)).send().await;
        match asked {
            Ok(answer) => {
                let status = answer.status().as_u16();
                (status, answer.text().await.unwrap_or_default())
            }
            Err(error) => (0, error.to_string()),
        }
    }

    /// Waits until the answer to a question is as it must be, and gives it back.
    pub async fn until(&self, path: &str, holds: impl Fn(u16, &str) -> bool) -> String {
        let mut last = (0, String::new());
        let asking = async {
            loop {
                last = self.get(path).await;
                if holds(last.0, &last.1) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let done = tokio::time::timeout(SOON, asking).await;
        assert!(
            done.is_ok(),
            "{path} did not come to what was awaited: {last:?}"
        );
        last.1
    }

    /// Waits until the host is ready.
    pub async fn ready(&self) {
        self.until("/ready", |status, _| status == 200).await;
    }

    /// A session of the demo's agent.
    pub async fn create_session(&self) -> SessionId {
        let like = demo::session(1, chrono::Utc::now());
        let asked = json!({ "harness_id": like.harness_id, "agent_id": like.agent_id });
        let (status, session) = self.post("/v1/sessions", &asked).await;
        assert_eq!(status, 201, "{session}");
        session["id"].as_str().unwrap().parse().unwrap()
    }

    /// Runs a turn to its end; an error is all that the host said.
    pub async fn turn(&self, session_id: SessionId, text: &str) -> Result<(), String> {
        let path = format!("/v1/sessions/{session_id}/turns");
        let (status, turn) = self.post(&path, &json!({ "text": text })).await;
        match (status, turn["outcome"].as_str()) {
            (200, Some("completed")) => Ok(()),
            _ => Err(format!("{status}: {turn}")),
        }
    }

    /// All stored events of a session, without a gap and each once.
    async fn events(&self, session_id: SessionId) -> Vec<Value> {
        let page = async |after: usize| -> Vec<Value> {
            let path = format!("/v1/sessions/{session_id}/events?after={after}&limit=1000");
            let page = self.until(&path, |status, _| status == 200).await;
            let mut page: Value = serde_json::from_str(&page).unwrap();
            serde_json::from_value(page["events"].take()).unwrap()
        };
        told::all_events(page).await
    }

    /// How many stored events of a session have a type.
    pub async fn count(&self, session_id: SessionId, event_type: &str) -> usize {
        let events = self.events(session_id).await;
        let found = events.iter().filter(|event| event["type"] == event_type);
        found.count()
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let asked = self.client.post(format!("{}{path}", self.base));
        match asked.json(body).send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                (status, answer.json().await.unwrap_or_default())
            }
            Err(error) => (0, json!(error.to_string())),
        }
    }
}

// === impl Load ===

impl Load {
    /// Begins, in so many new sessions.
    pub async fn start(api: &Api, sessions: usize) -> Self {
        let done = Arc::<AtomicUsize>::default();
        let is_over = Arc::<AtomicBool>::default();
        let (mut ids, mut workers) = (Vec::new(), Vec::new());
        for _ in 0..sessions {
            let session_id = api.create_session().await;
            let (api, done, is_over) = (api.clone(), done.clone(), is_over.clone());
            ids.push(session_id);
            workers.push(tokio::spawn(async move {
                let mut ran = Ran {
                    completed: 0,
                    failures: Vec::new(),
                };
                while !is_over.load(Ordering::SeqCst) {
                    match api.turn(session_id, "What is 12 times 34?").await {
                        Ok(()) => ran.completed += 1,
                        Err(failure) => ran.failures.push(failure),
                    }
                    done.fetch_add(1, Ordering::SeqCst);
                }
                ran
            }));
        }
        Self {
            sessions: ids,
            api: api.clone(),
            done,
            is_over,
            workers,
        }
    }

    /// Waits until so many more turns have ended.
    pub async fn more(&self, turns: usize) {
        let enough = self.done.load(Ordering::SeqCst) + turns;
        let waiting = async {
            while self.done.load(Ordering::SeqCst) < enough {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let done = tokio::time::timeout(SOON, waiting).await;
        done.expect("turns go on");
    }

    /// Ends it, and looks at what is stored: see [`Ended::whole`].
    pub async fn end(self) -> usize {
        self.stop().await.whole().await
    }

    /// Ends it. No turn has failed.
    pub async fn stop(self) -> Ended {
        self.is_over.store(true, Ordering::SeqCst);
        let mut ended = Vec::new();
        for (session_id, worker) in self.sessions.into_iter().zip(self.workers) {
            let ran = worker.await.unwrap();
            assert!(
                ran.failures.is_empty(),
                "{} of {} turns failed: {:?}",
                ran.failures.len(),
                ran.failures.len() + ran.completed,
                ran.failures[0]
            );
            ended.push((session_id, ran.completed));
        }
        Ended {
            sessions: ended,
            api: self.api,
        }
    }
}

// === impl Ended ===

impl Ended {
    /// The sessions hold every event of every turn, in order, without a gap and each once.
    /// The number of turns.
    pub async fn whole(self) -> usize {
        let mut turns = 0;
        for (session_id, completed) in self.sessions {
            for event_type in ["input.message", "turn.completed", "session.idled"] {
                let found = self.api.count(session_id, event_type).await;
                assert_eq!(found, completed, "{event_type}");
            }
            turns += completed;
        }
        turns
    }
}
