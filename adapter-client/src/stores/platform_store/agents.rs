//! Agents.

use super::Platform;
use crate::stores::malformed;
use everruns_core::Agent;
use everruns_core::error::Result;
use everruns_core::typed_id::AgentId;
use mortise_proto::convert::optional_nested;
use mortise_proto::pb;
use mortise_proto::rpc::table::platform_store_service::{
    CREATE_AGENT, DELETE_AGENT, GET_AGENT_BY_ID, LIST_AGENTS, UPDATE_AGENT,
};

pub(super) async fn list_all(platform: &Platform) -> Result<Vec<Agent>> {
    let request = pb::ListAgentsRequest { context: None };
    platform
        .listed(&LIST_AGENTS, request, "agents", |run| run.agents)
        .await
}

pub(super) async fn get(platform: &Platform, id: AgentId) -> Result<Option<Agent>> {
    let request = pb::GetAgentByIdRequest {
        context: None,
        agent_id: id.to_string(),
    };
    let answer = platform.remote.call(&GET_AGENT_BY_ID, request).await?;
    optional_nested("agent", answer.agent).map_err(malformed(GET_AGENT_BY_ID.method))
}

pub(super) async fn create(
    platform: &Platform,
    name: &str,
    display_name: Option<&str>,
    description: Option<&str>,
    system_prompt: &str,
    capabilities: &[String],
) -> Result<Agent> {
    let request = pb::CreateAgentRequest {
        context: None,
        name: name.into(),
        display_name: display_name.map(Into::into),
        description: description.map(Into::into),
        system_prompt: system_prompt.into(),
        capabilities: capabilities.to_vec(),
    };
    platform
        .changed(&CREATE_AGENT, request, "agent", |answer| answer.agent)
        .await
}

pub(super) async fn update(
    platform: &Platform,
    id: AgentId,
    name: Option<&str>,
    display_name: Option<&str>,
    description: Option<&str>,
    system_prompt: Option<&str>,
) -> Result<Agent> {
    let request = pb::UpdateAgentRequest {
        context: None,
        agent_id: id.to_string(),
        name: name.map(Into::into),
        display_name: display_name.map(Into::into),
        description: description.map(Into::into),
        system_prompt: system_prompt.map(Into::into),
    };
    platform
        .changed(&UPDATE_AGENT, request, "agent", |answer| answer.agent)
        .await
}

pub(super) async fn delete(platform: &Platform, id: AgentId) -> Result<()> {
    let request = pb::DeleteAgentRequest {
        context: None,
        agent_id: id.to_string(),
    };
    platform.change(&DELETE_AGENT, request).await?;
    Ok(())
}
