//! Ids of another org, for every method.

use super::apps::{deletion, destruction, publication, retraction};
use super::channels::{addition, removal};
use super::{
    agent_request, app_request, create_agent, create_harness, create_session, harness_request,
    new_app, platform,
};
use crate::check::{Outcome, absent, present, same, that};
use crate::context::Cx;
use crate::rule::{Group, Need};
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    ADD_APP_CHANNEL, COPY_HARNESS, CREATE_APP, CREATE_HARNESS, CREATE_SESSION, DELETE_AGENT,
    DELETE_APP, DELETE_APP_CHANNEL, DELETE_HARNESS, DELETE_SESSION, DESTROY_APP, GET_AGENT_BY_ID,
    GET_APP, GET_HARNESS, GET_MESSAGES, GET_SESSION_BY_ID, GET_SESSION_CONTEXT_REPORT, LIST_AGENTS,
    LIST_APPS, LIST_CAPABILITIES, LIST_HARNESSES, LIST_SESSIONS, PUBLISH_APP, SEND_MESSAGE,
    SET_SUBAGENT_METADATA, UNPUBLISH_APP, UPDATE_AGENT, UPDATE_APP, UPDATE_APP_CHANNEL,
    UPDATE_HARNESS, WAIT_FOR_IDLE,
};

pub(super) fn rules(group: Group) -> Group {
    group
        .hard("PLAT-35", "The store is confined to the org of the call: what another org has is in none of its lists.", "PS:30", plat_35_lists).needs(&[Need::OtherOrg])
        .hard("PLAT-76", "Another org neither sees nor changes, copies nor builds on a harness whose id it knows.", "context.proto", plat_76_harnesses).needs(&[Need::OtherOrg])
        .hard("PLAT-77", "Another org neither sees nor changes nor uses an agent whose id it knows.", "context.proto", plat_77_agents).needs(&[Need::OtherOrg])
        .hard("PLAT-78", "Another org neither sees nor changes an app or a channel whose id it knows.", "context.proto", plat_78_apps).needs(&[Need::OtherOrg])
        .hard("PLAT-79", "Another org neither sees nor changes a session whose id it knows, reads no message of it and sends none to it.", "context.proto", plat_79_sessions).needs(&[Need::OtherOrg])
        .hard("PLAT-80", "A session of another org cannot be named as the one that calls.", "platform_store.proto", plat_80_foreign_caller).needs(&[Need::OtherOrg])
}

async fn plat_35_lists(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let other = cx.in_other_org()?;
    let harness = create_harness(&cx, harness_request(&cx)).await?.id;
    let agent = create_agent(&cx, agent_request(&cx)).await?.id;
    let app = new_app(&cx).await?.id;
    let session = cx.session().await?;
    let (mut harnesses, mut agents, mut apps, mut sessions) = (vec![], vec![], vec![], vec![]);
    for run in other
        .collect(&LIST_HARNESSES, pb::ListHarnessesRequest::default())
        .await?
    {
        harnesses.extend(run.harnesses.into_iter().map(|harness| harness.id));
    }
    for run in other
        .collect(&LIST_AGENTS, pb::ListAgentsRequest::default())
        .await?
    {
        agents.extend(run.agents.into_iter().map(|agent| agent.id));
    }
    let request = pb::ListAppsRequest {
        include_archived: true,
        ..Default::default()
    };
    for run in other.collect(&LIST_APPS, request).await? {
        apps.extend(run.apps.into_iter().map(|app| app.id));
    }
    for agent_id in [None, Some(agent.clone())] {
        let request = pb::ListSessionsRequest {
            context: None,
            limit: Some(100),
            agent_id,
        };
        // To refuse an agent of another org is right as well.
        if let Ok(runs) = other.attempt_collect(&LIST_SESSIONS, request).await {
            sessions.extend(
                runs.into_iter()
                    .flat_map(|run| run.sessions)
                    .map(|session| session.id),
            );
        }
    }
    other
        .collect(&LIST_CAPABILITIES, pb::ListCapabilitiesRequest::default())
        .await?;
    for (list, id, ids) in [
        ("ListHarnesses", harness, harnesses),
        ("ListAgents", agent, agents),
        ("ListApps", app, apps),
        ("ListSessions", session, sessions),
    ] {
        that(
            &format!("{list} in another org"),
            &format!("to leave out {id}"),
            !ids.contains(&id),
            "with it",
        )?;
    }
    Ok(())
}

async fn plat_76_harnesses(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let other = cx.in_other_org()?;
    let made = create_harness(&cx, harness_request(&cx)).await?;
    let id = || made.id.clone();
    let get = pb::PlatformStoreServiceGetHarnessRequest {
        context: None,
        harness_id: id(),
    };
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    cx.call(&GET_HARNESS, get.clone()).await?;
    if let Ok(answer) = other.attempt(&GET_HARNESS, get.clone()).await {
        absent("GetHarness.harness in another org", answer.harness)?;
    }
    let request = pb::UpdateHarnessRequest {
        harness_id: id(),
        description: Some("changed".into()),
        ..Default::default()
    };
    other.refused(&UPDATE_HARNESS, request).await?;
    let request = pb::CopyHarnessRequest {
        context: None,
        harness_id: id(),
        new_name: None,
    };
    other.refused(&COPY_HARNESS, request).await?;
    let request = pb::CreateHarnessRequest {
        parent_harness_id: Some(id()),
        ..harness_request(&cx)
    };
    other.refused(&CREATE_HARNESS, request).await?;
    let request = pb::CreateSessionRequest {
        harness_id: id(),
        ..Default::default()
    };
    other.refused(&CREATE_SESSION, request).await?;
    let request = pb::CreateAppRequest {
        name: "foreign".into(),
        harness_id: id(),
        ..Default::default()
    };
    other.refused(&CREATE_APP, request).await?;
    let request = pb::DeleteHarnessRequest {
        context: None,
        harness_id: id(),
    };
    drop(other.attempt(&DELETE_HARNESS, request).await);
    let read = cx.call(&GET_HARNESS, get).await?.harness;
    same(
        "GetHarness.harness in its own org",
        &present("GetHarness.harness", read)?,
        &made,
    )
}

async fn plat_77_agents(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let other = cx.in_other_org()?;
    let made = create_agent(&cx, agent_request(&cx)).await?;
    let get = pb::GetAgentByIdRequest {
        context: None,
        agent_id: made.id.clone(),
    };
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    cx.call(&GET_AGENT_BY_ID, get.clone()).await?;
    if let Ok(answer) = other.attempt(&GET_AGENT_BY_ID, get.clone()).await {
        absent("GetAgentById.agent in another org", answer.agent)?;
    }
    let request = pb::UpdateAgentRequest {
        agent_id: made.id.clone(),
        description: Some("changed".into()),
        ..Default::default()
    };
    other.refused(&UPDATE_AGENT, request).await?;
    let request = pb::CreateSessionRequest {
        harness_id: other.harness().await?,
        agent_id: Some(made.id.clone()),
        ..Default::default()
    };
    other.refused(&CREATE_SESSION, request).await?;
    let request = pb::CreateAppRequest {
        agent_id: Some(made.id.clone()),
        ..app_request(&other).await?
    };
    other.refused(&CREATE_APP, request).await?;
    let request = pb::DeleteAgentRequest {
        context: None,
        agent_id: made.id.clone(),
    };
    drop(other.attempt(&DELETE_AGENT, request).await);
    let read = cx.call(&GET_AGENT_BY_ID, get).await?.agent;
    same(
        "GetAgentById.agent in its own org",
        &present("GetAgentById.agent", read)?,
        &made,
    )
}

async fn plat_78_apps(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let other = cx.in_other_org()?;
    let app = new_app(&cx).await?;
    let added = cx
        .call(&ADD_APP_CHANNEL, addition(&app.id, pb::ChannelType::Slack))
        .await?;
    let channel = present("AddAppChannel.channel", added.channel)?;
    let before = super::apps::got(&cx, &app.id).await?;
    let get = pb::GetAppRequest {
        context: None,
        app_id: app.id.clone(),
    };
    if let Ok(answer) = other.attempt(&GET_APP, get).await {
        absent("GetApp.app in another org", answer.app)?;
    }
    let request = pb::UpdateAppRequest {
        name: Some("changed".into()),
        ..super::apps::update(&app.id)
    };
    other.refused(&UPDATE_APP, request).await?;
    other.refused(&PUBLISH_APP, publication(&app.id)).await?;
    other.refused(&UNPUBLISH_APP, retraction(&app.id)).await?;
    other
        .refused(&ADD_APP_CHANNEL, addition(&app.id, pb::ChannelType::Fcp))
        .await?;
    let request = pb::UpdateAppChannelRequest {
        enabled: Some(false),
        ..super::channels::update(&app.id, &channel.id)
    };
    other.refused(&UPDATE_APP_CHANNEL, request).await?;
    drop(
        other
            .attempt(&DELETE_APP_CHANNEL, removal(&app.id, &channel.id))
            .await,
    );
    drop(other.attempt(&DELETE_APP, deletion(&app.id)).await);
    same(
        "GetApp.app in its own org",
        &super::apps::got(&cx, &app.id).await?,
        &before,
    )?;
    cx.call(&DELETE_APP, deletion(&app.id)).await?;
    drop(other.attempt(&DESTROY_APP, destruction(&app.id)).await);
    super::apps::got(&cx, &app.id).await.map(|_| ())
}

async fn plat_79_sessions(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let other = cx.in_other_org()?;
    let id = cx.session().await?;
    let said = |content: &str| pb::SendMessageRequest {
        context: None,
        session_id: id.clone(),
        content: content.into(),
    };
    cx.call(&SEND_MESSAGE, said("for this org alone")).await?;
    let get = pb::GetSessionByIdRequest {
        context: None,
        session_id: id.clone(),
    };
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    cx.call(&GET_SESSION_BY_ID, get.clone()).await?;
    if let Ok(answer) = other.attempt(&GET_SESSION_BY_ID, get.clone()).await {
        absent("GetSessionById.session in another org", answer.session)?;
    }
    let messages = pb::GetMessagesRequest {
        context: None,
        session_id: id.clone(),
        limit: Some(100),
    };
    cx.collect(&GET_MESSAGES, messages.clone()).await?;
    if let Ok(runs) = other.attempt_collect(&GET_MESSAGES, messages.clone()).await {
        let heard: Vec<_> = runs.into_iter().flat_map(|run| run.messages).collect();
        same("GetMessages in another org", &heard, &Vec::new())?;
    }
    let request = pb::GetSessionContextReportRequest {
        context: None,
        session_id: id.clone(),
    };
    other.refused(&GET_SESSION_CONTEXT_REPORT, request).await?;
    let request = pb::WaitForIdleRequest {
        context: None,
        session_id: id.clone(),
        timeout_seconds: Some(0),
    };
    other.refused_collect(&WAIT_FOR_IDLE, request).await?;
    other
        .refused(&SEND_MESSAGE, said("from another org"))
        .await?;
    let own = other.session().await?;
    for (session_id, parent_session_id) in [(id.clone(), own.clone()), (own, id.clone())] {
        let request = pb::SetSubagentMetadataRequest {
            context: None,
            session_id,
            parent_session_id,
            subagent_name: "foreign".into(),
            subagent_task: String::new(),
            subagent_status: pb::SubagentStatus::Running.into(),
        };
        other.refused(&SET_SUBAGENT_METADATA, request).await?;
    }
    let request = pb::DeleteSessionRequest {
        context: None,
        session_id: id.clone(),
    };
    drop(other.attempt(&DELETE_SESSION, request).await);
    let read = present(
        "GetSessionById.session in its own org",
        cx.call(&GET_SESSION_BY_ID, get).await?.session,
    )?;
    absent("its parent_session_id", read.parent_session_id)?;
    let runs = cx.collect(&GET_MESSAGES, messages).await?;
    let heard = runs.iter().flat_map(|run| &run.messages);
    let of_user: Vec<_> = heard
        .filter(|message| message.role == "user")
        .map(|message| message.content.as_str())
        .collect();
    same(
        "the user's messages in its own org",
        &of_user,
        &vec!["for this org alone"],
    )?;
    // It is not archived either.
    cx.call(&SEND_MESSAGE, said("still open")).await.map(|_| ())
}

async fn plat_80_foreign_caller(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let other = cx.in_other_org()?;
    let foreign = cx.session().await?;
    let request = pb::CreateSessionRequest {
        harness_id: other.harness().await?,
        ..Default::default()
    };
    let inside = other.in_session(&foreign);
    // What is made has an owner of the org that calls, or is refused.
    match inside.attempt(&CREATE_SESSION, request).await {
        Err(_) => Ok(()),
        Ok(answer) => {
            let get = pb::GetSessionByIdRequest {
                context: None,
                session_id: foreign,
            };
            let made = create_session_of(answer)?;
            let owner = present(
                "GetSessionById.session",
                cx.call(&GET_SESSION_BY_ID, get).await?.session,
            )?;
            let is_nobody = made.owner_principal_id != owner.owner_principal_id;
            let own = create_session(
                &other,
                pb::CreateSessionRequest {
                    harness_id: made.harness_id.clone(),
                    ..Default::default()
                },
            )
            .await?;
            let is_orgs = made.owner_principal_id == own.owner_principal_id;
            that(
                "owner_principal_id of a session made for a foreign session",
                "not the foreign session's owner",
                is_nobody || is_orgs,
                &made.owner_principal_id,
            )
        }
    }
}

fn create_session_of(answer: pb::CreateSessionResponse) -> Outcome<pb::Session> {
    present("CreateSession.session", answer.session)
}
