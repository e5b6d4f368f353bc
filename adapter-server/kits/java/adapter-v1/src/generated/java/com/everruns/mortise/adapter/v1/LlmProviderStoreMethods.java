// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code LlmProviderStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class LlmProviderStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            LlmProviderStoreProto.getDescriptor().findServiceByName("LlmProviderStoreService");

    public static final MethodDescriptor<GetModelWithProviderRequest, GetModelWithProviderResponse> GET_MODEL_WITH_PROVIDER = Methods.of(
            DESCRIPTOR, "GetModelWithProvider", GetModelWithProviderRequest.getDefaultInstance(), GetModelWithProviderResponse.getDefaultInstance());

    public static final MethodDescriptor<GetDefaultModelRequest, GetDefaultModelResponse> GET_DEFAULT_MODEL = Methods.of(
            DESCRIPTOR, "GetDefaultModel", GetDefaultModelRequest.getDefaultInstance(), GetDefaultModelResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, GET_MODEL_WITH_PROVIDER, GET_DEFAULT_MODEL);

    private LlmProviderStoreMethods() {}
}
