//! Over a socket, on every database: schedules.

use chrono::{TimeDelta, Utc};
use everruns_core::session_schedule::ScheduleType;
use everruns_core::traits::SessionScheduleStore;
use everruns_core::typed_id::{ScheduleId, SessionId};
use everruns_runtime::RuntimeHostAdapter;
use futures::future::join_all;
use mortise_test_support::database::Database;
use mortise_test_support::scenario::TestHost;
use serde_json::json;

/// Creates one that fires daily.
async fn daily(
    store: &dyn SessionScheduleStore,
    session: SessionId,
) -> everruns_core::error::Result<everruns_core::session_schedule::SessionSchedule> {
    let cron = Some("0 3 * * *".to_string());
    store
        .create_schedule(session, "water the plants".into(), cron, None, "UTC".into())
        .await
}

/// A schedule is recurring if it has a cron expression, counts while it is enabled, and
/// is cancelled by its own session alone.
#[tokio::test]
async fn the_life_of_schedules() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = stage.adapter.schedule_store(1).unwrap();
        let session = stage.session_id;
        let in_a_year = Utc::now() + TimeDelta::days(365);
        let once = store
            .create_schedule(
                session,
                "once\0".into(),
                None,
                Some(in_a_year),
                "UTC".into(),
            )
            .await
            .unwrap();
        assert_eq!(once.schedule_type, ScheduleType::OneShot);
        assert!(once.enabled);
        assert_eq!(once.next_trigger_at, Some(in_a_year));
        let cron = Some("0 3 * * *".to_string());
        let both = store
            .create_schedule(
                session,
                "".into(),
                cron,
                Some(in_a_year),
                "Asia/Tokyo".into(),
            )
            .await
            .unwrap();
        assert_eq!(both.schedule_type, ScheduleType::Recurring);
        assert!(both.next_trigger_at.unwrap() > Utc::now());
        assert_eq!(store.count_active_schedules(session).await.unwrap(), 2);

        for _ in 0..2 {
            let cancelled = store.cancel_schedule(session, once.id).await.unwrap();
            assert!(!cancelled.enabled);
        }
        assert_eq!(store.count_active_schedules(session).await.unwrap(), 1);
        let listed = store.list_schedules(session).await.unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!(json!(listed[1]), json!(both));

        let foreign = stage.mesh.adapter(2).build().await.unwrap();
        let foreign = foreign.schedule_store(2).unwrap();
        assert!(foreign.list_schedules(session).await.unwrap().is_empty());
        for attempt in [
            store.cancel_schedule(session, ScheduleId::new()).await,
            store.cancel_schedule(SessionId::new(), both.id).await,
            foreign.cancel_schedule(session, both.id).await,
        ] {
            let error = attempt.unwrap_err().to_string();
            assert!(error.contains("Schedule not found"), "{error}");
        }
        assert_eq!(store.count_active_schedules(session).await.unwrap(), 1);
    }
}

/// Ten creations at once leave five schedules; what cannot be read is refused.
#[tokio::test(flavor = "multi_thread")]
async fn limits() {
    for database in Database::ALL {
        let stage = TestHost::set_on(database).await;
        let store = stage.adapter.schedule_store(1).unwrap();
        let session = stage.session_id;
        let made = join_all((0..10).map(|_| daily(store.as_ref(), session))).await;
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 5);
        for refused in made.into_iter().filter_map(Result::err) {
            assert!(refused.to_string().contains("at most 5"), "{refused}");
        }
        assert_eq!(store.count_active_schedules(session).await.unwrap(), 5);

        let other = stage.another_session().await;
        for (cron, timezone, words) in [
            (Some("nonsense"), "UTC", "`nonsense`"),
            (Some("0 3 * * *"), "Nowhere", "`Nowhere`"),
            (None, "UTC", "give one of them"),
        ] {
            let cron = cron.map(Into::into);
            let made = store.create_schedule(other, "".into(), cron, None, timezone.into());
            let error = made.await.unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
