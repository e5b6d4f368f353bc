// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import java.util.Optional;

/**
 * What an author implements to offer {@code UserConnectionResolverService}.
 *
 * <p>UserConnectionResolverService returns the connections of a user. Optional:
 * without it, no user has connections.
 *
 * <p>A connection belongs to a user of the org and a provider, such as {@code github}.
 * Providers are compared byte for byte. A session uses the connections of the
 * person who owns it: its resolved_owner_user_id, else the subject_id of its
 * effective_owner, else that of its owner; the last two count only if they are
 * of kind USER. A session that does not exist in the org, or that no person
 * owns, has no connections.
 *
 * <p>A missing connection is absent, not an error: the host then asks the user to
 * connect, and does so only if the token is absent. A server must encrypt
 * tokens and metadata at rest. A server without an encryption key must refuse
 * to read them: FAILED_PRECONDITION + CONFIGURATION with a text that contains
 * "Encryption not configured".
 */
public interface UserConnectionResolver extends Store {

    /**
     * GetConnectionToken returns the token of the session's user for a provider.
     */
    Optional<String> getConnectionToken(SessionRef in, String provider) throws Exception;

    /**
     * GetConnectionUser returns the user whose connection a session uses. The
     * answer must stay the same while the connection exists: what the session
     * creates with the connection is cleaned up later under that user.
     */
    Optional<String> getConnectionUser(SessionRef in, String provider) throws Exception;

    /**
     * GetConnectionTokenForUser returns the token of one user for a provider. For
     * the user that GetConnectionUser returns, it is the token that
     * GetConnectionToken returns.
     */
    Optional<String> getConnectionTokenForUser(Org in, String userId, String provider) throws Exception;

    /**
     * GetConnectionMetadata returns the metadata that are kept with the token of
     * the session's user.
     */
    Optional<String> getConnectionMetadata(SessionRef in, String provider) throws Exception;
}
