// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.adapter.v1.SessionMutatorMethods;
import com.everruns.mortise.adapter.v1.UpdateSessionTitleRequest;
import com.everruns.mortise.adapter.v1.UpdateSessionTitleResponse;
import io.grpc.ServerServiceDefinition;

/** Binds a {@link SessionMutator} to the calls of {@code SessionMutatorService}. */
final class SessionMutatorBinding {
    private SessionMutatorBinding() {}

    static ServerServiceDefinition bind(SessionMutator store, Core core) {
        return ServerServiceDefinition.builder(SessionMutatorMethods.SERVICE)
                .addMethod(core.keyed(
                        SessionMutatorMethods.UPDATE_SESSION_TITLE,
                        UpdateSessionTitleRequest::getContext,
                        new Codec<Session, UpdateSessionTitleResponse>(
                                v -> UpdateSessionTitleResponse.newBuilder().setSession(v).build(),
                                a -> a.getSession()),
                        (r, c) -> store.updateSessionTitle(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getTitle())))
                .build();
    }
}
