//! Channels of apps.

use super::store;
use crate::serve::{Call, HandlerResult};
use mortise_proto::convert::platform_store::{optional_channel_config, optional_channel_type};
use mortise_proto::convert::{enumeration, id};
use mortise_proto::pb;

pub(in crate::services) async fn add(
    call: Call<pb::AddAppChannelRequest>,
) -> HandlerResult<pb::AddAppChannelResponse> {
    let request = &call.request;
    let app_id = id("app_id", &request.app_id)?;
    let channel_type = enumeration::<pb::ChannelType, _>("channel_type", request.channel_type)?;
    let config = optional_channel_config(request.channel_config_json.as_deref())?;
    let channel = store(&call)?
        .add_app_channel(app_id, channel_type, config.as_ref(), request.enabled)
        .await?;
    Ok(pb::AddAppChannelResponse {
        channel: Some(channel.into()),
    })
}

pub(in crate::services) async fn update(
    call: Call<pb::UpdateAppChannelRequest>,
) -> HandlerResult<pb::UpdateAppChannelResponse> {
    let request = &call.request;
    let app_id = id("app_id", &request.app_id)?;
    let channel_id = id("channel_id", &request.channel_id)?;
    let channel_type = optional_channel_type("channel_type", request.channel_type)?;
    let config = optional_channel_config(request.channel_config_json.as_deref())?;
    let channel = store(&call)?
        .update_app_channel(
            app_id,
            channel_id,
            channel_type,
            config.as_ref(),
            request.enabled,
        )
        .await?;
    Ok(pb::UpdateAppChannelResponse {
        channel: Some(channel.into()),
    })
}

pub(in crate::services) async fn delete(
    call: Call<pb::DeleteAppChannelRequest>,
) -> HandlerResult<pb::DeleteAppChannelResponse> {
    let app_id = id("app_id", &call.request.app_id)?;
    let channel_id = id("channel_id", &call.request.channel_id)?;
    store(&call)?.delete_app_channel(app_id, channel_id).await?;
    Ok(pb::DeleteAppChannelResponse {})
}
