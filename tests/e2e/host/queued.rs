//! Turns that wait: what was accepted runs, once and in order, whatever becomes of its
//! caller and of the host.

use super::test_host::{Sse, TestHost};
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// What nothing here takes, also on a busy machine.
const SOON: Duration = Duration::from_secs(240);

/// How often the log is looked at. A look costs the host and its adapter time as well, which
/// they have little of on a busy machine.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A session whose turn is held, on a host with these arguments.
struct Busy {
    stage: TestHost,
    gate: Arc<Semaphore>,
    _fake: FakeOpenAi,
}

impl Busy {
    async fn with(arguments: &[&str]) -> Self {
        let gate = Arc::new(Semaphore::new(0));
        let held = Answer::Held(gate.clone(), vec!["First."]);
        let fake = FakeOpenAi::start(vec![held, Answer::Text(vec!["Done."])]).await;
        let stage = TestHost::played(&fake, arguments).await;
        let mut first = stage.run("one").await;
        first.until("output.message.started").await;
        Self {
            stage,
            gate,
            _fake: fake,
        }
    }

    /// Lets the held turn go on.
    fn open(&self) {
        self.gate.add_permits(64);
    }

    async fn restart_after_kill(self) -> Self {
        Self {
            stage: self.stage.restart_after_kill().await,
            ..self
        }
    }

    /// Accepts a turn that must wait, and says which it is.
    async fn queue(&self, text: &str) -> Value {
        let asked = json!({ "text": text, "wait": false, "when_busy": "queue" });
        let (status, accepted) = self.stage.post("/turns", asked).await;
        assert_eq!(
            (status, &accepted["status"]),
            (202, &json!("queued")),
            "{accepted}"
        );
        accepted["turn_id"].clone()
    }

    /// The turns that have not ended, by id and status.
    async fn listed(&self) -> Vec<(Value, Value)> {
        let url = format!("{}/v1/turns", self.stage.host.http);
        let listed: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let turns = listed["turns"].as_array().unwrap().iter();
        turns
            .map(|turn| (turn["turn_id"].clone(), turn["status"].clone()))
            .collect()
    }

    /// Waits until so many turns have completed, and gives back the ids of those that have
    /// started and the texts of the messages that are stored.
    async fn completed(&self, turns: usize) -> (Vec<Value>, Vec<String>) {
        let completed = async {
            while self.stage.count("turn.completed").await < turns {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let done = timeout(SOON, completed).await;
        assert!(done.is_ok(), "{turns} turns complete");
        let stored = self.stage.stored().await;
        let of = |name: &str| {
            let name = name.to_string();
            stored.iter().filter(move |event| event.event_type == name)
        };
        let started = of("turn.started").map(|event| json!(event.context.turn_id));
        let said = of("input.message").map(|event| {
            let data = serde_json::to_value(&event.data).unwrap();
            data["message"]["content"][0]["text"]
                .as_str()
                .unwrap()
                .to_string()
        });
        (started.collect(), said.collect())
    }
}

/// The answer comes at once and names the turn; the turn is listed as queued, and runs
/// under that id when the other has ended.
#[tokio::test]
async fn a_turn_is_accepted_at_once() {
    let busy = Busy::with(&[]).await;
    let second = busy.queue("two").await;
    let listed = busy.listed().await;
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert!(listed.contains(&(second.clone(), json!("queued"))));
    busy.open();
    let (started, said) = busy.completed(2).await;
    assert_eq!(started[1], second);
    assert_eq!(said, ["one", "two"]);
}

/// Turns that wait survive `kill -9` of the host, and each runs once, in their order. So
/// do they where the host cannot go on with the one before them.
#[tokio::test]
async fn accepted_turns_survive_a_kill() {
    for recovery in ["resume", "end"] {
        let busy = Busy::with(&["--recovery", recovery]).await;
        let texts = ["two", "three", "four", "five"];
        let mut accepted = Vec::new();
        for text in texts {
            accepted.push(busy.queue(text).await);
        }
        busy.open();
        let busy = busy.restart_after_kill().await;
        let completed = if recovery == "resume" { 5 } else { 4 };
        let (started, said) = busy.completed(completed).await;
        assert_eq!(said, ["one", "two", "three", "four", "five"], "{recovery}");
        assert_eq!(started[1..], accepted, "{recovery}");
        // What has begun is no longer in the journal.
        let busy = busy.restart_after_kill().await;
        let next = busy.stage.run("six").await;
        assert_eq!(next.outcome().await, pb::TurnOutcome::Completed);
        let (started, said) = busy.completed(completed + 1).await;
        assert_eq!((started.len(), said.len()), (6, 6), "{recovery}");
    }
}

/// A host that is told to stop parks the turns that wait, says so to those that follow
/// them, and runs them when it is back.
#[tokio::test]
async fn accepted_turns_survive_a_stop() {
    let mut busy = Busy::with(&["--drain", "0"]).await;
    let asked = json!({ "text": "two", "when_busy": "queue" });
    let request = reqwest::Client::new().post(busy.stage.url("/turns"));
    let mut events = Sse::open(request.json(&asked)).await;
    let queued = events.next().await.unwrap();
    assert_eq!(queued.event, "queued");
    busy.stage.host.terminate().await;
    let ended = events.next().await.unwrap();
    assert_eq!(
        (ended.event.as_str(), &ended.data["outcome"]),
        ("ended", &json!("parked"))
    );
    busy.open();
    busy.stage = busy.stage.stopped_and_again().await;
    let (started, said) = busy.completed(2).await;
    assert_eq!(started[1], queued.data["turn_id"]);
    assert_eq!(said, ["one", "two"]);
}

/// A caller that waits for its turn and leaves loses nothing: what was accepted runs.
#[tokio::test]
async fn a_caller_that_leaves_loses_nothing() {
    let busy = Busy::with(&[]).await;
    let asked = json!({ "text": "two", "when_busy": "queue" });
    let request = reqwest::Client::new().post(busy.stage.url("/turns"));
    let waiting = tokio::spawn(request.json(&asked).send());
    let queued = async {
        while !busy.listed().await.iter().any(|turn| turn.1 == "queued") {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    timeout(SOON, queued).await.expect("the turn is accepted");
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    busy.open();
    let (_, said) = busy.completed(2).await;
    assert_eq!(said, ["one", "two"]);
}

/// A turn that waits can be cancelled by its id: those that follow it are told, nothing of
/// it is stored, and it does not run after a kill of the host either.
#[tokio::test]
async fn a_queued_turn_is_cancelled() {
    let busy = Busy::with(&[]).await;
    let asked = json!({ "text": "two", "when_busy": "queue" });
    let request = reqwest::Client::new().post(busy.stage.url("/turns"));
    let mut events = Sse::open(request.json(&asked)).await;
    let queued = events.next().await.unwrap();
    let third = busy.queue("three").await;
    let cancel = json!({ "turn_id": queued.data["turn_id"], "reason": "not needed" });
    let (status, done) = busy.stage.post("/cancel", cancel.clone()).await;
    assert_eq!(
        (status, &done["outcome"]),
        (200, &json!("cancelled")),
        "{done}"
    );
    let ended = events.next().await.unwrap();
    assert_eq!(
        (ended.event.as_str(), &ended.data["outcome"]),
        ("ended", &json!("cancelled"))
    );
    assert!(events.next().await.is_none(), "nothing follows the end");
    let (status, error) = busy.stage.post("/cancel", cancel).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (409, &json!("NO_TURN")),
        "{error}"
    );
    busy.open();
    let busy = busy.restart_after_kill().await;
    let (started, said) = busy.completed(2).await;
    assert_eq!(said, ["one", "three"]);
    assert_eq!(started[1], third);
}

/// A queue that is full refuses more, also after a restart with the turns that waited.
#[tokio::test]
async fn a_full_queue_is_full_after_a_restart() {
    let busy = Busy::with(&["--queue-max", "2"]).await;
    busy.queue("two").await;
    busy.queue("three").await;
    let busy = busy.restart_after_kill().await;
    let asked = json!({ "text": "four", "wait": false, "when_busy": "queue" });
    let (status, error) = busy.stage.post("/turns", asked).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (429, &json!("QUEUE_FULL")),
        "{error}"
    );
    busy.open();
    let (_, said) = busy.completed(3).await;
    assert_eq!(said, ["one", "two", "three"]);
}

/// A turn that is accepted while the adapter is away is refused; one that waits when the
/// adapter goes runs when it is back.
#[tokio::test]
async fn a_queued_turn_waits_for_its_adapter() {
    let mut busy = Busy::with(&[]).await;
    busy.queue("two").await;
    busy.queue("three").await;
    busy.stage.kill_adapter().await;
    // The running turn asks for the adapter once it is there again: it would wait for it no
    // longer than `retry_window`, and a process may take longer to start.
    busy.stage.start_adapter().await;
    busy.open();
    let (_, said) = busy.completed(3).await;
    assert_eq!(said, ["one", "two", "three"]);
}
