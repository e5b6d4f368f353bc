//! Firing, with the time in hand.

use super::*;
use chrono::{DateTime, TimeDelta, Utc};
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::traits::SessionScheduleStore;

/// A storage that fires only when it is told to.
async fn patient(path: &Path) -> Reference {
    let mut config = config(url_at(path).await);
    config.fire_schedules = false;
    Reference::open(config).await.unwrap()
}

async fn schedule(store: &Reference, session: SessionId, cron: Option<&str>, at: DateTime<Utc>) {
    let s = adapter(store, 1);
    let made = s.create_schedule(
        session,
        "do it".into(),
        cron.map(Into::into),
        Some(at),
        "UTC".into(),
    );
    made.await.unwrap();
}

/// Two servers that look at the same time fire a schedule once, and asking again fires
/// nothing.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_fires() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.db");
    let servers = [patient(&path).await, patient(&path).await];
    let session = new_session(&adapter(&servers[0], 1)).await;
    let now = Utc::now();
    schedule(&servers[0], session, None, now).await;
    let fired = futures::future::join_all(
        [0, 1, 0, 1, 0, 1].map(|server| servers[server].inner.fire_due(now)),
    );
    let fired: Vec<usize> = fired.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(fired.iter().sum::<usize>(), 1, "{fired:?}");
    let s = adapter(&servers[1], 1);
    assert_eq!(s.count(session).await.unwrap(), 1);
    let events = s.read(session, 0, 10).await.unwrap();
    let types: Vec<&str> = events.iter().map(|event| event.r#type.as_str()).collect();
    assert_eq!(types, ["schedule.triggered", "input.message"]);
}

/// What was missed for a week fires once; the next time is in the future.
#[tokio::test]
async fn missed_times_collapse() {
    let folder = tempfile::tempdir().unwrap();
    let store = patient(&folder.path().join("m.db")).await;
    let s = adapter(&store, 1);
    let session = new_session(&s).await;
    schedule(&store, session, Some("0 * * * *"), Utc::now()).await;
    let week = Utc::now() + TimeDelta::days(7);
    assert_eq!(store.inner.fire_due(week).await.unwrap(), 1);
    assert_eq!(store.inner.fire_due(week).await.unwrap(), 0);
    let schedules = s.list_schedules(session).await.unwrap();
    assert_eq!(schedules[0].trigger_count, 1);
    assert!(schedules[0].next_trigger_at.unwrap() > week);
    assert!(schedules[0].enabled);
}

/// A cancelled schedule does not fire.
#[tokio::test]
async fn cancelled_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let store = patient(&folder.path().join("m.db")).await;
    let s = adapter(&store, 1);
    let session = new_session(&s).await;
    schedule(&store, session, None, Utc::now()).await;
    let id = s.list_schedules(session).await.unwrap()[0].id;
    s.cancel_schedule(session, id).await.unwrap();
    assert_eq!(store.inner.fire_due(Utc::now()).await.unwrap(), 0);
    assert_eq!(s.count(session).await.unwrap(), 0);
}
