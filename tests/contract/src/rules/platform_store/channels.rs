//! Channels of apps.

use super::apps::{deletion, got};
use super::{app_request, new_app, not_found, platform};
use crate::check::{Outcome, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::fixtures::is_id;
use crate::rule::Group;
use crate::rules::common::{AWKWARD_JSON, refused_as_invalid, same_json};
use futures::future::try_join_all;
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    ADD_APP_CHANNEL, CREATE_APP, DELETE_APP, DELETE_APP_CHANNEL, UPDATE_APP_CHANNEL,
};

const TYPES: [pb::ChannelType; 6] = [
    pb::ChannelType::Slack,
    pb::ChannelType::AgUi,
    pb::ChannelType::Schedule,
    pb::ChannelType::Webhook,
    pb::ChannelType::A2a,
    pb::ChannelType::Fcp,
];

pub(super) fn rules(group: Group) -> Group {
    group
        .hard("PLAT-31", "A channel keeps its type, its configuration and whether it is enabled (by default it is); it can be changed and removed.", "PS:153-173, app.rs:232", plat_31_round_trip)
        .hard("PLAT-32", "All six types of channels survive, when an app is made with one and when one is added.", "app.rs:103", plat_32_types)
        .soft("PLAT-33", "A channel of another app is not found.", "PS:163", plat_33_of_another_app)
        .hard("PLAT-61", "A channel's configuration is kept with numbers to the last digit; without one it is `{}`; what is no JSON is refused.", "platform_app.proto, channel_config_json", plat_61_configs)
        .hard("PLAT-62", "A channel of no type is refused as INVALID_FIELD.", "app.proto, CHANNEL_TYPE_UNSPECIFIED", plat_62_untyped)
        .hard("PLAT-63", "Channels are listed oldest first.", "platform_store.proto, GetApp", plat_63_oldest_first)
        .hard("PLAT-64", "A channel of an app that is not there, or that is archived, is refused.", "platform_store.proto", plat_64_without_app)
        .hard("PLAT-65", "16 channels added at the same time are all there.", "tool_scheduler.rs:42", plat_65_concurrent).full()
}

pub(super) fn addition(app_id: &str, channel_type: pb::ChannelType) -> pb::AddAppChannelRequest {
    pb::AddAppChannelRequest {
        app_id: app_id.into(),
        channel_type: channel_type.into(),
        ..Default::default()
    }
}

pub(super) fn removal(app_id: &str, channel_id: &str) -> pb::DeleteAppChannelRequest {
    pb::DeleteAppChannelRequest {
        context: None,
        app_id: app_id.into(),
        channel_id: channel_id.into(),
    }
}

pub(super) fn update(app_id: &str, channel_id: &str) -> pb::UpdateAppChannelRequest {
    pb::UpdateAppChannelRequest {
        app_id: app_id.into(),
        channel_id: channel_id.into(),
        ..Default::default()
    }
}

async fn add(cx: &Cx, request: pb::AddAppChannelRequest) -> Outcome<pb::AppChannel> {
    let answer = cx.call(&ADD_APP_CHANNEL, request).await?;
    present("AddAppChannel.channel", answer.channel)
}

async fn plat_31_round_trip(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let app = new_app(&cx).await?;
    let made = add(&cx, addition(&app.id, pb::ChannelType::Webhook)).await?;
    that(
        "channel.id",
        "`appchan_` and 32 hex digits",
        is_id(&made.id, "appchan"),
        &made.id,
    )?;
    same(
        "channel.enabled where it was not told",
        &made.enabled,
        &true,
    )?;
    same(
        "GetApp.app.channels",
        &got(&cx, &app.id).await?.channels,
        &vec![made.clone()],
    )?;

    let request = pb::UpdateAppChannelRequest {
        enabled: Some(false),
        ..update(&app.id, &made.id)
    };
    let changed = cx.call(&UPDATE_APP_CHANNEL, request).await?.channel;
    let changed = present("UpdateAppChannel.channel", changed)?;
    let expected = pb::AppChannel {
        enabled: false,
        updated_at: changed.updated_at,
        ..made.clone()
    };
    same(
        "UpdateAppChannel.channel of which enabled was changed",
        &changed,
        &expected,
    )?;
    let request = pb::UpdateAppChannelRequest {
        channel_type: Some(pb::ChannelType::Slack.into()),
        channel_config_json: Some("{\"team\":1}".into()),
        ..update(&app.id, &made.id)
    };
    cx.call(&UPDATE_APP_CHANNEL, request).await?;
    let read = got(&cx, &app.id).await?.channels;
    same("how many channels GetApp gives", &read.len(), &1)?;
    same(
        "channel.channel_type after an update",
        &read[0].channel_type(),
        &pb::ChannelType::Slack,
    )?;
    same(
        "channel.enabled after an update that left it out",
        &read[0].enabled,
        &false,
    )?;
    same_json(
        "channel.channel_config_json",
        &read[0].channel_config_json,
        "{\"team\":1}",
    )?;

    cx.call(&DELETE_APP_CHANNEL, removal(&app.id, &made.id))
        .await?;
    same(
        "GetApp.app.channels after DeleteAppChannel",
        &got(&cx, &app.id).await?.channels,
        &Vec::new(),
    )?;
    not_found(&cx, &DELETE_APP_CHANNEL, removal(&app.id, &made.id)).await
}

async fn plat_32_types(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    for channel_type in TYPES {
        let request = pb::CreateAppRequest {
            channel_type: Some(channel_type.into()),
            ..app_request(&cx).await?
        };
        let app = present("CreateApp.app", cx.call(&CREATE_APP, request).await?.app)?;
        add(&cx, addition(&app.id, channel_type)).await?;
        let read = got(&cx, &app.id).await?.channels;
        let types: Vec<_> = read.iter().map(pb::AppChannel::channel_type).collect();
        same(
            "the types of GetApp.app.channels",
            &types,
            &vec![channel_type; 2],
        )?;
    }
    Ok(())
}

async fn plat_33_of_another_app(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let (one, other) = (new_app(&cx).await?, new_app(&cx).await?);
    let made = add(&cx, addition(&one.id, pb::ChannelType::Slack)).await?;
    let request = pb::UpdateAppChannelRequest {
        enabled: Some(false),
        ..update(&other.id, &made.id)
    };
    not_found(&cx, &UPDATE_APP_CHANNEL, request).await?;
    not_found(&cx, &DELETE_APP_CHANNEL, removal(&other.id, &made.id)).await?;
    same(
        "GetApp.app.channels after what was refused",
        &got(&cx, &one.id).await?.channels,
        &vec![made],
    )
}

async fn plat_61_configs(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let app = new_app(&cx).await?;
    for (sent, expected) in [
        (None, "{}"),
        (Some("{}"), "{}"),
        (Some(AWKWARD_JSON), AWKWARD_JSON),
    ] {
        let request = pb::AddAppChannelRequest {
            channel_config_json: sent.map(Into::into),
            ..addition(&app.id, pb::ChannelType::Webhook)
        };
        add(&cx, request).await?;
        let read = got(&cx, &app.id).await?.channels;
        let last = present("the last of GetApp.app.channels", read.last())?;
        same_json("channel_config_json", &last.channel_config_json, expected)?;
    }
    let request = pb::AddAppChannelRequest {
        channel_config_json: Some("{\"a\":".into()),
        ..addition(&app.id, pb::ChannelType::Webhook)
    };
    refused_as_invalid(&cx, &ADD_APP_CHANNEL, request).await
}

async fn plat_62_untyped(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let app = new_app(&cx).await?;
    for channel_type in [0, 99] {
        let request = pb::AddAppChannelRequest {
            channel_type,
            ..addition(&app.id, pb::ChannelType::Unspecified)
        };
        refused_as_invalid(&cx, &ADD_APP_CHANNEL, request).await?;
        let request = pb::CreateAppRequest {
            channel_type: Some(channel_type),
            ..app_request(&cx).await?
        };
        refused_as_invalid(&cx, &CREATE_APP, request).await?;
    }
    Ok(())
}

async fn plat_63_oldest_first(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let app = new_app(&cx).await?;
    let mut made = Vec::new();
    for channel_type in TYPES {
        made.push(add(&cx, addition(&app.id, channel_type)).await?.id);
    }
    let request = pb::UpdateAppChannelRequest {
        enabled: Some(false),
        ..update(&app.id, &made[0])
    };
    cx.call(&UPDATE_APP_CHANNEL, request).await?;
    let read = got(&cx, &app.id).await?.channels;
    let ids: Vec<_> = read.iter().map(|channel| &channel.id).collect();
    same(
        "the ids of GetApp.app.channels",
        &ids,
        &made.iter().collect::<Vec<_>>(),
    )
}

async fn plat_64_without_app(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let unknown = fresh_id("app");
    not_found(
        &cx,
        &ADD_APP_CHANNEL,
        addition(&unknown, pb::ChannelType::Slack),
    )
    .await?;
    not_found(
        &cx,
        &UPDATE_APP_CHANNEL,
        update(&unknown, &fresh_id("appchan")),
    )
    .await?;
    not_found(
        &cx,
        &DELETE_APP_CHANNEL,
        removal(&unknown, &fresh_id("appchan")),
    )
    .await?;
    let app = new_app(&cx).await?;
    cx.call(&DELETE_APP, deletion(&app.id)).await?;
    cx.refused(&ADD_APP_CHANNEL, addition(&app.id, pb::ChannelType::Slack))
        .await
        .map(|_| ())
}

async fn plat_65_concurrent(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let app = new_app(&cx).await?;
    let adds = (0..16).map(|_| add(&cx, addition(&app.id, pb::ChannelType::Webhook)));
    let mut made: Vec<_> = try_join_all(adds)
        .await?
        .into_iter()
        .map(|channel| channel.id)
        .collect();
    let read = got(&cx, &app.id).await?.channels;
    let mut ids: Vec<_> = read.into_iter().map(|channel| channel.id).collect();
    made.sort();
    ids.sort();
    same("the ids of GetApp.app.channels, sorted", &ids, &made)
}
