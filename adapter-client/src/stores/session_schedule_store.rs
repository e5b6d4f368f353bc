//! `SessionScheduleStore` over `SessionScheduleStoreService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use everruns_core::error::Result;
use everruns_core::session_schedule::SessionSchedule;
use everruns_core::traits::SessionScheduleStore;
use everruns_core::typed_id::{ScheduleId, SessionId};
use mortise_proto::convert::{list, nested, to_timestamp};
use mortise_proto::pb;
use mortise_proto::rpc::table::session_schedule_store_service::{
    CANCEL_SCHEDULE, COUNT_ACTIVE_SCHEDULES, CREATE_SCHEDULE, LIST_SCHEDULES,
};

#[async_trait]
impl SessionScheduleStore for Remote {
    async fn create_schedule(
        &self,
        session_id: SessionId,
        description: String,
        cron_expression: Option<String>,
        scheduled_at: Option<DateTime<Utc>>,
        timezone: String,
    ) -> Result<SessionSchedule> {
        let request = pb::CreateScheduleRequest {
            context: None,
            session_id: session_id.to_string(),
            description,
            cron_expression,
            scheduled_at: scheduled_at.map(to_timestamp),
            timezone,
        };
        let answer = self.call(&CREATE_SCHEDULE, request).await?;
        nested("schedule", answer.schedule).map_err(malformed(CREATE_SCHEDULE.method))
    }

    async fn cancel_schedule(
        &self,
        session_id: SessionId,
        schedule_id: ScheduleId,
    ) -> Result<SessionSchedule> {
        let request = pb::CancelScheduleRequest {
            context: None,
            session_id: session_id.to_string(),
            schedule_id: schedule_id.to_string(),
        };
        let answer = self.call(&CANCEL_SCHEDULE, request).await?;
        nested("schedule", answer.schedule).map_err(malformed(CANCEL_SCHEDULE.method))
    }

    async fn list_schedules(&self, session_id: SessionId) -> Result<Vec<SessionSchedule>> {
        let request = pb::ListSchedulesRequest {
            context: None,
            session_id: session_id.to_string(),
        };
        let answer = self.call(&LIST_SCHEDULES, request).await?;
        list("schedules", answer.schedules).map_err(malformed(LIST_SCHEDULES.method))
    }

    async fn count_active_schedules(&self, session_id: SessionId) -> Result<u32> {
        let request = pb::CountActiveSchedulesRequest {
            context: None,
            session_id: session_id.to_string(),
        };
        Ok(self.call(&COUNT_ACTIVE_SCHEDULES, request).await?.count)
    }
}
