//! `SessionScheduleStoreService` over `SessionScheduleStore`, where the adapter has one.

use crate::AdapterSource;
use crate::serve::{Outcome, Serving, not_offered};
use everruns_core::traits::SessionScheduleStore;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::{id, optional_timestamp};
use mortise_proto::pb;
use mortise_proto::pb::session_schedule_store_service_server::SessionScheduleStoreService;
use mortise_proto::rpc::table::session_schedule_store_service::{
    CANCEL_SCHEDULE, COUNT_ACTIVE_SCHEDULES, CREATE_SCHEDULE, LIST_SCHEDULES, NAME,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> SessionScheduleStoreService for Serving<S> {
    async fn create_schedule(
        &self,
        request: Request<pb::CreateScheduleRequest>,
    ) -> Result<Response<pb::CreateScheduleResponse>, Status> {
        self.unary(&CREATE_SCHEDULE, request, |call| async move {
            let store = offered(call.adapter.schedule_store(call.scope.org_id))?;
            let pb::CreateScheduleRequest {
                context: _,
                session_id,
                description,
                cron_expression,
                scheduled_at,
                timezone,
            } = call.request;
            let session_id = id("session_id", &session_id)?;
            let scheduled_at = optional_timestamp("scheduled_at", scheduled_at)?;
            let schedule = store
                .create_schedule(
                    session_id,
                    description,
                    cron_expression,
                    scheduled_at,
                    timezone,
                )
                .await?;
            Ok(pb::CreateScheduleResponse {
                schedule: Some(schedule.into()),
            })
        })
        .await
    }

    async fn cancel_schedule(
        &self,
        request: Request<pb::CancelScheduleRequest>,
    ) -> Result<Response<pb::CancelScheduleResponse>, Status> {
        self.unary(&CANCEL_SCHEDULE, request, |call| async move {
            let store = offered(call.adapter.schedule_store(call.scope.org_id))?;
            let session_id = id("session_id", &call.request.session_id)?;
            let schedule_id = id("schedule_id", &call.request.schedule_id)?;
            let schedule = store.cancel_schedule(session_id, schedule_id).await?;
            Ok(pb::CancelScheduleResponse {
                schedule: Some(schedule.into()),
            })
        })
        .await
    }

    async fn list_schedules(
        &self,
        request: Request<pb::ListSchedulesRequest>,
    ) -> Result<Response<pb::ListSchedulesResponse>, Status> {
        self.unary(&LIST_SCHEDULES, request, |call| async move {
            let store = offered(call.adapter.schedule_store(call.scope.org_id))?;
            let session_id = id("session_id", &call.request.session_id)?;
            let schedules = store.list_schedules(session_id).await?;
            Ok(pb::ListSchedulesResponse {
                schedules: schedules.into_iter().map(Into::into).collect(),
            })
        })
        .await
    }

    async fn count_active_schedules(
        &self,
        request: Request<pb::CountActiveSchedulesRequest>,
    ) -> Result<Response<pb::CountActiveSchedulesResponse>, Status> {
        self.unary(&COUNT_ACTIVE_SCHEDULES, request, |call| async move {
            let store = offered(call.adapter.schedule_store(call.scope.org_id))?;
            let session_id = id("session_id", &call.request.session_id)?;
            let count = store.count_active_schedules(session_id).await?;
            Ok(pb::CountActiveSchedulesResponse { count })
        })
        .await
    }
}

fn offered(store: Option<Arc<dyn SessionScheduleStore>>) -> Outcome<Arc<dyn SessionScheduleStore>> {
    store.ok_or_else(|| not_offered(NAME))
}
