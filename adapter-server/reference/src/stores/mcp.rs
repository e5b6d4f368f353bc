//! MCP servers of sessions, of one moment, and the credentials for them.

use crate::reference::ScopedReference;
use crate::stores::{agent_store, harness_store, session_store};
use async_trait::async_trait;
use everruns_core::typed_id::SessionId;
use mortise_adapter_server::mcp::{credential, merged};
use mortise_adapter_server::{McpAuthorization, McpDirectory};
use mortise_proto::StoreError;
use mortise_proto::convert::mcp::{McpCredential, McpServer};

#[async_trait]
impl McpDirectory for ScopedReference {
    async fn servers(&self, session_id: SessionId) -> Result<Vec<McpServer>, StoreError> {
        let (org_id, key) = (self.scope.org_id, self.inner.key.as_ref());
        let mut tx = self.inner.db.snapshot().await?;
        let Some(session) = session_store::find(&mut tx, org_id, key, session_id).await? else {
            return Ok(Vec::new());
        };
        let chain = harness_store::chain(&mut tx, org_id, key, session.harness_id).await?;
        let agent = match session.agent_id {
            Some(agent_id) => agent_store::find(&mut tx, org_id, key, agent_id).await?,
            None => None,
        };
        Ok(merged(chain, agent, session))
    }

    async fn credential(
        &self,
        session_id: SessionId,
        server: &McpAuthorization,
    ) -> Result<Option<McpCredential>, StoreError> {
        credential(self, session_id, server).await
    }
}
