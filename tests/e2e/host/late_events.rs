//! Events of a host that was killed, and of a process that goes on with its turn without
//! seeing them: what a turn stores once is there once.

use super::front::Play;
use super::over_front::Set;
use super::test_host::played;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The journal is told of a step that asks the model.
const ASKS: (&str, &str) = ("TurnJournalService/PutTurn", "\"step\":\"reason\"");

/// A process that goes on with a turn and does not see what the one before has sent takes
/// steps again: the turn begins once, each tool call has one result, and the turn and the
/// session end once. Without an event log nothing that was sent is ever seen, so every
/// step is repeated for certain. The host is killed twice: when the journal does not know
/// yet that the turn has begun, and when it does not know that the tool has run.
async fn steps_are_repeated(plain: bool) {
    let gate = Arc::new(Semaphore::new(0));
    let held = gate.clone();
    let mut is_first = true;
    let fake = FakeOpenAi::play(move |request| {
        if std::mem::take(&mut is_first) {
            return Answer::HeldCall(held.clone(), "multiply", json!({ "a": 12, "b": 34 }));
        }
        match request.to_string().contains("408") {
            true => Answer::Text(vec!["408."]),
            false => Answer::ToolCall("multiply", json!({ "a": 12, "b": 34 })),
        }
    })
    .await;
    let mut set = Set::with_arguments(played(&fake), &["--journal", "adapter"]).await;
    set.front.replace(Play {
        without: BTreeSet::from(["EventLogService"]),
        plain,
        ..Play::default()
    });
    set.until_ready(200, "does not offer EventLogService").await;
    set.front.hold(ASKS.0, ASKS.1);
    // No caller can follow the turn.
    let body = json!({ "text": "12 times 34?", "wait": false });
    let post = set.post("/turns", &body);
    let ((), (status, begun)) = tokio::join!(set.front.until_met(1), post);
    assert_eq!(status, 202, "{begun}");
    set.host.kill().await;
    set.front.heal();
    set.start_host().await;
    while fake.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    set.front.hold(ASKS.0, ASKS.1);
    gate.add_permits(1);
    set.front.until_met(1).await;
    set.host.kill().await;
    set.front.heal();
    set.start_host().await;
    set.front.replace(Play::default());
    set.until_ready(200, "\"degraded\":[]").await;
    set.until_counted("session.idled", 1).await;
    for event_type in [
        "input.message",
        "session.activated",
        "turn.started",
        "tool.completed",
        "turn.completed",
        "session.idled",
    ] {
        assert_eq!(set.count(event_type).await, 1, "{event_type}");
    }
    assert!(set.front.calls("TurnJournalService/PutTurn") > 4);
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
