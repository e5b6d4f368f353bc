//! Firing, with the time in hand.

use super::*;
use chrono::{DateTime, TimeDelta, Utc};
use everruns_core::message_retriever::MessageRetriever;
use everruns_core::platform_store::PlatformStore;
use everruns_core::traits::SessionScheduleStore;

/// A storage that fires only when it is told to.
async fn patient(path: &Path) -> Reference {
    let mut config = config(url_at(path).await);
    config.fire_schedules = false;
    Reference::open(config).await.unwrap()
}

async fn schedule(store: &Reference, session: SessionId, cron: Option<&str>, at: DateTime<Utc>) {
    let schedules = adapter(store, 1).schedules();
    let made = schedules.create_schedule(
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
        [0, 1, 0, 1, 0, 1].map(|server| servers[server].inner.firing.fire_due(now)),
    );
    let fired: Vec<usize> = fired.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(fired.iter().sum::<usize>(), 1, "{fired:?}");
    let s = adapter(&servers[1], 1);
    assert_eq!(s.messages().count(session).await.unwrap(), 1);
    let events = s.events().read(session, 0, 10).await.unwrap();
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
    assert_eq!(store.inner.firing.fire_due(week).await.unwrap(), 1);
    assert_eq!(store.inner.firing.fire_due(week).await.unwrap(), 0);
    let schedules = s.schedules().list_schedules(session).await.unwrap();
    assert_eq!(schedules[0].trigger_count, 1);
    assert!(schedules[0].next_trigger_at.unwrap() > week);
    assert!(schedules[0].enabled);
}

/// A clock that jumps a day ahead fires what has become due, once. When it is set right,
/// nothing waits for the day: not what the wrong clock put off, nor what repeats and has
/// fired by it.
#[tokio::test]
async fn the_clock_jumps() {
    let folder = tempfile::tempdir().unwrap();
    let store = patient(&folder.path().join("m.db")).await;
    let s = adapter(&store, 1);
    let session = new_session(&s).await;
    let count = async || s.messages().count(session).await.unwrap();
    let now = Utc::now();
    let (minute, day) = (TimeDelta::minutes(1), TimeDelta::days(1));
    let firing = &store.inner.firing;
    let mut last = None;
    schedule(&store, session, None, now + minute).await;
    firing.look(&mut last, now).await.unwrap();
    assert_eq!(count().await, 0);
    firing.look(&mut last, now + day).await.unwrap();
    assert_eq!(count().await, 1, "it has become due");
    firing.look(&mut last, now).await.unwrap();
    firing.look(&mut last, now + day).await.unwrap();
    assert_eq!(count().await, 1, "it fires once, however the clock goes");

    firing.look(&mut last, now).await.unwrap();
    schedule(&store, session, None, now + minute).await;
    schedule(&store, session, Some("* * * * *"), now).await;
    let body = "SELECT body FROM sessions WHERE id = $1";
    let mut conn = store.inner.db.read_all_orgs().await.unwrap();
    let body = conn.query_as(body).bind(session.to_string());
    let (body,): (Vec<u8>,) = body.fetch_one().await.unwrap();
    drop(conn);
    let put = "UPDATE sessions SET body = $1";
    run(&store, put, vec![0xff_u8]).await;
    firing.look(&mut last, now + day).await.unwrap();
    run(&store, put, body).await;
    assert_eq!(count().await, 1, "both are put off");
    firing.look(&mut last, now).await.unwrap();
    let soon = now + minute * 2;
    firing.look(&mut last, soon).await.unwrap();
    assert_eq!(count().await, 3, "neither waits for the day");
    firing.look(&mut last, soon + day).await.unwrap();
    assert_eq!(
        count().await,
        4,
        "what repeats has fired by the wrong clock"
    );
    firing.look(&mut last, soon).await.unwrap();
    firing.look(&mut last, soon + minute).await.unwrap();
    assert_eq!(count().await, 5, "and goes on by the right one");
}

/// A cancelled schedule does not fire.
#[tokio::test]
async fn cancelled_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let store = patient(&folder.path().join("m.db")).await;
    let s = adapter(&store, 1);
    let session = new_session(&s).await;
    schedule(&store, session, None, Utc::now()).await;
    let id = s.schedules().list_schedules(session).await.unwrap()[0].id;
    s.schedules().cancel_schedule(session, id).await.unwrap();
    assert_eq!(store.inner.firing.fire_due(Utc::now()).await.unwrap(), 0);
    assert_eq!(s.messages().count(session).await.unwrap(), 0);
}

/// Changes a row behind the storage's back.
async fn run<'a, T>(store: &Reference, sql: &'static str, bound: T)
where
    T: sqlx::Encode<'a, sqlx::Any> + sqlx::Type<sqlx::Any> + 'a,
{
    let mut tx = store.inner.db.write_all_orgs().await.unwrap();
    let statement = tx.query(sql).bind(bound);
    statement.execute().await.unwrap();
    tx.commit().await.unwrap();
}

/// A schedule that cannot be fired keeps no other from firing, of any org, and is
/// tried again later.
#[tokio::test]
async fn a_bad_schedule_is_put_off() {
    let folder = tempfile::tempdir().unwrap();
    let store = patient(&folder.path().join("m.db")).await;
    let now = Utc::now();
    let mut sessions = Vec::new();
    for (org, at) in [(1, now - TimeDelta::seconds(9)), (2, now)] {
        let s = adapter(&store, org);
        let session = new_session(&s).await;
        s.schedules()
            .create_schedule(session, "do it".into(), None, Some(at), "UTC".into())
            .await
            .unwrap();
        sessions.push((s, session));
    }
    let mut conn = store.inner.db.read_all_orgs().await.unwrap();
    let body = "SELECT body FROM session_schedules WHERE org_id = 1";
    let (body,): (Vec<u8>,) = conn.query_as(body).fetch_one().await.unwrap();
    drop(conn);
    let put = "UPDATE session_schedules SET body = $1 WHERE org_id = 1";
    run(&store, put, vec![0xff_u8]).await;
    assert_eq!(store.inner.firing.fire_due(now).await.unwrap(), 1);
    let (s, session) = &sessions[1];
    assert_eq!(s.messages().count(*session).await.unwrap(), 1);

    run(&store, put, body).await;
    assert_eq!(store.inner.firing.fire_due(now).await.unwrap(), 0);
    let later = now + TimeDelta::seconds(60);
    assert_eq!(store.inner.firing.fire_due(later).await.unwrap(), 1);
    let (s, session) = &sessions[0];
    assert_eq!(s.messages().count(*session).await.unwrap(), 1);
}

/// In an archived session nothing is scheduled and nothing fires: its schedules are
/// disabled with it, and those that an earlier version left enabled when they are due.
#[tokio::test]
async fn an_archived_session_is_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let store = patient(&folder.path().join("m.db")).await;
    let s = adapter(&store, 1);
    for is_left_enabled in [false, true] {
        let session = new_session(&s).await;
        schedule(&store, session, Some("0 * * * *"), Utc::now()).await;
        if is_left_enabled {
            let archive = "UPDATE session_index SET archived_at = 1 WHERE session_id = $1";
            run(&store, archive, session.to_string()).await;
            assert_eq!(
                s.schedules().count_active_schedules(session).await.unwrap(),
                1
            );
        } else {
            s.platform().delete_session(session).await.unwrap();
            assert_eq!(
                s.schedules().count_active_schedules(session).await.unwrap(),
                0
            );
        }
        let week = Utc::now() + TimeDelta::days(7);
        assert_eq!(store.inner.firing.fire_due(week).await.unwrap(), 0);
        assert_eq!(s.messages().count(session).await.unwrap(), 0);
        let listed = s.schedules().list_schedules(session).await.unwrap();
        assert!(!listed[0].enabled && listed[0].next_trigger_at.is_none());
        let cron = Some("0 3 * * *".to_string());
        let schedules = s.schedules();
        let late = schedules.create_schedule(session, "late".into(), cron, None, "UTC".into());
        let error = late.await.unwrap_err().to_string();
        assert!(error.contains("is archived"), "{error}");
    }
}
