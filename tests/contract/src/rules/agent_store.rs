//! Agents.

use super::common::{not_before, refused_as_invalid};
use super::records::{
    an_agent, capabilities, client_side_tool, closed_network, initial_files, malformed_ids,
    mcp_servers, plain_capabilities, plain_tools,
};
use crate::check::{Outcome, absent, present, same};
use crate::context::{Cx, fresh_id};
use crate::rule::{Group, Need, Rule};
use mortise_proto::pb;
use mortise_proto::rpc::table::agent_store_service::{GET_AGENT, NAME};
use mortise_proto::rpc::table::platform_store_service::{
    self as platform, DELETE_AGENT, UPDATE_AGENT,
};

pub(crate) fn rules() -> Vec<Rule> {
    Group::of(NAME)
        .hard(
            "AGT-01",
            "An agent that does not exist is absent, not an error.",
            "T:41",
            agt_01_unknown,
        )
        .hard(
            "AGT-02",
            "GetAgent returns an agent by its public id.",
            "M:226",
            agt_02_got,
        )
        .needs(&[Need::Agent])
        .hard(
            "AGT-03",
            "An archived agent is returned with its status.",
            "dependency_blocker.rs:68",
            agt_03_archived,
        )
        .needs(&[Need::Seed])
        .hard(
            "AGT-04",
            "A deleted agent is absent or has its status.",
            "dependency_blocker.rs:69-71",
            agt_04_deleted,
        )
        .needs(&[Need::Seed])
        .hard(
            "AGT-05",
            "Tools that the client runs keep their kind and parameters.",
            "agent.rs:263, AC:599-606",
            agt_05_client_tools,
        )
        .needs(&[Need::Seed])
        .hard(
            "AGT-06",
            "max_iterations keeps absent, 0 and 2^53+1 apart.",
            "agent.rs:259",
            agt_06_iterations,
        )
        .needs(&[Need::Seed])
        .hard(
            "AGT-07",
            "All parts of an agent come back.",
            "agent_store.proto",
            agt_07_everything,
        )
        .needs(&[Need::Seed])
        .hard(
            "AGT-08",
            "A change through the platform, archiving included, is in the next answer.",
            "H:847-941",
            agt_08_updated,
        )
        .with(&[platform::NAME])
        .needs(&[Need::Agent])
        .hard(
            "AGT-09",
            "Another org sees no agent whose id it knows.",
            "context.proto",
            agt_09_other_org,
        )
        .needs(&[Need::Agent, Need::OtherOrg])
        .hard(
            "AGT-10",
            "A malformed id is refused as INVALID_FIELD.",
            "ID:85-121",
            agt_10_malformed,
        )
        .list()
}

fn asking(agent: &str) -> pb::GetAgentRequest {
    pb::GetAgentRequest {
        context: None,
        agent_id: agent.into(),
    }
}

pub(crate) async fn get(cx: &Cx, agent: &str) -> Outcome<Option<pb::Agent>> {
    Ok(cx.call(&GET_AGENT, asking(agent)).await?.agent)
}

async fn there(cx: &Cx, agent: &str) -> Outcome<pb::Agent> {
    present("GetAgent.agent", get(cx, agent).await?)
}

async fn agt_01_unknown(cx: Cx) -> Outcome {
    absent("GetAgent of no agent", get(&cx, &fresh_id("agent")).await?)
}

async fn agt_02_got(cx: Cx) -> Outcome {
    let id = cx.agent().await?;
    let agent = there(&cx, &id).await?;
    same("agent.id", &agent.id, &id)?;
    present("agent.created_at", agent.created_at.as_ref())?;
    not_before(
        "agent.updated_at",
        agent.updated_at.as_ref(),
        agent.created_at.as_ref(),
    )
}

async fn agt_03_archived(cx: Cx) -> Outcome {
    let put = an_agent(&cx, |agent| {
        agent.status = pb::AgentStatus::Archived.into();
        agent.archived_at = agent.updated_at;
    })
    .await?;
    let found = there(&cx, &put.id).await?;
    same(
        "agent.status",
        &found.status,
        &i32::from(pb::AgentStatus::Archived),
    )?;
    same("agent.archived_at", &found.archived_at, &put.archived_at)
}

async fn agt_04_deleted(cx: Cx) -> Outcome {
    let put = an_agent(&cx, |agent| {
        agent.status = pb::AgentStatus::Deleted.into();
        agent.deleted_at = agent.updated_at;
    })
    .await?;
    match get(&cx, &put.id).await? {
        None => Ok(()),
        Some(found) => same(
            "agent.status",
            &found.status,
            &i32::from(pb::AgentStatus::Deleted),
        ),
    }
}

async fn agt_05_client_tools(cx: Cx) -> Outcome {
    let mut put = an_agent(&cx, |agent| agent.tools = vec![client_side_tool()]).await?;
    let mut found = there(&cx, &put.id).await?;
    plain_tools(&mut put.tools);
    plain_tools(&mut found.tools);
    same("agent.tools", &found.tools, &put.tools)
}

async fn agt_06_iterations(cx: Cx) -> Outcome {
    for max_iterations in [None, Some(0), Some(1), Some(9_007_199_254_740_993)] {
        let put = an_agent(&cx, |agent| agent.max_iterations = max_iterations).await?;
        let found = there(&cx, &put.id).await?;
        same(
            "agent.max_iterations",
            &found.max_iterations,
            &max_iterations,
        )?;
    }
    Ok(())
}

async fn agt_07_everything(cx: Cx) -> Outcome {
    let mut put = an_agent(&cx, |agent| {
        agent.display_name = Some("Ünïcode\n".into());
        agent.description = Some(String::new());
        agent.system_prompt = super::common::awkward_texts().join("|");
        agent.default_model_id = Some(fresh_id("model"));
        agent.default_version_id = Some(fresh_id("agentver"));
        agent.forked_from_agent_id = Some(fresh_id("agent"));
        agent.forked_from_version_id = Some(fresh_id("agentver"));
        agent.root_agent_id = Some(fresh_id("agent"));
        agent.tags = vec!["b".into(), "a".into(), "b".into()];
        agent.capabilities = capabilities();
        agent.initial_files = initial_files();
        agent.network_access = Some(closed_network());
        agent.tools = vec![client_side_tool()];
        agent.mcp_servers = mcp_servers();
    })
    .await?;
    let mut found = there(&cx, &put.id).await?;
    for agent in [&mut put, &mut found] {
        plain_capabilities(&mut agent.capabilities);
        plain_tools(&mut agent.tools);
        // The platform's own, and what it has consumed: the server may know better.
        agent.internal_id = None;
        agent.usage = None;
    }
    same(
        "agent.system_prompt",
        &found.system_prompt,
        &put.system_prompt,
    )?;
    same("agent.capabilities", &found.capabilities, &put.capabilities)?;
    same("agent.mcp_servers", &found.mcp_servers, &put.mcp_servers)?;
    same("the agent", &found, &put)
}

async fn agt_08_updated(cx: Cx) -> Outcome {
    let id = cx.agent().await?;
    let platform = cx.in_session(&cx.session().await?);
    for prompt in ["one", "two"] {
        let request = pb::UpdateAgentRequest {
            agent_id: id.clone(),
            system_prompt: Some(prompt.into()),
            ..Default::default()
        };
        platform.call(&UPDATE_AGENT, request).await?;
        let found = there(&cx, &id).await?;
        same(
            "agent.system_prompt after UpdateAgent",
            found.system_prompt.as_str(),
            prompt,
        )?;
    }
    let request = pb::DeleteAgentRequest {
        context: None,
        agent_id: id.clone(),
    };
    platform.call(&DELETE_AGENT, request).await?;
    let found = there(&cx, &id).await?;
    same(
        "agent.status after DeleteAgent, which archives",
        &found.status,
        &i32::from(pb::AgentStatus::Archived),
    )
}

async fn agt_09_other_org(cx: Cx) -> Outcome {
    let id = cx.agent().await?;
    // Its own org reads first: a cache whose keys lack the org has it from then on.
    there(&cx, &id).await?;
    // Refusing and seeing nothing are both right.
    if let Ok(answer) = cx.in_other_org()?.attempt(&GET_AGENT, asking(&id)).await {
        absent("GetAgent in another org", answer.agent)?;
    }
    Ok(())
}

async fn agt_10_malformed(cx: Cx) -> Outcome {
    for id in malformed_ids("agent") {
        refused_as_invalid(&cx, &GET_AGENT, asking(&id)).await?;
    }
    Ok(())
}
