// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.FollowLeasesResponse;
import java.util.Optional;

/**
 * What an author implements to offer {@code SessionLeaseService}.
 *
 * <p>SessionLeaseService grants leases of sessions. Optional: without it, nothing
 * keeps two hosts from running turns of one session at the same time.
 */
public interface SessionLease extends Store {

    /**
     * AcquireLease grants the lease of a session. Of several callers at the same
     * time at most one gets it.
     *
     * <p>If the lease runs for another holder, the call fails with
     * FAILED_PRECONDITION + HELD, which names the holder, its address and the time
     * left. If it runs for the same holder, it is granted again under a new fence,
     * and the former fence is stale: a process that restarts under its own name
     * need not wait. A call that is sent again under its request_id gets the fence
     * that it got first.
     *
     * <p>INVALID_ARGUMENT + INVALID_FIELD: the session's id, the holder, the address
     * or the ttl are malformed. NOT_FOUND + SESSION_NOT_FOUND: the server keeps
     * sessions and has none of this id in the org. FAILED_PRECONDITION +
     * SESSION_ARCHIVED: the session is deleted.
     */
    com.everruns.mortise.adapter.v1.SessionLease acquireLease(SessionRef in, Change<com.everruns.mortise.adapter.v1.SessionLease> change, String holder, String address, long ttlMs) throws Exception;

    /**
     * RenewLease makes a lease run for another ttl from now. It never makes a lease
     * end earlier than before. The fence stays as it is. A holder should renew when
     * a third of the ttl has passed.
     *
     * <p>ABORTED + FENCED: the fence is not the highest that was granted for the
     * session, or the lease was released. A lease that has expired and that no
     * other caller was granted may be renewed or refused in the same way. The
     * holder must then stop: it cancels the turn and sends no change of it any
     * more.
     */
    long renewLease(SessionRef in, long fence, long ttlMs) throws Exception;

    /**
     * ReleaseLease ends a lease before it expires. A fence that is not the highest
     * that was granted for the session, and a lease that has ended already, change
     * nothing; that is not an error. The lease of a deleted session can be
     * released.
     */
    void releaseLease(SessionRef in, long fence) throws Exception;

    /**
     * FollowLeases streams what becomes of leases, until the caller ends the call.
     * A host that waits for a session follows it.
     *
     * <p>With a session_id, the first message says at once whether the session is
     * leased. Without one, the stream is about every session of the org, and begins
     * with one message for each that is leased. After that, a message is sent when
     * a lease is granted, and when it ends because it was released or has expired.
     * It must be sent within two seconds, also if the lease was granted by another
     * server over the same storage. A renewal sends no message. A server may leave
     * out what was true only for a moment, but not what is true now. A session that
     * does not exist in the org is not leased; that is not an error.
     */
    void followLeases(Org in, Optional<String> sessionId, Sender<FollowLeasesResponse> to) throws Exception;
}
