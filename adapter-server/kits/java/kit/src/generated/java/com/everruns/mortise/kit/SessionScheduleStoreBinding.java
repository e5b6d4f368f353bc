// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CancelScheduleRequest;
import com.everruns.mortise.adapter.v1.CancelScheduleResponse;
import com.everruns.mortise.adapter.v1.CountActiveSchedulesRequest;
import com.everruns.mortise.adapter.v1.CountActiveSchedulesResponse;
import com.everruns.mortise.adapter.v1.CreateScheduleRequest;
import com.everruns.mortise.adapter.v1.CreateScheduleResponse;
import com.everruns.mortise.adapter.v1.ListSchedulesRequest;
import com.everruns.mortise.adapter.v1.ListSchedulesResponse;
import com.everruns.mortise.adapter.v1.SessionSchedule;
import com.everruns.mortise.adapter.v1.SessionScheduleStoreMethods;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.Optional;

/** Binds a {@link SessionScheduleStore} to the calls of {@code SessionScheduleStoreService}. */
final class SessionScheduleStoreBinding {
    private SessionScheduleStoreBinding() {}

    static ServerServiceDefinition bind(SessionScheduleStore store, Core core) {
        return ServerServiceDefinition.builder(SessionScheduleStoreMethods.SERVICE)
                .addMethod(core.keyed(
                        SessionScheduleStoreMethods.CREATE_SCHEDULE,
                        CreateScheduleRequest::getContext,
                        new Codec<SessionSchedule, CreateScheduleResponse>(
                                v -> CreateScheduleResponse.newBuilder().setSchedule(v).build(),
                                a -> a.getSchedule()),
                        (r, c) -> store.createSchedule(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getDescription(), r.hasCronExpression() ? Optional.of(r.getCronExpression()) : Optional.empty(), r.hasScheduledAt() ? Optional.of(Times.instant(r.getScheduledAt())) : Optional.empty(), r.getTimezone())))
                .addMethod(core.keyed(
                        SessionScheduleStoreMethods.CANCEL_SCHEDULE,
                        CancelScheduleRequest::getContext,
                        new Codec<SessionSchedule, CancelScheduleResponse>(
                                v -> CancelScheduleResponse.newBuilder().setSchedule(v).build(),
                                a -> a.getSchedule()),
                        (r, c) -> store.cancelSchedule(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getScheduleId())))
                .addMethod(core.plain(
                        SessionScheduleStoreMethods.LIST_SCHEDULES,
                        ListSchedulesRequest::getContext,
                        new Codec<List<SessionSchedule>, ListSchedulesResponse>(
                                v -> ListSchedulesResponse.newBuilder().addAllSchedules(v).build(),
                                a -> a.getSchedulesList()),
                        r -> store.listSchedules(SessionRef.of(r.getContext(), r.getSessionId()))))
                .addMethod(core.plain(
                        SessionScheduleStoreMethods.COUNT_ACTIVE_SCHEDULES,
                        CountActiveSchedulesRequest::getContext,
                        new Codec<Integer, CountActiveSchedulesResponse>(
                                v -> CountActiveSchedulesResponse.newBuilder().setCount(v).build(),
                                a -> a.getCount()),
                        r -> store.countActiveSchedules(SessionRef.of(r.getContext(), r.getSessionId()))))
                .build();
    }
}
