// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.EmitRequest;
import com.everruns.mortise.adapter.v1.EmitResponse;
import com.everruns.mortise.adapter.v1.EventEmitterMethods;
import io.grpc.ServerServiceDefinition;

/** Binds a {@link EventEmitter} to the calls of {@code EventEmitterService}. */
final class EventEmitterBinding {
    private EventEmitterBinding() {}

    static ServerServiceDefinition bind(EventEmitter store, Core core) {
        return ServerServiceDefinition.builder(EventEmitterMethods.SERVICE)
                .addMethod(core.keyed(
                        EventEmitterMethods.EMIT,
                        EmitRequest::getContext,
                        new Codec<EmitResponse, EmitResponse>(
                                v -> v,
                                a -> a),
                        (r, c) -> store.emit(Org.of(r.getContext()), c, r.getEvent(), r.getProposedEventId())))
                .addMethod(EmitStream.method(store, core))
                .build();
    }
}
