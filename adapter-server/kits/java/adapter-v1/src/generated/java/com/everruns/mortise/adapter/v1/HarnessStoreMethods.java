// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code HarnessStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class HarnessStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            HarnessStoreProto.getDescriptor().findServiceByName("HarnessStoreService");

    public static final MethodDescriptor<GetHarnessChainRequest, GetHarnessChainResponse> GET_HARNESS_CHAIN = Methods.of(
            DESCRIPTOR, "GetHarnessChain", GetHarnessChainRequest.getDefaultInstance(), GetHarnessChainResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, GET_HARNESS_CHAIN);

    private HarnessStoreMethods() {}
}
