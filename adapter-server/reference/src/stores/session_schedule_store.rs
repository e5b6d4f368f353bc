//! Schedules, and the task that fires them.

mod firing;
mod rows;
mod when;

pub(crate) use firing::{Firing, fire_loop};

use crate::context::{StoreCtx, upstream};
use crate::db::errors::refused;
use crate::db::{Tx, clock};
use crate::encoding::{stored_fault, time};
use crate::stores::session_store;
use crate::stores::session_store::SESSIONS;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::AgentLoopError;
use everruns_core::session_schedule::{MAX_ACTIVE_SCHEDULES_PER_SESSION, SessionSchedule};
use everruns_core::traits::SessionScheduleStore;
use everruns_core::typed_id::{ScheduleId, SessionId};
use mortise_proto::convert::nested;
use mortise_proto::{StoreError, pb};
use rows::disabled;
use std::sync::Arc;
use tokio::sync::Notify;
use when::When;

/// The schedules of the sessions of an org.
#[derive(Debug)]
pub(crate) struct Schedules {
    pub(crate) ctx: StoreCtx,
    /// Wakes the task that fires them.
    pub(crate) changed: Arc<Notify>,
}

#[async_trait]
impl SessionScheduleStore for Schedules {
    async fn create_schedule(
        &self,
        session_id: SessionId,
        description: String,
        cron_expression: Option<String>,
        scheduled_at: Option<DateTime<Utc>>,
        timezone: String,
    ) -> Result<SessionSchedule, AgentLoopError> {
        upstream(async {
            let create = self.ctx.run_once(async |tx| {
                let now = time(clock::now(tx).await?);
                let when = When {
                    cron_expression: cron_expression.as_deref(),
                    scheduled_at,
                    timezone: &timezone,
                };
                let first = when.first(now)?;
                session_store::begin_change(tx, session_id).await?;
                let session = SESSIONS.existing(tx, session_id).await?;
                session_store::must_be_open(tx, session_id).await?;
                has_room(tx, session_id).await?;
                let schedule = pb::SessionSchedule::from(SessionSchedule {
                    id: ScheduleId::new(),
                    session_id,
                    owner_principal_id: session.owner_principal_id,
                    resolved_owner_user_id: session.resolved_owner_user_id,
                    owner: session.owner,
                    effective_owner: session.effective_owner,
                    description,
                    schedule_type: SessionSchedule::derive_type(&cron_expression),
                    cron_expression,
                    scheduled_at,
                    timezone,
                    enabled: true,
                    next_trigger_at: Some(first),
                    last_triggered_at: None,
                    trigger_count: 0,
                    created_at: now,
                    updated_at: now,
                });
                rows::put(tx, &schedule).await?;
                Ok(pb::CreateScheduleResponse {
                    schedule: Some(schedule),
                })
            });
            let answer = create.await?;
            self.changed.notify_one();
            nested("schedule", answer.schedule).map_err(stored_fault)
        })
        .await
    }

    async fn cancel_schedule(
        &self,
        session_id: SessionId,
        schedule_id: ScheduleId,
    ) -> Result<SessionSchedule, AgentLoopError> {
        let cancel = self.ctx.run_once(async |tx| {
            session_store::begin_change(tx, session_id).await?;
            let (session, id) = (session_id.to_string(), schedule_id.to_string());
            let found = rows::find(tx, &session, &id).await?;
            let schedule = found.ok_or_else(|| refused(format!("Schedule not found: {id}")))?;
            let schedule = disabled(schedule)?;
            rows::put(tx, &schedule).await?;
            Ok(pb::CancelScheduleResponse {
                schedule: Some(schedule),
            })
        });
        upstream(async { nested("schedule", cancel.await?.schedule).map_err(stored_fault) }).await
    }

    async fn list_schedules(
        &self,
        session_id: SessionId,
    ) -> Result<Vec<SessionSchedule>, AgentLoopError> {
        upstream(async { rows::list(&mut self.ctx.reader().await?, session_id).await }).await
    }

    async fn count_active_schedules(&self, session_id: SessionId) -> Result<u32, AgentLoopError> {
        upstream(async { rows::count_active(&mut self.ctx.reader().await?, session_id).await })
            .await
    }
}

/// Fails unless the session may have another schedule.
async fn has_room(tx: &mut Tx, session_id: SessionId) -> Result<(), StoreError> {
    let active = rows::count_active(tx, session_id).await?;
    if active >= MAX_ACTIVE_SCHEDULES_PER_SESSION {
        return Err(refused(format!(
            "the session has {active} active schedules, at most \
             {MAX_ACTIVE_SCHEDULES_PER_SESSION} are allowed; cancel one first"
        )));
    }
    Ok(())
}

/// Disables every schedule of a session, which must be locked.
pub(crate) async fn disable_all(tx: &mut Tx, session_id: SessionId) -> Result<(), StoreError> {
    for schedule in rows::enabled(tx, session_id).await? {
        rows::put(tx, &disabled(schedule)?).await?;
    }
    Ok(())
}
