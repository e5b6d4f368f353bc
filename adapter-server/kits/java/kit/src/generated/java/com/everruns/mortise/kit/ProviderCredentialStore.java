// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ProviderCredentials;
import java.util.Optional;

/**
 * What an author implements to offer {@code ProviderCredentialStoreService}.
 *
 * <p>ProviderCredentialStoreService returns an org's credentials; there is one
 * default per type of provider. Optional: without it, such tools have no
 * credentials.
 *
 * <p>A server must encrypt credentials at rest. A server without an encryption key
 * must refuse to read them: FAILED_PRECONDITION + CONFIGURATION with a text
 * that contains "Encryption not configured".
 */
public interface ProviderCredentialStore extends Store {

    /**
     * GetDefaultProviderCredentials returns the credentials that tools use for a
     * type of provider. They are absent if the org has none for this type; that
     * is not an error.
     */
    Optional<ProviderCredentials> getDefaultProviderCredentials(Org in, String providerType) throws Exception;
}
