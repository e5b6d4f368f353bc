// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code EventLogService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class EventLogMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            EventLogProto.getDescriptor().findServiceByName("EventLogService");

    public static final MethodDescriptor<ReadEventsRequest, ReadEventsResponse> READ_EVENTS = Methods.of(
            DESCRIPTOR, "ReadEvents", ReadEventsRequest.getDefaultInstance(), ReadEventsResponse.getDefaultInstance());

    public static final MethodDescriptor<FollowEventsRequest, FollowEventsResponse> FOLLOW_EVENTS = Methods.of(
            DESCRIPTOR, "FollowEvents", FollowEventsRequest.getDefaultInstance(), FollowEventsResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, READ_EVENTS, FOLLOW_EVENTS);

    private EventLogMethods() {}
}
