// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ListSessionResourcesResponse;
import com.everruns.mortise.adapter.v1.RegisterRequest;
import com.everruns.mortise.adapter.v1.SessionResourceEntry;
import com.everruns.mortise.adapter.v1.SessionResourceStatus;
import java.util.Optional;

/**
 * What an author implements to offer {@code SessionResourceRegistryService}.
 *
 * <p>SessionResourceRegistryService keeps the entries of sessions' resources.
 * Optional: without it, tools cannot show what runs beside a session.
 *
 * <p>It also carries progress: a background run registers itself again with every
 * change of its status and output, many times a second. Skills keep their whole
 * text in an entry's metadata. Metadata must come back as they were given.
 */
public interface SessionResourceRegistry extends Store {

    /**
     * Register stores an entry. An entry of the same session and resource_id is
     * replaced as a whole and keeps its created_at. The last of several calls
     * counts.
     */
    SessionResourceEntry register(SessionRef in, Change<SessionResourceEntry> change, RegisterRequest request) throws Exception;

    /**
     * UpdateStatus changes an entry's status and updated_at, and nothing else. An
     * entry that does not exist is absent in the answer, not an error.
     */
    Optional<SessionResourceEntry> updateStatus(SessionRef in, Change<Optional<SessionResourceEntry>> change, String resourceId, SessionResourceStatus status) throws Exception;

    /**
     * GetSessionResource returns the entry with a resource_id.
     */
    Optional<SessionResourceEntry> getSessionResource(SessionRef in, String resourceId) throws Exception;

    /**
     * ListSessionResources streams the entries of a session, in the order in
     * which they were first registered.
     */
    void listSessionResources(SessionRef in, Optional<String> kind, SessionResourceStatus status, Sender<ListSessionResourcesResponse> to) throws Exception;

    /**
     * Deregister removes an entry and says whether it was there.
     */
    boolean deregister(SessionRef in, Change<Boolean> change, String resourceId) throws Exception;
}
