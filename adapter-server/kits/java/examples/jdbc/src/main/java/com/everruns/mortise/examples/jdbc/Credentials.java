package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.ProviderCredentials;
import com.everruns.mortise.kit.Org;
import com.everruns.mortise.kit.ProviderCredentialStore;
import java.util.Optional;

/** Credentials for types of providers. */
record Credentials(Database database, Records<ProviderCredentials> credentials) implements ProviderCredentialStore {
    @Override
    public Optional<ProviderCredentials> getDefaultProviderCredentials(Org in, String providerType) throws Exception {
        return database.read(connection -> credentials.get(connection, in.id(), providerType));
    }
}
