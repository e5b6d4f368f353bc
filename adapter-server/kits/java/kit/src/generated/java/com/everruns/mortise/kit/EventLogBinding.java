// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.EventLogMethods;
import com.everruns.mortise.adapter.v1.FollowEventsRequest;
import com.everruns.mortise.adapter.v1.ReadEventsRequest;
import io.grpc.ServerServiceDefinition;

/** Binds a {@link EventLog} to the calls of {@code EventLogService}. */
final class EventLogBinding {
    private EventLogBinding() {}

    static ServerServiceDefinition bind(EventLog store, Core core) {
        return ServerServiceDefinition.builder(EventLogMethods.SERVICE)
                .addMethod(core.streamed(
                        EventLogMethods.READ_EVENTS,
                        ReadEventsRequest::getContext,
                        (r, to) -> store.readEvents(SessionRef.of(r.getContext(), r.getSessionId()), r.getAfterSequence(), r.getLimit(), to)))
                .addMethod(core.streamed(
                        EventLogMethods.FOLLOW_EVENTS,
                        FollowEventsRequest::getContext,
                        (r, to) -> store.followEvents(SessionRef.of(r.getContext(), r.getSessionId()), r.getAfterSequence(), to)))
                .build();
    }
}
