//! Turns and their events, over gRPC and HTTP.

use super::test_host::{Sse, TestHost};
use everruns_core::session::SessionStatus;
use futures::StreamExt;
use mortise_proto::host as pb;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// More pieces than pass before the first of them is seen.
const PIECES: usize = 200;

fn follow(stage: &TestHost, after_sequence: i64) -> pb::FollowEventsRequest {
    pb::FollowEventsRequest {
        org_id: 1,
        session_id: stage.session_id.to_string(),
        after_sequence,
    }
}

/// A turn's stream holds each of its events once and in order, from the message to the
/// end; a second follower sees the same, and a page of events is what was stored.
#[tokio::test]
async fn a_turn_is_told_as_it_happens() {
    let stage = TestHost::set(&[]).await;
    let mut client = stage.client().await;
    let followed = client.follow_events(follow(&stage, 0)).await.unwrap();
    let turn = stage.run("What is 12 times 34?").await;
    let (turn_id, sequence) = (turn.accepted.turn_id.clone(), turn.accepted.sequence);
    assert_eq!(sequence, 1);
    let (events, ended) = turn.rest().await;
    assert_eq!(ended.outcome(), pb::TurnOutcome::Completed);
    assert_eq!(ended.turn_id, turn_id);
    assert_eq!(stage.status().await, SessionStatus::Idle);

    let stored: Vec<String> = stage
        .stored()
        .await
        .iter()
        .map(|event| event.id.to_string())
        .collect();
    let told = events.iter().filter(|event| event.sequence > 0);
    assert_eq!(
        told.map(|event| event.id.clone()).collect::<Vec<_>>(),
        stored
    );
    assert!(
        events.iter().any(|event| event.sequence == 0),
        "deltas pass by"
    );
    let seen = followed.into_inner().filter_map(|answer| async {
        let event = answer.unwrap().event.unwrap();
        (event.sequence > 0).then_some(event.id)
    });
    let seen: Vec<String> = seen.take(stored.len()).collect().await;
    assert_eq!(seen, stored);

    let page = pb::ReadEventsRequest {
        org_id: 1,
        session_id: stage.session_id.to_string(),
        after_sequence: 2,
        limit: 3,
    };
    let page = client.read_events(page).await.unwrap().into_inner().events;
    let ids: Vec<_> = page.iter().map(|event| event.id.clone()).collect();
    assert_eq!(ids, stored[2..5]);
}

/// Over HTTP pieces of an answer arrive one by one; a client that reconnects with the id of
/// the last event misses nothing and is sent nothing twice.
#[tokio::test]
async fn a_stream_goes_on_where_it_broke_off() {
    let gate = Arc::new(Semaphore::new(0));
    let pieces = vec!["word "; PIECES];
    let fake = FakeOpenAi::start(vec![Answer::Held(gate.clone(), pieces)]).await;
    let stage = TestHost::played(&fake, &[]).await;
    let client = reqwest::Client::new();
    let mut turn = Sse::open(
        client
            .post(stage.url("/turns"))
            .json(&json!({ "text": "?" })),
    )
    .await;
    assert_eq!(turn.next().await.unwrap().event, "accepted");

    let mut seen: Vec<i64> = Vec::new();
    let mut first = Sse::open(client.get(stage.url("/events"))).await;
    let mut beat = tokio::time::interval(Duration::from_millis(50));
    let delta = loop {
        tokio::select! {
            sent = first.next() => {
                let sent = sent.unwrap();
                if sent.event == "output.message.delta" {
                    break sent;
                }
                seen.push(sent.id.parse().unwrap());
            }
            // The runtime gathers what comes within a tenth of a second.
            _ = beat.tick() => gate.add_permits(1),
        }
    };
    let so_far = delta.data["data"]["accumulated"].as_str().unwrap();
    assert!(
        so_far.starts_with("word ") && so_far.len() < 5 * PIECES,
        "{so_far}"
    );
    assert_eq!(
        delta.id, "",
        "an ephemeral event has no place to come back to"
    );
    drop(first);
    gate.add_permits(PIECES);
    let last = seen.last().unwrap().to_string();
    let again = client
        .get(stage.url("/events"))
        .header("Last-Event-ID", last);
    let mut again = Sse::open(again).await;
    loop {
        let sent = again.next().await.unwrap();
        if let Ok(sequence) = sent.id.parse() {
            seen.push(sequence);
        }
        if sent.event == "session.idled" {
            break;
        }
    }
    let all: Vec<i64> = (1..=stage.stored().await.len() as i64).collect();
    assert_eq!(seen, all);
    let mut ended = turn.next().await.unwrap();
    while ended.event != "ended" {
        ended = turn.next().await.unwrap();
    }
    assert_eq!(ended.data["outcome"], "completed");
    assert!(turn.next().await.is_none(), "nothing comes after the end");
}

/// Everything of a conversation over HTTP: a session is made, a turn answers in JSON,
/// messages and events are there.
#[tokio::test]
async fn a_conversation_in_json() {
    let mut stage = TestHost::set(&[]).await;
    let client = reqwest::Client::new();
    let new = json!({
        "harness_id": mortise_runtime_host::local::demo::harness_id(),
        "agent_id": mortise_runtime_host::local::demo::agent_id(),
        "title": "Sums",
    });
    let url = format!("{}/v1/sessions", stage.host.http);
    let made = client.post(url).json(&new).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let made: serde_json::Value = made.json().await.unwrap();
    assert_eq!(made["title"], "Sums");
    stage.session_id = made["id"].as_str().unwrap().parse().unwrap();

    let (status, turn) = stage
        .post("/turns", json!({ "text": "What is 6 times 7?" }))
        .await;
    assert_eq!(
        (status, &turn["outcome"]),
        (200, &json!("completed")),
        "{turn}"
    );
    let answer = turn["message"]["content"][0]["text"].as_str().unwrap();
    assert!(answer.starts_with("6 × 7 = 42."), "{answer}");
    let get = async |what: &str| -> serde_json::Value {
        let answer = client.get(stage.url(what)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{what}");
        answer.json().await.unwrap()
    };
    let session = get("").await;
    assert_eq!(
        (&session["session"]["status"], &session["turn"]),
        (&json!("idle"), &json!(null))
    );
    let messages = get("/messages?limit=1").await;
    assert_eq!(
        messages["messages"][0]["content"][0]["text"],
        "What is 6 times 7?"
    );
    let page = get("/events?after=1&limit=2").await;
    assert_eq!(
        (
            page["events"].as_array().unwrap().len(),
            &page["next_after"]
        ),
        (2, &json!(3))
    );
}
