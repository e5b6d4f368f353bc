//! Holds a session that was raced for against what one host alone would have left there, by
//! what any host tells of it.

use crate::host::hosts::{ends, turns_apart};
use crate::host::told::{events, get};
use everruns_core::events::{Event, EventData};
use everruns_core::typed_id::TurnId;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often it is looked whether a session is idle.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A session, and what was asked there.
pub struct Race {
    pub session: String,
    pub asked: Vec<(String, Said)>,
}

/// What a caller was told in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Answered,
    Refused,
}

/// What was found in a session.
#[derive(Debug, Default, Clone, Copy)]
pub struct Found {
    pub events: usize,
    /// Tools of which the host that went on did not know whether they had run.
    pub in_doubt: usize,
}

/// The events with their turns, a line each.
fn shown(events: &[Event]) -> String {
    let line = |event: &Event| {
        let turn_id = event.context.turn_id.map(|id| id.to_string());
        format!("\n{} {}", event.event_type, turn_id.unwrap_or_default())
    };
    events.iter().map(line).collect()
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

/// Waits until nothing is under way in the session, and judges it.
pub async fn judge(http: &str, race: &Race, entered: &HashMap<String, usize>) -> Found {
    let url = format!("{http}/v1/sessions/{}", race.session);
    let settled = async {
        loop {
            let session = get(&url).await;
            if session["session"]["status"] == "idle" && session["turn"].is_null() {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
    };
    let settled = timeout(Duration::from_secs(60), settled).await;
    let events = events(http, &race.session).await;
    let what = format!("{}, {:?}:{}", race.session, race.asked, shown(&events));
    assert!(settled.is_ok(), "the session is not idle: {what}");
    let answered = race
        .asked
        .iter()
        .filter(|(_, said)| *said == Said::Answered);
    let answered = answered.count();
    assert_eq!(ends(&events), vec!["turn.completed"; answered], "{what}");
    assert_eq!(turns_apart(&events).len(), answered, "{what}");
    for once in ["turn.started", "turn.completed"] {
        let counts = per_turn(&events, once);
        assert_eq!(counts.len(), answered, "{once} of each turn: {what}");
        let is_once = counts.values().all(|count| *count == 1);
        assert!(is_once, "{once} once in each turn: {what}");
    }
    for (question, said) in &race.asked {
        let count = entered.get(question).copied().unwrap_or_default();
        judge_question(&events, question, *said, count, &what);
    }
    Found {
        events: events.len(),
        in_doubt: judge_tools(&events, &what),
    }
}

/// How many events of a type a turn has.
fn of_turn(events: &[Event], turn: Option<TurnId>, event_type: &str) -> usize {
    let all = events.iter();
    all.filter(|event| event.context.turn_id == turn && event.event_type == event_type)
        .count()
}

/// A question that was answered is there once, and its answer once, in its turn; one that was
/// refused has left nothing.
fn judge_question(events: &[Event], question: &str, said: Said, entered: usize, what: &str) {
    let mut asked = events.iter().filter_map(|event| match &event.data {
        EventData::InputMessage(data) if data.message.text() == Some(question) => {
            Some(data.message.id)
        }
        _ => None,
    });
    let message_id = asked.next();
    assert!(
        asked.next().is_none(),
        "`{question}` is there twice: {what}"
    );
    if said == Said::Refused {
        assert!(message_id.is_none(), "`{question}` was refused: {what}");
        assert_eq!(entered, 0, "`{question}` was refused: {what}");
        return;
    }
    assert!(message_id.is_some(), "`{question}` is lost: {what}");
    let turn = events.iter().find_map(|event| match &event.data {
        EventData::TurnStarted(data) if Some(data.input_message_id) == message_id => {
            Some(data.turn_id)
        }
        _ => None,
    });
    let answer = format!("answer to {question}");
    let answers = events.iter().filter(|event| match &event.data {
        EventData::OutputMessageCompleted(data) => data.message.text() == Some(&answer),
        _ => false,
    });
    let turns: Vec<_> = answers.map(|event| event.context.turn_id).collect();
    assert!(turn.is_some(), "`{question}` has no turn: {what}");
    assert_eq!(turns, [turn], "`{question}` is answered once: {what}");
    assert!(
        entered <= 1,
        "the tool ran {entered} times for `{question}`: {what}"
    );
    let tools = events.iter().filter_map(|event| match &event.data {
        EventData::ToolCompleted(data) if event.context.turn_id == turn => Some(data),
        _ => None,
    });
    let has_run = tools.clone().any(|data| data.error.is_none());
    // A step whose host was lost is begun again, and may then be answered without the tool.
    let begun = of_turn(events, turn, "reason.started");
    let is_begun_again = begun > of_turn(events, turn, "reason.completed");
    let results = tools.count();
    assert!(
        results == 1 || (results == 0 && is_begun_again),
        "`{question}` has {results} results: {what}"
    );
    assert!(
        !has_run || entered == 1,
        "the tool for `{question}` did not run: {what}"
    );
}

/// No call of a tool has two results. Gives back how many were in doubt.
fn judge_tools(events: &[Event], what: &str) -> usize {
    let (mut settled, mut in_doubt) = (HashSet::new(), 0);
    for event in events {
        let EventData::ToolCompleted(data) = &event.data else {
            continue;
        };
        let is_first = settled.insert((event.context.turn_id, data.tool_call_id.clone()));
        assert!(is_first, "a call has two results: {what}");
        if let Some(error) = &data.error {
            assert!(error.contains("is not known"), "{error}: {what}");
            in_doubt += 1;
        }
    }
    in_doubt
}
