// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code SessionLeaseService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class SessionLeaseMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            SessionLeaseProto.getDescriptor().findServiceByName("SessionLeaseService");

    public static final MethodDescriptor<AcquireLeaseRequest, AcquireLeaseResponse> ACQUIRE_LEASE = Methods.of(
            DESCRIPTOR, "AcquireLease", AcquireLeaseRequest.getDefaultInstance(), AcquireLeaseResponse.getDefaultInstance());

    public static final MethodDescriptor<RenewLeaseRequest, RenewLeaseResponse> RENEW_LEASE = Methods.of(
            DESCRIPTOR, "RenewLease", RenewLeaseRequest.getDefaultInstance(), RenewLeaseResponse.getDefaultInstance());

    public static final MethodDescriptor<ReleaseLeaseRequest, ReleaseLeaseResponse> RELEASE_LEASE = Methods.of(
            DESCRIPTOR, "ReleaseLease", ReleaseLeaseRequest.getDefaultInstance(), ReleaseLeaseResponse.getDefaultInstance());

    public static final MethodDescriptor<FollowLeasesRequest, FollowLeasesResponse> FOLLOW_LEASES = Methods.of(
            DESCRIPTOR, "FollowLeases", FollowLeasesRequest.getDefaultInstance(), FollowLeasesResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, ACQUIRE_LEASE, RENEW_LEASE, RELEASE_LEASE, FOLLOW_LEASES);

    private SessionLeaseMethods() {}
}
