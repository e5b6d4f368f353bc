//! `AgentStoreService` over `AgentStore`.

use crate::serve::{Call, HandlerResult};
use mortise_proto::convert::id;
use mortise_proto::pb;

pub(super) async fn get_agent(
    call: Call<pb::GetAgentRequest>,
) -> HandlerResult<pb::GetAgentResponse> {
    let agent_id = id("agent_id", &call.request.agent_id)?;
    let store = call.adapter.agent_store(call.scope.org_id);
    let agent = store.get_agent(agent_id).await?;
    Ok(pb::GetAgentResponse {
        agent: agent.map(Into::into),
    })
}
