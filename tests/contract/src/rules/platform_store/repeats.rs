//! Changes that are sent again.

use super::apps::{deletion, destruction, publication, retraction};
use super::channels::{addition, removal};
use super::{agent_request, app_request, create_harness, harness_request, platform};
use crate::check::{Outcome, present, same};
use crate::context::Cx;
use crate::rule::Group;
use crate::rules::common::{lost_reply, repeated};
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    ADD_APP_CHANNEL, COPY_HARNESS, CREATE_AGENT, CREATE_APP, CREATE_HARNESS, CREATE_SESSION,
    DELETE_AGENT, DELETE_APP, DELETE_APP_CHANNEL, DELETE_HARNESS, DELETE_SESSION, DESTROY_APP,
    GET_HARNESS, GET_MESSAGES, LIST_AGENTS, LIST_HARNESSES, PUBLISH_APP, SEND_MESSAGE,
    SET_SUBAGENT_METADATA, UNPUBLISH_APP, UPDATE_AGENT, UPDATE_APP, UPDATE_APP_CHANNEL,
    UPDATE_HARNESS,
};

pub(super) fn rules(group: Group) -> Group {
    group
        .hard("PLAT-66", "Each change to harnesses that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", plat_66_harnesses).full()
        .hard("PLAT-67", "Each change to agents that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", plat_67_agents).full()
        .hard("PLAT-68", "Each change to apps and channels that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", plat_68_apps).full()
        .hard("PLAT-69", "Each change to sessions that is sent again under its request_id is answered as the first time and done once.", "context.proto, request_id", plat_69_sessions).full()
        .hard("PLAT-70", "What was made for a caller who went away before the answer is made once when it is sent again.", "context.proto, request_id", plat_70_lost).full()
        .hard("PLAT-71", "A change that is sent again after another one changes nothing.", "context.proto, request_id", plat_71_older_again).full()
}

async fn plat_66_harnesses(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let made = repeated(&cx, &CREATE_HARNESS, harness_request(&cx)).await?;
    let id = present("CreateHarness.harness", made.harness)?.id;
    let request = pb::UpdateHarnessRequest {
        harness_id: id.clone(),
        description: Some("changed".into()),
        ..Default::default()
    };
    repeated(&cx, &UPDATE_HARNESS, request).await?;
    let request = pb::CopyHarnessRequest {
        context: None,
        harness_id: id.clone(),
        new_name: None,
    };
    repeated(&cx, &COPY_HARNESS, request).await?;
    let request = pb::DeleteHarnessRequest {
        context: None,
        harness_id: id,
    };
    repeated(&cx, &DELETE_HARNESS, request).await.map(|_| ())
}

async fn plat_67_agents(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let made = repeated(&cx, &CREATE_AGENT, agent_request(&cx)).await?;
    let id = present("CreateAgent.agent", made.agent)?.id;
    let request = pb::UpdateAgentRequest {
        agent_id: id.clone(),
        description: Some("changed".into()),
        ..Default::default()
    };
    repeated(&cx, &UPDATE_AGENT, request).await?;
    let request = pb::DeleteAgentRequest {
        context: None,
        agent_id: id,
    };
    repeated(&cx, &DELETE_AGENT, request).await.map(|_| ())
}

async fn plat_68_apps(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let made = repeated(&cx, &CREATE_APP, app_request(&cx).await?).await?;
    let id = present("CreateApp.app", made.app)?.id;
    let request = pb::UpdateAppRequest {
        description: Some("changed".into()),
        ..super::apps::update(&id)
    };
    repeated(&cx, &UPDATE_APP, request).await?;
    let added = repeated(&cx, &ADD_APP_CHANNEL, addition(&id, pb::ChannelType::Slack)).await?;
    let channel = present("AddAppChannel.channel", added.channel)?;
    let read = super::apps::got(&cx, &id).await?.channels;
    same(
        "GetApp.app.channels after a repeated AddAppChannel",
        &read,
        &vec![channel.clone()],
    )?;
    let request = pb::UpdateAppChannelRequest {
        enabled: Some(false),
        ..super::channels::update(&id, &channel.id)
    };
    repeated(&cx, &UPDATE_APP_CHANNEL, request).await?;
    repeated(&cx, &DELETE_APP_CHANNEL, removal(&id, &channel.id)).await?;
    repeated(&cx, &PUBLISH_APP, publication(&id)).await?;
    repeated(&cx, &UNPUBLISH_APP, retraction(&id)).await?;
    repeated(&cx, &DELETE_APP, deletion(&id)).await?;
    repeated(&cx, &DESTROY_APP, destruction(&id))
        .await
        .map(|_| ())
}

async fn plat_69_sessions(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = pb::CreateSessionRequest {
        harness_id: cx.harness().await?,
        ..Default::default()
    };
    let made = repeated(&cx, &CREATE_SESSION, request).await?;
    let id = present("CreateSession.session", made.session)?.id;
    let request = pb::SetSubagentMetadataRequest {
        context: None,
        session_id: id.clone(),
        parent_session_id: cx.session().await?,
        subagent_name: "researcher".into(),
        subagent_task: String::new(),
        subagent_status: pb::SubagentStatus::Running.into(),
    };
    repeated(&cx, &SET_SUBAGENT_METADATA, request).await?;
    let request = pb::SendMessageRequest {
        context: None,
        session_id: id.clone(),
        content: "once".into(),
    };
    repeated(&cx, &SEND_MESSAGE, request).await?;
    let request = pb::GetMessagesRequest {
        context: None,
        session_id: id.clone(),
        limit: Some(100),
    };
    let runs = cx.collect(&GET_MESSAGES, request).await?;
    let all = runs.iter().flat_map(|run| &run.messages);
    let of_user = all.filter(|message| message.role == "user").count();
    same(
        "the user's messages after a repeated SendMessage",
        &of_user,
        &1,
    )?;
    let request = pb::DeleteSessionRequest {
        context: None,
        session_id: id,
    };
    repeated(&cx, &DELETE_SESSION, request).await.map(|_| ())
}

async fn plat_70_lost(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = harness_request(&cx);
    let made = lost_reply(&cx, &CREATE_HARNESS, request.clone()).await?;
    let made = present("CreateHarness.harness", made.harness)?;
    let runs = cx
        .collect(&LIST_HARNESSES, pb::ListHarnessesRequest::default())
        .await?;
    let of_name = runs
        .iter()
        .flat_map(|run| &run.harnesses)
        .filter(|harness| harness.name == request.name);
    same(
        "the ids of the listed harnesses of that name",
        &of_name.map(|harness| &harness.id).collect::<Vec<_>>(),
        &vec![&made.id],
    )?;
    let request = agent_request(&cx);
    lost_reply(&cx, &CREATE_AGENT, request.clone()).await?;
    let runs = cx
        .collect(&LIST_AGENTS, pb::ListAgentsRequest::default())
        .await?;
    let of_name = runs
        .iter()
        .flat_map(|run| &run.agents)
        .filter(|agent| agent.name == request.name);
    same(
        "how many agents of that name are listed",
        &of_name.count(),
        &1,
    )?;
    let app = super::new_app(&cx).await?;
    lost_reply(
        &cx,
        &ADD_APP_CHANNEL,
        addition(&app.id, pb::ChannelType::Slack),
    )
    .await?;
    same(
        "how many channels there are",
        &super::apps::got(&cx, &app.id).await?.channels.len(),
        &1,
    )
}

async fn plat_71_older_again(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let id = create_harness(&cx, harness_request(&cx)).await?.id;
    let update = |description: &str| pb::UpdateHarnessRequest {
        harness_id: id.clone(),
        description: Some(description.into()),
        ..Default::default()
    };
    let first = cx.repeating();
    first.call(&UPDATE_HARNESS, update("old")).await?;
    cx.call(&UPDATE_HARNESS, update("new")).await?;
    first.call(&UPDATE_HARNESS, update("old")).await?;
    let request = pb::PlatformStoreServiceGetHarnessRequest {
        context: None,
        harness_id: id.clone(),
    };
    let read = cx
        .call(&GET_HARNESS, request)
        .await?
        .harness
        .unwrap_or_default();
    same(
        "description after an older UpdateHarness was sent again",
        &read.description.as_deref(),
        &Some("new"),
    )
}
