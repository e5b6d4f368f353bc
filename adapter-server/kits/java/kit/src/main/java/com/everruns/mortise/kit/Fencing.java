package com.everruns.mortise.kit;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What leases decide of a change. The highest fence of a session is known where its leases are
 * granted: a store checks fences if the leases of its sessions lie in its own database, where the
 * check and the change are one transaction.
 *
 * @param session the session of the fence; empty if the change came without one
 * @param fence the fence that the change came with
 * @param unleased a session that the change may change only while nothing leases it: it came
 *     without the fence of this session, and the adapter refuses such changes; empty if there is
 *     none
 */
public record Fencing(String session, long fence, String unleased) {
    /** Leases decide nothing. */
    static final Fencing NOTHING = new Fencing("", 0, "");

    /** The sessions whose leases decide, in the order in which to lock them. */
    public List<String> sessions() {
        return Stream.of(session, unleased)
                .filter(one -> !one.isEmpty())
                .distinct()
                .sorted()
                .toList();
    }

    /** Whether leases decide anything. */
    public boolean isNothing() {
        return session.isEmpty() && unleased.isEmpty();
    }

    void judge(Map<String, Lease> leases, long now) {
        Lease own = leases.get(session);
        if (!session.isEmpty() && (own == null || own.fence() != fence)) {
            throw Lease.stale(session, own, now);
        }
        Lease other = leases.get(unleased);
        if (other != null && other.leftByWall(now) > 0) {
            throw Lease.fenced(
                    unleased,
                    other,
                    unleased + " is leased; a change without the fence of its lease is not accepted meanwhile");
        }
    }
}
