//! What a journal that hosts share keeps of the tools of a host that is lost: the engine over a
//! real adapter.

use super::test_host::played;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::ToolCall;
use everruns_core::events::{EventData, ToolCompletedData};
use everruns_core::message::{ContentPart, Message};
use everruns_core::typed_id::{SessionId, TurnId};
use mortise_adapter_client::GrpcHostAdapter;
use mortise_proto::convert::session_lease::LeaseRequest;
use mortise_proto::convert::turn_journal::ToolCallStatus;
use mortise_runtime_host::engine::{Begin, LocalEngine, TurnControl, TurnEnd, TurnEngine};
use mortise_runtime_host::journal::{
    Claimed, JournalError, MadeClaim, MemoryJournal, NextStep, QueuedTurn, RememberedRequest,
    Settlement, SharedJournal, ToolClaim, TurnJournal, UnfinishedTurn, UnstoredEnds,
};
use mortise_runtime_host::metrics::HostMetrics;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::in_process::mesh;
use mortise_test_support::scenario::{host_adapter, seed_with};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What a lost host has kept of a tool.
const KEPT: &str = "as the lost host has it";

/// Where a host is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// The result of the tool is in the journal, and its event is not stored.
    Settled,
    /// The result and its event are stored, and the step after it is not.
    Ran,
}

/// A journal whose host is lost at a point.
#[derive(Debug)]
struct Losing {
    journal: SharedJournal,
    point: Point,
    reached: Arc<Notify>,
}

impl Losing {
    async fn lose(&self) -> ! {
        self.reached.notify_one();
        std::future::pending().await
    }
}

#[async_trait]
impl TurnJournal for Losing {
    async fn put(&self, turn: &UnfinishedTurn) -> Result<(), JournalError> {
        let has_run = matches!(turn.next, NextStep::Reason) && turn.state.iteration > 1;
        if self.point == Point::Ran && has_run {
            self.lose().await;
        }
        self.journal.put(turn).await
    }

    async fn get(
        &self,
        org_id: i64,
        session_id: SessionId,
    ) -> Result<Option<UnfinishedTurn>, JournalError> {
        self.journal.get(org_id, session_id).await
    }

    async fn claim(
        &self,
        turn: &UnfinishedTurn,
        claim: &ToolClaim<'_>,
    ) -> Result<Claimed, JournalError> {
        let claimed = self.journal.claim(turn, claim).await?;
        if self.point == Point::Ran {
            return Ok(claimed);
        }
        let Claimed::Made(made) = &claimed else {
            panic!("{claimed:?}");
        };
        let settlement = Settlement {
            is_interrupted: false,
            result: kept(claim.call),
        };
        self.journal.settle(made, &settlement).await?;
        self.lose().await
    }

    async fn settle(&self, claim: &MadeClaim, settlement: &Settlement) -> Result<(), JournalError> {
        self.journal.settle(claim, settlement).await
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

/// The result of a tool that no tool gives.
fn kept(call: &ToolCall) -> ToolCompletedData {
    let content = vec![ContentPart::text(KEPT)];
    ToolCompletedData::success(call.id.clone(), call.name.clone(), content, None)
}

/// The stores under a lease of the session, and the journal there.
async fn leased(
    adapter: &GrpcHostAdapter,
    session_id: SessionId,
) -> (GrpcHostAdapter, SharedJournal) {
    let request = LeaseRequest {
        holder: "one after the other".into(),
        address: String::new(),
        ttl: Duration::from_secs(60),
    };
    let leases = adapter.session_leases().unwrap();
    let held = leases.acquire(session_id, request).await.unwrap();
    let adapter = adapter.fenced(held.fence());
    let remote = adapter.turn_journal().unwrap();
    let journal = SharedJournal::new(remote, Arc::new(MemoryJournal::default()));
    (adapter, journal)
}

fn engine(adapter: GrpcHostAdapter, journal: Arc<dyn TurnJournal>) -> LocalEngine {
    let ends = UnstoredEnds::new(journal.clone(), HostMetrics::default());
    LocalEngine::new(adapter).with_journal(journal, Arc::new(ends))
}

/// How far the calls of a turn got, by the journal.
async fn statuses(adapter: &GrpcHostAdapter, turn: &UnfinishedTurn) -> Vec<ToolCallStatus> {
    let journal = adapter.turn_journal().unwrap();
    let calls = journal.tool_calls(turn.session_id(), turn.turn_id(), None);
    let calls = calls.await.unwrap();
    calls.iter().map(|call| call.status).collect()
}

/// Loses a host at a point, goes on elsewhere, and gives back the result of the tool, which
/// may run twice. The model is asked once before it and once after it.
async fn after_a_loss(point: Point) -> ToolCompletedData {
    let folder = tempfile::tempdir().unwrap();
    let process = AdapterProcess::start_set(Database::Sqlite, folder.path(), &[]).await;
    let call = Answer::ToolCall("write_file", write());
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["Done."])]).await;
    let (adapter, _) = host_adapter(&mesh(&process.endpoint)).await;
    let session_id = seed_with(&adapter, played(&fake)).await;

    let (fenced, journal) = leased(&adapter, session_id).await;
    let reached = Arc::new(Notify::new());
    let lost = Losing {
        journal,
        point,
        reached: reached.clone(),
    };
    let first = engine(fenced, Arc::new(lost));
    let control = TurnControl::default();
    let begin = Begin::Message {
        message: Box::new(Message::user("Go.")),
        turn_id: TurnId::new(),
    };
    tokio::select! {
        end = first.run(session_id, begin, &control) => panic!("{end:?}"),
        () = reached.notified() => {}
    }

    let (fenced, journal) = leased(&adapter, session_id).await;
    let left = journal.get(1, session_id).await.unwrap().unwrap();
    let settled = [ToolCallStatus::Settled];
    assert_eq!(statuses(&adapter, &left).await, settled, "{point:?}");
    let second = engine(fenced, Arc::new(journal));
    let begin = Begin::Resume(Box::new(left));
    let end = second.run(session_id, begin, &TurnControl::default()).await;
    assert_eq!(end.unwrap(), TurnEnd::Completed);

    let events = adapter.event_log().unwrap().read(session_id, 0).await;
    let events = events.unwrap();
    let mut results = events.iter().filter_map(|event| match &event.data {
        EventData::ToolCompleted(data) => Some(data.clone()),
        _ => None,
    });
    let result = results.next().expect("the call has a result");
    assert!(results.next().is_none(), "it has one");
    assert_eq!(fake.requests().len(), 2, "the model is asked twice");
    let left = adapter.turn_journal().unwrap();
    assert_eq!(left.list(Some(session_id), false).await.unwrap(), []);
    result
}

/// A tool that has run does not run again: the turn has the result that the lost host has
/// kept, though its event was lost, and though the tool may run twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_was_kept_is_used() {
    let result = after_a_loss(Point::Settled).await;
    let shown = serde_json::to_string(&result).unwrap();
    assert!(shown.contains(KEPT), "{shown}");
}

/// The host keeps the result of each tool in the journal, beside its event.
#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_has_run_is_settled() {
    let result = after_a_loss(Point::Ran).await;
    assert_eq!(result.error, None);
}

/// Models use the ids of calls again: a call of a later step is another one, and runs.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_used_again_is_another_call() {
    let folder = tempfile::tempdir().unwrap();
    let process = AdapterProcess::start_set(Database::Sqlite, folder.path(), &[]).await;
    let same = || {
        let call = json!({ "index": 0, "id": "call_0", "type": "function", "function": {
            "name": "write_file", "arguments": write().to_string(),
        } });
        let chunk = |delta: Value, reason: Value| {
            json!({ "id": "chunk", "object": "chat.completion.chunk", "model": "fake",
                "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }] })
            .to_string()
        };
        let called = chunk(json!({ "tool_calls": [call] }), Value::Null);
        Answer::Chunks(vec![called, chunk(json!({}), json!("tool_calls"))], true)
    };
    let fake = FakeOpenAi::start(vec![same(), same(), Answer::Text(vec!["Done."])]).await;
    let (adapter, _) = host_adapter(&mesh(&process.endpoint)).await;
    let session_id = seed_with(&adapter, played(&fake)).await;
    let (fenced, journal) = leased(&adapter, session_id).await;
    let begin = Begin::Message {
        message: Box::new(Message::user("Go.")),
        turn_id: TurnId::new(),
    };
    let engine = engine(fenced, Arc::new(journal));
    let end = engine.run(session_id, begin, &TurnControl::default()).await;
    assert_eq!(end.unwrap(), TurnEnd::Completed);
    let events = adapter.event_log().unwrap().read(session_id, 0).await;
    let errors = events
        .unwrap()
        .into_iter()
        .filter_map(|event| match event.data {
            EventData::ToolCompleted(data) => Some(data.error),
            _ => None,
        });
    assert_eq!(errors.collect::<Vec<_>>(), [None, None]);
}

fn write() -> Value {
    json!({ "path": "/workspace/a.txt", "content": "a" })
}
