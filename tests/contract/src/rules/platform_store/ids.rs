//! Ids that are malformed.

use super::platform;
use crate::check::Outcome;
use crate::context::{Cx, fresh_id};
use crate::rule::Group;
use crate::rules::common::refused_as_invalid;
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    ADD_APP_CHANNEL, COPY_HARNESS, CREATE_APP, CREATE_HARNESS, CREATE_SESSION, DELETE_AGENT,
    DELETE_APP, DELETE_APP_CHANNEL, DELETE_HARNESS, DELETE_SESSION, DESTROY_APP, GET_AGENT_BY_ID,
    GET_APP, GET_HARNESS, GET_MESSAGES, GET_SESSION_BY_ID, GET_SESSION_CONTEXT_REPORT,
    LIST_SESSIONS, PUBLISH_APP, SEND_MESSAGE, SET_SUBAGENT_METADATA, UNPUBLISH_APP, UPDATE_AGENT,
    UPDATE_APP, UPDATE_APP_CHANNEL, UPDATE_HARNESS, WAIT_FOR_IDLE,
};

pub(super) fn rules(group: Group) -> Group {
    group
        .hard(
            "PLAT-72",
            "A malformed id is refused as INVALID_FIELD by every method about harnesses.",
            "ID:85-121",
            plat_72_harnesses,
        )
        .hard(
            "PLAT-73",
            "A malformed id is refused as INVALID_FIELD by every method about agents.",
            "ID:85-121",
            plat_73_agents,
        )
        .hard(
            "PLAT-74",
            "A malformed id is refused as INVALID_FIELD by every method about apps and channels.",
            "ID:85-121",
            plat_74_apps,
        )
        .hard(
            "PLAT-75",
            "A malformed id is refused as INVALID_FIELD by every method about sessions.",
            "ID:85-121",
            plat_75_sessions,
        )
}

/// Ids of a type that are none: of another type, too short, in capitals.
fn wrong(prefix: &str) -> [String; 3] {
    [
        fresh_id("wrong"),
        format!("{prefix}_1"),
        format!("{prefix}_0000000000000000000000000000000A"),
    ]
}

async fn plat_72_harnesses(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    for id in wrong("harness") {
        let request = pb::PlatformStoreServiceGetHarnessRequest {
            harness_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &GET_HARNESS, request).await?;
        let request = pb::CreateHarnessRequest {
            name: cx.name("x"),
            parent_harness_id: Some(id.clone()),
            ..Default::default()
        };
        refused_as_invalid(&cx, &CREATE_HARNESS, request).await?;
        let request = pb::UpdateHarnessRequest {
            harness_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &UPDATE_HARNESS, request).await?;
        let request = pb::DeleteHarnessRequest {
            harness_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &DELETE_HARNESS, request).await?;
        let request = pb::CopyHarnessRequest {
            harness_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &COPY_HARNESS, request).await?;
    }
    Ok(())
}

async fn plat_73_agents(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    for id in wrong("agent") {
        let request = pb::GetAgentByIdRequest {
            agent_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &GET_AGENT_BY_ID, request).await?;
        let request = pb::UpdateAgentRequest {
            agent_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &UPDATE_AGENT, request).await?;
        let request = pb::DeleteAgentRequest {
            agent_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &DELETE_AGENT, request).await?;
    }
    Ok(())
}

async fn plat_74_apps(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    for id in wrong("app") {
        let request = pb::GetAppRequest {
            app_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &GET_APP, request).await?;
        let request = pb::UpdateAppRequest {
            app_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &UPDATE_APP, request).await?;
        let request = pb::DeleteAppRequest {
            app_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &DELETE_APP, request).await?;
        let request = pb::DestroyAppRequest {
            app_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &DESTROY_APP, request).await?;
        let request = pb::PublishAppRequest {
            app_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &PUBLISH_APP, request).await?;
        let request = pb::UnpublishAppRequest {
            app_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &UNPUBLISH_APP, request).await?;
        let request = pb::AddAppChannelRequest {
            channel_type: pb::ChannelType::Slack.into(),
            app_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &ADD_APP_CHANNEL, request).await?;
        let request = pb::UpdateAppChannelRequest {
            channel_id: fresh_id("appchan"),
            app_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &UPDATE_APP_CHANNEL, request).await?;
        let request = pb::DeleteAppChannelRequest {
            channel_id: fresh_id("appchan"),
            app_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &DELETE_APP_CHANNEL, request).await?;
    }
    for id in wrong("harness") {
        let request = pb::CreateAppRequest {
            harness_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &CREATE_APP, request).await?;
        let request = pb::UpdateAppRequest {
            app_id: fresh_id("app"),
            harness_id: Some(id.clone()),
            ..Default::default()
        };
        refused_as_invalid(&cx, &UPDATE_APP, request).await?;
    }
    for id in wrong("agent") {
        let request = pb::CreateAppRequest {
            harness_id: fresh_id("harness"),
            agent_id: Some(id.clone()),
            ..Default::default()
        };
        refused_as_invalid(&cx, &CREATE_APP, request).await?;
        let request = pb::UpdateAppRequest {
            app_id: fresh_id("app"),
            agent_id: Some(id.clone()),
            ..Default::default()
        };
        refused_as_invalid(&cx, &UPDATE_APP, request).await?;
    }
    for id in wrong("identity") {
        let request = pb::CreateAppRequest {
            harness_id: fresh_id("harness"),
            agent_identity_id: Some(id.clone()),
            ..Default::default()
        };
        refused_as_invalid(&cx, &CREATE_APP, request).await?;
    }
    for id in wrong("appchan") {
        let request = pb::UpdateAppChannelRequest {
            app_id: fresh_id("app"),
            channel_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &UPDATE_APP_CHANNEL, request).await?;
        let request = pb::DeleteAppChannelRequest {
            app_id: fresh_id("app"),
            channel_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &DELETE_APP_CHANNEL, request).await?;
    }
    Ok(())
}

async fn plat_75_sessions(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    for id in wrong("harness") {
        let request = pb::CreateSessionRequest {
            harness_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &CREATE_SESSION, request).await?;
    }
    for id in wrong("agent") {
        let request = pb::CreateSessionRequest {
            harness_id: fresh_id("harness"),
            agent_id: Some(id.clone()),
            ..Default::default()
        };
        refused_as_invalid(&cx, &CREATE_SESSION, request).await?;
    }
    for id in wrong("session") {
        let request = pb::SetSubagentMetadataRequest {
            parent_session_id: fresh_id("session"),
            subagent_status: pb::SubagentStatus::Running.into(),
            session_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &SET_SUBAGENT_METADATA, request).await?;
        let request = pb::SetSubagentMetadataRequest {
            session_id: fresh_id("session"),
            subagent_status: pb::SubagentStatus::Running.into(),
            parent_session_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &SET_SUBAGENT_METADATA, request).await?;
        let request = pb::GetSessionByIdRequest {
            session_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &GET_SESSION_BY_ID, request).await?;
        let request = pb::GetSessionContextReportRequest {
            session_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &GET_SESSION_CONTEXT_REPORT, request).await?;
        let request = pb::DeleteSessionRequest {
            session_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &DELETE_SESSION, request).await?;
        let request = pb::SendMessageRequest {
            session_id: id.clone(),
            ..Default::default()
        };
        refused_as_invalid(&cx, &SEND_MESSAGE, request).await?;
    }
    for id in wrong("session") {
        let request = pb::GetMessagesRequest {
            session_id: id.clone(),
            ..Default::default()
        };
        invalid(&cx.refused_collect(&GET_MESSAGES, request).await?)?;
        let request = pb::WaitForIdleRequest {
            session_id: id.clone(),
            ..Default::default()
        };
        invalid(&cx.refused_collect(&WAIT_FOR_IDLE, request).await?)?;
    }
    for id in wrong("agent") {
        let request = pb::ListSessionsRequest {
            agent_id: Some(id),
            ..Default::default()
        };
        invalid(&cx.refused_collect(&LIST_SESSIONS, request).await?)?;
    }
    Ok(())
}

fn invalid(error: &mortise_proto::StoreError) -> Outcome {
    crate::check::same(
        "the reason of the refusal",
        &error.reason,
        &Some(pb::ErrorReason::InvalidField),
    )
}
