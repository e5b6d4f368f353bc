// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.GetDefaultProviderCredentialsRequest;
import com.everruns.mortise.adapter.v1.GetDefaultProviderCredentialsResponse;
import com.everruns.mortise.adapter.v1.ProviderCredentialStoreMethods;
import com.everruns.mortise.adapter.v1.ProviderCredentials;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link ProviderCredentialStore} to the calls of {@code ProviderCredentialStoreService}. */
final class ProviderCredentialStoreBinding {
    private ProviderCredentialStoreBinding() {}

    static ServerServiceDefinition bind(ProviderCredentialStore store, Core core) {
        return ServerServiceDefinition.builder(ProviderCredentialStoreMethods.SERVICE)
                .addMethod(core.plain(
                        ProviderCredentialStoreMethods.GET_DEFAULT_PROVIDER_CREDENTIALS,
                        GetDefaultProviderCredentialsRequest::getContext,
                        new Codec<Optional<ProviderCredentials>, GetDefaultProviderCredentialsResponse>(
                                v -> v.map(it -> GetDefaultProviderCredentialsResponse.newBuilder().setCredentials(it).build()).orElse(GetDefaultProviderCredentialsResponse.getDefaultInstance()),
                                a -> a.hasCredentials() ? Optional.of(a.getCredentials()) : Optional.empty()),
                        r -> store.getDefaultProviderCredentials(Org.of(r.getContext()), r.getProviderType())))
                .build();
    }
}
