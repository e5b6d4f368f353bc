//! Turns while several things go wrong at once, in an order that a seed decides.
//!
//! `MORTISE_CHAOS_SECONDS` makes it longer than it is among the other tests, and
//! `MORTISE_CHAOS_SEED` repeats a run.

use everruns_core::events::{Event, TURN_CANCELLED, TURN_COMPLETED, TURN_FAILED, TURN_STARTED};
use everruns_core::typed_id::SessionId;
use futures::future::join_all;
use mortise_adapter_client::{GrpcHostAdapter, Mesh};
use mortise_runtime_host::engine::TurnEnd;
use mortise_test_support::database::Database;
use mortise_test_support::fault_proxy::Fault;
use mortise_test_support::replicas::Replicas;
use mortise_test_support::scenario::{ask, host_adapter, seed};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SESSIONS: usize = 6;
const REPLICAS: usize = 3;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Breaks one server after the other, two at once at most, until it is dropped.
async fn break_things(replicas: &Replicas, random: &mut fastrand::Rng) {
    let faults = [
        Fault::Reset,
        Fault::HalfOpen,
        Fault::LostReplies,
        Fault::Garbage,
        Fault::Delay(Duration::from_millis(40)),
        Fault::Throttle(Duration::from_millis(10)),
    ];
    loop {
        let first = random.usize(..REPLICAS);
        let second = (first + random.usize(1..REPLICAS)) % REPLICAS;
        replicas.set(first, faults[random.usize(..faults.len())]);
        sleep(Duration::from_millis(random.u64(20..400))).await;
        replicas.set(second, faults[random.usize(..faults.len())]);
        sleep(Duration::from_millis(random.u64(20..400))).await;
        // What was lost is noticed when the connection goes.
        for number in [first, second] {
            replicas.set(number, Fault::Reset);
            sleep(Duration::from_millis(20)).await;
            replicas.set(number, Fault::None);
        }
        sleep(Duration::from_millis(random.u64(20..300))).await;
    }
}

/// Runs turns of one session until the time is over; how many.
async fn run_turns(adapter: &GrpcHostAdapter, session_id: SessionId, until: Instant) -> usize {
    let mut turns = 0;
    while Instant::now() < until || turns == 0 {
        let end = ask(adapter, session_id, "What is 12 times 34?").await;
        assert!(matches!(end, TurnEnd::Completed), "turn {turns}: {end:?}");
        turns += 1;
    }
    turns
}

/// What is stored of a session: whole, in order, without anything twice, and each turn with
/// one end.
async fn check(adapter: &GrpcHostAdapter, session_id: SessionId, turns: usize, seen: &[Event]) {
    let log = adapter.event_log().unwrap();
    let stored = log.read(session_id, 0).await.unwrap();
    let sequences: Vec<i64> = stored
        .iter()
        .filter_map(|event| event.sequence.map(i64::from))
        .collect();
    let expected: Vec<i64> = (1..).take(stored.len()).collect();
    assert_eq!(sequences, expected, "gaps");
    let ids: BTreeSet<String> = stored.iter().map(|event| event.id.to_string()).collect();
    assert_eq!(ids.len(), stored.len(), "duplicates");
    let lost: Vec<_> = seen
        .iter()
        .filter(|event| event.session_id == session_id && !event.is_ephemeral())
        .filter(|event| !ids.contains(&event.id.to_string()))
        .map(|event| event.event_type.clone())
        .collect();
    assert!(lost.is_empty(), "acknowledged and not stored: {lost:?}");
    let mut begun = BTreeMap::<String, (usize, usize)>::new();
    for event in &stored {
        let Some(turn) = event.context.turn_id else {
            continue;
        };
        let counts = begun.entry(turn.to_string()).or_default();
        match event.event_type.as_str() {
            TURN_STARTED => counts.0 += 1,
            TURN_COMPLETED | TURN_FAILED | TURN_CANCELLED => counts.1 += 1,
            _ => {}
        }
    }
    assert_eq!(begun.len(), turns);
    assert!(begun.values().all(|counts| *counts == (1, 1)), "{begun:?}");
}

/// Turns over three servers, of which up to two are broken at once: every turn completes,
/// and what is stored of every session is whole, in order and there once.
async fn turns_survive(database: Database) {
    let seconds = variable("MORTISE_CHAOS_SECONDS").unwrap_or(8);
    let random_seed = variable("MORTISE_CHAOS_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("MORTISE_CHAOS_SEED={random_seed}");
    let mut random = fastrand::Rng::with_seed(random_seed);
    let replicas = Replicas::start_on(database, REPLICAS).await;
    let mut config = replicas.config();
    config.retry_window = Duration::from_secs(60);
    config.deadline = Duration::from_secs(10);
    let (adapter, seen) = host_adapter(&Mesh::new(config).unwrap()).await;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(seed(&adapter).await);
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    let turns = sessions
        .iter()
        .map(|session| run_turns(&adapter, *session, until));
    let turns = tokio::select! {
        turns = join_all(turns) => turns,
        () = break_things(&replicas, &mut random) => unreachable!("it never ends"),
    };
    for number in 0..REPLICAS {
        replicas.set(number, Fault::Reset);
        sleep(Duration::from_millis(50)).await;
        replicas.set(number, Fault::None);
    }
    let seen = seen.lock().unwrap().clone();
    for (session_id, turns) in sessions.iter().zip(turns) {
        check(&adapter, *session_id, turns, &seen).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_survive_on_sqlite() {
    turns_survive(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_survive_on_postgres() {
    if Database::Postgres.is_there() {
        turns_survive(Database::Postgres).await;
    }
}
