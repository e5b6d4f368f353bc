//! `McpService` over the source's directory of MCP servers.

use crate::serve::{Outcome, Serving, not_offered};
use crate::{AdapterSource, McpAuthorization, McpDirectory, Scope};
use mortise_proto::convert::{enumeration, id};
use mortise_proto::pb;
use mortise_proto::pb::mcp_service_server::McpService;
use mortise_proto::rpc::table::mcp_service::{
    AUTHORIZE_MCP_SERVER, LIST_MCP_SERVERS, NAME, RESOLVE_MCP_CONNECTION,
};
use std::sync::Arc;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl<S: AdapterSource> McpService for Serving<S> {
    async fn list_mcp_servers(
        &self,
        request: Request<pb::ListMcpServersRequest>,
    ) -> Result<Response<pb::ListMcpServersResponse>, Status> {
        let serving = self.clone();
        self.unary(&LIST_MCP_SERVERS, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let directory = serving.mcp_directory(&call.scope)?;
            let servers = directory.servers(session_id).await?;
            Ok(pb::ListMcpServersResponse {
                servers: servers.into_iter().map(Into::into).collect(),
            })
        })
        .await
    }

    async fn resolve_mcp_connection(
        &self,
        request: Request<pb::ResolveMcpConnectionRequest>,
    ) -> Result<Response<pb::ResolveMcpConnectionResponse>, Status> {
        let serving = self.clone();
        self.unary(&RESOLVE_MCP_CONNECTION, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let directory = serving.mcp_directory(&call.scope)?;
            let connection = directory
                .resolve(session_id, &call.request.server_prefix)
                .await?;
            Ok(pb::ResolveMcpConnectionResponse {
                connection: connection.map(Into::into),
            })
        })
        .await
    }

    async fn authorize_mcp_server(
        &self,
        request: Request<pb::AuthorizeMcpServerRequest>,
    ) -> Result<Response<pb::AuthorizeMcpServerResponse>, Status> {
        let serving = self.clone();
        self.unary(&AUTHORIZE_MCP_SERVER, request, |call| async move {
            let session_id = id("session_id", &call.request.session_id)?;
            let directory = serving.mcp_directory(&call.scope)?;
            let server = McpAuthorization {
                auth_mode: enumeration::<pb::McpAuthMode, _>("auth_mode", call.request.auth_mode)?,
                server_name: call.request.server_name,
                oauth_provider_id: call.request.oauth_provider_id,
            };
            let credential = directory.credential(session_id, &server).await?;
            Ok(pb::AuthorizeMcpServerResponse {
                credential: credential.map(Into::into),
            })
        })
        .await
    }
}

impl<S: AdapterSource> Serving<S> {
    fn mcp_directory(&self, scope: &Scope) -> Outcome<Arc<dyn McpDirectory>> {
        let directory = self.shared.source.mcp_directory(scope);
        directory.ok_or_else(|| not_offered(NAME))
    }
}
