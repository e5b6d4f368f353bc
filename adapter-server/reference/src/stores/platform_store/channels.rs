//! Channels of apps, which are part of their app's record. A channel's configuration
//! is kept as it is given: the server of the channel knows what it must hold.

use crate::db::Tx;
use crate::db::errors::refused;
use crate::encoding::{nanos, now, now_after, time};
use crate::stores::platform_store::rows::change;
use everruns_core::app::{App, AppChannel, ChannelType};
use everruns_core::typed_id::{AppChannelId, AppId};
use mortise_proto::StoreError;
use serde_json::{Value, json};

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

/// Adds a channel to an app.
pub(super) async fn add(
    tx: &mut Tx,
    app_id: AppId,
    channel: AppChannel,
) -> Result<AppChannel, StoreError> {
    let added = change(tx, app_id, |app| {
        app.channels.push(channel.clone());
        Ok(channel)
    });
    let (_, channel) = added.await?;
    Ok(channel)
}

/// Changes a channel of an app.
pub(super) async fn update(
    tx: &mut Tx,
    app_id: AppId,
    channel_id: AppChannelId,
    update: impl FnOnce(&mut AppChannel),
) -> Result<AppChannel, StoreError> {
    let updated = change(tx, app_id, |app| {
        let place = place(app, channel_id)?;
        let channel = &mut app.channels[place];
        update(channel);
        channel.updated_at = time(now_after(nanos(channel.updated_at)));
        Ok(channel.clone())
    });
    let (_, channel) = updated.await?;
    Ok(channel)
}

/// Removes a channel of an app.
pub(super) async fn remove(
    tx: &mut Tx,
    app_id: AppId,
    channel_id: AppChannelId,
) -> Result<(), StoreError> {
    let removed = change(tx, app_id, |app| {
        let place = place(app, channel_id)?;
        app.channels.remove(place);
        Ok(())
    });
    removed.await.map(drop)
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
