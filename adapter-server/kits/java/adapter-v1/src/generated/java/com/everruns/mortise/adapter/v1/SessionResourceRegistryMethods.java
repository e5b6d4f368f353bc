// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code SessionResourceRegistryService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class SessionResourceRegistryMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            SessionResourceRegistryProto.getDescriptor().findServiceByName("SessionResourceRegistryService");

    public static final MethodDescriptor<RegisterRequest, RegisterResponse> REGISTER = Methods.of(
            DESCRIPTOR, "Register", RegisterRequest.getDefaultInstance(), RegisterResponse.getDefaultInstance());

    public static final MethodDescriptor<UpdateStatusRequest, UpdateStatusResponse> UPDATE_STATUS = Methods.of(
            DESCRIPTOR, "UpdateStatus", UpdateStatusRequest.getDefaultInstance(), UpdateStatusResponse.getDefaultInstance());

    public static final MethodDescriptor<GetSessionResourceRequest, GetSessionResourceResponse> GET_SESSION_RESOURCE = Methods.of(
            DESCRIPTOR, "GetSessionResource", GetSessionResourceRequest.getDefaultInstance(), GetSessionResourceResponse.getDefaultInstance());

    public static final MethodDescriptor<ListSessionResourcesRequest, ListSessionResourcesResponse> LIST_SESSION_RESOURCES = Methods.of(
            DESCRIPTOR, "ListSessionResources", ListSessionResourcesRequest.getDefaultInstance(), ListSessionResourcesResponse.getDefaultInstance());

    public static final MethodDescriptor<DeregisterRequest, DeregisterResponse> DEREGISTER = Methods.of(
            DESCRIPTOR, "Deregister", DeregisterRequest.getDefaultInstance(), DeregisterResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, REGISTER, UPDATE_STATUS, GET_SESSION_RESOURCE, LIST_SESSION_RESOURCES, DEREGISTER);

    private SessionResourceRegistryMethods() {}
}
