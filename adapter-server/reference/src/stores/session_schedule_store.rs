//! Schedules, and the task that fires them.

mod firing;
mod rows;
mod when;

pub(crate) use firing::fire_loop;

use crate::db::AnyConnection;
use crate::db::encoding::{nanos, now, now_after, stored_fault, time};
use crate::db::errors::{into_upstream, no_session, refused};
use crate::db::locks;
use crate::reference::ScopedReference;
use crate::stores::session_store;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::AgentLoopError;
use everruns_core::session_schedule::{MAX_ACTIVE_SCHEDULES_PER_SESSION, SessionSchedule};
use everruns_core::traits::SessionScheduleStore;
use everruns_core::typed_id::{ScheduleId, SessionId};
use mortise_proto::convert::{nested, timestamp, to_timestamp};
use mortise_proto::{StoreError, pb};
use when::When;

#[async_trait]
impl SessionScheduleStore for ScopedReference {
    async fn create_schedule(
        &self,
        session_id: SessionId,
        description: String,
        cron_expression: Option<String>,
        scheduled_at: Option<DateTime<Utc>>,
        timezone: String,
    ) -> Result<SessionSchedule, AgentLoopError> {
        let asked = Asked {
            description,
            cron_expression,
            scheduled_at,
            timezone,
        };
        self.scheduled(session_id, asked)
            .await
            .map_err(into_upstream)
    }

    async fn cancel_schedule(
        &self,
        session_id: SessionId,
        schedule_id: ScheduleId,
    ) -> Result<SessionSchedule, AgentLoopError> {
        self.cancelled(session_id, schedule_id)
            .await
            .map_err(into_upstream)
    }

    async fn list_schedules(
        &self,
        session_id: SessionId,
    ) -> Result<Vec<SessionSchedule>, AgentLoopError> {
        self.schedules(session_id).await.map_err(into_upstream)
    }

    async fn count_active_schedules(&self, session_id: SessionId) -> Result<u32, AgentLoopError> {
        self.active_schedules(session_id)
            .await
            .map_err(into_upstream)
    }
}

/// A schedule as it was asked for.
struct Asked {
    description: String,
    cron_expression: Option<String>,
    scheduled_at: Option<DateTime<Utc>>,
    timezone: String,
}

impl ScopedReference {
    async fn scheduled(
        &self,
        session_id: SessionId,
        asked: Asked,
    ) -> Result<SessionSchedule, StoreError> {
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let now = time(now());
        let when = When {
            cron_expression: asked.cron_expression.as_deref(),
            scheduled_at: asked.scheduled_at,
            timezone: &asked.timezone,
        };
        let first = when.first(now)?;
        let answer = self
            .run_once(async |tx| {
                locks::session(tx, org_id, session_id).await?;
                let session = session_store::find(tx, org_id, key, session_id).await?;
                let session = session.ok_or_else(|| no_session(session_id))?;
                session_store::must_be_open(tx, org_id, session_id).await?;
                let active = rows::count_active(tx, org_id, session_id).await?;
                if active >= MAX_ACTIVE_SCHEDULES_PER_SESSION {
                    return Err(refused(format!(
                        "the session has {active} active schedules, at most \
                         {MAX_ACTIVE_SCHEDULES_PER_SESSION} are allowed; cancel one first"
                    )));
                }
                let schedule = SessionSchedule {
                    id: ScheduleId::new(),
                    session_id,
                    owner_principal_id: session.owner_principal_id,
                    resolved_owner_user_id: session.resolved_owner_user_id,
                    owner: session.owner,
                    effective_owner: session.effective_owner,
                    description: asked.description,
                    schedule_type: SessionSchedule::derive_type(&asked.cron_expression),
                    cron_expression: asked.cron_expression,
                    scheduled_at: asked.scheduled_at,
                    timezone: asked.timezone,
                    enabled: true,
                    next_trigger_at: Some(first),
                    last_triggered_at: None,
                    trigger_count: 0,
                    created_at: now,
                    updated_at: now,
                };
                let schedule = pb::SessionSchedule::from(schedule);
                rows::put(tx, org_id, &schedule).await?;
                Ok(pb::CreateScheduleResponse {
                    schedule: Some(schedule),
                })
            })
            .await?;
        self.inner.schedules_changed.notify_one();
        nested("schedule", answer.schedule).map_err(stored_fault)
    }

    async fn cancelled(
        &self,
        session_id: SessionId,
        schedule_id: ScheduleId,
    ) -> Result<SessionSchedule, StoreError> {
        let org_id = self.scope.org_id;
        let answer = self
            .run_once(async |tx| {
                locks::session(tx, org_id, session_id).await?;
                let (session, id) = (session_id.to_string(), schedule_id.to_string());
                let found = rows::find(tx, org_id, &session, &id).await?;
                let schedule = found.ok_or_else(|| refused(format!("Schedule not found: {id}")))?;
                let schedule = disabled(schedule)?;
                rows::put(tx, org_id, &schedule).await?;
                Ok(pb::CancelScheduleResponse {
                    schedule: Some(schedule),
                })
            })
            .await?;
        nested("schedule", answer.schedule).map_err(stored_fault)
    }

    async fn schedules(&self, session_id: SessionId) -> Result<Vec<SessionSchedule>, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        rows::list(&mut conn, self.scope.org_id, session_id).await
    }

    async fn active_schedules(&self, session_id: SessionId) -> Result<u32, StoreError> {
        let mut conn = self.inner.db.reader().await?;
        rows::count_active(&mut conn, self.scope.org_id, session_id).await
    }
}

/// Disables every schedule of a session, which must be locked.
pub(crate) async fn disable_all(
    tx: &mut AnyConnection,
    org_id: i64,
    session_id: SessionId,
) -> Result<(), StoreError> {
    for schedule in rows::enabled(tx, org_id, session_id).await? {
        rows::put(tx, org_id, &disabled(schedule)?).await?;
    }
    Ok(())
}

/// The schedule once it is disabled.
fn disabled(mut schedule: pb::SessionSchedule) -> Result<pb::SessionSchedule, StoreError> {
    let last = timestamp("updated_at", schedule.updated_at).map_err(stored_fault)?;
    schedule.enabled = false;
    schedule.next_trigger_at = None;
    schedule.updated_at = Some(to_timestamp(time(now_after(nanos(last)))));
    Ok(schedule)
}
