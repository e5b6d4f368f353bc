// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.DeregisterRequest;
import com.everruns.mortise.adapter.v1.DeregisterResponse;
import com.everruns.mortise.adapter.v1.GetSessionResourceRequest;
import com.everruns.mortise.adapter.v1.GetSessionResourceResponse;
import com.everruns.mortise.adapter.v1.ListSessionResourcesRequest;
import com.everruns.mortise.adapter.v1.RegisterRequest;
import com.everruns.mortise.adapter.v1.RegisterResponse;
import com.everruns.mortise.adapter.v1.SessionResourceEntry;
import com.everruns.mortise.adapter.v1.SessionResourceRegistryMethods;
import com.everruns.mortise.adapter.v1.UpdateStatusRequest;
import com.everruns.mortise.adapter.v1.UpdateStatusResponse;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link SessionResourceRegistry} to the calls of {@code SessionResourceRegistryService}. */
final class SessionResourceRegistryBinding {
    private SessionResourceRegistryBinding() {}

    static ServerServiceDefinition bind(SessionResourceRegistry store, Core core) {
        return ServerServiceDefinition.builder(SessionResourceRegistryMethods.SERVICE)
                .addMethod(core.keyed(
                        SessionResourceRegistryMethods.REGISTER,
                        RegisterRequest::getContext,
                        new Codec<SessionResourceEntry, RegisterResponse>(
                                v -> RegisterResponse.newBuilder().setEntry(v).build(),
                                a -> a.getEntry()),
                        (r, c) -> store.register(SessionRef.of(r.getContext(), r.getSessionId()), c, r)))
                .addMethod(core.keyed(
                        SessionResourceRegistryMethods.UPDATE_STATUS,
                        UpdateStatusRequest::getContext,
                        new Codec<Optional<SessionResourceEntry>, UpdateStatusResponse>(
                                v -> v.map(it -> UpdateStatusResponse.newBuilder().setEntry(it).build()).orElse(UpdateStatusResponse.getDefaultInstance()),
                                a -> a.hasEntry() ? Optional.of(a.getEntry()) : Optional.empty()),
                        (r, c) -> store.updateStatus(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getResourceId(), r.getStatus())))
                .addMethod(core.plain(
                        SessionResourceRegistryMethods.GET_SESSION_RESOURCE,
                        GetSessionResourceRequest::getContext,
                        new Codec<Optional<SessionResourceEntry>, GetSessionResourceResponse>(
                                v -> v.map(it -> GetSessionResourceResponse.newBuilder().setEntry(it).build()).orElse(GetSessionResourceResponse.getDefaultInstance()),
                                a -> a.hasEntry() ? Optional.of(a.getEntry()) : Optional.empty()),
                        r -> store.getSessionResource(SessionRef.of(r.getContext(), r.getSessionId()), r.getResourceId())))
                .addMethod(core.streamed(
                        SessionResourceRegistryMethods.LIST_SESSION_RESOURCES,
                        ListSessionResourcesRequest::getContext,
                        (r, to) -> store.listSessionResources(SessionRef.of(r.getContext(), r.getSessionId()), r.hasKind() ? Optional.of(r.getKind()) : Optional.empty(), r.getStatus(), to)))
                .addMethod(core.keyed(
                        SessionResourceRegistryMethods.DEREGISTER,
                        DeregisterRequest::getContext,
                        new Codec<Boolean, DeregisterResponse>(
                                v -> DeregisterResponse.newBuilder().setDeregistered(v).build(),
                                a -> a.getDeregistered()),
                        (r, c) -> store.deregister(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getResourceId())))
                .build();
    }
}
