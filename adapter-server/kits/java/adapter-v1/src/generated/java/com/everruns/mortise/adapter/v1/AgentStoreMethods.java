// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code AgentStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class AgentStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            AgentStoreProto.getDescriptor().findServiceByName("AgentStoreService");

    public static final MethodDescriptor<GetAgentRequest, GetAgentResponse> GET_AGENT = Methods.of(
            DESCRIPTOR, "GetAgent", GetAgentRequest.getDefaultInstance(), GetAgentResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, GET_AGENT);

    private AgentStoreMethods() {}
}
