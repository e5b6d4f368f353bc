//! `SessionScheduleStoreService` over `SessionScheduleStore`, where the adapter has one.

use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::traits::SessionScheduleStore;
use mortise_proto::convert::{id, optional_timestamp};
use mortise_proto::pb;
use mortise_proto::rpc::table::session_schedule_store_service::NAME;
use std::sync::Arc;

pub(super) async fn create_schedule(
    call: Call<pb::CreateScheduleRequest>,
) -> HandlerResult<pb::CreateScheduleResponse> {
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
}

pub(super) async fn cancel_schedule(
    call: Call<pb::CancelScheduleRequest>,
) -> HandlerResult<pb::CancelScheduleResponse> {
    let store = offered(call.adapter.schedule_store(call.scope.org_id))?;
    let session_id = id("session_id", &call.request.session_id)?;
    let schedule_id = id("schedule_id", &call.request.schedule_id)?;
    let schedule = store.cancel_schedule(session_id, schedule_id).await?;
    Ok(pb::CancelScheduleResponse {
        schedule: Some(schedule.into()),
    })
}

pub(super) async fn list_schedules(
    call: Call<pb::ListSchedulesRequest>,
) -> HandlerResult<pb::ListSchedulesResponse> {
    let store = offered(call.adapter.schedule_store(call.scope.org_id))?;
    let session_id = id("session_id", &call.request.session_id)?;
    let schedules = store.list_schedules(session_id).await?;
    Ok(pb::ListSchedulesResponse {
        schedules: schedules.into_iter().map(Into::into).collect(),
    })
}

pub(super) async fn count_active_schedules(
    call: Call<pb::CountActiveSchedulesRequest>,
) -> HandlerResult<pb::CountActiveSchedulesResponse> {
    let store = offered(call.adapter.schedule_store(call.scope.org_id))?;
    let session_id = id("session_id", &call.request.session_id)?;
    let count = store.count_active_schedules(session_id).await?;
    Ok(pb::CountActiveSchedulesResponse { count })
}

fn offered(
    store: Option<Arc<dyn SessionScheduleStore>>,
) -> HandlerResult<Arc<dyn SessionScheduleStore>> {
    store.ok_or_else(|| not_offered(NAME))
}
