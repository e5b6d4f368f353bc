//! MCP servers of sessions, of one moment, and the credentials for them.

use crate::context::StoreCtx;
use crate::stores::agent_store::AGENTS;
use crate::stores::harness_store;
use crate::stores::session_store::SESSIONS;
use async_trait::async_trait;
use everruns_core::typed_id::SessionId;
use everruns_runtime::RuntimeHostAdapter;
use mortise_adapter_server::mcp::{credential, merged};
use mortise_adapter_server::{McpAuthorization, McpDirectory};
use mortise_proto::StoreError;
use mortise_proto::convert::mcp::{McpCredential, McpServer};

/// The MCP servers of the sessions of an org.
#[derive(Debug)]
pub(crate) struct McpServers<A> {
    pub(crate) ctx: StoreCtx,
    /// The stores that hold credentials.
    pub(crate) adapter: A,
}

#[async_trait]
impl<A: RuntimeHostAdapter> McpDirectory for McpServers<A> {
    async fn servers(&self, session_id: SessionId) -> Result<Vec<McpServer>, StoreError> {
        let mut tx = self.ctx.snapshot().await?;
        let Some(session) = SESSIONS.find(&mut tx, session_id).await? else {
            return Ok(Vec::new());
        };
        let chain = harness_store::chain(&mut tx, session.harness_id).await?;
        let agent = match session.agent_id {
            Some(agent_id) => AGENTS.find(&mut tx, agent_id).await?,
            None => None,
        };
        Ok(merged(chain, agent, session))
    }

    async fn credential(
        &self,
        session_id: SessionId,
        server: &McpAuthorization,
    ) -> Result<Option<McpCredential>, StoreError> {
        credential(&self.adapter, session_id, server).await
    }
}
