//! `kill -9` of the host wherever a turn is, and SIGTERM: sessions stay usable, and
//! every acknowledged event is there once.

use super::test_host::TestHost;
use super::told;
use everruns_core::session::SessionStatus;
use mortise_proto::host as pb;
use mortise_proto::host::run_turn_response::Happened;
use mortise_test_support::fake_openai::{Answer, FakeOpenAi};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Kills the host after some number of the turn's events, starts it again and waits for
/// the turn's end.
async fn killed_after(events: usize, recovery: &str) {
    let stage = TestHost::set(&["--recovery", recovery]).await;
    let mut turn = stage.run("What is 12 times 34?").await;
    let mut acknowledged = HashSet::new();
    let mut ended = false;
    while acknowledged.len() < events && !ended {
        match turn.next().await {
            Some(Happened::Event(event)) if event.sequence > 0 => {
                acknowledged.insert(event.id);
            }
            Some(Happened::Event(_) | Happened::Accepted(_) | Happened::Queued(_)) => {}
            Some(Happened::Ended(_)) | None => ended = true,
        }
    }
    let stage = stage.restart_after_kill().await;
    let said = format!("killed after {events} events, {recovery}");
    let ends = ["turn.completed", "turn.failed", "turn.cancelled"];
    let stored = loop {
        let stored = stage.stored().await;
        let over = |kinds: &[&str]| {
            stored
                .iter()
                .any(|event| kinds.contains(&event.event_type.as_str()))
        };
        if over(&ends) && over(&["session.idled"]) && stage.status().await == SessionStatus::Idle {
            break stored;
        }
        tokio::task::yield_now().await;
    };
    let count = |kinds: &[&str]| {
        let found = stored
            .iter()
            .filter(|event| kinds.contains(&event.event_type.as_str()));
        found.count()
    };
    assert_eq!(count(&ends), 1, "{said}: the turn ends once");
    assert_eq!(count(&["session.idled"]), 1, "{said}");
    if recovery == "resume" {
        assert_eq!(
            count(&["turn.completed"]),
            1,
            "{said}: the turn goes on to its end"
        );
        assert_eq!(count(&["turn.started"]), 1, "{said}: the turn begins once");
    }
    let there: HashSet<String> = stored.iter().map(|event| event.id.to_string()).collect();
    assert!(
        acknowledged.is_subset(&there),
        "{said}: an acknowledged event is lost"
    );
    let next = stage.run("And 2 times 3?").await;
    assert_eq!(next.outcome().await, pb::TurnOutcome::Completed, "{said}");
    let left = told::open_turns(&stage.host.http).await;
    assert_eq!(left, Vec::<Value>::new(), "{said}: no turn is left");
    stage.stored().await;
}

/// With resumption.
#[tokio::test]
async fn killed_turns_go_on() {
    for events in [1, 2, 3, 5, 8, 12, 17, 23, 30, 38, 47, 55] {
        killed_after(events, "resume").await;
    }
}

/// With an honest end.
#[tokio::test]
async fn killed_turns_end() {
    for events in [1, 2, 4, 7, 11, 19, 28, 36, 45, 54] {
        killed_after(events, "end").await;
    }
}

/// SIGTERM lets a turn end that can, parks one that cannot, and loses nothing of either.
#[tokio::test]
async fn sigterm_loses_nothing() {
    for (drain, ends) in [("60", true), ("0", false)] {
        let gate = Arc::new(Semaphore::new(0));
        let held = Answer::Held(gate.clone(), vec!["Half ", "and whole."]);
        let fake = FakeOpenAi::start(vec![held]).await;
        let mut stage = TestHost::played(&fake, &["--drain", drain]).await;
        let mut turn = stage.run("?").await;
        turn.until("output.message.started").await;
        stage.host.terminate().await;
        // It refuses more, or has stopped already.
        let more = reqwest::Client::new().post(stage.url("/turns"));
        if ends {
            loop {
                let refused = more.try_clone().unwrap().json(&json!({ "text": "more" }));
                let status = refused.send().await.unwrap().status().as_u16();
                if status == 503 {
                    break;
                }
                assert_eq!(status, 409, "the signal is on its way");
            }
        }
        // A turn that is to be parked gets its answer after the next start.
        if ends {
            gate.add_permits(6);
        }
        let (seen, ended) = turn.rest().await;
        gate.add_permits(6);
        let expected = if ends {
            pb::TurnOutcome::Completed
        } else {
            pb::TurnOutcome::Parked
        };
        assert_eq!(ended.outcome(), expected, "--drain {drain}");
        let before = seen.iter().map(|event| event.sequence).max();
        stage = stage.stopped_and_again().await;
        while stage.count("session.idled").await < 1 {
            tokio::task::yield_now().await;
        }
        let after = stage.stored().await;
        let last = after.last().unwrap().sequence.map(i64::from);
        assert!(last >= before, "{last:?} is before {before:?}");
        assert_eq!(after.last().unwrap().event_type, "session.idled");
        assert_eq!(stage.status().await, SessionStatus::Idle);
    }
}
