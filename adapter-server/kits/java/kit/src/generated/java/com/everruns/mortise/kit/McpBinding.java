// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.AuthorizeMcpServerRequest;
import com.everruns.mortise.adapter.v1.AuthorizeMcpServerResponse;
import com.everruns.mortise.adapter.v1.ListMcpServersRequest;
import com.everruns.mortise.adapter.v1.ListMcpServersResponse;
import com.everruns.mortise.adapter.v1.McpConnection;
import com.everruns.mortise.adapter.v1.McpCredential;
import com.everruns.mortise.adapter.v1.McpMethods;
import com.everruns.mortise.adapter.v1.McpServer;
import com.everruns.mortise.adapter.v1.ResolveMcpConnectionRequest;
import com.everruns.mortise.adapter.v1.ResolveMcpConnectionResponse;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.Optional;

/** Binds a {@link Mcp} to the calls of {@code McpService}. */
final class McpBinding {
    private McpBinding() {}

    static ServerServiceDefinition bind(Mcp store, Core core) {
        return ServerServiceDefinition.builder(McpMethods.SERVICE)
                .addMethod(core.plain(
                        McpMethods.LIST_MCP_SERVERS,
                        ListMcpServersRequest::getContext,
                        new Codec<List<McpServer>, ListMcpServersResponse>(
                                v -> ListMcpServersResponse.newBuilder().addAllServers(v).build(),
                                a -> a.getServersList()),
                        r -> store.listMcpServers(SessionRef.of(r.getContext(), r.getSessionId()))))
                .addMethod(core.plain(
                        McpMethods.RESOLVE_MCP_CONNECTION,
                        ResolveMcpConnectionRequest::getContext,
                        new Codec<Optional<McpConnection>, ResolveMcpConnectionResponse>(
                                v -> v.map(it -> ResolveMcpConnectionResponse.newBuilder().setConnection(it).build()).orElse(ResolveMcpConnectionResponse.getDefaultInstance()),
                                a -> a.hasConnection() ? Optional.of(a.getConnection()) : Optional.empty()),
                        r -> store.resolveMcpConnection(SessionRef.of(r.getContext(), r.getSessionId()), r.getServerPrefix())))
                .addMethod(core.plain(
                        McpMethods.AUTHORIZE_MCP_SERVER,
                        AuthorizeMcpServerRequest::getContext,
                        new Codec<Optional<McpCredential>, AuthorizeMcpServerResponse>(
                                v -> v.map(it -> AuthorizeMcpServerResponse.newBuilder().setCredential(it).build()).orElse(AuthorizeMcpServerResponse.getDefaultInstance()),
                                a -> a.hasCredential() ? Optional.of(a.getCredential()) : Optional.empty()),
                        r -> store.authorizeMcpServer(SessionRef.of(r.getContext(), r.getSessionId()), r.getServerName(), r.getAuthMode(), r.hasOauthProviderId() ? Optional.of(r.getOauthProviderId()) : Optional.empty())))
                .build();
    }
}
