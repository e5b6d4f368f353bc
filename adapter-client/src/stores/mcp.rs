//! What upstream's MCP client is built of, over `McpService` and `EgressService`: the
//! client itself runs here and speaks to MCP servers through the remote egress.

mod tools;

pub(crate) use tools::McpTools;

use super::{Remote, malformed};
use async_trait::async_trait;
use everruns_core::error::Result;
use everruns_core::mcp_server::McpServerAuthMode;
use everruns_core::typed_id::SessionId;
use everruns_mcp::{
    McpAuthProvider, McpAuthRequest, McpClient, McpConnectionResolver, McpCredential, McpExecutor,
};
use mortise_proto::convert::mcp::{McpConnection, McpEndpoint, McpServer};
use mortise_proto::convert::{list, mcp, optional_nested};
use mortise_proto::pb;
use mortise_proto::rpc::table::mcp_service::{
    AUTHORIZE_MCP_SERVER, LIST_MCP_SERVERS, RESOLVE_MCP_CONNECTION,
};
use std::sync::Arc;

/// The MCP servers of one session.
#[derive(Debug, Clone)]
struct SessionServers {
    remote: Remote,
    session_id: SessionId,
}

/// Runs the tools of a session's MCP servers. Nothing is asked until one is called.
pub(crate) fn executor(remote: &Remote, session_id: SessionId) -> McpExecutor {
    let servers = SessionServers {
        remote: remote.clone(),
        session_id,
    };
    McpExecutor::new(Arc::new(client(&servers)), Arc::new(servers))
}

/// The MCP servers of a session.
pub(crate) async fn mcp_servers(remote: &Remote, session_id: SessionId) -> Result<Vec<McpServer>> {
    let servers = SessionServers {
        remote: remote.clone(),
        session_id,
    };
    servers.list().await
}

fn client(servers: &SessionServers) -> McpClient {
    McpClient::new(Arc::new(servers.remote.clone()), Arc::new(servers.clone()))
}

// === impl SessionServers ===

impl SessionServers {
    async fn list(&self) -> Result<Vec<McpServer>> {
        let request = pb::ListMcpServersRequest {
            context: None,
            session_id: self.session_id.to_string(),
        };
        let answer = self.remote.call(&LIST_MCP_SERVERS, request).await?;
        list("servers", answer.servers).map_err(malformed(LIST_MCP_SERVERS.method))
    }

    async fn connection(&self, server_prefix: &str) -> Result<Option<McpConnection>> {
        let request = pb::ResolveMcpConnectionRequest {
            context: None,
            session_id: self.session_id.to_string(),
            server_prefix: server_prefix.into(),
        };
        let answer = self.remote.call(&RESOLVE_MCP_CONNECTION, request).await?;
        optional_nested("connection", answer.connection)
            .map_err(malformed(RESOLVE_MCP_CONNECTION.method))
    }

    async fn credential(&self, server: &McpAuthRequest<'_>) -> Result<Option<mcp::McpCredential>> {
        let request = pb::AuthorizeMcpServerRequest {
            context: None,
            session_id: self.session_id.to_string(),
            server_name: server.server_name.into(),
            auth_mode: pb::McpAuthMode::from(server.auth_mode.clone()).into(),
            oauth_provider_id: server.oauth_provider_id.map(Into::into),
        };
        let answer = self.remote.call(&AUTHORIZE_MCP_SERVER, request).await?;
        optional_nested("credential", answer.credential)
            .map_err(malformed(AUTHORIZE_MCP_SERVER.method))
    }
}

#[async_trait]
impl McpConnectionResolver for SessionServers {
    async fn resolve(
        &self,
        server_prefix: &str,
    ) -> anyhow::Result<Option<everruns_mcp::McpConnection>> {
        let connection = self.connection(server_prefix).await?;
        Ok(connection.and_then(reachable))
    }
}

#[async_trait]
impl McpAuthProvider for SessionServers {
    async fn authorization(
        &self,
        request: &McpAuthRequest<'_>,
    ) -> anyhow::Result<Option<McpCredential>> {
        if request.auth_mode == McpServerAuthMode::None {
            return Ok(None);
        }
        let credential = self.credential(request).await?;
        Ok(credential.map(|credential| McpCredential {
            authorization: credential.authorization,
            headers: credential.headers.into_iter().collect(),
        }))
    }
}

/// A connection in the form of upstream's client, if this host can make it.
fn reachable(connection: McpConnection) -> Option<everruns_mcp::McpConnection> {
    let McpConnection {
        name,
        endpoint,
        auth_mode,
        oauth_provider_id,
    } = connection;
    let endpoint = match endpoint {
        McpEndpoint::Http { url, headers } => everruns_mcp::McpEndpoint::Http {
            url,
            headers: headers.into_iter().collect(),
        },
        McpEndpoint::Stdio { command, .. } if command.is_empty() => {
            tracing::warn!(server = %name, "MCP server left out: it has no `command`");
            return None;
        }
        #[cfg(feature = "mcp-stdio")]
        McpEndpoint::Stdio { command, args, env } => everruns_mcp::McpEndpoint::Stdio {
            command,
            args,
            env: env.into_iter().collect(),
        },
        #[cfg(not(feature = "mcp-stdio"))]
        McpEndpoint::Stdio { .. } => {
            tracing::warn!(
                server = %name,
                "MCP server left out: this host starts no processes (feature `mcp-stdio`)"
            );
            return None;
        }
    };
    Some(everruns_mcp::McpConnection {
        name,
        endpoint,
        auth_mode,
        oauth_provider_id,
    })
}
