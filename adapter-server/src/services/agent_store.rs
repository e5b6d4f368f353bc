//! `AgentStoreService` over `AgentStore`.

use crate::AdapterSource;
use crate::serve::Serving;
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::convert::id;
use mortise_proto::pb;
use mortise_proto::pb::agent_store_service_server::AgentStoreService;
use mortise_proto::rpc::table::agent_store_service::GET_AGENT;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> AgentStoreService for Serving<S> {
    async fn get_agent(
        &self,
        request: Request<pb::GetAgentRequest>,
    ) -> Result<Response<pb::GetAgentResponse>, Status> {
        self.unary(&GET_AGENT, request, |call| async move {
            let agent_id = id("agent_id", &call.request.agent_id)?;
            let store = call.adapter.agent_store(call.scope.org_id);
            let agent = store.get_agent(agent_id).await?;
            Ok(pb::GetAgentResponse {
                agent: agent.map(Into::into),
            })
        })
        .await
    }
}
