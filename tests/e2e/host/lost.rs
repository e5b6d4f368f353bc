//! A host that is killed with fifty running turns, beside two others: how long it takes until
//! each of them runs again, and that no tool that has a result runs again.

use super::races::field::{Engine, Field, TOOL, has_entered, question};
use mortise_test_support::database::Database;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::timeout;

const TURNS: usize = 50;

/// How long the hosts' leases run, in seconds.
const TTL: u32 = 5;

/// When models were asked for the answer to each question, after the tool had run.
type Asked = Arc<Mutex<HashMap<String, Vec<Instant>>>>;

/// A model that has the tool run, and is then silent until it may answer.
async fn silent(asked: &Asked, gate: &Arc<Semaphore>) -> FakeOpenAi {
    let (asked, gate) = (asked.clone(), gate.clone());
    FakeOpenAi::play(move |request| {
        let question = question(request);
        if !has_entered(request) {
            return Answer::ToolCall(TOOL, json!({ "entry": question }));
        }
        let mut asked = asked.lock().unwrap();
        asked.entry(question).or_default().push(Instant::now());
        Answer::Held(gate.clone(), vec!["Done."])
    })
    .await
}

/// Waits until a model was asked so often for the answer to each question.
async fn until_asked(asked: &Asked, times: usize) {
    let all = async {
        loop {
            let done = {
                let asked = asked.lock().unwrap();
                asked.values().filter(|at| at.len() >= times).count()
            };
            if done == TURNS {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let all = timeout(Duration::from_secs(120), all).await;
    all.unwrap_or_else(|_| {
        let asked = asked.lock().unwrap();
        let done = asked.values().filter(|at| at.len() >= times).count();
        panic!("{done} of {TURNS} turns have asked {times} times")
    });
}

/// Begins a turn, which need not be waited for.
async fn begin(http: &str, session: &str, question: &str) {
    let url = format!("{http}/v1/sessions/{session}/turns");
    let body = json!({ "text": question, "wait": false });
    let answer = Client::new().post(url).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 202, "{:?}", answer.text().await);
}

/// Waits until the session's turn has completed.
async fn until_completed(http: &str, session: &str) {
    let url = format!("{http}/v1/sessions/{session}/turns");
    loop {
        let answer = reqwest::get(&url).await.unwrap();
        let page: Value = answer.json().await.unwrap();
        let turns = page["turns"].as_array().unwrap();
        assert_eq!(turns.len(), 1, "{page}");
        match turns[0]["status"].as_str() {
            Some("completed") => return,
            Some("failed" | "cancelled") | None => panic!("{page}"),
            Some(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn lost(engine: Engine) {
    let (asked, gate) = (Asked::default(), Arc::new(Semaphore::new(0)));
    let fake = silent(&asked, &gate).await;
    let mut field = Field::start(engine, Database::Sqlite, &fake, 3, TTL).await;
    // A server of turns finds the first host alone, so that all of them run there.
    if let Some((spread, ports)) = &field.way {
        spread.move_to(vec![ports[0]]);
    }
    let at = match engine {
        Engine::Local => 0,
        Engine::Restate => 1,
    };
    let mut sessions = Vec::new();
    for number in 0..TURNS {
        let session = field.create_session().await;
        begin(
            &field.hosts[at].http(),
            &session,
            &format!("question {number}"),
        )
        .await;
        sessions.push(session);
    }
    until_asked(&asked, 1).await;
    if let Some((spread, ports)) = &field.way {
        spread.open_to(ports.clone());
    }

    let killed = Instant::now();
    field.hosts[0].kill().await;
    until_asked(&asked, 2).await;
    let mut again: Vec<Duration> = {
        let asked = asked.lock().unwrap();
        asked.values().map(|at| at[1] - killed).collect()
    };
    again.sort();
    eprintln!(
        "{engine:?}: {TURNS} turns of a killed host run again after {:?} (the first), {:?} (half), {:?} (all); leases of {TTL} s",
        again[0],
        again[TURNS / 2],
        again[TURNS - 1]
    );

    // Those who ask for the dead host hold nothing back: their connections are gone.
    gate.add_permits(TURNS * 8);
    let http = field.hosts[1].http();
    for session in &sessions {
        let completed = timeout(Duration::from_secs(60), until_completed(&http, session)).await;
        assert!(completed.is_ok(), "the turn of {session} completes");
    }
    let entered = field.ledger.entered();
    assert_eq!(entered.len(), TURNS);
    assert!(entered.values().all(|times| *times == 1), "{entered:?}");
}

/// Hosts that share a journal find the turns when their leases have ended.
#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_go_on_with_fifty_turns() {
    lost(Engine::Local).await;
}

/// A Restate server places them again when their connections break.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_turns_are_placed_again() {
    lost(Engine::Restate).await;
}
