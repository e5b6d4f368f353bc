// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code RuntimeHostService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class RuntimeHostMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            RuntimeHostProto.getDescriptor().findServiceByName("RuntimeHostService");

    public static final MethodDescriptor<RuntimeHostServiceGetAgentRequest, RuntimeHostServiceGetAgentResponse> GET_AGENT = Methods.of(
            DESCRIPTOR, "GetAgent", RuntimeHostServiceGetAgentRequest.getDefaultInstance(), RuntimeHostServiceGetAgentResponse.getDefaultInstance());

    public static final MethodDescriptor<GetHarnessRequest, GetHarnessResponse> GET_HARNESS = Methods.of(
            DESCRIPTOR, "GetHarness", GetHarnessRequest.getDefaultInstance(), GetHarnessResponse.getDefaultInstance());

    public static final MethodDescriptor<SetSessionStatusRequest, SetSessionStatusResponse> SET_SESSION_STATUS = Methods.of(
            DESCRIPTOR, "SetSessionStatus", SetSessionStatusRequest.getDefaultInstance(), SetSessionStatusResponse.getDefaultInstance());

    public static final MethodDescriptor<LoadTurnContextRequest, LoadTurnContextResponse> LOAD_TURN_CONTEXT = Methods.of(
            DESCRIPTOR, "LoadTurnContext", LoadTurnContextRequest.getDefaultInstance(), LoadTurnContextResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, GET_AGENT, GET_HARNESS, SET_SESSION_STATUS, LOAD_TURN_CONTEXT);

    private RuntimeHostMethods() {}
}
