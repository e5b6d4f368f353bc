// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CreateImageRequest;
import com.everruns.mortise.adapter.v1.CreateImageResponse;
import com.everruns.mortise.adapter.v1.GetImageInfoRequest;
import com.everruns.mortise.adapter.v1.GetImageInfoResponse;
import com.everruns.mortise.adapter.v1.GetImageRequest;
import com.everruns.mortise.adapter.v1.ImageArtifactStoreMethods;
import com.everruns.mortise.adapter.v1.StoredImageInfo;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link ImageArtifactStore} to the calls of {@code ImageArtifactStoreService}. */
final class ImageArtifactStoreBinding {
    private ImageArtifactStoreBinding() {}

    static ServerServiceDefinition bind(ImageArtifactStore store, Core core) {
        return ServerServiceDefinition.builder(ImageArtifactStoreMethods.SERVICE)
                .addMethod(core.upload(
                        ImageArtifactStoreMethods.CREATE_IMAGE,
                        CreateImageRequest::getContext,
                        new Codec<StoredImageInfo, CreateImageResponse>(
                                v -> CreateImageResponse.newBuilder().setImage(v).build(),
                                a -> a.getImage()),
                        (r, c, rest) -> store.createImage(Org.of(r.getContext()), c, r, rest)))
                .addMethod(core.streamed(
                        ImageArtifactStoreMethods.GET_IMAGE,
                        GetImageRequest::getContext,
                        (r, to) -> store.getImage(Org.of(r.getContext()), r.getImageId(), to)))
                .addMethod(core.plain(
                        ImageArtifactStoreMethods.GET_IMAGE_INFO,
                        GetImageInfoRequest::getContext,
                        new Codec<Optional<StoredImageInfo>, GetImageInfoResponse>(
                                v -> v.map(it -> GetImageInfoResponse.newBuilder().setImage(it).build()).orElse(GetImageInfoResponse.getDefaultInstance()),
                                a -> a.hasImage() ? Optional.of(a.getImage()) : Optional.empty()),
                        r -> store.getImageInfo(Org.of(r.getContext()), r.getImageId())))
                .build();
    }
}
