//! The changes of the platform store.

use super::Prepared;
use crate::check::{Outcome, present};
use crate::context::Cx;
use crate::rules::probes::Probe;
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service as store;

/// What all of the changes are about.
struct Things {
    harness_id: String,
    agent_id: String,
    session_id: String,
    /// An app with a channel.
    app_id: String,
    channel_id: String,
    /// One that is published.
    published_id: String,
    /// One that is archived.
    archived_id: String,
}

pub(in super::super) async fn platform(cx: Cx, session: String) -> Outcome<Prepared> {
    let things = made(&cx).await?;
    // Lists of the whole org change while other rules run: only what is made here is read.
    let app = pb::GetAppRequest {
        context: None,
        app_id: things.app_id.clone(),
    };
    let mut changes = creations(&cx, &things);
    changes.extend(of_sessions(&things, &session));
    changes.extend(of_apps(&things));
    changes.extend(deletions(&things));
    Ok(Prepared {
        changes,
        reads: vec![Probe::of(store::GET_APP.method, &app)],
    })
}

async fn made(cx: &Cx) -> Outcome<Things> {
    let (harness_id, agent_id) = (cx.harness().await?, cx.agent().await?);
    let creating = pb::CreateSessionRequest {
        harness_id: harness_id.clone(),
        ..Default::default()
    };
    let created = cx.call(&store::CREATE_SESSION, creating).await?.session;
    let app_id = app(cx, &harness_id).await?;
    let adding = pb::AddAppChannelRequest {
        app_id: app_id.clone(),
        channel_type: pb::ChannelType::Webhook.into(),
        ..Default::default()
    };
    let channel = cx.call(&store::ADD_APP_CHANNEL, adding).await?.channel;
    let published_id = app(cx, &harness_id).await?;
    let publishing = pb::PublishAppRequest {
        context: None,
        app_id: published_id.clone(),
    };
    cx.call(&store::PUBLISH_APP, publishing).await?;
    let archived_id = app(cx, &harness_id).await?;
    let deleting = pb::DeleteAppRequest {
        context: None,
        app_id: archived_id.clone(),
    };
    cx.call(&store::DELETE_APP, deleting).await?;
    Ok(Things {
        harness_id,
        agent_id,
        session_id: present("CreateSession.session", created)?.id,
        app_id,
        channel_id: present("AddAppChannel.channel", channel)?.id,
        published_id,
        archived_id,
    })
}

async fn app(cx: &Cx, harness_id: &str) -> Outcome<String> {
    let request = pb::CreateAppRequest {
        name: cx.name("app"),
        harness_id: harness_id.into(),
        ..Default::default()
    };
    let app = cx.call(&store::CREATE_APP, request).await?.app;
    Ok(present("CreateApp.app", app)?.id)
}

fn creations(cx: &Cx, things: &Things) -> Vec<Probe> {
    let harness_id = things.harness_id.clone();
    vec![
        Probe::of(
            store::CREATE_HARNESS.method,
            &pb::CreateHarnessRequest {
                name: cx.name("harness"),
                ..Default::default()
            },
        ),
        Probe::of(
            store::COPY_HARNESS.method,
            &pb::CopyHarnessRequest {
                context: None,
                harness_id: harness_id.clone(),
                new_name: Some(cx.name("copy")),
            },
        ),
        Probe::of(
            store::UPDATE_HARNESS.method,
            &pb::UpdateHarnessRequest {
                harness_id: harness_id.clone(),
                description: Some("changed".into()),
                ..Default::default()
            },
        ),
        Probe::of(
            store::CREATE_AGENT.method,
            &pb::CreateAgentRequest {
                name: cx.name("agent"),
                ..Default::default()
            },
        ),
        Probe::of(
            store::UPDATE_AGENT.method,
            &pb::UpdateAgentRequest {
                agent_id: things.agent_id.clone(),
                description: Some("changed".into()),
                ..Default::default()
            },
        ),
        Probe::of(
            store::CREATE_APP.method,
            &pb::CreateAppRequest {
                name: cx.name("app"),
                harness_id: harness_id.clone(),
                ..Default::default()
            },
        ),
        Probe::of(
            store::CREATE_SESSION.method,
            &pb::CreateSessionRequest {
                harness_id,
                ..Default::default()
            },
        ),
    ]
}

fn of_sessions(things: &Things, parent: &str) -> Vec<Probe> {
    let session_id = things.session_id.clone();
    vec![
        Probe::of(
            store::SET_SUBAGENT_METADATA.method,
            &pb::SetSubagentMetadataRequest {
                context: None,
                session_id: session_id.clone(),
                parent_session_id: parent.into(),
                subagent_name: "helper".into(),
                subagent_task: "help".into(),
                subagent_status: pb::SubagentStatus::Running.into(),
            },
        ),
        Probe::of(
            store::SEND_MESSAGE.method,
            &pb::SendMessageRequest {
                context: None,
                session_id,
                content: "Hello".into(),
            },
        ),
    ]
}

fn of_apps(things: &Things) -> Vec<Probe> {
    let (app_id, channel_id) = (things.app_id.clone(), things.channel_id.clone());
    vec![
        Probe::of(
            store::UPDATE_APP.method,
            &pb::UpdateAppRequest {
                app_id: app_id.clone(),
                description: Some("changed".into()),
                ..Default::default()
            },
        ),
        Probe::of(
            store::ADD_APP_CHANNEL.method,
            &pb::AddAppChannelRequest {
                app_id: app_id.clone(),
                channel_type: pb::ChannelType::Webhook.into(),
                ..Default::default()
            },
        ),
        Probe::of(
            store::UPDATE_APP_CHANNEL.method,
            &pb::UpdateAppChannelRequest {
                app_id: app_id.clone(),
                channel_id: channel_id.clone(),
                enabled: Some(false),
                ..Default::default()
            },
        ),
        Probe::of(
            store::DELETE_APP_CHANNEL.method,
            &pb::DeleteAppChannelRequest {
                context: None,
                app_id: app_id.clone(),
                channel_id,
            },
        ),
        Probe::of(
            store::PUBLISH_APP.method,
            &pb::PublishAppRequest {
                context: None,
                app_id: app_id.clone(),
            },
        ),
        Probe::of(
            store::UNPUBLISH_APP.method,
            &pb::UnpublishAppRequest {
                context: None,
                app_id: things.published_id.clone(),
            },
        ),
        Probe::of(
            store::DELETE_APP.method,
            &pb::DeleteAppRequest {
                context: None,
                app_id,
            },
        ),
        Probe::of(
            store::DESTROY_APP.method,
            &pb::DestroyAppRequest {
                context: None,
                app_id: things.archived_id.clone(),
            },
        ),
    ]
}

fn deletions(things: &Things) -> Vec<Probe> {
    vec![
        Probe::of(
            store::DELETE_SESSION.method,
            &pb::DeleteSessionRequest {
                context: None,
                session_id: things.session_id.clone(),
            },
        ),
        Probe::of(
            store::DELETE_AGENT.method,
            &pb::DeleteAgentRequest {
                context: None,
                agent_id: things.agent_id.clone(),
            },
        ),
        Probe::of(
            store::DELETE_HARNESS.method,
            &pb::DeleteHarnessRequest {
                context: None,
                harness_id: things.harness_id.clone(),
            },
        ),
    ]
}
