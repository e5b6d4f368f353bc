// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ResolveImageResponse;

/**
 * What an author implements to offer {@code ImageResolverService}.
 *
 * <p>ImageResolverService returns the image that an {@code image_file} part of a message
 * names. Optional: without it, and if it fails or finds nothing, the model gets
 * a line of text instead of the image.
 */
public interface ImageResolver extends Store {

    /**
     * ResolveImage returns an image in base64. The first message of the stream is
     * the header, and chunks of the base64 text follow. The stream is empty if
     * there is no such image in the org.
     */
    void resolveImage(Org in, String imageId, Sender<ResolveImageResponse> to) throws Exception;
}
