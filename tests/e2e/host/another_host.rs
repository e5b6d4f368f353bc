//! A call that is sent again with its key to another host, as a proxy before several hosts
//! does: it happens once, and has the outcome of the first.

use super::hosts::{asked, ends, held};
use super::test_host::TestHost;
use mortise_runtime_host::local::demo;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::host_process::HostProcess;
use reqwest::Client;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Posts to a path of a host, with a key.
async fn post(host: &HostProcess, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let request = Client::new()
        .post(format!("{}/v1/sessions{path}", host.http))
        .header("idempotency-key", key)
        .json(body);
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Posts until the turn is not at another host any more.
async fn until_ended(host: &HostProcess, path: &str, key: &str, body: &Value) -> Value {
    let asks = async {
        loop {
            match post(host, path, key, body).await {
                (200, turn) => return turn,
                (503, error) => {
                    let text = error["error"]["message"].as_str().unwrap_or_default();
                    assert!(text.contains("at another host"), "{error}");
                    tokio::task::yield_now().await;
                }
                other => panic!("{other:?}"),
            }
        }
    };
    let turn = timeout(Duration::from_secs(60), asks).await;
    turn.expect("the turn ends")
}

/// Two hosts that share nothing but their adapter give one answer: to a turn that is over, to
/// a session, and to a turn that still runs at the other.
#[tokio::test]
async fn two_hosts_make_one_turn() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let stage = TestHost::played(&fake, &[]).await;
    let other = stage.another_host("other", &[]).await;
    let path = format!("/{}/turns", stage.session_id);
    let body = json!({ "text": "one", "when_busy": "queue" });

    let first = post(&stage.host, &path, "key 1", &body);
    let second = async {
        asked(&fake).await;
        let (status, error) = post(&other, &path, "key 1", &body).await;
        assert_eq!(status, 503, "it runs at the first host: {error}");
        gate.add_permits(2);
    };
    let ((status, first), ()) = tokio::join!(first, second);
    assert_eq!((status, &first["outcome"]), (200, &json!("completed")));
    let second = until_ended(&other, &path, "key 1", &body).await;
    for field in ["turn_id", "input_message_id", "outcome"] {
        assert_eq!(second[field], first[field], "{field}");
    }
    assert_eq!(ends(&stage.stored().await), ["turn.completed"]);
    assert_eq!(fake.requests().len(), 1);

    let body = json!({ "harness_id": demo::harness_id(), "title": "Made once" });
    let made = post(&stage.host, "", "key 2", &body).await;
    assert_eq!(made.0, 201, "{}", made.1);
    assert_eq!(post(&other, "", "key 2", &body).await, made);
}

/// Two hosts are asked for one turn while a third turn has the session, so that it waits at
/// both: it runs once, and both callers have its outcome.
#[tokio::test]
async fn a_turn_that_waits_at_two_hosts_runs_once() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let stage = TestHost::played(&fake, &[]).await;
    let other = stage.another_host("other", &[]).await;
    let path = format!("/{}/turns", stage.session_id);
    let before = stage.run("first").await;
    asked(&fake).await;
    let body = json!({ "text": "two", "when_busy": "queue", "wait": false });
    for host in [&stage.host, &other] {
        let (status, queued) = post(host, &path, "key", &body).await;
        assert_eq!(
            (status, &queued["status"]),
            (202, &json!("queued")),
            "{queued}"
        );
    }
    gate.add_permits(2);
    drop(before);
    let body = json!({ "text": "two", "when_busy": "queue" });
    let ended = async {
        while ends(&stage.stored().await).len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    let ended = timeout(Duration::from_secs(60), ended).await;
    assert!(ended.is_ok(), "both turns end");
    let first = until_ended(&stage.host, &path, "key", &body).await;
    let second = until_ended(&other, &path, "key", &body).await;
    assert_eq!(first["outcome"], "completed");
    assert_eq!(first["turn_id"], second["turn_id"]);
    let said: Vec<_> = stage.stored().await;
    let asked = said
        .iter()
        .filter(|event| event.event_type == "input.message");
    assert_eq!(asked.count(), 2);
    assert_eq!(ends(&said).len(), 2);
}

/// The host that had the call is killed in the middle of the turn, and the caller asks
/// another one with the same key: it has the outcome of the turn that was taken over.
#[tokio::test]
async fn the_turn_of_a_host_that_was_killed_is_found() {
    let gate = Arc::new(Semaphore::new(0));
    let fake = held(&gate).await;
    let stage = TestHost::played(&fake, &[]).await;
    let shared = ["--lease-ttl", "4", "--journal", "adapter"];
    let first = stage.another_host("first", &shared).await;
    let second = stage.another_host("second", &shared).await;
    let path = format!("/{}/turns", stage.session_id);
    let body = json!({ "text": "one", "wait": false });
    let (status, begun) = post(&first, &path, "key", &body).await;
    assert_eq!(status, 202, "{begun}");
    asked(&fake).await;
    drop(first);
    let body = json!({ "text": "one" });
    let turn = until_ended(&second, &path, "key", &body).await;
    assert_eq!(turn["turn_id"], begun["turn_id"]);
    assert_eq!(ends(&stage.stored().await), ["turn.completed"]);
}

/// A host cannot know what a key was used for at another: with another text it is another turn.
#[tokio::test]
async fn another_text_is_another_turn() {
    let fake = FakeOpenAi::start(vec![Answer::Text(vec!["Yes."])]).await;
    let stage = TestHost::played(&fake, &[]).await;
    let other = stage.another_host("other", &[]).await;
    let path = format!("/{}/turns", stage.session_id);
    let (_, one) = post(&stage.host, &path, "key", &json!({ "text": "one" })).await;
    let (_, two) = post(&other, &path, "key", &json!({ "text": "two" })).await;
    assert_ne!(one["turn_id"], two["turn_id"]);
    assert_eq!(ends(&stage.stored().await).len(), 2);
}
