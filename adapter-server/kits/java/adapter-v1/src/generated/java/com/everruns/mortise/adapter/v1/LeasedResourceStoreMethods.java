// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code LeasedResourceStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class LeasedResourceStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            LeasedResourceStoreProto.getDescriptor().findServiceByName("LeasedResourceStoreService");

    public static final MethodDescriptor<UpsertResourceRequest, UpsertResourceResponse> UPSERT_RESOURCE = Methods.of(
            DESCRIPTOR, "UpsertResource", UpsertResourceRequest.getDefaultInstance(), UpsertResourceResponse.getDefaultInstance());

    public static final MethodDescriptor<ReleaseResourceRequest, ReleaseResourceResponse> RELEASE_RESOURCE = Methods.of(
            DESCRIPTOR, "ReleaseResource", ReleaseResourceRequest.getDefaultInstance(), ReleaseResourceResponse.getDefaultInstance());

    public static final MethodDescriptor<ListResourcesRequest, ListResourcesResponse> LIST_RESOURCES = Methods.of(
            DESCRIPTOR, "ListResources", ListResourcesRequest.getDefaultInstance(), ListResourcesResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, UPSERT_RESOURCE, RELEASE_RESOURCE, LIST_RESOURCES);

    private LeasedResourceStoreMethods() {}
}
