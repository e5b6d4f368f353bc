package com.everruns.mortise.kit;

import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * When leases end by the monotonic clock of this process. A wall clock that is set back must not
 * make a lease last longer than it was granted for.
 */
public final class LeaseClock {
    /** Leases that are remembered before the first look for ones to forget. */
    private static final int REMEMBERED = 4096;

    private final LongSupplier nanos;
    private final Map<Place, Seen> seen = new HashMap<>();
    private int forgetAt = REMEMBERED;

    private record Place(long org, String session) {}

    private record Seen(long fence, long endsAt, long until) {}

    /** By the clock of the Java process. */
    public LeaseClock() {
        this(System::nanoTime);
    }

    LeaseClock(LongSupplier nanos) {
        this.nanos = nanos;
    }

    private long micros() {
        return nanos.getAsLong() / 1_000;
    }

    /** How many microseconds are left of a lease, at a time of the storage's clock; 0 if it has ended. */
    public synchronized long left(long org, Lease lease, long now) {
        long byWall = lease.leftByWall(now);
        if (byWall == 0) {
            return 0;
        }
        long at = micros();
        forget(at, now);
        Place place = new Place(org, lease.session());
        Seen known = seen.get(place);
        if (known == null || known.fence() != lease.fence() || known.endsAt() != lease.endsAt()) {
            known = new Seen(lease.fence(), lease.endsAt(), at + byWall);
            seen.put(place, known);
        }
        return Math.max(0, Math.min(byWall, known.until() - at));
    }

    /**
     * Notes a renewal that is stored. The lease ends its time from now by the monotonic clock, even
     * if the wall clock is set back before anyone looks at it.
     */
    synchronized void noteRenewal(long org, Lease lease) {
        long at = micros();
        forget(at, lease.endsAt() - lease.timeLeftMax());
        Place place = new Place(org, lease.session());
        Seen known = seen.get(place);
        // A grant that came after the renewal may be known already.
        if (known == null || known.fence() <= lease.fence()) {
            seen.put(place, new Seen(lease.fence(), lease.endsAt(), at + lease.timeLeftMax()));
        }
    }

    /** Forgets leases that have ended by both clocks, when there are many. */
    private void forget(long at, long now) {
        if (seen.size() >= forgetAt) {
            seen.values().removeIf(one -> one.until() <= at && one.endsAt() <= now);
            forgetAt = Math.max(REMEMBERED, 2 * seen.size());
        }
    }
}
