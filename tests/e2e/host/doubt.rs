//! Tools of a host that is killed while they run, where hosts share the journal.

use super::over_front::Set;
use super::test_host::played;
use super::told;
use everruns_core::events::EventData;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};

/// Where the host is killed: at the first call of this adapter's service or method that holds
/// this text, which then has no answer.
#[derive(Debug, Clone, Copy)]
struct Point {
    method: &'static str,
    text: &'static str,
}

/// The model's answer is stored, and the step that runs its tools is not.
const ANSWERED: Point = Point {
    method: "TurnJournalService/PutTurn",
    text: "\"step\":\"act\"",
};

/// The tools are claimed, and none has a result: the file is being read or written.
const CLAIMED: Point = Point {
    method: "SessionFileSystemService/",
    text: "a.txt",
};

/// Kills the host at a point, starts it again, and gives back why the tool failed, if it
/// did. The model is asked once before it and once after it.
async fn after_a_kill(point: Point, tool: &'static str, arguments: Value) -> Option<String> {
    let call = Answer::ToolCall(tool, arguments);
    let fake = FakeOpenAi::start(vec![call, Answer::Text(vec!["Done."])]).await;
    let mut set = Set::with_arguments(played(&fake), &["--journal", "adapter"]).await;
    set.front.hold(point.method, point.text);
    let turn = set.begin("Go.").await;
    set.front.until_met(1).await;
    set.host.kill().await;
    drop(turn);
    set.front.heal();
    set.start_host().await;
    set.until_counted("session.idled", 1).await;
    assert_eq!(set.count("turn.completed").await, 1, "{point:?}");

    let events = told::events(&set.host.http, set.session_id).await;
    let mut results = events.iter().filter_map(|event| match &event.data {
        EventData::ToolCompleted(data) => Some(data.error.clone()),
        _ => None,
    });
    let result = results.next().expect("the call has a result");
    assert_eq!(results.next(), None, "it has one");
    assert_eq!(fake.requests().len(), 2, "the model is asked twice");
    let left = told::open_turns(&set.host.http).await;
    assert_eq!(left, Vec::<Value>::new());
    result
}

/// A tool that may have run does not run again, and the model is told so; one that may run
/// twice runs again.
#[tokio::test(flavor = "multi_thread")]
async fn a_tool_in_doubt_does_not_run_again() {
    let edit = json!({
        "path": "/workspace/a.txt", "expected_hash": "sha256:00",
        "old_text": "a", "new_text": "b",
    });
    let error = after_a_kill(CLAIMED, "edit_file", edit).await;
    let error = error.unwrap();
    assert!(
        error.contains("whether the tool has run is not known"),
        "{error}"
    );
    let write = json!({ "path": "/workspace/a.txt", "content": "a" });
    let failed = after_a_kill(CLAIMED, "write_file", write).await;
    assert_eq!(failed, None);
}

/// A tool that the model has asked for runs, though the host was killed before the journal
/// had its step: nothing was claimed, so that nothing is in doubt.
#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_was_asked_for_runs_after_a_kill() {
    let write = json!({ "path": "/workspace/a.txt", "content": "a" });
    let failed = after_a_kill(ANSWERED, "write_file", write).await;
    assert_eq!(failed, None);
}
