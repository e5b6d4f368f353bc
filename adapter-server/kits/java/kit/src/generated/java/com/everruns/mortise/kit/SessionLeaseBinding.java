// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.AcquireLeaseRequest;
import com.everruns.mortise.adapter.v1.AcquireLeaseResponse;
import com.everruns.mortise.adapter.v1.FollowLeasesRequest;
import com.everruns.mortise.adapter.v1.ReleaseLeaseRequest;
import com.everruns.mortise.adapter.v1.ReleaseLeaseResponse;
import com.everruns.mortise.adapter.v1.RenewLeaseRequest;
import com.everruns.mortise.adapter.v1.RenewLeaseResponse;
import com.everruns.mortise.adapter.v1.SessionLeaseMethods;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link SessionLease} to the calls of {@code SessionLeaseService}. */
final class SessionLeaseBinding {
    private SessionLeaseBinding() {}

    static ServerServiceDefinition bind(SessionLease store, Core core) {
        return ServerServiceDefinition.builder(SessionLeaseMethods.SERVICE)
                .addMethod(core.keyed(
                        SessionLeaseMethods.ACQUIRE_LEASE,
                        AcquireLeaseRequest::getContext,
                        new Codec<com.everruns.mortise.adapter.v1.SessionLease, AcquireLeaseResponse>(
                                v -> AcquireLeaseResponse.newBuilder().setLease(v).build(),
                                a -> a.getLease()),
                        (r, c) -> store.acquireLease(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getHolder(), r.getAddress(), r.getTtlMs())))
                .addMethod(core.plain(
                        SessionLeaseMethods.RENEW_LEASE,
                        RenewLeaseRequest::getContext,
                        new Codec<Long, RenewLeaseResponse>(
                                v -> RenewLeaseResponse.newBuilder().setTimeLeftMs(v).build(),
                                a -> a.getTimeLeftMs()),
                        r -> store.renewLease(SessionRef.of(r.getContext(), r.getSessionId()), r.getFence(), r.getTtlMs())))
                .addMethod(core.plain(
                        SessionLeaseMethods.RELEASE_LEASE,
                        ReleaseLeaseRequest::getContext,
                        new Codec<Void, ReleaseLeaseResponse>(
                                v -> ReleaseLeaseResponse.getDefaultInstance(),
                                a -> null),
                        r -> {
                            store.releaseLease(SessionRef.of(r.getContext(), r.getSessionId()), r.getFence());
                            return null;
                        }))
                .addMethod(core.streamed(
                        SessionLeaseMethods.FOLLOW_LEASES,
                        FollowLeasesRequest::getContext,
                        (r, to) -> store.followLeases(Org.of(r.getContext()), r.hasSessionId() ? Optional.of(r.getSessionId()) : Optional.empty(), to)))
                .build();
    }
}
