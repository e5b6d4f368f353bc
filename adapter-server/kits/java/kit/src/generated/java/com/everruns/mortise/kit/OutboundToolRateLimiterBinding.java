// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CheckOrgRequest;
import com.everruns.mortise.adapter.v1.CheckOrgResponse;
import com.everruns.mortise.adapter.v1.OutboundToolRateLimiterMethods;
import io.grpc.ServerServiceDefinition;

/** Binds a {@link OutboundToolRateLimiter} to the calls of {@code OutboundToolRateLimiterService}. */
final class OutboundToolRateLimiterBinding {
    private OutboundToolRateLimiterBinding() {}

    static ServerServiceDefinition bind(OutboundToolRateLimiter store, Core core) {
        return ServerServiceDefinition.builder(OutboundToolRateLimiterMethods.SERVICE)
                .addMethod(core.plain(
                        OutboundToolRateLimiterMethods.CHECK_ORG,
                        CheckOrgRequest::getContext,
                        new Codec<Boolean, CheckOrgResponse>(
                                v -> CheckOrgResponse.newBuilder().setAllowed(v).build(),
                                a -> a.getAllowed()),
                        r -> store.checkOrg(Org.of(r.getContext()), r.getOrgId())))
                .build();
    }
}
