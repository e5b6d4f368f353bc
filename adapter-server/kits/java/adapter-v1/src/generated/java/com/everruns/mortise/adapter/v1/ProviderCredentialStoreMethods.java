// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code ProviderCredentialStoreService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class ProviderCredentialStoreMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            ProviderCredentialStoreProto.getDescriptor().findServiceByName("ProviderCredentialStoreService");

    public static final MethodDescriptor<GetDefaultProviderCredentialsRequest, GetDefaultProviderCredentialsResponse> GET_DEFAULT_PROVIDER_CREDENTIALS = Methods.of(
            DESCRIPTOR, "GetDefaultProviderCredentials", GetDefaultProviderCredentialsRequest.getDefaultInstance(), GetDefaultProviderCredentialsResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, GET_DEFAULT_PROVIDER_CREDENTIALS);

    private ProviderCredentialStoreMethods() {}
}
