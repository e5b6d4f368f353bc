// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code ImageArtifactStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class ImageArtifactStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            ImageArtifactStoreProto.getDescriptor().findServiceByName("ImageArtifactStoreService");

    public static final MethodDescriptor<CreateImageRequest, CreateImageResponse> CREATE_IMAGE = Methods.of(
            DESCRIPTOR, "CreateImage", CreateImageRequest.getDefaultInstance(), CreateImageResponse.getDefaultInstance());

    public static final MethodDescriptor<GetImageRequest, GetImageResponse> GET_IMAGE = Methods.of(
            DESCRIPTOR, "GetImage", GetImageRequest.getDefaultInstance(), GetImageResponse.getDefaultInstance());

    public static final MethodDescriptor<GetImageInfoRequest, GetImageInfoResponse> GET_IMAGE_INFO = Methods.of(
            DESCRIPTOR, "GetImageInfo", GetImageInfoRequest.getDefaultInstance(), GetImageInfoResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, CREATE_IMAGE, GET_IMAGE, GET_IMAGE_INFO);

    private ImageArtifactStoreMethods() {}
}
