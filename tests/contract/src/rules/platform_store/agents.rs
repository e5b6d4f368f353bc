//! Agents.

use super::harness_names::wrong_names;
use super::{agent_request, create_agent, not_found, platform, refused_by_store};
use crate::check::{Outcome, absent, present, same, that};
use crate::context::{Cx, fresh_id};
use crate::fixtures::is_id;
use crate::rule::{Group, Need};
use crate::rules::common::{awkward_texts, moved_on};
use futures::future::join_all;
use mortise_proto::pb;
use mortise_proto::rpc::table::agent_store_service::{self as store, GET_AGENT};
use mortise_proto::rpc::table::platform_store_service::{
    CREATE_AGENT, DELETE_AGENT, GET_AGENT_BY_ID, LIST_AGENTS, UPDATE_AGENT,
};

pub(super) fn rules(group: Group) -> Group {
    group
        .hard("AGENT-01", "An agent is made with the name, display name, description, prompt and capability ids it was given, active.", "PS:77-104", agent_01_creates)
        .hard("AGENT-02", "An agent that does not exist is absent, not an error.", "PS:77-104", agent_02_missing)
        .hard("AGENT-03", "An update changes the fields that were given and no others, keeps created_at and moves updated_at on; of an agent that is not there it is refused with `not found`.", "PS:77-104", agent_03_updates)
        .hard("AGENT-04", "Deleting an agent archives it: it is still returned, with that status, cannot be changed, and its name is free.", "PS:77-104", agent_04_archives)
        .soft("AGENT-05", "The list of agents holds the active ones, ascending by name, and none that is archived.", "PS:77-104, agent.rs:21", agent_05_lists)
        .hard("AGENT-06", "AgentStore returns the same agent as GetAgentById, after every change.", "platform_store.proto, GetAgentById", agent_06_as_in_store).with(&[store::NAME])
        .hard("AGENT-07", "Display name, description and prompt come back to the byte, absent and empty apart.", "platform_agent.proto", agent_07_verbatim)
        .hard("AGENT-08", "Of 16 calls that create an agent of one name at the same time, one succeeds.", "platform_store.proto, names", agent_08_one_wins).full()
        .soft("PLAT-10", "An agent whose name is not addressable is refused.", "agent.rs:299", plat_10_names)
        .hard("AGENT-09", "A name that an active agent of the org has is refused; in another org it is free.", "platform_store.proto, names", agent_09_taken).needs(&[Need::OtherOrg])
}

async fn get(cx: &Cx, id: &str) -> Outcome<Option<pb::Agent>> {
    let request = pb::GetAgentByIdRequest {
        context: None,
        agent_id: id.into(),
    };
    Ok(cx.call(&GET_AGENT_BY_ID, request).await?.agent)
}

async fn got(cx: &Cx, id: &str) -> Outcome<pb::Agent> {
    present("GetAgentById.agent", get(cx, id).await?)
}

async fn new(cx: &Cx) -> Outcome<pb::Agent> {
    create_agent(cx, agent_request(cx)).await
}

fn update(id: &str, description: &str) -> pb::UpdateAgentRequest {
    pb::UpdateAgentRequest {
        agent_id: id.into(),
        description: Some(description.into()),
        ..Default::default()
    }
}

fn deletion(id: &str) -> pb::DeleteAgentRequest {
    pb::DeleteAgentRequest {
        context: None,
        agent_id: id.into(),
    }
}

async fn listed(cx: &Cx) -> Outcome<Vec<pb::Agent>> {
    let runs = cx
        .collect(&LIST_AGENTS, pb::ListAgentsRequest::default())
        .await?;
    Ok(runs.into_iter().flat_map(|run| run.agents).collect())
}

async fn agent_01_creates(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = pb::CreateAgentRequest {
        display_name: Some("Shown".into()),
        description: Some("What it is for".into()),
        capabilities: vec!["session_storage".into(), "of_the_host_alone".into()],
        ..agent_request(&cx)
    };
    let made = create_agent(&cx, request.clone()).await?;
    that(
        "agent.id",
        "`agent_` and 32 hex digits",
        is_id(&made.id, "agent"),
        &made.id,
    )?;
    same("agent.name", &made.name, &request.name)?;
    same(
        "agent.display_name",
        &made.display_name,
        &request.display_name,
    )?;
    same("agent.description", &made.description, &request.description)?;
    same(
        "agent.system_prompt",
        &made.system_prompt,
        &request.system_prompt,
    )?;
    let refs: Vec<_> = made
        .capabilities
        .iter()
        .map(|config| &config.capability_ref)
        .collect();
    same(
        "the ids of agent.capabilities",
        &refs,
        &request.capabilities.iter().collect::<Vec<_>>(),
    )?;
    same("agent.status", &made.status(), &pb::AgentStatus::Active)?;
    absent(
        "agent.max_iterations that was not given",
        made.max_iterations,
    )?;
    same("GetAgentById.agent", &got(&cx, &made.id).await?, &made)
}

async fn agent_02_missing(cx: Cx) -> Outcome {
    absent(
        "GetAgentById.agent",
        get(&platform(&cx), &fresh_id("agent")).await?,
    )
}

async fn agent_03_updates(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let before = new(&cx).await?;
    let answer = cx.call(&UPDATE_AGENT, update(&before.id, "after")).await?;
    let after = present("UpdateAgent.agent", answer.agent)?;
    moved_on(
        "agent.updated_at",
        after.updated_at.as_ref(),
        before.updated_at.as_ref(),
    )?;
    let expected = pb::Agent {
        description: Some("after".into()),
        updated_at: after.updated_at,
        ..before
    };
    same("UpdateAgent.agent", &after, &expected)?;
    same("GetAgentById.agent", &got(&cx, &after.id).await?, &expected)?;
    not_found(&cx, &UPDATE_AGENT, update(&fresh_id("agent"), "x")).await?;
    not_found(&cx, &DELETE_AGENT, deletion(&fresh_id("agent"))).await
}

async fn agent_04_archives(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let made = new(&cx).await?;
    cx.call(&DELETE_AGENT, deletion(&made.id)).await?;
    let archived = got(&cx, &made.id).await?;
    same(
        "status after DeleteAgent",
        &archived.status(),
        &pb::AgentStatus::Archived,
    )?;
    cx.refused(&UPDATE_AGENT, update(&made.id, "changed"))
        .await?;
    cx.call(&DELETE_AGENT, deletion(&made.id)).await?;
    same(
        "GetAgentById.agent after another DeleteAgent",
        &got(&cx, &made.id).await?,
        &archived,
    )?;
    let request = pb::CreateAgentRequest {
        name: made.name,
        ..agent_request(&cx)
    };
    create_agent(&cx, request).await.map(|_| ())
}

async fn agent_05_lists(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let (kept, gone) = (new(&cx).await?, new(&cx).await?);
    cx.call(&DELETE_AGENT, deletion(&gone.id)).await?;
    let all = listed(&cx).await?;
    let ids: Vec<_> = all.iter().map(|agent| agent.id.as_str()).collect();
    that(
        "ListAgents",
        "to hold the new agent",
        ids.contains(&kept.id.as_str()),
        "without it",
    )?;
    that(
        "ListAgents",
        "to leave out the archived agent",
        !ids.contains(&gone.id.as_str()),
        "with it",
    )?;
    let names: Vec<_> = all.iter().map(|agent| agent.name.as_str()).collect();
    that(
        "the names of ListAgents",
        "ascending",
        names.is_sorted(),
        &names,
    )
}

async fn agent_06_as_in_store(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let made = new(&cx).await?;
    cx.call(&UPDATE_AGENT, update(&made.id, "changed")).await?;
    for is_archived in [false, true] {
        if is_archived {
            cx.call(&DELETE_AGENT, deletion(&made.id)).await?;
        }
        let request = pb::GetAgentRequest {
            context: None,
            agent_id: made.id.clone(),
        };
        let stored = cx
            .over_new_connection()
            .call(&GET_AGENT, request)
            .await?
            .agent;
        same(
            "GetAgent.agent of AgentStore",
            &present("GetAgent.agent", stored)?,
            &got(&cx, &made.id).await?,
        )?;
    }
    Ok(())
}

async fn agent_07_verbatim(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    for text in awkward_texts() {
        let request = pb::CreateAgentRequest {
            display_name: Some(text.clone()),
            description: Some(text.clone()),
            system_prompt: text.clone(),
            ..agent_request(&cx)
        };
        let made = create_agent(&cx, request).await?;
        let read = got(&cx, &made.id).await?;
        same(
            "GetAgentById.agent.system_prompt",
            &read.system_prompt,
            &text,
        )?;
        same(
            "GetAgentById.agent.display_name",
            &read.display_name.as_ref(),
            &Some(&text),
        )?;
        same(
            "GetAgentById.agent.description",
            &read.description.as_ref(),
            &Some(&text),
        )?;
    }
    let read = got(&cx, &new(&cx).await?.id).await?;
    absent(
        "GetAgentById.agent.display_name that was not given",
        read.display_name,
    )?;
    absent(
        "GetAgentById.agent.description that was not given",
        read.description,
    )
}

async fn agent_08_one_wins(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let request = agent_request(&cx);
    let tries = (0..16).map(|_| {
        let cx = cx.over_new_connection();
        let request = request.clone();
        async move { cx.attempt(&CREATE_AGENT, request).await }
    });
    let answers = join_all(tries).await;
    let made = answers.iter().filter(|answer| answer.is_ok()).count();
    same(
        "how many of 16 concurrent CreateAgent of one name succeeded",
        &made,
        &1,
    )
}

async fn plat_10_names(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    for name in wrong_names(&cx) {
        let request = pb::CreateAgentRequest {
            name,
            ..agent_request(&cx)
        };
        cx.refused(&CREATE_AGENT, request).await?;
    }
    Ok(())
}

async fn agent_09_taken(cx: Cx) -> Outcome {
    let cx = platform(&cx);
    let made = new(&cx).await?;
    let request = pb::CreateAgentRequest {
        name: made.name.clone(),
        ..agent_request(&cx)
    };
    refused_by_store(
        &cx,
        "CreateAgent of a taken name",
        &CREATE_AGENT,
        request.clone(),
    )
    .await?;
    let renaming = pb::UpdateAgentRequest {
        agent_id: new(&cx).await?.id,
        name: Some(made.name),
        ..Default::default()
    };
    refused_by_store(&cx, "UpdateAgent to a taken name", &UPDATE_AGENT, renaming).await?;
    create_agent(&cx.in_other_org()?, request).await.map(|_| ())
}
