// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code ImageResolverService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class ImageResolverMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            ImageResolverProto.getDescriptor().findServiceByName("ImageResolverService");

    public static final MethodDescriptor<ResolveImageRequest, ResolveImageResponse> RESOLVE_IMAGE = Methods.of(
            DESCRIPTOR, "ResolveImage", ResolveImageRequest.getDefaultInstance(), ResolveImageResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, RESOLVE_IMAGE);

    private ImageResolverMethods() {}
}
