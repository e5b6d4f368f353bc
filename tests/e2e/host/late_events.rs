//! Events of a host that was killed and are stored after another process went on with the
//! turn: what a turn stores once is there once.

use super::front::{Front, Play};
use super::test_host::played;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::message::Message;
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_runtime_host::engine::{Begin, LocalEngine, TurnControl, TurnEnd, TurnEngine};
use mortise_runtime_host::journal::{
    JournalError, MemoryJournal, NextStep, QueuedTurn, RememberedRequest, TurnJournal,
    UnfinishedTurn, UnstoredEnds,
};
use mortise_runtime_host::metrics::HostMetrics;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::in_process::mesh;
use mortise_test_support::scenario::{host_adapter, seed_with};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// A journal that keeps every step that it was given.
#[derive(Debug, Default)]
struct Steps {
    journal: MemoryJournal,
    all: Mutex<Vec<UnfinishedTurn>>,
}

#[async_trait]
impl TurnJournal for Steps {
    async fn put(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        self.all.lock().unwrap().push(turn.clone());
        self.journal.put(turn).await
    }

    async fn get(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> Result<Option<UnfinishedTurn>, JournalError> {
        self.journal.get(org_id, session_id).await
    }

    async fn remove(&self, org_id: i64, session_id: SessionId) -> Result<(), JournalError> {
        self.journal.remove(org_id, session_id).await
    }

    async fn all(&self) -> Result<Vec<UnfinishedTurn>, JournalError> {
        self.journal.all().await
    }

    async fn put_end(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        self.journal.put_end(turn).await
    }

    async fn remove_end(&self, org_id: i64, turn_id: TurnId) -> Result<(), JournalError> {
        self.journal.remove_end(org_id, turn_id).await
    }

    async fn ends(&self) -> Result<Vec<UnfinishedTurn>, JournalError> {
        self.journal.ends().await
    }

    async fn put_queued(&self, turn: &QueuedTurn) -> Result<(), JournalError> {
        self.journal.put_queued(turn).await
    }

    async fn remove_queued(&self, org_id: i64, turn_id: TurnId) -> Result<(), JournalError> {
        self.journal.remove_queued(org_id, turn_id).await
    }

    async fn queued(&self) -> Result<Vec<QueuedTurn>, JournalError> {
        self.journal.queued().await
    }

    async fn put_request(&self, request: &RememberedRequest) -> Result<(), JournalError> {
        self.journal.put_request(request).await
    }

    async fn request(
        &self,
        org_id: i64,
        request_id: &str,
    ) -> Result<Option<RememberedRequest>, JournalError> {
        self.journal.request(org_id, request_id).await
    }

    async fn remove_request(&self, org_id: i64, request_id: &str) -> Result<(), JournalError> {
        self.journal.remove_request(org_id, request_id).await
    }

    async fn remove_requests_before(&self, time: DateTime<Utc>) -> Result<usize, JournalError> {
        self.journal.remove_requests_before(time).await
    }
}

/// A process that goes on with a turn and does not see what the one before has sent takes
/// steps again: the turn begins once, each tool call has one result, and the turn and the
/// session end once. Without an event log nothing that was sent is ever seen, so every
/// step is repeated for certain.
async fn steps_are_repeated(plain: bool) {
    let mut front = Front::start().await;
    front.replace(Play {
        without: BTreeSet::from(["EventLogService"]),
        plain,
        ..Play::default()
    });
    let call = Answer::ToolCall("multiply", json!({"a": 12, "b": 34}));
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["408."])]).await;
    let session_id = seed_with(&front.adapter, played(&fake)).await;
    let (adapter, _) = host_adapter(&mesh(&front.endpoint)).await;
    let steps = Arc::new(Steps::default());
    let ends = Arc::new(UnstoredEnds::new(steps.clone(), HostMetrics::default()));
    let engine = LocalEngine::new(adapter).with_journal(steps.clone(), ends);
    let begin = Begin::Message {
        message: Box::new(Message::user("12 times 34?")),
        turn_id: TurnId::new(),
    };
    let run = async |begin| {
        let control = TurnControl::default();
        engine.run(session_id, begin, &control).await.unwrap()
    };
    assert_eq!(run(begin).await, TurnEnd::Completed);
    let taken = steps.all.lock().unwrap().clone();
    let is_first = |turn: &UnfinishedTurn| matches!(turn.next, NextStep::Input);
    let is_act = |turn: &UnfinishedTurn| matches!(turn.next, NextStep::Act { .. });
    for again in [
        taken.iter().find(|turn| is_first(turn)),
        taken.iter().find(|turn| is_act(turn)),
    ] {
        let again = Begin::Resume(Box::new(again.unwrap().clone()));
        assert_eq!(run(again).await, TurnEnd::Completed);
    }
    let log = front.adapter.event_log().unwrap();
    let events = log.read(session_id, 0).await.unwrap();
    for event_type in [
        "input.message",
        "session.activated",
        "turn.started",
        "tool.completed",
        "turn.completed",
        "session.idled",
    ] {
        let found = events.iter().filter(|event| event.event_type == event_type);
        assert_eq!(found.count(), 1, "{event_type}");
    }
    assert!(fake.requests().len() > 3, "the steps were taken again");
}

/// Over an event stream.
#[tokio::test(flavor = "multi_thread")]
async fn steps_that_are_taken_again_over_a_stream() {
    steps_are_repeated(false).await;
}

/// Event by event.
#[tokio::test(flavor = "multi_thread")]
async fn steps_that_are_taken_again_one_by_one() {
    steps_are_repeated(true).await;
}
