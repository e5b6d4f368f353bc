//! Events that share a group: who is next, and what one of them does to the others.

use super::*;
use crate::db::{AllOrgs, locks};
use futures::FutureExt;
use mortise_proto::error::Outcome;
use mortise_proto::pb::ErrorReason;
use std::cell::Cell;
use std::pin::Pin;

/// More than a group holds, several times, and more than may wait unsorted.
const FLOOD: usize = 2000;

/// The most events of a group.
const GROUP: usize = 256;

/// What the database does not take. Its text is in no error.
const REFUSED: &str = "test.refused";

type Appending<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Keeps every group of events that has one of this session from being written.
async fn held(store: &Store, session: SessionId) -> AllOrgs {
    let mut all = store
        .reference
        .inner
        .db
        .write_all_orgs_alone()
        .await
        .unwrap();
    let id = session.to_string();
    locks::sessions(all.for_org(1), &[&id]).await.unwrap();
    all
}

/// An org that has two thousand events to store delays one of another org, or of another of
/// its own sessions, by no more than the group that is being written and the next.
#[tokio::test]
async fn a_flood_delays_nobody_else() {
    for is_other_org in [true, false] {
        let store = Store::new().await;
        let flooding = store.org1();
        let other = adapter(&store.reference, if is_other_org { 2 } else { 1 });
        let (busy, quiet) = (new_session(&flooding).await, new_session(&other).await);
        let (stored, before) = (Cell::new(0), Cell::new(None));
        let hold = held(&store, busy).await;
        let mut appending: Vec<Appending<'_>> = Vec::new();
        for _ in 0..FLOOD {
            appending.push(Box::pin(async {
                append(&flooding, plain(busy)).await.unwrap();
                stored.set(stored.get() + 1);
            }));
        }
        // The last of all.
        appending.push(Box::pin(async {
            append(&other, plain(quiet)).await.unwrap();
            before.set(Some(stored.get()));
        }));
        // On this thread nothing is written before all of them wait.
        for append in &mut appending {
            assert!(append.as_mut().now_or_never().is_none());
        }
        drop(hold);
        futures::future::join_all(appending).await;
        let before = before.get().unwrap();
        assert!(before <= 2 * GROUP + GROUP / 2, "{before} events before");
        let read = flooding.events().read(busy, 0, 1).await.unwrap();
        assert_eq!((stored.get(), read.len()), (FLOOD, 1));
    }
}

/// One event that the database refuses keeps none out that shares its group, of its own
/// session, another, or another org; each session keeps its order.
#[tokio::test]
async fn a_refused_event_stands_alone() {
    let store = Store::new().await;
    refuse(&store).await;
    let adapters = [store.org1(), store.org1(), adapter(&store.reference, 2)];
    let mut sessions = Vec::new();
    for adapter in &adapters {
        sessions.push(new_session(adapter).await);
    }
    let hold = held(&store, sessions[0]).await;
    let mut appending = Vec::new();
    for (number, (adapter, session)) in adapters.iter().zip(&sessions).enumerate() {
        let mut run: Vec<_> = (0..8).map(|_| plain(*session)).collect();
        if number < 2 {
            run.insert(3, event(*session, REFUSED, &json!({"private": 1})));
        }
        appending.push(Box::pin(async move { adapter.events().append(run).await }));
    }
    for append in &mut appending {
        assert!(append.as_mut().now_or_never().is_none());
    }
    drop(hold);
    let answers = futures::future::join_all(appending).await;
    for (number, answers) in answers.into_iter().enumerate() {
        let (refused, stored): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_err);
        let sequences = stored.iter().flatten().map(|ack| ack.sequence);
        assert_eq!(sequences.collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
        assert_eq!(refused.len(), usize::from(number < 2));
        for error in refused.into_iter().map(Result::unwrap_err) {
            assert_eq!(error.reason, Some(ErrorReason::Store), "{error}");
            assert_eq!(error.outcome, Outcome::NotApplied, "{error}");
            assert!(!error.to_string().contains("private"), "{error}");
        }
        let read = adapters[number].events();
        let read = read.read(sessions[number], 0, 100).await.unwrap();
        let acks = stored.iter().flatten().map(|ack| ack.event_id.to_string());
        assert!(read.iter().map(|event| event.id.clone()).eq(acks));
    }
}

/// Lets the database itself refuse events of a type.
async fn refuse(store: &Store) {
    let refuse = match database() {
        Database::Sqlite => {
            "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.type = 'test.refused' \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        }
        Database::Postgres => {
            "ALTER TABLE events ADD CONSTRAINT refuse CHECK (type <> 'test.refused')"
        }
    };
    let mut all = store.reference.inner.db.write_all_orgs().await.unwrap();
    all.query(refuse).execute().await.unwrap();
    all.commit().await.unwrap();
}
