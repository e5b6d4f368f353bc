// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code TurnQueueService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class TurnQueueMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            TurnQueueProto.getDescriptor().findServiceByName("TurnQueueService");

    public static final MethodDescriptor<FollowTurnRequestsRequest, FollowTurnRequestsResponse> FOLLOW_TURN_REQUESTS = Methods.of(
            DESCRIPTOR, "FollowTurnRequests", FollowTurnRequestsRequest.getDefaultInstance(), FollowTurnRequestsResponse.getDefaultInstance());

    public static final MethodDescriptor<TakeTurnRequestRequest, TakeTurnRequestResponse> TAKE_TURN_REQUEST = Methods.of(
            DESCRIPTOR, "TakeTurnRequest", TakeTurnRequestRequest.getDefaultInstance(), TakeTurnRequestResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, FOLLOW_TURN_REQUESTS, TAKE_TURN_REQUEST);

    private TurnQueueMethods() {}
}
