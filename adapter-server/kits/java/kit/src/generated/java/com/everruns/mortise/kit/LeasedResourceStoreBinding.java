// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.LeasedResource;
import com.everruns.mortise.adapter.v1.LeasedResourceStoreMethods;
import com.everruns.mortise.adapter.v1.ListResourcesRequest;
import com.everruns.mortise.adapter.v1.ListResourcesResponse;
import com.everruns.mortise.adapter.v1.ReleaseResourceRequest;
import com.everruns.mortise.adapter.v1.ReleaseResourceResponse;
import com.everruns.mortise.adapter.v1.UpsertResourceRequest;
import com.everruns.mortise.adapter.v1.UpsertResourceResponse;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.Optional;

/** Binds a {@link LeasedResourceStore} to the calls of {@code LeasedResourceStoreService}. */
final class LeasedResourceStoreBinding {
    private LeasedResourceStoreBinding() {}

    static ServerServiceDefinition bind(LeasedResourceStore store, Core core) {
        return ServerServiceDefinition.builder(LeasedResourceStoreMethods.SERVICE)
                .addMethod(core.keyed(
                        LeasedResourceStoreMethods.UPSERT_RESOURCE,
                        UpsertResourceRequest::getContext,
                        new Codec<LeasedResource, UpsertResourceResponse>(
                                v -> UpsertResourceResponse.newBuilder().setResource(v).build(),
                                a -> a.getResource()),
                        (r, c) -> store.upsertResource(SessionRef.of(r.getContext(), r.getSessionId()), c, r)))
                .addMethod(core.keyed(
                        LeasedResourceStoreMethods.RELEASE_RESOURCE,
                        ReleaseResourceRequest::getContext,
                        new Codec<Optional<LeasedResource>, ReleaseResourceResponse>(
                                v -> v.map(it -> ReleaseResourceResponse.newBuilder().setResource(it).build()).orElse(ReleaseResourceResponse.getDefaultInstance()),
                                a -> a.hasResource() ? Optional.of(a.getResource()) : Optional.empty()),
                        (r, c) -> store.releaseResource(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getProvider(), r.getResourceType(), r.getExternalId())))
                .addMethod(core.plain(
                        LeasedResourceStoreMethods.LIST_RESOURCES,
                        ListResourcesRequest::getContext,
                        new Codec<List<LeasedResource>, ListResourcesResponse>(
                                v -> ListResourcesResponse.newBuilder().addAllResources(v).build(),
                                a -> a.getResourcesList()),
                        r -> store.listResources(SessionRef.of(r.getContext(), r.getSessionId()))))
                .build();
    }
}
