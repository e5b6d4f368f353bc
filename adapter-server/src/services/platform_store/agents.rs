//! Agents.

use super::store;
use crate::chunks::chunks;
use crate::serve::{Call, HandlerResult};
use futures::{Stream, StreamExt};
use mortise_proto::convert::id;
use mortise_proto::pb;

pub(in crate::services) async fn list(
    call: Call<pb::ListAgentsRequest>,
) -> HandlerResult<impl Stream<Item = HandlerResult<pb::ListAgentsResponse>> + Send + 'static> {
    let agents = store(&call)?.list_agents().await?;
    Ok(chunks(agents).map(|agents| Ok(pb::ListAgentsResponse { agents })))
}

pub(in crate::services) async fn get(
    call: Call<pb::GetAgentByIdRequest>,
) -> HandlerResult<pb::GetAgentByIdResponse> {
    let agent_id = id("agent_id", &call.request.agent_id)?;
    let agent = store(&call)?.get_agent_by_id(agent_id).await?;
    Ok(pb::GetAgentByIdResponse {
        agent: agent.map(Into::into),
    })
}

pub(in crate::services) async fn create(
    call: Call<pb::CreateAgentRequest>,
) -> HandlerResult<pb::CreateAgentResponse> {
    let request = &call.request;
    let agent = store(&call)?
        .create_agent(
            &request.name,
            request.display_name.as_deref(),
            request.description.as_deref(),
            &request.system_prompt,
            &request.capabilities,
        )
        .await?;
    Ok(pb::CreateAgentResponse {
        agent: Some(agent.into()),
    })
}

pub(in crate::services) async fn update(
    call: Call<pb::UpdateAgentRequest>,
) -> HandlerResult<pb::UpdateAgentResponse> {
    let request = &call.request;
    let agent_id = id("agent_id", &request.agent_id)?;
    let agent = store(&call)?
        .update_agent(
            agent_id,
            request.name.as_deref(),
            request.display_name.as_deref(),
            request.description.as_deref(),
            request.system_prompt.as_deref(),
        )
        .await?;
    Ok(pb::UpdateAgentResponse {
        agent: Some(agent.into()),
    })
}

pub(in crate::services) async fn delete(
    call: Call<pb::DeleteAgentRequest>,
) -> HandlerResult<pb::DeleteAgentResponse> {
    let agent_id = id("agent_id", &call.request.agent_id)?;
    store(&call)?.delete_agent(agent_id).await?;
    Ok(pb::DeleteAgentResponse {})
}
