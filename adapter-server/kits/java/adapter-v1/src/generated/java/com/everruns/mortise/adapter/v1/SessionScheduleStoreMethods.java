// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code SessionScheduleStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class SessionScheduleStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            SessionScheduleStoreProto.getDescriptor().findServiceByName("SessionScheduleStoreService");

    public static final MethodDescriptor<CreateScheduleRequest, CreateScheduleResponse> CREATE_SCHEDULE = Methods.of(
            DESCRIPTOR, "CreateSchedule", CreateScheduleRequest.getDefaultInstance(), CreateScheduleResponse.getDefaultInstance());

    public static final MethodDescriptor<CancelScheduleRequest, CancelScheduleResponse> CANCEL_SCHEDULE = Methods.of(
            DESCRIPTOR, "CancelSchedule", CancelScheduleRequest.getDefaultInstance(), CancelScheduleResponse.getDefaultInstance());

    public static final MethodDescriptor<ListSchedulesRequest, ListSchedulesResponse> LIST_SCHEDULES = Methods.of(
            DESCRIPTOR, "ListSchedules", ListSchedulesRequest.getDefaultInstance(), ListSchedulesResponse.getDefaultInstance());

    public static final MethodDescriptor<CountActiveSchedulesRequest, CountActiveSchedulesResponse> COUNT_ACTIVE_SCHEDULES = Methods.of(
            DESCRIPTOR, "CountActiveSchedules", CountActiveSchedulesRequest.getDefaultInstance(), CountActiveSchedulesResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, CREATE_SCHEDULE, CANCEL_SCHEDULE, LIST_SCHEDULES, COUNT_ACTIVE_SCHEDULES);

    private SessionScheduleStoreMethods() {}
}
