// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.GetSessionRequest;
import com.everruns.mortise.adapter.v1.GetSessionResponse;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.adapter.v1.SessionStoreMethods;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link SessionStore} to the calls of {@code SessionStoreService}. */
final class SessionStoreBinding {
    private SessionStoreBinding() {}

    static ServerServiceDefinition bind(SessionStore store, Core core) {
        return ServerServiceDefinition.builder(SessionStoreMethods.SERVICE)
                .addMethod(core.plain(
                        SessionStoreMethods.GET_SESSION,
                        GetSessionRequest::getContext,
                        new Codec<Optional<Session>, GetSessionResponse>(
                                v -> v.map(it -> GetSessionResponse.newBuilder().setSession(it).build()).orElse(GetSessionResponse.getDefaultInstance()),
                                a -> a.hasSession() ? Optional.of(a.getSession()) : Optional.empty()),
                        r -> store.getSession(SessionRef.of(r.getContext(), r.getSessionId()))))
                .build();
    }
}
