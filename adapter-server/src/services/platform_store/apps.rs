//! Apps.

use super::store;
use crate::chunks::chunks;
use crate::serve::{Call, HandlerResult};
use futures::{Stream, StreamExt};
use mortise_proto::convert::platform_store::{
    identity_change, optional_channel_config, optional_channel_type,
};
use mortise_proto::convert::{id, optional_id};
use mortise_proto::pb;

pub(in crate::services) async fn list(
    call: Call<pb::ListAppsRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::ListAppsResponse>> + Send + 'static> {
    let request = &call.request;
    let apps = store(&call)?
        .list_apps(request.search.as_deref(), request.include_archived)
        .await?;
    Ok(chunks(apps).map(|apps| Ok(pb::ListAppsResponse { apps })))
}

pub(in crate::services) async fn get(
    call: Call<pb::GetAppRequest>,
) -> HandlerResult<pb::GetAppResponse> {
    let app_id = id("app_id", &call.request.app_id)?;
    let app = store(&call)?.get_app(app_id).await?;
    Ok(pb::GetAppResponse {
        app: app.map(Into::into),
    })
}

pub(in crate::services) async fn create(
    call: Call<pb::CreateAppRequest>,
) -> HandlerResult<pb::CreateAppResponse> {
    let request = &call.request;
    let harness_id = id("harness_id", &request.harness_id)?;
    let agent_id = optional_id("agent_id", request.agent_id.as_deref())?;
    let identity_id = optional_id("agent_identity_id", request.agent_identity_id.as_deref())?;
    let channel_type = optional_channel_type("channel_type", request.channel_type)?;
    let channel_config = optional_channel_config(request.channel_config_json.as_deref())?;
    let app = store(&call)?
        .create_app(
            &request.name,
            request.description.as_deref(),
            harness_id,
            agent_id,
            identity_id,
            channel_type,
            channel_config.as_ref(),
        )
        .await?;
    Ok(pb::CreateAppResponse {
        app: Some(app.into()),
    })
}

pub(in crate::services) async fn update(
    call: Call<pb::UpdateAppRequest>,
) -> HandlerResult<pb::UpdateAppResponse> {
    let request = &call.request;
    let app_id = id("app_id", &request.app_id)?;
    let harness_id = optional_id("harness_id", request.harness_id.as_deref())?;
    let agent_id = optional_id("agent_id", request.agent_id.as_deref())?;
    let identity_id = identity_change(request.agent_identity.clone())?;
    let app = store(&call)?
        .update_app(
            app_id,
            request.name.as_deref(),
            request.description.as_deref(),
            harness_id,
            agent_id,
            identity_id,
        )
        .await?;
    Ok(pb::UpdateAppResponse {
        app: Some(app.into()),
    })
}

pub(in crate::services) async fn delete(
    call: Call<pb::DeleteAppRequest>,
) -> HandlerResult<pb::DeleteAppResponse> {
    let app_id = id("app_id", &call.request.app_id)?;
    store(&call)?.delete_app(app_id).await?;
    Ok(pb::DeleteAppResponse {})
}

pub(in crate::services) async fn destroy(
    call: Call<pb::DestroyAppRequest>,
) -> HandlerResult<pb::DestroyAppResponse> {
    let app_id = id("app_id", &call.request.app_id)?;
    store(&call)?.destroy_app(app_id).await?;
    Ok(pb::DestroyAppResponse {})
}

pub(in crate::services) async fn publish(
    call: Call<pb::PublishAppRequest>,
) -> HandlerResult<pb::PublishAppResponse> {
    let app_id = id("app_id", &call.request.app_id)?;
    let app = store(&call)?.publish_app(app_id).await?;
    Ok(pb::PublishAppResponse {
        app: Some(app.into()),
    })
}

pub(in crate::services) async fn unpublish(
    call: Call<pb::UnpublishAppRequest>,
) -> HandlerResult<pb::UnpublishAppResponse> {
    let app_id = id("app_id", &call.request.app_id)?;
    let app = store(&call)?.unpublish_app(app_id).await?;
    Ok(pb::UnpublishAppResponse {
        app: Some(app.into()),
    })
}
