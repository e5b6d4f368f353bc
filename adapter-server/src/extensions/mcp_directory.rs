//! The MCP servers of sessions.

use async_trait::async_trait;
use everruns_core::mcp_server::McpServerAuthMode;
use everruns_core::mcp_server::sanitize_mcp_server_name;
use everruns_core::typed_id::SessionId;
use mortise_proto::StoreError;
use mortise_proto::convert::mcp::McpConnection;
use mortise_proto::convert::mcp::McpCredential;
use mortise_proto::convert::mcp::McpServer;

/// The MCP servers that the sessions of one org reach; see `mcp.proto`. A session that is
/// not there has none.
#[async_trait]
pub trait McpDirectory: Send + Sync {
    /// Those of a session, each once, in the order of their names.
    async fn servers(&self, session_id: SessionId) -> Result<Vec<McpServer>, StoreError>;

    /// How the server with this prefix is reached; of several the last by name.
    async fn resolve(
        &self,
        session_id: SessionId,
        server_prefix: &str,
    ) -> Result<Option<McpConnection>, StoreError> {
        let servers = self.servers(session_id).await?;
        let mut found = servers.into_iter().map(|server| server.connection).rev();
        Ok(found.find(|server| sanitize_mcp_server_name(&server.name) == server_prefix))
    }

    /// What requests to a server are authorised with.
    async fn credential(
        &self,
        session_id: SessionId,
        server: &McpAuthorization,
    ) -> Result<Option<McpCredential>, StoreError>;
}

/// Whose credential is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpAuthorization {
    /// The server's name.
    pub server_name: String,
    /// How requests are authorised.
    pub auth_mode: McpServerAuthMode,
    /// The provider whose token is used, where the mode is OAuth.
    pub oauth_provider_id: Option<String>,
}
