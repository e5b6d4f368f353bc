// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.EgressMethods;
import com.everruns.mortise.adapter.v1.SendRequest;
import com.everruns.mortise.adapter.v1.SendStreamRequest;
import io.grpc.ServerServiceDefinition;

/** Binds a {@link Egress} to the calls of {@code EgressService}. */
final class EgressBinding {
    private EgressBinding() {}

    static ServerServiceDefinition bind(Egress store, Core core) {
        return ServerServiceDefinition.builder(EgressMethods.SERVICE)
                .addMethod(core.streamed(
                        EgressMethods.SEND,
                        SendRequest::getContext,
                        (r, to) -> store.send(Org.of(r.getContext()), r.getRequest(), to)))
                .addMethod(core.streamed(
                        EgressMethods.SEND_STREAM,
                        SendStreamRequest::getContext,
                        (r, to) -> store.sendStream(Org.of(r.getContext()), r.getRequest(), to)))
                .build();
    }
}
