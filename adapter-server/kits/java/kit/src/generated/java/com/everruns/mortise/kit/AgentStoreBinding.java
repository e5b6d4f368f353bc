// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.AgentStoreMethods;
import com.everruns.mortise.adapter.v1.GetAgentRequest;
import com.everruns.mortise.adapter.v1.GetAgentResponse;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link AgentStore} to the calls of {@code AgentStoreService}. */
final class AgentStoreBinding {
    private AgentStoreBinding() {}

    static ServerServiceDefinition bind(AgentStore store, Core core) {
        return ServerServiceDefinition.builder(AgentStoreMethods.SERVICE)
                .addMethod(core.plain(
                        AgentStoreMethods.GET_AGENT,
                        GetAgentRequest::getContext,
                        new Codec<Optional<Agent>, GetAgentResponse>(
                                v -> v.map(it -> GetAgentResponse.newBuilder().setAgent(it).build()).orElse(GetAgentResponse.getDefaultInstance()),
                                a -> a.hasAgent() ? Optional.of(a.getAgent()) : Optional.empty()),
                        r -> store.getAgent(Org.of(r.getContext()), r.getAgentId())))
                .build();
    }
}
