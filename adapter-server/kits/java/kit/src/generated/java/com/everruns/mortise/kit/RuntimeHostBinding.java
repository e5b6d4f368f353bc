// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.GetHarnessRequest;
import com.everruns.mortise.adapter.v1.GetHarnessResponse;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.LoadTurnContextRequest;
import com.everruns.mortise.adapter.v1.RuntimeHostMethods;
import com.everruns.mortise.adapter.v1.RuntimeHostServiceGetAgentRequest;
import com.everruns.mortise.adapter.v1.RuntimeHostServiceGetAgentResponse;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.adapter.v1.SetSessionStatusRequest;
import com.everruns.mortise.adapter.v1.SetSessionStatusResponse;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link RuntimeHost} to the calls of {@code RuntimeHostService}. */
final class RuntimeHostBinding {
    private RuntimeHostBinding() {}

    static ServerServiceDefinition bind(RuntimeHost store, Core core) {
        return ServerServiceDefinition.builder(RuntimeHostMethods.SERVICE)
                .addMethod(core.plain(
                        RuntimeHostMethods.GET_AGENT,
                        RuntimeHostServiceGetAgentRequest::getContext,
                        new Codec<Optional<Agent>, RuntimeHostServiceGetAgentResponse>(
                                v -> v.map(it -> RuntimeHostServiceGetAgentResponse.newBuilder().setAgent(it).build()).orElse(RuntimeHostServiceGetAgentResponse.getDefaultInstance()),
                                a -> a.hasAgent() ? Optional.of(a.getAgent()) : Optional.empty()),
                        r -> store.getAgent(Org.of(r.getContext()), r.getAgentId())))
                .addMethod(core.plain(
                        RuntimeHostMethods.GET_HARNESS,
                        GetHarnessRequest::getContext,
                        new Codec<Optional<Harness>, GetHarnessResponse>(
                                v -> v.map(it -> GetHarnessResponse.newBuilder().setHarness(it).build()).orElse(GetHarnessResponse.getDefaultInstance()),
                                a -> a.hasHarness() ? Optional.of(a.getHarness()) : Optional.empty()),
                        r -> store.getHarness(Org.of(r.getContext()), r.getHarnessId())))
                .addMethod(core.keyed(
                        RuntimeHostMethods.SET_SESSION_STATUS,
                        SetSessionStatusRequest::getContext,
                        new Codec<Session, SetSessionStatusResponse>(
                                v -> SetSessionStatusResponse.newBuilder().setSession(v).build(),
                                a -> a.getSession()),
                        (r, c) -> store.setSessionStatus(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getStatus())))
                .addMethod(core.streamed(
                        RuntimeHostMethods.LOAD_TURN_CONTEXT,
                        LoadTurnContextRequest::getContext,
                        (r, to) -> store.loadTurnContext(SessionRef.of(r.getContext(), r.getSessionId()), r.getPartsList(), to)))
                .build();
    }
}
