// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code MemoryStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class MemoryStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            MemoryStoreProto.getDescriptor().findServiceByName("MemoryStoreService");

    public static final MethodDescriptor<GetOrCreateDefaultStoreRequest, GetOrCreateDefaultStoreResponse> GET_OR_CREATE_DEFAULT_STORE = Methods.of(
            DESCRIPTOR, "GetOrCreateDefaultStore", GetOrCreateDefaultStoreRequest.getDefaultInstance(), GetOrCreateDefaultStoreResponse.getDefaultInstance());

    public static final MethodDescriptor<GetMemoryStoreRequest, GetMemoryStoreResponse> GET_MEMORY_STORE = Methods.of(
            DESCRIPTOR, "GetMemoryStore", GetMemoryStoreRequest.getDefaultInstance(), GetMemoryStoreResponse.getDefaultInstance());

    public static final MethodDescriptor<CreateMemoryRequest, CreateMemoryResponse> CREATE_MEMORY = Methods.of(
            DESCRIPTOR, "CreateMemory", CreateMemoryRequest.getDefaultInstance(), CreateMemoryResponse.getDefaultInstance());

    public static final MethodDescriptor<RecallRequest, RecallResponse> RECALL = Methods.of(
            DESCRIPTOR, "Recall", RecallRequest.getDefaultInstance(), RecallResponse.getDefaultInstance());

    public static final MethodDescriptor<ForgetRequest, ForgetResponse> FORGET = Methods.of(
            DESCRIPTOR, "Forget", ForgetRequest.getDefaultInstance(), ForgetResponse.getDefaultInstance());

    public static final MethodDescriptor<CountActiveRequest, CountActiveResponse> COUNT_ACTIVE = Methods.of(
            DESCRIPTOR, "CountActive", CountActiveRequest.getDefaultInstance(), CountActiveResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, GET_OR_CREATE_DEFAULT_STORE, GET_MEMORY_STORE, CREATE_MEMORY, RECALL, FORGET, COUNT_ACTIVE);

    private MemoryStoreMethods() {}
}
