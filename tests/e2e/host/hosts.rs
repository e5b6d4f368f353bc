//! Several hosts over one adapter: a session has one turn at a time, whichever host runs it,
//! and a host that has lost a session changes nothing there any more.

use super::test_host::{TestHost, Turn, user};
use everruns_core::events::Event;
use futures::FutureExt;
use mortise_proto::host as pb;
use mortise_proto::host::host_service_client::HostServiceClient;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::host_process::HostProcess;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

const SHORT: [&str; 2] = ["--lease-ttl", "4"];

/// A model whose first answer is held back.
pub async fn held(permits: &Arc<Semaphore>) -> FakeOpenAi {
    let gate = permits.clone();
    let mut is_first = true;
    FakeOpenAi::play(move |_| {
        if std::mem::take(&mut is_first) {
            Answer::Held(gate.clone(), vec!["Late."])
        } else {
            Answer::Text(vec!["At once."])
        }
    })
    .await
}

/// Waits until the model has been asked.
pub async fn asked(fake: &FakeOpenAi) {
    while fake.requests().is_empty() {
        tokio::task::yield_now().await;
    }
}

/// Posts a turn of the session to a host, and gives back what it answered.
async fn turn_at(host: &HostProcess, stage: &TestHost, body: Value) -> (u16, Value) {
    let url = format!("{}/v1/sessions/{}/turns", host.http, stage.session_id);
    let answer = reqwest::Client::new().post(url).json(&body).send().await;
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The turns in the order of their first events. Fails if they interleave: what belongs to a
/// turn comes before the first event of the next one, or, of a turn that was overtaken, is
/// nothing but its end.
pub fn turns_apart(events: &[Event]) -> Vec<String> {
    let mut order: Vec<String> = Vec::new();
    for event in events {
        let Some(turn_id) = event.context.turn_id else {
            continue;
        };
        let turn_id = turn_id.to_string();
        if order.last() == Some(&turn_id) {
            continue;
        }
        if order.contains(&turn_id) {
            let tells_end = ["turn.failed", "output.message.completed", "session.idled"];
            assert!(
                tells_end.contains(&event.event_type.as_str()),
                "{} of {turn_id} stands among the events of another turn",
                event.event_type
            );
        } else {
            order.push(turn_id);
        }
    }
    order
}

pub fn ends(events: &[Event]) -> Vec<&str> {
    let end = |event: &&Event| {
        ["turn.completed", "turn.failed", "turn.cancelled"].contains(&event.event_type.as_str())
    };
    let ends = events.iter().filter(end);
    ends.map(|event| event.event_type.as_str()).collect()
}

/// While one host runs a turn, another refuses one of the same session and says where to go,
/// or waits for its end; it cancels nothing that is not its own.
#[tokio::test]
async fn hosts_take_turns() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let address = "https://first.test:7451";
    let stage = TestHost::played(&fake, &["--advertise", address]).await;
    let other = stage.another_host("other", &[]).await;
    let first = stage.run("one").await;
    asked(&fake).await;

    let body = json!({ "text": "two", "when_busy": "refuse" });
    let (status, error) = turn_at(&other, &stage, body).await;
    let error = &error["error"];
    assert_eq!(
        (status, &error["reason"], &error["address"]),
        (409, &json!("SESSION_BUSY"), &json!(address)),
        "{error}"
    );
    let url = format!("{}/v1/sessions/{}/cancel", other.http, stage.session_id);
    let cancelled = reqwest::Client::new().post(url).json(&json!({})).send();
    assert_eq!(cancelled.await.unwrap().status(), 409);

    let body = json!({ "text": "two", "when_busy": "queue" });
    let mut second = turn_at(&other, &stage, body).boxed();
    // It waits: a model that it asked would have answered at once.
    let waits = async {
        let url = format!("{}/metrics", other.http);
        loop {
            let metrics = reqwest::get(&url).await.unwrap().text().await.unwrap();
            if metrics.contains("mortise_lease_waits_total 1") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = waits => {}
        answered = &mut second => panic!("a turn ran beside another: {answered:?}"),
    }
    gate.add_permits(2);
    assert_eq!(first.outcome().await, pb::TurnOutcome::Completed);
    let (status, turn) = second.await;
    assert_eq!(
        (status, &turn["outcome"]),
        (200, &json!("completed")),
        "{turn}"
    );
    let events = stage.stored().await;
    assert_eq!(turns_apart(&events).len(), 2);
    assert_eq!(ends(&events), ["turn.completed", "turn.completed"]);
}

/// A host that is frozen in the middle of a turn loses its session to another, and when it
/// goes on it writes nothing but the end of its turn, once it has the session again.
#[tokio::test]
async fn a_frozen_host_loses_its_session() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let stage = TestHost::played(&fake, &SHORT).await;
    let other = stage.another_host("other", &SHORT).await;
    let first = stage.run("one").await;
    asked(&fake).await;
    stage.host.freeze().await;

    let body = json!({ "text": "two", "when_busy": "queue" });
    let (status, turn) = turn_at(&other, &stage, body).await;
    assert_eq!(
        (status, &turn["outcome"]),
        (200, &json!("completed")),
        "{turn}"
    );
    let before = stage.stored_at(&other).await.len();

    gate.add_permits(2);
    stage.host.thaw().await;
    stage
        .until_counted(&["mortise_leases_lost_total"], 1.0)
        .await;
    let ended = async {
        while ends(&stage.stored().await).len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    let ended = timeout(Duration::from_secs(60), ended).await;
    assert!(ended.is_ok(), "the turn that was overtaken ends");
    drop(first);
    let events = stage.stored().await;
    assert_eq!(ends(&events), ["turn.completed", "turn.failed"]);
    assert_eq!(turns_apart(&events).len(), 2);
    let late: Vec<_> = events[before..].iter().collect();
    let text = serde_json::to_string(&late).unwrap();
    assert!(!text.contains("Late."), "what the model said is not stored");
    assert!(
        text.contains("another host took the session over"),
        "{text}"
    );
}

/// A host that is killed in the middle of a turn keeps its session for as long as its lease
/// runs; then another goes on. When it is started again its turn ends, once.
#[tokio::test]
async fn a_killed_host_is_followed_by_another() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let mut stage = TestHost::played(&fake, &SHORT).await;
    let other = stage.another_host("other", &SHORT).await;
    let first = stage.run("one").await;
    asked(&fake).await;
    stage.host.kill().await;
    drop(first);

    let mut client = HostServiceClient::connect(other.grpc.clone())
        .await
        .unwrap();
    let request = pb::SendMessageRequest {
        org_id: 1,
        session_id: stage.session_id.to_string(),
        message: Some(user("two")),
        request_id: None,
    };
    client.send_message(request).await.unwrap();
    let stage = stage.restart_after_kill().await;
    let ended = async {
        while ends(&stage.stored().await).len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    let ended = timeout(Duration::from_secs(60), ended).await;
    assert!(ended.is_ok(), "both turns end");
    let events = stage.stored().await;
    turns_apart(&events);
    let mut ends = ends(&events);
    ends.sort_unstable();
    assert_eq!(ends, ["turn.completed", "turn.failed"]);
}

/// Hosts that share their journal: when one is killed in the middle of a turn, another goes
/// on with it, without being asked to and although it has nothing of the first one's folder.
#[tokio::test]
async fn a_turn_is_taken_over() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let stage = TestHost::played(&fake, &[]).await;
    let shared = ["--lease-ttl", "4", "--journal", "adapter"];
    let first = stage.another_host("first", &shared).await;
    let second = stage.another_host("second", &shared).await;
    let mut client = HostServiceClient::connect(first.grpc.clone())
        .await
        .unwrap();
    let turn = client.run_turn(stage.turn("one")).await.unwrap();
    let turn = Turn::begun(turn.into_inner()).await;
    asked(&fake).await;
    drop((turn, first));
    let ended = async {
        while ends(&stage.stored().await).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let ended = timeout(Duration::from_secs(60), ended).await;
    assert!(ended.is_ok(), "the turn ends");
    let events = stage.stored().await;
    assert_eq!(ends(&events), ["turn.completed"]);
    assert_eq!(turns_apart(&events).len(), 1);
    let said = serde_json::to_string(&events).unwrap();
    assert!(
        said.contains("At once."),
        "the second host asked the model again"
    );
    drop(second);
}
