// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code McpService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class McpMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            McpProto.getDescriptor().findServiceByName("McpService");

    public static final MethodDescriptor<ListMcpServersRequest, ListMcpServersResponse> LIST_MCP_SERVERS = Methods.of(
            DESCRIPTOR, "ListMcpServers", ListMcpServersRequest.getDefaultInstance(), ListMcpServersResponse.getDefaultInstance());

    public static final MethodDescriptor<ResolveMcpConnectionRequest, ResolveMcpConnectionResponse> RESOLVE_MCP_CONNECTION = Methods.of(
            DESCRIPTOR, "ResolveMcpConnection", ResolveMcpConnectionRequest.getDefaultInstance(), ResolveMcpConnectionResponse.getDefaultInstance());

    public static final MethodDescriptor<AuthorizeMcpServerRequest, AuthorizeMcpServerResponse> AUTHORIZE_MCP_SERVER = Methods.of(
            DESCRIPTOR, "AuthorizeMcpServer", AuthorizeMcpServerRequest.getDefaultInstance(), AuthorizeMcpServerResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, LIST_MCP_SERVERS, RESOLVE_MCP_CONNECTION, AUTHORIZE_MCP_SERVER);

    private McpMethods() {}
}
