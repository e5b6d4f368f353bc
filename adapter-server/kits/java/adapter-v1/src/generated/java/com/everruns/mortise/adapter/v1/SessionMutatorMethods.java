// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code SessionMutatorService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class SessionMutatorMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            SessionMutatorProto.getDescriptor().findServiceByName("SessionMutatorService");

    public static final MethodDescriptor<UpdateSessionTitleRequest, UpdateSessionTitleResponse> UPDATE_SESSION_TITLE = Methods.of(
            DESCRIPTOR, "UpdateSessionTitle", UpdateSessionTitleRequest.getDefaultInstance(), UpdateSessionTitleResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, UPDATE_SESSION_TITLE);

    private SessionMutatorMethods() {}
}
