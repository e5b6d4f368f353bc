package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.SecretInfo;
import java.util.List;
import java.util.Optional;

/** Refuses secrets, as a store without an encryption key must. */
public interface NoSecrets extends SessionStorageStore {
    private static Failure noKey() {
        // The host's tools look for these words.
        return Fail.configuration("Encryption not configured").notApplied();
    }

    @Override
    default void setSecret(SessionRef in, Change<Void> change, String name, String value) {
        throw noKey();
    }

    @Override
    default Optional<String> getSecret(SessionRef in, String name) {
        throw noKey();
    }

    @Override
    default boolean deleteSecret(SessionRef in, Change<Boolean> change, String name) {
        throw noKey();
    }

    @Override
    default List<SecretInfo> listSecrets(SessionRef in) {
        throw noKey();
    }
}
