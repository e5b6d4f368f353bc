// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code OutboundToolRateLimiterService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class OutboundToolRateLimiterMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            OutboundToolRateLimiterProto.getDescriptor().findServiceByName("OutboundToolRateLimiterService");

    public static final MethodDescriptor<CheckOrgRequest, CheckOrgResponse> CHECK_ORG = Methods.of(
            DESCRIPTOR, "CheckOrg", CheckOrgRequest.getDefaultInstance(), CheckOrgResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, CHECK_ORG);

    private OutboundToolRateLimiterMethods() {}
}
