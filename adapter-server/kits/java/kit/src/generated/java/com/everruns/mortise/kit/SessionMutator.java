// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.Session;

/**
 * What an author implements to offer {@code SessionMutatorService}.
 *
 * <p>SessionMutatorService changes sessions. Required: a host runs no turn without
 * it.
 */
public interface SessionMutator extends Store {

    /**
     * UpdateSessionTitle sets the title of a session exactly as given and returns
     * the session. The server must not trim it.
     *
     * <p>INTERNAL + STORE with a text that contains "not found": the session does
     * not exist in the org. The host does not repeat the call then.
     */
    Session updateSessionTitle(SessionRef in, Change<Session> change, String title) throws Exception;
}
