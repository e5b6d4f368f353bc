//! What a host tells of a session over HTTP.

use everruns_core::events::Event;
use everruns_core::session::SessionStatus;
use everruns_core::typed_id::SessionId;
use serde_json::Value;
use std::collections::HashSet;
use std::fmt::Display;
use std::time::Duration;
use tokio::time::sleep;

/// How often a host is asked that does not reach its adapters yet.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a host answers with status 200. One that has just come back does not reach its
/// adapters at once.
pub async fn get(url: &str) -> Value {
    loop {
        let answer = reqwest::get(url).await.unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        if status != 503 {
            assert_eq!(status, 200, "{url}: {body}");
            return body;
        }
        sleep(LOOK_EVERY).await;
    }
}

/// All events, by their pages after a sequence number: without a gap and each once.
pub async fn all_events(page: impl AsyncFn(usize) -> Vec<Value>) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    loop {
        let mut more = page(events.len()).await;
        if more.is_empty() {
            break;
        }
        events.append(&mut more);
    }
    let sequences: Vec<_> = events
        .iter()
        .map(|event| event["sequence"].as_u64())
        .collect();
    let expected: Vec<_> = (1..=events.len() as u64).map(Some).collect();
    assert_eq!(sequences, expected, "sequences have no gap");
    let ids: HashSet<_> = events.iter().map(|event| event["id"].as_str()).collect();
    assert_eq!(ids.len(), events.len(), "no event is there twice");
    events
}

/// All stored events of a session as they are shown, without a gap and each once.
pub async fn shown_events(http: &str, session: impl Display) -> Vec<Value> {
    let page = async |after: usize| -> Vec<Value> {
        let url = format!("{http}/v1/sessions/{session}/events?after={after}&limit=1000");
        serde_json::from_value(get(&url).await["events"].take()).unwrap()
    };
    all_events(page).await
}

/// The same, read.
pub async fn events(http: &str, session: impl Display) -> Vec<Event> {
    let shown = shown_events(http, session).await;
    serde_json::from_value(Value::Array(shown)).unwrap()
}

/// How many stored events of a session have a type.
pub async fn count(http: &str, session: impl Display, event_type: &str) -> usize {
    let events = shown_events(http, session).await;
    let found = events.iter().filter(|event| event["type"] == event_type);
    found.count()
}

/// A session's status.
pub async fn status(http: &str, session: SessionId) -> SessionStatus {
    let mut told = get(&format!("{http}/v1/sessions/{session}")).await;
    serde_json::from_value(told["session"]["status"].take()).unwrap()
}

/// The turns of the org that have not ended.
pub async fn open_turns(http: &str) -> Vec<Value> {
    let told = get(&format!("{http}/v1/turns")).await;
    told["turns"].as_array().unwrap().clone()
}
