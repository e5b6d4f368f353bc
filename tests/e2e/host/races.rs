//! Hosts that race for sessions, some of them frozen or killed in the middle.

use super::hosts::{ends, turns_apart};
use super::test_host::TestHost;
use everruns_core::events::{Event, EventData};
use everruns_core::session::SessionStatus;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use mortise_test_support::host_process::HostProcess;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long the hosts' leases run, in seconds.
const TTL: &str = "2";

/// What is done to one of the hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mischief {
    None,
    Freeze,
    Kill,
}

/// A model that has a tool write a file, once in each turn, and then answers.
async fn writing() -> FakeOpenAi {
    FakeOpenAi::play(|request| {
        let messages = request["messages"].as_array().unwrap();
        if messages.last().unwrap()["role"] == "tool" {
            return Answer::Text(vec!["Written."]);
        }
        let path = format!("/workspace/{}.txt", messages.len());
        Answer::ToolCall("write_file", json!({ "path": path, "content": "x" }))
    })
    .await
}

/// Asks for a turn, whatever becomes of the one who asks.
fn ask(host: &HostProcess, stage: &TestHost, text: &str) -> JoinHandle<Option<Value>> {
    let url = format!("{}/v1/sessions/{}/turns", host.http, stage.session_id);
    let body = json!({ "text": text, "when_busy": "queue" });
    tokio::spawn(async move {
        let answer = reqwest::Client::new().post(url).json(&body).send().await;
        answer.ok()?.json().await.ok()
    })
}

fn of_type<'a>(events: &'a [Event], event_type: &str) -> impl Iterator<Item = &'a Event> {
    events
        .iter()
        .filter(move |event| event.event_type == event_type)
}

/// How often each turn has an event of a type.
fn per_turn(events: &[Event], event_type: &str) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for event in of_type(events, event_type) {
        let turn_id = event.context.turn_id.unwrap().to_string();
        *counts.entry(turn_id).or_default() += 1;
    }
    counts
}

/// The events with their turns, a line each.
fn shown(events: &[Event]) -> String {
    let line = |event: &Event| {
        let turn_id = event.context.turn_id.map(|id| id.to_string());
        format!("\n{} {}", event.event_type, turn_id.unwrap_or_default())
    };
    events.iter().map(line).collect()
}

/// Waits until every question is answered, and holds the session against what one host
/// alone would have left.
async fn judge(stage: &TestHost, what: &str) {
    let settled = async {
        loop {
            let events = stage.stored().await;
            let asked = of_type(&events, "input.message").count();
            let idle = stage.status().await == SessionStatus::Idle;
            if asked > 0 && ends(&events).len() >= asked && idle {
                return events;
            }
            tokio::task::yield_now().await;
        }
    };
    let Ok(events) = timeout(Duration::from_secs(60), settled).await else {
        let events = stage.stored().await;
        panic!("{what}: a question stays open:{}", shown(&events));
    };
    let what = &format!("{what}:{}", shown(&events));
    let asked = of_type(&events, "input.message").count();
    assert_eq!(ends(&events), vec!["turn.completed"; asked], "{what}");
    assert_eq!(turns_apart(&events).len(), asked, "{what}");
    for once in ["turn.started", "turn.completed"] {
        let counts = per_turn(&events, once);
        assert_eq!(counts.len(), asked, "{what}: {once} of each turn");
        let is_once = counts.values().all(|count| *count == 1);
        assert!(is_once, "{what}: {once} once in each turn");
    }
    let mut ran = HashSet::new();
    for event in of_type(&events, "tool.completed") {
        let EventData::ToolCompleted(data) = &event.data else {
            panic!("{what}: not what its type says");
        };
        let is_first = ran.insert((event.context.turn_id, data.tool_call_id.clone()));
        assert!(is_first, "{what}: a tool ran twice");
    }
}

/// No turns interleave, no event is lost or doubled, no call of a tool has two results, and
/// every question that was accepted is answered once, whatever is done to one of the hosts.
/// `MORTISE_RACES` has more of them run.
#[tokio::test]
async fn for_a_session() {
    let races = std::env::var("MORTISE_RACES").map_or(8, |races| races.parse().unwrap());
    let fake = writing().await;
    let arguments = ["--lease-ttl", TTL, "--journal", "adapter"];
    let mut stage = TestHost::played(&fake, &arguments).await;
    let mut other = stage.another_host("other", &arguments).await;
    let (mut frozen, mut killed, began) = (0, 0, Instant::now());
    for race in 0..races {
        stage.session_id = stage.another_session().await;
        let mischief = match race % 8 {
            3 => Mischief::Freeze,
            6 => Mischief::Kill,
            _ => Mischief::None,
        };
        let asked_before = fake.requests().len();
        let first = ask(&stage.host, &stage, "one");
        let second = ask(&other, &stage, "two");
        // In the middle of a turn of one of them.
        while mischief != Mischief::None && fake.requests().len() == asked_before {
            tokio::task::yield_now().await;
        }
        match mischief {
            Mischief::None => {
                first.await.unwrap();
                second.await.unwrap();
            }
            Mischief::Freeze => {
                other.freeze().await;
                frozen += 1;
                first.await.unwrap();
                other.thaw().await;
            }
            Mischief::Kill => {
                other.kill().await;
                killed += 1;
                first.await.unwrap();
                other = stage.another_host("other", &arguments).await;
            }
        }
        judge(&stage, &format!("race {race}, {mischief:?}")).await;
    }
    let took = began.elapsed();
    eprintln!("{races} races, {frozen} frozen and {killed} killed hosts: {took:?}");
}
