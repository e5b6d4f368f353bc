//! `AgentStore` over `AgentStoreService`.

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::Agent;
use everruns_core::error::Result;
use everruns_core::traits::AgentStore;
use everruns_core::typed_id::AgentId;
use mortise_proto::pb;
use mortise_proto::rpc::table::agent_store_service::GET_AGENT;

#[async_trait]
impl AgentStore for Remote {
    async fn get_agent(&self, agent_id: AgentId) -> Result<Option<Agent>> {
        let request = pb::GetAgentRequest {
            context: None,
            agent_id: agent_id.to_string(),
        };
        let answer = self.call(&GET_AGENT, request).await?;
        let agent = answer.agent.map(TryInto::try_into).transpose();
        agent.map_err(malformed(GET_AGENT.method))
    }
}
