//! `SessionResourceRegistryService` over `SessionResourceRegistry`, where the adapter has one.

use crate::chunks::chunks;
use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::session_resource::SessionResourceFilter;
use everruns_core::traits::SessionResourceRegistry;
use futures::{Stream, StreamExt};
use mortise_proto::convert::{enumeration, id};
use mortise_proto::pb;
use mortise_proto::rpc::table::session_resource_registry_service::NAME;
use std::sync::Arc;

pub(super) async fn register(
    call: Call<pb::RegisterRequest>,
) -> HandlerResult<pb::RegisterResponse> {
    let registry = offered(call.adapter.session_resource_registry())?;
    let entry = registry.register(call.request.try_into()?).await?;
    Ok(pb::RegisterResponse {
        entry: Some(entry.into()),
    })
}

pub(super) async fn update_status(
    call: Call<pb::UpdateStatusRequest>,
) -> HandlerResult<pb::UpdateStatusResponse> {
    let registry = offered(call.adapter.session_resource_registry())?;
    let session_id = id("session_id", &call.request.session_id)?;
    let status = enumeration::<pb::SessionResourceStatus, _>("status", call.request.status)?;
    let entry = registry
        .update_status(session_id, &call.request.resource_id, status)
        .await?;
    Ok(pb::UpdateStatusResponse {
        entry: entry.map(Into::into),
    })
}

pub(super) async fn get_session_resource(
    call: Call<pb::GetSessionResourceRequest>,
) -> HandlerResult<pb::GetSessionResourceResponse> {
    let registry = offered(call.adapter.session_resource_registry())?;
    let session_id = id("session_id", &call.request.session_id)?;
    let entry = registry.get(session_id, &call.request.resource_id).await?;
    Ok(pb::GetSessionResourceResponse {
        entry: entry.map(Into::into),
    })
}

pub(super) async fn list_session_resources(
    call: Call<pb::ListSessionResourcesRequest>,
) -> HandlerResult<
    impl Stream<Item = HandlerResult<pb::ListSessionResourcesResponse>> + Send + 'static,
> {
    let registry = offered(call.adapter.session_resource_registry())?;
    let session_id = id("session_id", &call.request.session_id)?;
    let status = match call.request.status {
        0 => None,
        number => Some(enumeration::<pb::SessionResourceStatus, _>(
            "status", number,
        )?),
    };
    let filter = SessionResourceFilter {
        kind: call.request.kind,
        status,
    };
    let entries = registry.list(session_id, Some(&filter)).await?;
    let runs = chunks(entries);
    Ok(runs.map(|entries| Ok(pb::ListSessionResourcesResponse { entries })))
}

pub(super) async fn deregister(
    call: Call<pb::DeregisterRequest>,
) -> HandlerResult<pb::DeregisterResponse> {
    let registry = offered(call.adapter.session_resource_registry())?;
    let session_id = id("session_id", &call.request.session_id)?;
    let deregistered = registry
        .deregister(session_id, &call.request.resource_id)
        .await?;
    Ok(pb::DeregisterResponse { deregistered })
}

fn offered(
    store: Option<Arc<dyn SessionResourceRegistry>>,
) -> HandlerResult<Arc<dyn SessionResourceRegistry>> {
    store.ok_or_else(|| not_offered(NAME))
}
