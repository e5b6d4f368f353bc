//! Firing what is due. Several servers may share the storage: each looks, and the one
//! whose transaction finds the schedule still due fires it.

use crate::db::{AllOrgs, Db, Lane, Tx, clock};
use crate::encoding::{nanos, stored_fault, time};
use crate::stores::session_schedule_store::rows;
use crate::stores::session_schedule_store::rows::disabled;
use crate::stores::session_schedule_store::when::When;
use crate::stores::session_state;
use crate::stores::session_store;
use crate::stores::turn_queue;
use crate::stores::turn_queue::{Announcer, Delivered};
use chrono::{DateTime, TimeDelta, Utc};
use everruns_core::message::Message;
use everruns_core::typed_id::SessionId;
use mortise_adapter_server::AppendRequest;
use mortise_proto::convert::{id, optional_timestamp, to_timestamp};
use mortise_proto::{StoreError, pb};
use serde_json::json;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// The longest sleep: a schedule that another process made may be due sooner.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long a schedule that could not be fired waits.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// A clock that is set back by less changes nothing that matters.
const SET_BACK: TimeDelta = TimeDelta::seconds(10);

const SCHEDULE_TRIGGERED: &str = "schedule.triggered";

/// Fires schedules of every org.
#[derive(Debug)]
pub(crate) struct Firing {
    pub(crate) db: Arc<Db>,
    pub(crate) announcer: Announcer,
}

/// Which schedule.
struct Due {
    org_id: i64,
    session_id: String,
    schedule_id: String,
}

impl From<rows::Key> for Due {
    fn from(key: rows::Key) -> Self {
        let (org_id, session_id, schedule_id) = key;
        Self {
            org_id,
            session_id,
            schedule_id,
        }
    }
}

/// Fires schedules for as long as the storage is there. `changed` wakes it.
pub(crate) async fn fire_loop(firing: Weak<Firing>, changed: Arc<Notify>) {
    let mut last = None;
    loop {
        let Some(firing) = firing.upgrade() else {
            return;
        };
        let looked = async {
            let now = firing.now().await?;
            firing.look(&mut last, now).await
        };
        let sleep = looked.await;
        // Not held while it sleeps: the storage may go meanwhile.
        drop(firing);
        let sleep = sleep.unwrap_or_else(|error| {
            tracing::warn!(%error, "firing schedules failed; trying again");
            LOOK_EVERY
        });
        drop(timeout(sleep, changed.notified()).await);
    }
}

// === impl Firing ===

impl Firing {
    /// The time that every server of the storage goes by.
    async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        let mut all = self.db.read_all_orgs().await?;
        Ok(time(clock::now(all.for_org(AllOrgs::NONE)).await?))
    }

    /// Fires what is due, and says how long nothing is. `last` is the time of the look
    /// before.
    pub(crate) async fn look(
        &self,
        last: &mut Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Duration, StoreError> {
        if let Some(was) = last.filter(|was| *was - now > SET_BACK) {
            tracing::warn!(%was, %now, "the clock was set back; looking at all schedules");
            self.clock_set_back(now).await?;
        }
        *last = Some(now);
        self.fire_due(now).await?;
        self.until_next(now).await
    }

    /// Puts right what was put off, or has fired, while the clock was ahead: by its own
    /// record it may be due earlier than it says there.
    async fn clock_set_back(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = {
                let mut all = self.db.read_all_orgs().await?;
                rows::waiting(&mut all, nanos(now), after.as_ref()).await?
            };
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last.key());
            for row in page {
                // One that cannot be read stays put off.
                let next = row.schedule().and_then(|schedule| due_at(&schedule, now));
                if next.is_ok_and(|next| next.is_some_and(|next| nanos(next) < row.next)) {
                    self.put_right(&row.key().into(), now).await?;
                }
            }
        }
    }

    async fn put_right(&self, due: &Due, now: DateTime<Utc>) -> Result<(), StoreError> {
        let session: SessionId = id("session_id", &due.session_id).map_err(stored_fault)?;
        let lane = Lane::of_session(due.org_id, session);
        let mut tx = self.db.write(lane).await?;
        session_store::begin_change(&mut tx, session).await?;
        let found = rows::find(&mut tx, &due.session_id, &due.schedule_id).await?;
        let Some(mut schedule) = found else {
            return Ok(());
        };
        schedule.next_trigger_at = due_at(&schedule, now)?.map(to_timestamp);
        rows::put(&mut tx, &schedule).await?;
        tx.commit().await
    }

    /// Fires everything that is due, and says how many schedules that were.
    pub(crate) async fn fire_due(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let mut fired = 0;
        loop {
            let due = {
                let mut all = self.db.read_all_orgs().await?;
                rows::due(&mut all, nanos(now)).await?
            };
            if due.is_empty() {
                return Ok(fired);
            }
            for due in due.into_iter().map(Due::from) {
                match self.fire(&due, now).await {
                    Ok(has_fired) => fired += usize::from(has_fired),
                    Err(error) => {
                        tracing::warn!(
                            %error,
                            org = due.org_id,
                            session = due.session_id,
                            schedule = due.schedule_id,
                            "firing a schedule failed; trying again later"
                        );
                        self.postpone(&due, now).await?;
                    }
                }
            }
        }
    }

    /// Puts off a schedule that could not be fired, so that it keeps no other waiting.
    /// Its record still says when it was due.
    async fn postpone(&self, due: &Due, now: DateTime<Utc>) -> Result<(), StoreError> {
        // What could not be fired may have an id that cannot be read.
        let mut tx = self.db.write(Lane::of_org(due.org_id)).await?;
        let until = nanos(now + TRY_AGAIN_AFTER);
        rows::postpone(
            &mut tx,
            &due.session_id,
            &due.schedule_id,
            nanos(now),
            until,
        )
        .await?;
        tx.commit().await
    }

    async fn fire(&self, due: &Due, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let session: SessionId = id("session_id", &due.session_id).map_err(stored_fault)?;
        let lane = Lane::of_session(due.org_id, session);
        let mut tx = self.db.write(lane).await?;
        session_store::begin_change(&mut tx, session).await?;
        let found = rows::find(&mut tx, &due.session_id, &due.schedule_id).await?;
        let Some(schedule) = found else {
            return Ok(false);
        };
        let due_at = optional_timestamp("next_trigger_at", schedule.next_trigger_at);
        let due_at = due_at.map_err(stored_fault)?;
        let Some(due_at) = due_at.filter(|due_at| schedule.enabled && *due_at <= now) else {
            // Another server was quicker, or it was cancelled.
            return Ok(false);
        };
        let state = session_state::find(&mut tx, session).await?;
        if state.is_archived() {
            rows::put(&mut tx, &disabled(schedule)?).await?;
            tx.commit().await?;
            return Ok(false);
        }
        let delivered = deliver(&mut tx, session, &schedule, due_at).await?;
        rows::put(&mut tx, &after_firing(schedule, now)?).await?;
        tx.commit().await?;
        tracing::info!(
            org = due.org_id,
            session = due.session_id,
            schedule = due.schedule_id,
            "schedule fired"
        );
        self.announcer.announce(delivered);
        Ok(true)
    }

    /// How long nothing is due.
    async fn until_next(&self, now: DateTime<Utc>) -> Result<Duration, StoreError> {
        let mut all = self.db.read_all_orgs().await?;
        let next = rows::next_due(&mut all).await?;
        let left = next.map(|next| next.saturating_sub(nanos(now)));
        let left = left.map(|left| Duration::from_nanos(u64::try_from(left).unwrap_or_default()));
        Ok(left.map_or(LOOK_EVERY, |left| left.min(LOOK_EVERY)))
    }
}

async fn deliver(
    tx: &mut Tx,
    session: SessionId,
    schedule: &pb::SessionSchedule,
    due_at: DateTime<Utc>,
) -> Result<Delivered, StoreError> {
    let origin = json!({ "schedule_id": schedule.id, "scheduled_for": due_at });
    let mut message = Message::user(schedule.description.as_str());
    message.metadata = Some([("schedule".to_string(), origin)].into());
    let data = json!({
        "schedule_id": schedule.id,
        "description": schedule.description,
        "scheduled_for": due_at,
        "trigger_count": schedule.trigger_count.saturating_add(1),
    });
    let triggered = AppendRequest {
        request_id: String::new(),
        event: pb::NewEvent {
            r#type: SCHEDULE_TRIGGERED.into(),
            ts: Some(to_timestamp(Utc::now())),
            session_id: session.to_string(),
            context: Some(pb::EventContext::default()),
            data_json: data.to_string(),
            metadata_json: None,
            tags: None,
        },
        proposed_id: None,
        fence: None,
    };
    turn_queue::deliver(tx, session, message, vec![triggered]).await
}

/// The schedule once it has fired: disabled if it fires once, otherwise with its next
/// time.
fn after_firing(
    mut schedule: pb::SessionSchedule,
    now: DateTime<Utc>,
) -> Result<pb::SessionSchedule, StoreError> {
    let next = repeating(&schedule).next(now)?;
    schedule.trigger_count = schedule.trigger_count.saturating_add(1);
    schedule.last_triggered_at = Some(to_timestamp(now));
    schedule.updated_at = Some(to_timestamp(now));
    schedule.enabled = next.is_some();
    schedule.next_trigger_at = next.map(to_timestamp);
    Ok(schedule)
}

/// When a schedule is due by its record or, if that is earlier, by its cron expression.
fn due_at(
    schedule: &pb::SessionSchedule,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let recorded = optional_timestamp("next_trigger_at", schedule.next_trigger_at);
    let recorded = recorded.map_err(stored_fault)?;
    let by_cron = repeating(schedule).next(now)?;
    Ok(recorded.map(|recorded| by_cron.map_or(recorded, |by_cron| by_cron.min(recorded))))
}

/// When it fires again, if it does.
fn repeating(schedule: &pb::SessionSchedule) -> When<'_> {
    When {
        cron_expression: schedule.cron_expression.as_deref(),
        scheduled_at: None,
        timezone: &schedule.timezone,
    }
}
