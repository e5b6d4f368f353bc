//! The MCP servers of any adapter, from what its own stores say.

use crate::{McpAuthorization, McpDirectory};
use async_trait::async_trait;
use everruns_core::mcp_server::{McpServerAuthMode, ScopedMcpServers};
use everruns_core::typed_id::SessionId;
use everruns_core::{Agent, Harness, Session};
use everruns_runtime::RuntimeHostAdapter;
use mortise_proto::StoreError;
use mortise_proto::convert::mcp::{McpCredential, McpServer};

/// Servers as they are configured in an adapter's harnesses, agents and sessions.
pub(crate) struct Configured<A> {
    adapter: A,
    org_id: i64,
}

// === impl Configured ===

impl<A> Configured<A> {
    pub(crate) fn new(adapter: A, org_id: i64) -> Self {
        Self { adapter, org_id }
    }
}

#[async_trait]
impl<A: RuntimeHostAdapter> McpDirectory for Configured<A> {
    async fn servers(&self, session_id: SessionId) -> Result<Vec<McpServer>, StoreError> {
        let sessions = self.adapter.session_store(self.org_id);
        let Some(session) = sessions.get_session(session_id).await? else {
            return Ok(Vec::new());
        };
        let harnesses = self.adapter.harness_store(self.org_id);
        let chain = harnesses.get_harness_chain(session.harness_id).await?;
        let agent = match session.agent_id {
            Some(agent_id) => {
                let agents = self.adapter.agent_store(self.org_id);
                agents.get_agent(agent_id).await?
            }
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

/// The servers of a session: those of its harness chain, of its agent and its own. Of
/// several with one name the last counts.
pub fn merged(chain: Vec<Harness>, agent: Option<Agent>, session: Session) -> Vec<McpServer> {
    let mut servers = ScopedMcpServers::new();
    for harness in chain {
        servers.extend(harness.mcp_servers);
    }
    servers.extend(agent.into_iter().flat_map(|agent| agent.mcp_servers));
    servers.extend(session.mcp_servers);
    let servers = servers.into_iter();
    servers
        .map(|(name, server)| McpServer::configured(name, server))
        .collect()
}

/// The credential for a server, from an adapter's connections or its sessions' secrets. A
/// store that the adapter lacks has none.
pub async fn credential(
    adapter: &impl RuntimeHostAdapter,
    session_id: SessionId,
    server: &McpAuthorization,
) -> Result<Option<McpCredential>, StoreError> {
    let token = match (&server.auth_mode, &server.oauth_provider_id) {
        (McpServerAuthMode::None, _) | (McpServerAuthMode::OAuth, None) => None,
        (McpServerAuthMode::ApiKey, _) => match adapter.storage_store() {
            Some(secrets) => {
                let name = secret_name(&server.server_name);
                secrets.get_secret(session_id, &name).await?
            }
            None => None,
        },
        (McpServerAuthMode::OAuth, Some(provider)) => match adapter.connection_resolver() {
            Some(connections) => {
                connections
                    .get_connection_token(session_id, provider)
                    .await?
            }
            None => None,
        },
    };
    Ok(token.as_deref().map(McpCredential::bearer))
}

/// The session's secret that holds a server's key. Upstream names none for a server that
/// a session configures; those for OAuth begin with `mcp_oauth:`.
fn secret_name(server_name: &str) -> String {
    format!("mcp_api_key:{server_name}")
}
