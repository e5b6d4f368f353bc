// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.FollowTurnRequestsRequest;
import com.everruns.mortise.adapter.v1.TakeTurnRequestRequest;
import com.everruns.mortise.adapter.v1.TakeTurnRequestResponse;
import com.everruns.mortise.adapter.v1.TurnQueueMethods;
import io.grpc.ServerServiceDefinition;

/** Binds a {@link TurnQueue} to the calls of {@code TurnQueueService}. */
final class TurnQueueBinding {
    private TurnQueueBinding() {}

    static ServerServiceDefinition bind(TurnQueue store, Core core) {
        return ServerServiceDefinition.builder(TurnQueueMethods.SERVICE)
                .addMethod(core.streamed(
                        TurnQueueMethods.FOLLOW_TURN_REQUESTS,
                        FollowTurnRequestsRequest::getContext,
                        (r, to) -> store.followTurnRequests(Org.of(r.getContext()), to)))
                .addMethod(core.keyed(
                        TurnQueueMethods.TAKE_TURN_REQUEST,
                        TakeTurnRequestRequest::getContext,
                        new Codec<Boolean, TakeTurnRequestResponse>(
                                v -> TakeTurnRequestResponse.newBuilder().setTaken(v).build(),
                                a -> a.getTaken()),
                        (r, c) -> store.takeTurnRequest(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getInputMessageId())))
                .build();
    }
}
