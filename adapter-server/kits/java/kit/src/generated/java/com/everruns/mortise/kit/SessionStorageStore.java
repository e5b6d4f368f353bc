// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.KeyInfo;
import com.everruns.mortise.adapter.v1.SecretInfo;
import java.util.List;
import java.util.Optional;

/**
 * What an author implements to offer {@code SessionStorageStoreService}.
 *
 * <p>SessionStorageStoreService keeps values and secrets of a session. Optional:
 * without it, tools cannot keep values or secrets.
 *
 * <p>Values and secrets are two sets of keys: a value and a secret of one name are
 * two things. A key is any string, compared byte for byte: case, trailing
 * spaces and Unicode normalization matter. A server must take keys of 1,024
 * bytes and may refuse longer ones with INTERNAL + STORE. It must not limit or
 * hide keys otherwise: the host's tools take 255 bytes at most, and hide names
 * that start with {@code browserless_internal:}.
 *
 * <p>Setting a key again replaces its value, keeps its created_at and moves its
 * updated_at on. A key that was never set is absent, not an error. Sessions
 * share nothing.
 *
 * <p>Secrets must be encrypted at rest. A server without an encryption key must
 * refuse to set, read and list them: FAILED_PRECONDITION + CONFIGURATION with a
 * text that contains "Encryption not configured", which the host's tools look
 * for.
 */
public interface SessionStorageStore extends Store {

    /**
     * SetValue sets the value of a key.
     */
    void setValue(SessionRef in, Change<Void> change, String key, String value) throws Exception;

    /**
     * GetValue returns the value of a key. It is absent if the key was never set
     * or was deleted.
     */
    Optional<String> getValue(SessionRef in, String key) throws Exception;

    /**
     * DeleteValue deletes a key and says whether it existed. Deleting what does
     * not exist returns false.
     */
    boolean deleteValue(SessionRef in, Change<Boolean> change, String key) throws Exception;

    /**
     * ListKeys returns all keys of a session without their values, ascending by
     * the bytes of the keys.
     */
    List<KeyInfo> listKeys(SessionRef in) throws Exception;

    /**
     * SetSecret sets a secret.
     */
    void setSecret(SessionRef in, Change<Void> change, String name, String value) throws Exception;

    /**
     * GetSecret returns a secret in clear text. It is absent if it was never set
     * or was deleted.
     */
    Optional<String> getSecret(SessionRef in, String name) throws Exception;

    /**
     * DeleteSecret deletes a secret and says whether it existed. Deleting what
     * does not exist returns false.
     */
    boolean deleteSecret(SessionRef in, Change<Boolean> change, String name) throws Exception;

    /**
     * ListSecrets returns the names of all secrets of a session, ascending by the
     * bytes of the names. It never returns a secret.
     */
    List<SecretInfo> listSecrets(SessionRef in) throws Exception;
}
