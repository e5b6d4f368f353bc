//! Sessions as the platform sees them.

use super::{agent_request, create_agent, create_session, not_found, platform};
use crate::check::{Outcome, absent, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::fixtures::is_id;
use crate::rule::Group;
use crate::rules::common::{AWKWARD_JSON, same_json};
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    CREATE_SESSION, DELETE_AGENT, DELETE_HARNESS, DELETE_SESSION, GET_SESSION_BY_ID,
    GET_SESSION_CONTEXT_REPORT, LIST_SESSIONS, SEND_MESSAGE, SET_SUBAGENT_METADATA,
};
use mortise_proto::rpc::table::session_store_service::{self as store, GET_SESSION};

pub(super) fn rules(group: Group) -> Group {
    group
        .hard("PLAT-11", "A session is made on a harness that exists, with the harness, agent, title and locale it was given, and no turn run.", "PS:186-200", plat_11_creates)
        .hard("PLAT-12", "A session of a blueprint keeps its id and its configuration, `null` and absent apart.", "PS:188", plat_12_blueprints)
        .hard("PLAT-13", "GetSessionById returns what SessionStore returns; a session that does not exist is absent.", "PS:216", plat_13_as_in_store).with(&[store::NAME])
        .hard("PLAT-14", "The last call of SetSubagentMetadata counts: parent, name, task and status.", "PS:202-213, AH:545", plat_14_subagents)
        .soft("PLAT-15", "The list of sessions holds at most as many as asked for, newest first, and those of one agent if asked to.", "PS:179", plat_15_lists)
        .soft("PLAT-16", "A deleted session is not listed, is still returned, and refuses messages.", "PS:221", plat_16_archives)
        .hard("PLAT-34", "The report on a session's context names the session, and its parts have keys and sums that fit.", "PS:219", plat_34_reports)
        .hard("PLAT-44", "A session on a harness or agent that is archived or unknown is refused.", "platform_store.proto, CreateSession", plat_44_unusable)
        .hard("PLAT-45", "Title and locale: absent and empty differ.", "platform_session.proto", plat_45_absent_is_not_empty)
        .hard("PLAT-46", "A session that is made in a session belongs to that one's owner.", "platform_store.proto", plat_46_owned)
        .hard("PLAT-47", "SetSubagentMetadata is refused if the session or the parent does not exist, or if they are the same.", "platform_store.proto, SetSubagentMetadata", plat_47_bad_subagents)
        .hard("PLAT-48", "A list of sessions without a limit holds at most 20; of limit 0 it is empty.", "platform_session.proto, limit", plat_48_list_limits)
}

async fn get(cx: &Cx, id: &str) -> Outcome<Option<pb::Session>> {
    let request = pb::GetSessionByIdRequest {
        context: None,
        session_id: id.into(),
    };
    Ok(cx.call(&GET_SESSION_BY_ID, request).await?.session)
}

async fn got(cx: &Cx, id: &str) -> Outcome<pb::Session> {
    present("GetSessionById.session", get(cx, id).await?)
}

async fn on_harness(cx: &Cx) -> Outcome<pb::CreateSessionRequest> {
    Ok(pb::CreateSessionRequest {
        harness_id: cx.harness().await?,
        ..Default::default()
    })
}

async fn listed(cx: &Cx, limit: Option<u64>, agent_id: Option<&str>) -> Outcome<Vec<pb::Session>> {
    let request = pb::ListSessionsRequest {
        context: None,
        limit,
        agent_id: agent_id.map(Into::into),
    };
    let runs = cx.collect(&LIST_SESSIONS, request).await?;
    Ok(runs.into_iter().flat_map(|run| run.sessions).collect())
}

fn ids(sessions: &[pb::Session]) -> Vec<&str> {
    sessions.iter().map(|session| session.id.as_str()).collect()
}

fn subagent(id: &str, parent_id: &str) -> pb::SetSubagentMetadataRequest {
    pb::SetSubagentMetadataRequest {
        context: None,
        session_id: id.into(),
        parent_session_id: parent_id.into(),
        subagent_name: "researcher".into(),
        subagent_task: "find it out".into(),
        subagent_status: pb::SubagentStatus::Running.into(),
    }
}

async fn plat_11_creates(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = pb::CreateSessionRequest {
        agent_id: Some(create_agent(&cx, agent_request(&cx)).await?.id),
        title: Some("A title".into()),
        locale: Some("de-AT".into()),
        ..on_harness(&cx).await?
    };
    let made = create_session(&cx, request.clone()).await?;
    that(
        "session.id",
        "`session_` and 32 hex digits",
        is_id(&made.id, "session"),
        &made.id,
    )?;
    same("session.harness_id", &made.harness_id, &request.harness_id)?;
    same("session.agent_id", &made.agent_id, &request.agent_id)?;
    same("session.title", &made.title, &request.title)?;
    same("session.locale", &made.locale, &request.locale)?;
    same(
        "session.organization_id",
        &made.organization_id,
        &cx.org_public_id(),
    )?;
    let is_fresh = matches!(
        made.status(),
        pb::SessionStatus::Started | pb::SessionStatus::Idle
    );
    that(
        "session.status",
        "Started or Idle",
        is_fresh,
        &made.status(),
    )?;
    absent("session.started_at", made.started_at)?;
    same("GetSessionById.session", &got(&cx, &made.id).await?, &made)
}

async fn plat_12_blueprints(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    for config in [None, Some("null"), Some("{}"), Some(AWKWARD_JSON)] {
        let request = pb::CreateSessionRequest {
            blueprint_id: Some("coder".into()),
            blueprint_config_json: config.map(Into::into),
            ..on_harness(&cx).await?
        };
        let made = create_session(&cx, request).await?;
        let read = got(&cx, &made.id).await?;
        same(
            "blueprint_id",
            &read.blueprint_id.as_deref(),
            &Some("coder"),
        )?;
        match config {
            None => absent(
                "blueprint_config_json that was not given",
                read.blueprint_config_json,
            )?,
            Some(config) => {
                let read = present("blueprint_config_json", read.blueprint_config_json)?;
                same_json("blueprint_config_json", &read, config)?;
            }
        }
    }
    Ok(())
}

async fn plat_13_as_in_store(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let id = cx.session().await?;
    let request = pb::GetSessionRequest {
        context: None,
        session_id: id.clone(),
    };
    let stored = cx.call(&GET_SESSION, request).await?.session;
    same(
        "GetSession.session of SessionStore",
        &present("GetSession.session", stored)?,
        &got(&cx, &id).await?,
    )?;
    absent(
        "GetSessionById.session",
        get(&cx, &fresh_id("session")).await?,
    )
}

async fn plat_14_subagents(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let (id, parent) = (cx.session().await?, cx.session().await?);
    for status in [
        pb::SubagentStatus::Spawning,
        pb::SubagentStatus::Running,
        pb::SubagentStatus::Failed,
        pb::SubagentStatus::Cancelled,
        pb::SubagentStatus::MaxIterationsReached,
        pb::SubagentStatus::Completed,
    ] {
        let request = pb::SetSubagentMetadataRequest {
            subagent_status: status.into(),
            ..subagent(&id, &parent)
        };
        let answer = cx.call(&SET_SUBAGENT_METADATA, request).await?;
        let said = present("SetSubagentMetadata.session", answer.session)?;
        let read = got(&cx, &id).await?;
        same(
            "GetSessionById.session after SetSubagentMetadata",
            &read,
            &said,
        )?;
        same(
            "parent_session_id",
            &read.parent_session_id.as_ref(),
            &Some(&parent),
        )?;
        same(
            "subagent_name",
            &read.subagent_name.as_deref(),
            &Some("researcher"),
        )?;
        same(
            "subagent_task",
            &read.subagent_task.as_deref(),
            &Some("find it out"),
        )?;
        same("subagent_status", &read.subagent_status(), &status)?;
    }
    Ok(())
}

async fn plat_15_lists(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let agent = create_agent(&cx, agent_request(&cx)).await?.id;
    let mut made = Vec::new();
    for _ in 0..4 {
        let request = pb::CreateSessionRequest {
            agent_id: Some(agent.clone()),
            ..on_harness(&cx).await?
        };
        made.insert(0, create_session(&cx, request).await?.id);
    }
    let all = listed(&cx, Some(100), Some(&agent)).await?;
    same("the ids of ListSessions of one agent", &ids(&all), &made)?;
    let some = listed(&cx, Some(2), Some(&agent)).await?;
    same(
        "the ids of ListSessions of one agent with limit 2",
        &ids(&some),
        &made[..2],
    )?;
    let others = listed(&cx, Some(3), None).await?;
    that(
        "ListSessions with limit 3",
        "at most 3 sessions",
        others.len() <= 3,
        &others.len(),
    )
}

async fn plat_16_archives(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let agent = create_agent(&cx, agent_request(&cx)).await?.id;
    let request = pb::CreateSessionRequest {
        agent_id: Some(agent.clone()),
        ..on_harness(&cx).await?
    };
    let id = create_session(&cx, request).await?.id;
    let deletion = pb::DeleteSessionRequest {
        context: None,
        session_id: id.clone(),
    };
    cx.call(&DELETE_SESSION, deletion.clone()).await?;
    let all = listed(&cx, Some(100), Some(&agent)).await?;
    same(
        "the ids of ListSessions after DeleteSession",
        &ids(&all),
        &Vec::<&str>::new(),
    )?;
    let archived = got(&cx, &id).await?;
    let said = pb::SendMessageRequest {
        context: None,
        session_id: id.clone(),
        content: "Hello".into(),
    };
    cx.refused(&SEND_MESSAGE, said).await?;
    cx.call(&DELETE_SESSION, deletion).await?;
    same(
        "GetSessionById.session after another DeleteSession",
        &got(&cx, &id).await?,
        &archived,
    )?;
    let unknown = pb::DeleteSessionRequest {
        context: None,
        session_id: fresh_id("session"),
    };
    cx.refused(&DELETE_SESSION, unknown).await.map(|_| ())
}

async fn plat_34_reports(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let id = cx.session().await?;
    let request = pb::GetSessionContextReportRequest {
        context: None,
        session_id: id.clone(),
    };
    let answer = cx.call(&GET_SESSION_CONTEXT_REPORT, request).await?;
    let report = present("GetSessionContextReport.report", answer.report)?;
    same("report.session_id", &report.session_id, &id)?;
    let keys: Vec<_> = report
        .sections
        .iter()
        .map(|section| section.key.as_str())
        .collect();
    that(
        "the keys of report.sections",
        "not empty",
        !keys.contains(&""),
        &keys,
    )?;
    for part in &report.contributions {
        that(
            "contribution.section_key",
            "the key of a section",
            keys.contains(&part.section_key.as_str()),
            part,
        )?;
    }
    let sum: u64 = report
        .sections
        .iter()
        .map(|section| u64::from(section.tokens))
        .sum();
    let total = u64::from(report.estimated_input_tokens);
    that(
        "the sum of the sections' tokens",
        &format!("at most estimated_input_tokens, {total}"),
        sum <= total,
        &sum,
    )?;
    let unknown = pb::GetSessionContextReportRequest {
        context: None,
        session_id: fresh_id("session"),
    };
    let error = cx.refused(&GET_SESSION_CONTEXT_REPORT, unknown).await?;
    crate::check::says(
        "the text of GetSessionContextReport's error",
        &error.message,
        "not found",
    )
}

async fn plat_44_unusable(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let (harness_id, agent_id) = (cx.harness().await?, cx.agent().await?);
    let request = pb::DeleteHarnessRequest {
        context: None,
        harness_id: harness_id.clone(),
    };
    cx.call(&DELETE_HARNESS, request).await?;
    let request = pb::DeleteAgentRequest {
        context: None,
        agent_id: agent_id.clone(),
    };
    cx.call(&DELETE_AGENT, request).await?;
    for harness_id in [harness_id, fresh_id("harness")] {
        let request = pb::CreateSessionRequest {
            harness_id,
            ..Default::default()
        };
        cx.refused(&CREATE_SESSION, request).await?;
    }
    for agent_id in [agent_id, fresh_id("agent")] {
        let request = pb::CreateSessionRequest {
            agent_id: Some(agent_id),
            ..on_harness(&cx).await?
        };
        cx.refused(&CREATE_SESSION, request).await?;
    }
    Ok(())
}

async fn plat_45_absent_is_not_empty(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    for text in [None, Some(String::new()), Some("ü".into())] {
        let request = pb::CreateSessionRequest {
            title: text.clone(),
            locale: text.clone(),
            ..on_harness(&cx).await?
        };
        let id = create_session(&cx, request).await?.id;
        let read = got(&cx, &id).await?;
        same("GetSessionById.session.title", &read.title, &text)?;
        same("GetSessionById.session.locale", &read.locale, &text)?;
    }
    Ok(())
}

async fn plat_46_owned(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let parent = got(&cx, &cx.session().await?).await?;
    let inside = cx.in_session(&parent.id);
    let made = create_session(&inside, on_harness(&cx).await?).await?;
    same(
        "owner_principal_id of a session made in a session",
        &made.owner_principal_id,
        &parent.owner_principal_id,
    )?;
    same(
        "resolved_owner_user_id of a session made in a session",
        &made.resolved_owner_user_id,
        &parent.resolved_owner_user_id,
    )
}

async fn plat_47_bad_subagents(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let (id, unknown) = (cx.session().await?, fresh_id("session"));
    let before = got(&cx, &id).await?;
    not_found(&cx, &SET_SUBAGENT_METADATA, subagent(&unknown, &id)).await?;
    cx.refused(&SET_SUBAGENT_METADATA, subagent(&id, &unknown))
        .await?;
    cx.refused(&SET_SUBAGENT_METADATA, subagent(&id, &id))
        .await?;
    same(
        "GetSessionById.session after what was refused",
        &got(&cx, &id).await?,
        &before,
    )
}

async fn plat_48_list_limits(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let agent = create_agent(&cx, agent_request(&cx)).await?.id;
    let request = pb::CreateSessionRequest {
        agent_id: Some(agent.clone()),
        ..on_harness(&cx).await?
    };
    for _ in 0..21 {
        create_session(&cx, request.clone()).await?;
    }
    let count =
        async |limit| -> Outcome<usize> { Ok(listed(&cx, limit, Some(&agent)).await?.len()) };
    same(
        "ListSessions of 21 without a limit",
        &count(None).await?,
        &20,
    )?;
    same(
        "ListSessions of 21 with limit 0",
        &count(Some(0)).await?,
        &0,
    )?;
    same(
        "ListSessions of 21 with a limit beyond every count",
        &count(Some(u64::MAX)).await?,
        &21,
    )
}
