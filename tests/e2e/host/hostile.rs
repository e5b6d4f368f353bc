//! A model that answers in every odd way, while users send, cancel and delete at random
//! times. Afterwards every session's history is one that OpenAI takes, and every turn has
//! ended once.
//!
//! The seed is fixed: one run is like the other as far as the machine's timing allows.
//! `MORTISE_HOSTILE_TURNS` asks for so many messages in place of a few (10000 is the long
//! form), `MORTISE_HOSTILE_SEED` for another seed.

use super::steer::{Errand, MANAGES, errand, run_errand};
use super::test_host::{TestHost, played};
use super::told;
use everruns_core::typed_id::SessionId;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi, chunk};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// Sessions at once.
const SESSIONS: usize = 4;

fn asked_for(variable: &str, default: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(default, |given| given.parse().unwrap())
}

/// One odd answer.
fn odd(random: &mut fastrand::Rng) -> Answer {
    let words = |random: &mut fastrand::Rng| {
        let words = ["It is ", "größer", "\u{0}", " ", "{\"a\":", "data: [DONE]"];
        chunk(json!({ "content": random.choice(words) }), None)
    };
    let mut chunks = Vec::new();
    for _ in 0..random.usize(0..3) {
        chunks.push(words(random));
    }
    match random.u8(0..12) {
        0 => return Answer::Error(400, "what you wrote is wrong"),
        1 => return Answer::Body("text/html", "<html>Sign in</html>"),
        2 => return Answer::CutAfter(vec!["It is "]),
        3 => return Answer::Text(vec!["It ", "is."]),
        4 => chunks.push(json!({ "error": { "message": "gone", "code": 502 } }).to_string()),
        5 => {}
        6..10 => {
            for _ in 0..random.usize(1..4) {
                let piece = piece(random);
                chunks.push(chunk(json!({ "tool_calls": [piece] }), None));
            }
        }
        _ => chunks.push("{\"choices\": [{".into()),
    }
    if random.u8(0..5) > 0 {
        let reasons = ["stop", "tool_calls", "length", "content_filter", "odd"];
        chunks.push(chunk(json!({}), random.choice(reasons)));
    }
    Answer::Chunks(chunks, random.bool())
}

/// A piece of a call, or a whole one, with whatever may be wrong with it.
fn piece(random: &mut fastrand::Rng) -> Value {
    let names = [
        "multiply",
        "read_file",
        "list_directory",
        "two words",
        "",
        "no_such_tool",
    ];
    let whole = "{\"a\": 6, \"b\": 7, \"path\": \"/x\"}";
    let arguments = match random.u8(0..7) {
        0 => "[]".to_string(),
        1 => "null".to_string(),
        2 => "\"\\ud800\"".to_string(),
        3 => whole[..random.usize(0..whole.len())].to_string(),
        4 => format!("{}1{}", "{\"a\":".repeat(110), "}".repeat(110)),
        _ => whole.to_string(),
    };
    let mut piece = json!({ "function": {
        "name": random.choice(names), "arguments": arguments,
    } });
    if random.bool() {
        piece["index"] = json!(random.u8(0..3));
    }
    if random.u8(0..4) > 0 {
        piece["id"] = json!(random.choice(["a", "b", "", "call.1"]));
    }
    piece
}

/// Does something to a session. What its answer is does not matter: it must be one.
async fn disturb(stage: &TestHost, session_id: SessionId, random: &mut fastrand::Rng) -> bool {
    let what = match random.u8(0..10) {
        0 => "cancel",
        _ => "messages",
    };
    let url = format!("{}/v1/sessions/{session_id}/{what}", stage.host.http);
    let body = match what {
        "messages" => json!({ "text": "Well?" }),
        _ => json!({}),
    };
    let sent = reqwest::Client::new().post(url).json(&body).send().await;
    let status = sent.unwrap().status().as_u16();
    assert!(status != 500, "{what}: {status}");
    what == "messages"
}

/// The turns of the org that have not ended.
async fn open_turns(stage: &TestHost) -> usize {
    let mut client = stage.client().await;
    let request = mortise_proto::host::ListTurnsRequest {
        org_id: 1,
        ..Default::default()
    };
    let turns = client.list_turns(request).await.unwrap();
    turns.into_inner().turns.len()
}

/// How often each turn of a session began, and how often it ended.
async fn turns(stage: &TestHost, session_id: SessionId) -> HashMap<String, (usize, usize)> {
    let mut turns: HashMap<String, (usize, usize)> = HashMap::new();
    for event in told::shown_events(&stage.host.http, session_id).await {
        let Some(turn_id) = event["context"]["turn_id"].as_str() else {
            continue;
        };
        let turn = turns.entry(turn_id.to_string()).or_default();
        match event["type"].as_str().unwrap() {
            "turn.started" => turn.0 += 1,
            "turn.completed" | "turn.failed" | "turn.cancelled" => turn.1 += 1,
            _ => {}
        }
    }
    turns
}

/// Deletes a session: over the API, or past the host by the agent of another session.
async fn delete(stage: &TestHost, session_id: SessionId, is_past: bool) {
    if is_past {
        return run_errand(&stage.host.http, Errand::Delete, session_id).await;
    }
    let url = format!("{}/v1/sessions/{session_id}", stage.host.http);
    let deleted = reqwest::Client::new().delete(url).send().await;
    assert_eq!(deleted.unwrap().status(), 200);
}

/// The text of a session's last message.
async fn last_text(stage: &TestHost, session_id: SessionId) -> String {
    let mut last = Value::Null;
    for offset in 0.. {
        let page = format!("offset={}&limit=1000", offset * 1000);
        let url = format!(
            "{}/v1/sessions/{session_id}/messages?{page}",
            stage.host.http
        );
        let mut told = told::get(&url).await;
        match told["messages"].as_array_mut().unwrap().pop() {
            Some(message) => last = message,
            None => break,
        }
    }
    let text = last["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{last}")).into()
}

/// No answer of a model, and nothing that is done meanwhile, ends a session for good.
#[tokio::test]
async fn nothing_kills_a_session() {
    let seed = asked_for("MORTISE_HOSTILE_SEED", 7);
    let messages = asked_for("MORTISE_HOSTILE_TURNS", 40);
    let is_good = Arc::new(AtomicBool::new(false));
    let good = is_good.clone();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut model = random.fork();
    let fake = FakeOpenAi::play(move |request| {
        if let Some(answer) = errand(request, "") {
            return answer;
        }
        if good.load(Ordering::Acquire) {
            return Answer::Text(vec!["Fine."]);
        }
        odd(&mut model)
    })
    .await;
    let stage = TestHost::set_with(played(&fake), &MANAGES, |_| {}).await;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(stage.another_session().await);
    }
    let (mut sent, mut deleted) = (0, Vec::new());
    while sent < messages {
        let at = random.usize(0..sessions.len());
        if random.u8(0..40) == 0 {
            delete(&stage, sessions[at], random.bool()).await;
            deleted.push(sessions[at]);
            sessions[at] = stage.another_session().await;
        }
        if disturb(&stage, sessions[at], &mut random).await {
            sent += 1;
        }
        // Some come at once, some when a turn has got somewhere.
        tokio::time::sleep(Duration::from_millis(random.u64(0..200))).await;
    }
    let over = async {
        while open_turns(&stage).await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let over = timeout(Duration::from_secs(300), over).await;
    assert!(over.is_ok(), "seed {seed}: every turn ends");
    is_good.store(true, Ordering::Release);
    let mut ended = 0;
    for session_id in &sessions {
        let url = format!("{}/v1/sessions/{session_id}/messages", stage.host.http);
        let body = json!({ "text": "Are you there?" });
        let asked = reqwest::Client::new().post(url).json(&body).send().await;
        let asked: Value = asked.unwrap().json().await.unwrap();
        let turn_id = asked["turn_id"].as_str().unwrap().to_string();
        let answered = async {
            while turns(&stage, *session_id)
                .await
                .get(&turn_id)
                .is_none_or(|turn| turn.1 == 0)
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let answered = timeout(Duration::from_secs(60), answered).await;
        assert!(answered.is_ok(), "seed {seed}: {session_id} answers");
        let last = last_text(&stage, *session_id).await;
        assert_eq!(last, "Fine.", "seed {seed}: {session_id}");
        for (turn_id, turn) in turns(&stage, *session_id).await {
            assert_eq!(turn, (1, 1), "seed {seed}: {turn_id} began and ended once");
            ended += 1;
        }
    }
    for session_id in &deleted {
        let mut cut_off = 0;
        for (turn_id, (began, has_ended)) in turns(&stage, *session_id).await {
            // Its message may have been stored just before the session was deleted.
            assert!(
                has_ended <= began && began <= 1,
                "seed {seed}: {turn_id} began {began} times and ended {has_ended} times"
            );
            ended += has_ended;
            cut_off += began - has_ended;
        }
        // A deleted session takes no end of the turn that was under way.
        assert!(cut_off <= 1, "seed {seed}: {session_id}");
    }
    assert_eq!(fake.refusals(), Vec::<String>::new(), "seed {seed}");
    println!(
        "seed {seed}: {sent} messages, {} sessions deleted, {ended} turns ended once, {} requests, none refused",
        deleted.len(),
        fake.requests().len()
    );
}
