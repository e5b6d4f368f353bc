//! `kill -9` of the adapter between turns, in the middle of turns, and of the host
//! itself: no acknowledged event is lost, none is there twice.

use everruns_core::events::Event;
use everruns_core::typed_id::{EventId, SessionId};
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_client::{GrpcHostAdapter, PhaseKind};
use mortise_proto::convert::event_log::{self, LoggedEvent};
use mortise_proto::pb;
use mortise_runtime_host::engine::TurnEnd;
use mortise_test_support::adapter_process::AdapterProcess;
use mortise_test_support::database::Database;
use mortise_test_support::fixtures::{said, unheard_of};
use mortise_test_support::in_process::patient_mesh;
use mortise_test_support::scenario::{ask, host_adapter, seed};
use serde_json::json;
use std::collections::HashSet;
use tokio::sync::watch;

async fn stored(adapter: &GrpcHostAdapter, session_id: SessionId) -> Vec<Event> {
    let events = adapter
        .event_log()
        .unwrap()
        .read(session_id, 0)
        .await
        .unwrap();
    let sequences: Vec<_> = events.iter().map(|event| event.sequence.unwrap()).collect();
    let expected: Vec<_> = (1..=i32::try_from(events.len()).unwrap()).collect();
    assert_eq!(sequences, expected, "sequences have no gap");
    let ids: HashSet<EventId> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), events.len(), "no event is there twice");
    events
}

/// Between turns: the host is not restarted, and its next turn works.
#[tokio::test(flavor = "multi_thread")]
async fn killed_between_turns() {
    for database in Database::ALL {
        killed_between_turns_on(database).await;
    }
}

async fn killed_between_turns_on(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let process = AdapterProcess::start_on(database, folder.path()).await;
    let (adapter, _seen) = host_adapter(&patient_mesh(&process.endpoint)).await;
    let session_id = seed(&adapter).await;
    assert_eq!(
        ask(&adapter, session_id, "6 times 7?").await,
        TurnEnd::Completed
    );
    let before = stored(&adapter, session_id).await;
    process.kill().await;

    let _again = AdapterProcess::start_on(database, folder.path()).await;
    assert_eq!(
        ask(&adapter, session_id, "2 times 3?").await,
        TurnEnd::Completed
    );
    let after = stored(&adapter, session_id).await;
    let ids = |events: &[Event]| events.iter().map(|event| event.id).collect::<Vec<_>>();
    assert_eq!(ids(&after)[..before.len()], ids(&before)[..]);
}

/// In the middle of a turn, wherever that is: the server is killed after some number
/// of events and started again, and the turn goes on to its end. Every event that
/// was acknowledged is there, once.
#[tokio::test(flavor = "multi_thread")]
async fn killed_during_turns() {
    let moments = [2, 9, 17, 26, 40].map(|after| Database::ALL.map(|database| (database, after)));
    for (database, kill_after) in moments.into_iter().flatten() {
        let folder = tempfile::tempdir().unwrap();
        let process = AdapterProcess::start_on(database, folder.path()).await;
        let (adapter, seen) = host_adapter(&patient_mesh(&process.endpoint)).await;
        let session_id = seed(&adapter).await;
        let turn = {
            let adapter = adapter.clone();
            tokio::spawn(async move { ask(&adapter, session_id, "6 times 7?").await })
        };
        while seen.lock().unwrap().len() < kill_after && !turn.is_finished() {
            tokio::task::yield_now().await;
        }
        process.kill().await;
        let _again = AdapterProcess::start_on(database, folder.path()).await;
        assert_eq!(
            turn.await.unwrap(),
            TurnEnd::Completed,
            "killed after {kill_after} events"
        );

        let there: HashSet<EventId> = stored(&adapter, session_id)
            .await
            .iter()
            .map(|event| event.id)
            .collect();
        for event in seen
            .lock()
            .unwrap()
            .iter()
            .filter(|event| !event.is_ephemeral())
        {
            assert!(
                there.contains(&event.id),
                "{} is lost (killed after {kill_after})",
                event.event_type
            );
        }
    }
}

/// A hundred acknowledged events and a kill: all of them are there.
#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_means_durable() {
    for database in Database::ALL {
        acknowledged_means_durable_on(database).await;
    }
}

async fn acknowledged_means_durable_on(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let process = AdapterProcess::start_on(database, folder.path()).await;
    let (adapter, _seen) = host_adapter(&patient_mesh(&process.endpoint)).await;
    let session_id = seed(&adapter).await;
    let emitter = adapter.event_emitter();
    let emits = (0..100).map(|n| {
        let emitter = emitter.clone();
        async move {
            emitter
                .emit(said(session_id, &n.to_string()))
                .await
                .unwrap()
                .id
        }
    });
    let acknowledged: HashSet<EventId> =
        futures::future::join_all(emits).await.into_iter().collect();
    process.kill().await;
    let _again = AdapterProcess::start_on(database, folder.path()).await;
    let there: HashSet<EventId> = stored(&adapter, session_id)
        .await
        .iter()
        .map(|event| event.id)
        .collect();
    assert_eq!(there, acknowledged);
    assert_eq!(
        adapter.message_store().count(session_id).await.unwrap(),
        100
    );
}

/// Events of each session whose bodies repeat each other.
const LONG_EVENTS: usize = 50;

/// Stands in each of their bodies.
const IN_EACH: &str = "what every one of the long bodies holds";

/// Sessions whose events hold all that was said before, so that the server stores them as
/// differences; it is killed again and again while they come in, one by one and on streams.
/// What was acknowledged is read byte for byte as it was sent, once and in its order.
#[tokio::test(flavor = "multi_thread")]
async fn long_bodies_survive_kills() {
    for database in Database::ALL {
        long_bodies_survive_kills_on(database).await;
    }
}

async fn long_bodies_survive_kills_on(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let mut process = AdapterProcess::start_on(database, folder.path()).await;
    let (adapter, _seen) = host_adapter(&patient_mesh(&process.endpoint)).await;
    let acknowledged = watch::Sender::new(0);
    let mut sessions = Vec::new();
    for number in 0..4 {
        let session_id = seed(&adapter).await;
        let (adapter, acknowledged) = (adapter.clone(), acknowledged.clone());
        let emit = emit_long(adapter, session_id, number % 2 == 0, acknowledged);
        sessions.push((session_id, tokio::spawn(emit)));
    }
    for kill_after in [20, 60, 61, 120, 170] {
        let mut acknowledged = acknowledged.subscribe();
        acknowledged
            .wait_for(|count| *count >= kill_after)
            .await
            .unwrap();
        process.kill().await;
        process = AdapterProcess::start_on(database, folder.path()).await;
    }
    let mut sent = Vec::new();
    for (session_id, emitted) in sessions {
        sent.push((session_id, emitted.await.unwrap()));
    }
    process.kill().await;
    let dump = database.dumped(&folder.path().join("p.db")).await;
    let whole = dump.windows(IN_EACH.len());
    let whole = whole.filter(|bytes| *bytes == IN_EACH.as_bytes()).count();
    assert!(whole < 2 * LONG_EVENTS, "{whole} bodies are stored whole");

    let _again = AdapterProcess::start_on(database, folder.path()).await;
    let log = adapter.event_log().unwrap();
    for (session_id, sent) in sent {
        let read = log.read_logged(session_id, 0, 0).await.unwrap();
        let read: Vec<_> = read.into_iter().map(LoggedEvent::into_wire).collect();
        assert_eq!(read.len(), LONG_EVENTS);
        assert!(
            read == sent,
            "an event of {session_id} is not what was acknowledged"
        );
    }
}

/// Emits events that grow, each once the one before is acknowledged, or some at a time. Says
/// how they are to be read.
async fn emit_long(
    adapter: GrpcHostAdapter,
    session_id: SessionId,
    is_alone: bool,
    acknowledged: watch::Sender<usize>,
) -> Vec<pb::Event> {
    let (mut history, mut sent) = (vec![IN_EACH.to_string()], Vec::new());
    let step = if is_alone { 1 } else { 5 };
    while sent.len() < LONG_EVENTS {
        let phase = adapter.phase(session_id, PhaseKind::Act);
        let alone = adapter.event_emitter();
        for _ in 0..step {
            // What repeats nothing, so that each body adds to those before.
            let words = (0..100).map(|_| format!("{:x} ", fastrand::u64(..)));
            history.push(words.collect());
            let request = unheard_of(session_id, json!({ "history": history }));
            let event = pb::NewEvent::try_from(&request).unwrap();
            let emitted = match is_alone {
                true => alone.emit(request).await,
                false => phase.event_emitter().emit(request).await,
            };
            let sequence = i64::try_from(sent.len() + 1).unwrap();
            sent.push(event_log::stored(event, emitted.unwrap().id, sequence));
        }
        phase.finish_phase().await.unwrap();
        acknowledged.send_modify(|count| *count += step);
    }
    sent
}

/// PostgreSQL throws out every connection of a server again and again while events come
/// in: every event is stored once, and only the log tells of it.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_breaks_off() {
    let folder = tempfile::tempdir().unwrap();
    let process = AdapterProcess::start_on(Database::Postgres, folder.path()).await;
    let (adapter, _seen) = host_adapter(&patient_mesh(&process.endpoint)).await;
    let session_id = seed(&adapter).await;
    let emitter = adapter.event_emitter();
    let files = adapter.file_store();
    let place = folder.path().join("p.db");
    let mut acknowledged = HashSet::new();
    for round in 0..10 {
        let emits = (0..20).map(|n| emitter.emit(said(session_id, &format!("{round} {n}"))));
        let writes = (0..5).map(|n| {
            let (files, path) = (files.clone(), format!("/{round}/{n}"));
            async move { files.write_file(session_id, &path, "kept", "text").await }
        });
        let (emitted, written, thrown_out) = futures::join!(
            futures::future::join_all(emits),
            futures::future::join_all(writes),
            Database::throw_out(&place),
        );
        assert!(thrown_out > 0, "a client was connected");
        for event in emitted {
            acknowledged.insert(event.unwrap().id);
        }
        for file in written {
            file.unwrap();
        }
    }
    let there: HashSet<EventId> = stored(&adapter, session_id)
        .await
        .iter()
        .map(|event| event.id)
        .collect();
    assert_eq!(there, acknowledged);
}
