//! Channels of apps, which are part of their app's record. A channel's configuration
//! is kept as it is given: whoever serves the channel knows what it must hold.

use crate::db::encoding::{nanos, now, now_after, stored_fault, time};
use crate::db::errors::refused;
use crate::reference::ScopedReference;
use crate::stores::platform_store::apps::change;
use everruns_core::app::{App, AppChannel, ChannelType};
use everruns_core::typed_id::{AppChannelId, AppId};
use mortise_proto::convert::nested;
use mortise_proto::{StoreError, pb};
use serde_json::{Value, json};

pub(super) async fn add(
    store: &ScopedReference,
    app_id: AppId,
    channel_type: ChannelType,
    config: Option<&Value>,
    enabled: Option<bool>,
) -> Result<AppChannel, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            let channel = new(channel_type, config, enabled.unwrap_or(true));
            let added = change(tx, org_id, key, app_id, |app| {
                app.channels.push(channel.clone());
                Ok(())
            });
            added.await?;
            Ok(pb::AddAppChannelResponse {
                channel: Some(channel.into()),
            })
        })
        .await?;
    nested("channel", answer.channel).map_err(stored_fault)
}

pub(super) async fn update(
    store: &ScopedReference,
    app_id: AppId,
    channel_id: AppChannelId,
    channel_type: Option<ChannelType>,
    config: Option<&Value>,
    enabled: Option<bool>,
) -> Result<AppChannel, StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let answer = store
        .run_once(async |tx| {
            let changed = change(tx, org_id, key, app_id, |app| {
                let place = place(app, channel_id)?;
                let channel = &mut app.channels[place];
                if let Some(channel_type) = channel_type {
                    channel.channel_type = channel_type;
                }
                if let Some(config) = config {
                    channel.channel_config = config.clone();
                }
                channel.enabled = enabled.unwrap_or(channel.enabled);
                channel.updated_at = time(now_after(nanos(channel.updated_at)));
                Ok(channel.clone())
            });
            let (_, channel) = changed.await?;
            Ok(pb::UpdateAppChannelResponse {
                channel: Some(channel.into()),
            })
        })
        .await?;
    nested("channel", answer.channel).map_err(stored_fault)
}

pub(super) async fn delete(
    store: &ScopedReference,
    app_id: AppId,
    channel_id: AppChannelId,
) -> Result<(), StoreError> {
    let (org_id, key) = (store.scope.org_id, store.inner.key.as_ref());
    let done = store
        .run_once(async |tx| {
            let deleted = change(tx, org_id, key, app_id, |app| {
                let place = place(app, channel_id)?;
                app.channels.remove(place);
                Ok(())
            });
            deleted.await?;
            Ok(pb::DeleteAppChannelResponse {})
        })
        .await;
    done.map(|pb::DeleteAppChannelResponse {}| ())
}

/// A new channel, with an empty configuration where none is given.
pub(super) fn new(channel_type: ChannelType, config: Option<&Value>, enabled: bool) -> AppChannel {
    let now = time(now());
    let public_id = AppChannelId::new();
    AppChannel {
        public_id,
        internal_id: public_id.uuid(),
        channel_type,
        channel_config: config.cloned().unwrap_or_else(|| json!({})),
        enabled,
        created_at: now,
        updated_at: now,
    }
}

fn place(app: &App, channel_id: AppChannelId) -> Result<usize, StoreError> {
    let mut channels = app.channels.iter();
    let found = channels.position(|channel| channel.public_id == channel_id);
    found.ok_or_else(|| {
        refused(format!(
            "channel not found: {channel_id} in app {}",
            app.public_id
        ))
    })
}
