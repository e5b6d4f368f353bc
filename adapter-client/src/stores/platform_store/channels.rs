//! Channels of apps.

use super::Platform;
use everruns_core::app::{AppChannel, ChannelType};
use everruns_core::error::Result;
use everruns_core::typed_id::{AppChannelId, AppId};
use mortise_proto::convert::platform_store::{
    to_optional_channel_config, to_optional_channel_type,
};
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    ADD_APP_CHANNEL, DELETE_APP_CHANNEL, UPDATE_APP_CHANNEL,
};
use serde_json::Value;

pub(super) async fn add(
    platform: &Platform,
    app_id: AppId,
    channel_type: ChannelType,
    channel_config: Option<&Value>,
    enabled: Option<bool>,
) -> Result<AppChannel> {
    let request = pb::AddAppChannelRequest {
        context: None,
        app_id: app_id.to_string(),
        channel_type: pb::ChannelType::from(channel_type).into(),
        channel_config_json: to_optional_channel_config(channel_config),
        enabled,
    };
    platform
        .changed(&ADD_APP_CHANNEL, request, "channel", |answer| {
            answer.channel
        })
        .await
}

pub(super) async fn update(
    platform: &Platform,
    app_id: AppId,
    channel_id: AppChannelId,
    channel_type: Option<ChannelType>,
    channel_config: Option<&Value>,
    enabled: Option<bool>,
) -> Result<AppChannel> {
    let request = pb::UpdateAppChannelRequest {
        context: None,
        app_id: app_id.to_string(),
        channel_id: channel_id.to_string(),
        channel_type: to_optional_channel_type(channel_type),
        channel_config_json: to_optional_channel_config(channel_config),
        enabled,
    };
    platform
        .changed(&UPDATE_APP_CHANNEL, request, "channel", |answer| {
            answer.channel
        })
        .await
}

pub(super) async fn delete(
    platform: &Platform,
    app_id: AppId,
    channel_id: AppChannelId,
) -> Result<()> {
    let request = pb::DeleteAppChannelRequest {
        context: None,
        app_id: app_id.to_string(),
        channel_id: channel_id.to_string(),
    };
    platform.change(&DELETE_APP_CHANNEL, request).await?;
    Ok(())
}
