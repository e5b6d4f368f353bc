//! Harnesses, and the capabilities that they and agents can be given.

use super::store;
use crate::chunks::chunks;
use crate::serve::{Call, HandlerResult};
use futures::{Stream, StreamExt};
use mortise_proto::convert::platform_store::parent_change;
use mortise_proto::convert::{id, optional_id};
use mortise_proto::pb;

pub(in crate::services) async fn list(
    call: Call<pb::ListHarnessesRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::ListHarnessesResponse>> + Send + 'static> {
    let harnesses = store(&call)?.list_harnesses().await?;
    Ok(chunks(harnesses).map(|harnesses| Ok(pb::ListHarnessesResponse { harnesses })))
}

pub(in crate::services) async fn get(
    call: Call<pb::PlatformStoreServiceGetHarnessRequest>,
) -> HandlerResult<pb::PlatformStoreServiceGetHarnessResponse> {
    let harness_id = id("harness_id", &call.request.harness_id)?;
    let harness = store(&call)?.get_harness(harness_id).await?;
    Ok(pb::PlatformStoreServiceGetHarnessResponse {
        harness: harness.map(Into::into),
    })
}

pub(in crate::services) async fn create(
    call: Call<pb::CreateHarnessRequest>,
) -> HandlerResult<pb::CreateHarnessResponse> {
    let request = &call.request;
    let parent = optional_id("parent_harness_id", request.parent_harness_id.as_deref())?;
    let harness = store(&call)?
        .create_harness(
            &request.name,
            request.display_name.as_deref(),
            request.description.as_deref(),
            &request.system_prompt,
            parent,
            &request.capabilities,
        )
        .await?;
    Ok(pb::CreateHarnessResponse {
        harness: Some(harness.into()),
    })
}

pub(in crate::services) async fn update(
    call: Call<pb::UpdateHarnessRequest>,
) -> HandlerResult<pb::UpdateHarnessResponse> {
    let request = &call.request;
    let harness_id = id("harness_id", &request.harness_id)?;
    let parent = parent_change(request.parent_harness.clone())?;
    let harness = store(&call)?
        .update_harness(
            harness_id,
            request.name.as_deref(),
            request.display_name.as_deref(),
            request.description.as_deref(),
            request.system_prompt.as_deref(),
            parent,
        )
        .await?;
    Ok(pb::UpdateHarnessResponse {
        harness: Some(harness.into()),
    })
}

pub(in crate::services) async fn delete(
    call: Call<pb::DeleteHarnessRequest>,
) -> HandlerResult<pb::DeleteHarnessResponse> {
    let harness_id = id("harness_id", &call.request.harness_id)?;
    store(&call)?.delete_harness(harness_id).await?;
    Ok(pb::DeleteHarnessResponse {})
}

pub(in crate::services) async fn copy(
    call: Call<pb::CopyHarnessRequest>,
) -> HandlerResult<pb::CopyHarnessResponse> {
    let harness_id = id("harness_id", &call.request.harness_id)?;
    let new_name = call.request.new_name.as_deref();
    let harness = store(&call)?.copy_harness(harness_id, new_name).await?;
    Ok(pb::CopyHarnessResponse {
        harness: Some(harness.into()),
    })
}

pub(in crate::services) async fn capabilities(
    call: Call<pb::ListCapabilitiesRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::ListCapabilitiesResponse>> + Send + 'static>
{
    let search = call.request.search.as_deref();
    let capabilities = store(&call)?.list_capabilities(search).await?;
    Ok(chunks(capabilities).map(|capabilities| Ok(pb::ListCapabilitiesResponse { capabilities })))
}
