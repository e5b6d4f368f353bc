//! `McpService` over the source's directory of MCP servers.

use crate::serve::{Call, HandlerResult, not_offered};
use crate::{McpAuthorization, McpDirectory};
use mortise_proto::convert::{enumeration, id};
use mortise_proto::pb;
use mortise_proto::rpc::table::mcp_service::NAME;
use std::sync::Arc;

pub(super) async fn list_mcp_servers(
    call: Call<pb::ListMcpServersRequest>,
) -> HandlerResult<pb::ListMcpServersResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let directory = offered(&call)?;
    let servers = directory.servers(session_id).await?;
    Ok(pb::ListMcpServersResponse {
        servers: servers.into_iter().map(Into::into).collect(),
    })
}

pub(super) async fn resolve_mcp_connection(
    call: Call<pb::ResolveMcpConnectionRequest>,
) -> HandlerResult<pb::ResolveMcpConnectionResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let directory = offered(&call)?;
    let connection = directory
        .resolve(session_id, &call.request.server_prefix)
        .await?;
    Ok(pb::ResolveMcpConnectionResponse {
        connection: connection.map(Into::into),
    })
}

pub(super) async fn authorize_mcp_server(
    call: Call<pb::AuthorizeMcpServerRequest>,
) -> HandlerResult<pb::AuthorizeMcpServerResponse> {
    let session_id = id("session_id", &call.request.session_id)?;
    let directory = offered(&call)?;
    let server = McpAuthorization {
        auth_mode: enumeration::<pb::McpAuthMode, _>("auth_mode", call.request.auth_mode)?,
        server_name: call.request.server_name,
        oauth_provider_id: call.request.oauth_provider_id,
    };
    let credential = directory.credential(session_id, &server).await?;
    Ok(pb::AuthorizeMcpServerResponse {
        credential: credential.map(Into::into),
    })
}

fn offered<Req>(call: &Call<Req>) -> HandlerResult<Arc<dyn McpDirectory>> {
    let directory = call.adapter.mcp_directory(&call.scope);
    directory.ok_or_else(|| not_offered(NAME))
}
