//! A turn that a host has handed over to a Restate server, and that has not begun.

use super::races::field::{Engine, Field};
use mortise_test_support::database::Database;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::restate::RestateServer;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// How long the hosts' leases run, in seconds.
const TTL: u32 = 5;

/// How long anything may take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// No server is there.
const NOWHERE: u16 = 1;

/// A turn that is refused while its session has another.
fn turn(http: &str, session: &str, question: &str) -> RequestBuilder {
    let url = format!("{http}/v1/sessions/{session}/turns");
    let body = json!({ "text": question, "when_busy": "refuse" });
    Client::new()
        .post(url)
        .header("idempotency-key", question)
        .json(&body)
}

/// Waits until so many turns were handed over.
async fn until_handed_over(server: &RestateServer, turns: u64) {
    let url = format!("{}/query", server.admin);
    let query = "SELECT count(*) AS turns FROM sys_invocation WHERE target_handler_name = 'run'";
    let handed_over = async {
        loop {
            let asked = Client::new()
                .post(&url)
                .header("accept", "application/json");
            let asked = asked.json(&json!({ "query": query })).send().await.unwrap();
            let found: Value = asked.json().await.unwrap();
            if found["rows"][0]["turns"] == turns {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
    };
    let handed_over = timeout(SOON, handed_over).await;
    assert!(handed_over.is_ok(), "{turns} turns were handed over");
}

/// The host that has handed a turn over is killed before it begins. Who asks for the turn
/// again has its outcome, also where another turn runs first by then: the turn is not refused,
/// since it would run all the same.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_refused_when_it_is_asked_for_again() {
    let gate = Arc::new(Semaphore::new(0));
    let held = Answer::Held(gate.clone(), vec!["Done."]);
    let fake = FakeOpenAi::start(vec![held]).await;
    let mut field = Field::start(Engine::Restate, Database::Sqlite, &fake, 2, TTL).await;
    let session = field.create_session().await;
    let (spread, ports) = field.way.as_ref().unwrap();
    let second_port = ports[1];
    spread.move_to(vec![NOWHERE]);
    let server = field.server.as_ref().unwrap();
    let first = turn(&field.hosts[1].http(), &session, "first");
    let first = tokio::spawn(first.send());
    until_handed_over(server, 1).await;
    let cut_off = turn(&field.hosts[0].http(), &session, "second");
    let cut_off = tokio::spawn(cut_off.send());
    until_handed_over(server, 2).await;
    field.hosts[0].kill().await;
    assert!(cut_off.await.unwrap().is_err());
    field.way.as_ref().unwrap().0.open_to(vec![second_port]);
    while fake.requests().is_empty() {
        sleep(LOOK_EVERY).await;
    }
    field.hosts[0].start_again().await;
    field.hosts[0].ready().await;
    let again = turn(&field.hosts[0].http(), &session, "second");
    let again = tokio::spawn(again.send());
    let other = turn(&field.hosts[0].http(), &session, "third").send().await;
    assert_eq!(other.unwrap().status(), 409, "one that is new is refused");
    gate.add_permits(64);
    for answer in [first, again] {
        let answer: Value = answer.await.unwrap().unwrap().json().await.unwrap();
        assert_eq!(answer["outcome"], "completed", "{answer}");
    }
}
