// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CreateImageRequest;
import com.everruns.mortise.adapter.v1.GetImageResponse;
import com.everruns.mortise.adapter.v1.StoredImageInfo;
import java.util.Iterator;
import java.util.Optional;

/**
 * What an author implements to offer {@code ImageArtifactStoreService}.
 *
 * <p>ImageArtifactStoreService keeps the images of an org. Optional: without it,
 * tools cannot create images.
 *
 * <p>An image has at most 64 MiB (67108864 bytes) and never changes. The same
 * bytes stored twice are two images. ImageResolverService resolves the same
 * images, by the UUID in their id.
 */
public interface ImageArtifactStore extends Store {

    /**
     * CreateImage stores an image. The first message of the stream carries the
     * context and the header. Each further message carries the next chunk of the
     * bytes, at most 256 KiB; an image without bytes has no chunk. The server
     * answers after the stream has ended.
     *
     * <p>INVALID_ARGUMENT + INVALID_FIELD: the first message has no header, a chunk
     * comes before the header, there are two headers, or the chunks hold more or
     * fewer bytes than header.size_bytes. RESOURCE_EXHAUSTED + MESSAGE_TOO_LARGE:
     * header.size_bytes is above 64 MiB; the server must say so before it reads a
     * chunk. DEADLINE_EXCEEDED: the stream was silent for 30 s or took more than
     * 10 min, at which a server may end it. In each of these cases nothing is
     * stored.
     *
     * <p>A caller that repeats the call sends the whole stream again, with the same
     * request_id.
     */
    StoredImageInfo createImage(Org in, Change<StoredImageInfo> change, CreateImageRequest request, Iterator<CreateImageRequest> rest) throws Exception;

    /**
     * GetImage returns an image with its bytes. The first message of the stream
     * describes the image, and chunks of its bytes follow. The stream is empty if
     * there is no such image in the org.
     */
    void getImage(Org in, String imageId, Sender<GetImageResponse> to) throws Exception;

    /**
     * GetImageInfo returns the description of an image without its bytes.
     */
    Optional<StoredImageInfo> getImageInfo(Org in, String imageId) throws Exception;
}
