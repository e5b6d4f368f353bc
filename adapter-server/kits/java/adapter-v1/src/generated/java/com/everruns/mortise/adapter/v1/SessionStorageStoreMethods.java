// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code SessionStorageStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class SessionStorageStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            SessionStorageStoreProto.getDescriptor().findServiceByName("SessionStorageStoreService");

    public static final MethodDescriptor<SetValueRequest, SetValueResponse> SET_VALUE = Methods.of(
            DESCRIPTOR, "SetValue", SetValueRequest.getDefaultInstance(), SetValueResponse.getDefaultInstance());

    public static final MethodDescriptor<GetValueRequest, GetValueResponse> GET_VALUE = Methods.of(
            DESCRIPTOR, "GetValue", GetValueRequest.getDefaultInstance(), GetValueResponse.getDefaultInstance());

    public static final MethodDescriptor<DeleteValueRequest, DeleteValueResponse> DELETE_VALUE = Methods.of(
            DESCRIPTOR, "DeleteValue", DeleteValueRequest.getDefaultInstance(), DeleteValueResponse.getDefaultInstance());

    public static final MethodDescriptor<ListKeysRequest, ListKeysResponse> LIST_KEYS = Methods.of(
            DESCRIPTOR, "ListKeys", ListKeysRequest.getDefaultInstance(), ListKeysResponse.getDefaultInstance());

    public static final MethodDescriptor<SetSecretRequest, SetSecretResponse> SET_SECRET = Methods.of(
            DESCRIPTOR, "SetSecret", SetSecretRequest.getDefaultInstance(), SetSecretResponse.getDefaultInstance());

    public static final MethodDescriptor<GetSecretRequest, GetSecretResponse> GET_SECRET = Methods.of(
            DESCRIPTOR, "GetSecret", GetSecretRequest.getDefaultInstance(), GetSecretResponse.getDefaultInstance());

    public static final MethodDescriptor<DeleteSecretRequest, DeleteSecretResponse> DELETE_SECRET = Methods.of(
            DESCRIPTOR, "DeleteSecret", DeleteSecretRequest.getDefaultInstance(), DeleteSecretResponse.getDefaultInstance());

    public static final MethodDescriptor<ListSecretsRequest, ListSecretsResponse> LIST_SECRETS = Methods.of(
            DESCRIPTOR, "ListSecrets", ListSecretsRequest.getDefaultInstance(), ListSecretsResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, SET_VALUE, GET_VALUE, DELETE_VALUE, LIST_KEYS, SET_SECRET, GET_SECRET, DELETE_SECRET, LIST_SECRETS);

    private SessionStorageStoreMethods() {}
}
