// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.Session;
import java.util.Optional;

/**
 * What an author implements to offer {@code SessionStoreService}.
 *
 * <p>SessionStoreService returns sessions. Required: a host runs no turn without
 * it.
 */
public interface SessionStore extends Store {

    /**
     * GetSession returns the session with an id, whatever its status. A session
     * that does not exist in the org is absent, not an error.
     */
    Optional<Session> getSession(SessionRef in) throws Exception;
}
