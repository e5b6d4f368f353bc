// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code SessionStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class SessionStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            SessionStoreProto.getDescriptor().findServiceByName("SessionStoreService");

    public static final MethodDescriptor<GetSessionRequest, GetSessionResponse> GET_SESSION = Methods.of(
            DESCRIPTOR, "GetSession", GetSessionRequest.getDefaultInstance(), GetSessionResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, GET_SESSION);

    private SessionStoreMethods() {}
}
