//! `LeasedResourceStoreService` over `LeasedResourceStore`, where the adapter has one.

use crate::serve::{Call, HandlerResult, not_offered};
use everruns_core::traits::LeasedResourceStore;
use mortise_proto::convert::id;
use mortise_proto::pb;
use mortise_proto::rpc::table::leased_resource_store_service::NAME;
use std::sync::Arc;

pub(super) async fn upsert_resource(
    call: Call<pb::UpsertResourceRequest>,
) -> HandlerResult<pb::UpsertResourceResponse> {
    let store = offered(call.adapter.leased_resource_store())?;
    let resource = store.upsert_resource(call.request.try_into()?).await?;
    Ok(pb::UpsertResourceResponse {
        resource: Some(resource.into()),
    })
}

pub(super) async fn release_resource(
    call: Call<pb::ReleaseResourceRequest>,
) -> HandlerResult<pb::ReleaseResourceResponse> {
    let store = offered(call.adapter.leased_resource_store())?;
    let pb::ReleaseResourceRequest {
        context: _,
        session_id,
        provider,
        resource_type,
        external_id,
    } = call.request;
    let session_id = id("session_id", &session_id)?;
    let resource = store
        .release_resource(session_id, &provider, &resource_type, &external_id)
        .await?;
    Ok(pb::ReleaseResourceResponse {
        resource: resource.map(Into::into),
    })
}

pub(super) async fn list_resources(
    call: Call<pb::ListResourcesRequest>,
) -> HandlerResult<pb::ListResourcesResponse> {
    let store = offered(call.adapter.leased_resource_store())?;
    let session_id = id("session_id", &call.request.session_id)?;
    let resources = store.list_resources(session_id).await?;
    Ok(pb::ListResourcesResponse {
        resources: resources.into_iter().map(Into::into).collect(),
    })
}

fn offered(
    store: Option<Arc<dyn LeasedResourceStore>>,
) -> HandlerResult<Arc<dyn LeasedResourceStore>> {
    store.ok_or_else(|| not_offered(NAME))
}
