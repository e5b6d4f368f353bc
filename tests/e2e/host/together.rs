//! More turns than may run at once, and adapters that are not there.

use super::test_host::{Sse, TestHost};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use mortise_proto::host as pb;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::host_process::HostProcess;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A session has one turn at a time: another is refused, or waits if it is to; a host
/// that is full says so and when to come back.
#[tokio::test]
async fn turns_wait_or_are_refused() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = FakeOpenAi::start(vec![Answer::Held(gate.clone(), vec!["Yes."])]).await;
    let stage = TestHost::played(
        &fake,
        &[
            "--turns-max",
            "1",
            "--queue-max",
            "1",
            "--when-busy",
            "refuse",
        ],
    )
    .await;
    let first = stage.run("one").await;

    let (status, error) = stage.post("/turns", json!({ "text": "two" })).await;
    assert_eq!(
        (status, &error["error"]["reason"]),
        (409, &json!("TURN_UNDER_WAY")),
        "{error}"
    );
    let other = stage.another_session().await;
    let url = format!("{}/v1/sessions/{other}/turns", stage.host.http);
    let client = reqwest::Client::new();
    let busy = client
        .post(&url)
        .json(&json!({ "text": "two" }))
        .send()
        .await
        .unwrap();
    assert_eq!(busy.status(), 429);
    assert_eq!(busy.headers()["retry-after"], "1");
    let busy: Value = busy.json().await.unwrap();
    assert_eq!(busy["error"]["reason"], "BUSY");

    // Of three that would wait there is room for one.
    let mut answers: FuturesUnordered<_> = (0..3)
        .map(|_| stage.post("/turns", json!({ "text": "three", "when_busy": "queue" })))
        .collect();
    for _ in 0..2 {
        let (status, error) = answers.next().await.unwrap();
        assert_eq!(
            (status, &error["error"]["reason"]),
            (429, &json!("QUEUE_FULL")),
            "{error}"
        );
    }
    gate.add_permits(4);
    assert_eq!(first.outcome().await, pb::TurnOutcome::Completed);
    let (status, turn) = answers.next().await.unwrap();
    assert_eq!(
        (status, &turn["outcome"]),
        (200, &json!("completed")),
        "{turn}"
    );
    assert_eq!(stage.count("turn.completed").await, 2);
}

/// A host starts without its adapter, names it, and is ready when it comes; it notices
/// when it goes, and those who follow see the events that are stored when it is back.
#[tokio::test]
async fn an_adapter_comes_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let socket = format!("unix:{}", folder.path().join("late.sock").display());
    let data = folder.path().join("host");
    let host = HostProcess::start(&socket.parse().unwrap(), &data, &[]).await;
    let live = reqwest::get(format!("{}/live", host.http)).await.unwrap();
    assert_eq!(live.status(), 200);
    let ready = async |expected: u16| -> Value {
        loop {
            let answer = reqwest::get(format!("{}/ready", host.http)).await.unwrap();
            let status = answer.status().as_u16();
            let answer: Value = answer.json().await.unwrap();
            let named = answer.to_string().contains("late.sock");
            if status == expected && (status == 200 || named) {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let missing = ready(503).await;
    assert_eq!(missing["ready"], false);
    let turns = reqwest::get(format!("{}/v1/turns", host.http))
        .await
        .unwrap();
    assert_eq!(turns.status(), 503);

    let adapter = AdapterProcess::start_at(folder.path(), &socket).await;
    ready(200).await;
    adapter.kill().await;
    ready(503).await;
    let _adapter = AdapterProcess::start_at(folder.path(), &socket).await;
    ready(200).await;
}

/// An adapter that is killed under a follower costs it no event.
#[tokio::test]
async fn followers_outlive_an_adapter() {
    let stage = TestHost::set(&[]).await;
    let mut events = Sse::open(reqwest::Client::new().get(stage.url("/events"))).await;
    stage.run("6 times 7?").await.outcome().await;
    let stage = stage.adapter_killed_and_again().await;
    stage.run("2 times 3?").await.outcome().await;
    let all = stage.stored().await.len();
    let mut seen = Vec::new();
    while seen.len() < all {
        let sent = events.next().await.unwrap();
        seen.extend(sent.id.parse::<usize>().ok());
    }
    assert_eq!(seen, (1..=all).collect::<Vec<_>>());
}
