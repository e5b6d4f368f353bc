// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ImageResolverMethods;
import com.everruns.mortise.adapter.v1.ResolveImageRequest;
import io.grpc.ServerServiceDefinition;

/** Binds a {@link ImageResolver} to the calls of {@code ImageResolverService}. */
final class ImageResolverBinding {
    private ImageResolverBinding() {}

    static ServerServiceDefinition bind(ImageResolver store, Core core) {
        return ServerServiceDefinition.builder(ImageResolverMethods.SERVICE)
                .addMethod(core.streamed(
                        ImageResolverMethods.RESOLVE_IMAGE,
                        ResolveImageRequest::getContext,
                        (r, to) -> store.resolveImage(Org.of(r.getContext()), r.getImageId(), to)))
                .build();
    }
}
