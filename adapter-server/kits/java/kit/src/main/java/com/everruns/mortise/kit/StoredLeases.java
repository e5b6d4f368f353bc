package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.FollowLeasesResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * SessionLeaseService over a storage of leases: who gets one, under which fence, when it ends, and
 * what followers are told.
 */
public abstract class StoredLeases implements SessionLease {
    private static final long TTL_MS_MIN = 1_000;
    private static final long TTL_MS_MAX = 600_000;

    /** How long what another process does may stay unseen. */
    private static final long LOOK_MS = 1_000;

    /** How soon after its end a lease is looked at. */
    private static final long AFTER_THE_END_MS = 5;

    private final LeaseClock clock;
    private final Object changed = new Object();
    private long changes;

    /** Leases that end by the monotonic clock of this process as well. */
    protected StoredLeases() {
        this(new LeaseClock());
    }

    StoredLeases(LeaseClock clock) {
        this.clock = clock;
    }

    /**
     * Grants a lease in the transaction of the change, when no other change of the session is under
     * way: {@link #next} of the last one. {@link #refuseIfHeld} says early that it will fail.
     */
    protected abstract com.everruns.mortise.adapter.v1.SessionLease grant(
            SessionRef in, Change<com.everruns.mortise.adapter.v1.SessionLease> change, Lease wanted) throws Exception;

    /** Keeps {@link Renewal#of} in a transaction, and returns it. */
    protected abstract Lease renew(SessionRef in, Renewal renewal) throws Exception;

    /** Ends the lease of a session if its last fence is this one; whether it had not ended. */
    protected abstract boolean end(SessionRef in, long fence) throws Exception;

    /** The leases that may run, of a session or of all of the org. */
    protected abstract Stored stored(Org in, Optional<String> sessionId) throws Exception;

    /** What becomes of the last lease of a session when it is renewed. */
    public interface Renewal {
        /** The renewed lease; it throws FENCED if the lease is lost. */
        Lease of(Optional<Lease> last, long now);
    }

    /**
     * Leases as they are stored.
     *
     * @param now the time of the storage, in microseconds
     */
    public record Stored(List<Lease> leases, long now) {}

    @Override
    public final com.everruns.mortise.adapter.v1.SessionLease acquireLease(
            SessionRef in,
            Change<com.everruns.mortise.adapter.v1.SessionLease> change,
            String holder,
            String address,
            long ttlMs)
            throws Exception {
        refuseNul("holder", holder);
        refuseNul("address", address);
        Lease wanted = new Lease(in.id(), 0, 0, micros(ttlMs), holder, address);
        com.everruns.mortise.adapter.v1.SessionLease lease = grant(in, change, wanted);
        tell();
        return lease;
    }

    /** Throws HELD if another holder has the session. */
    protected final void refuseIfHeld(SessionRef in, Optional<Lease> found, Lease wanted, long now) {
        if (found.isEmpty() || found.get().holder().equals(wanted.holder())) {
            return;
        }
        Lease last = found.get();
        long left = clock.left(in.org().id(), last, now);
        if (left > 0) {
            throw Fail.held(
                    last.session(),
                    last.holder(),
                    last.address(),
                    Long.toString(millis(left)),
                    last.session() + " is leased by " + last.holder());
        }
    }

    /**
     * The next lease of a session. Its fence comes from the clock: a storage that was restored from a
     * backup does not know the last one.
     */
    protected final Lease next(SessionRef in, Optional<Lease> last, Lease wanted, long now) {
        refuseIfHeld(in, last, wanted, now);
        long fence = Math.max(last.map(Lease::fence).orElse(0L) + 1, now);
        long ttl = wanted.timeLeftMax();
        Lease lease = new Lease(in.id(), fence, now + ttl, ttl, wanted.holder(), wanted.address());
        // Noted now, so that it ends by the monotonic clock as well.
        clock.left(in.org().id(), lease, now);
        return lease;
    }

    @Override
    public final long renewLease(SessionRef in, long fence, long ttlMs) throws Exception {
        refuseZero(fence);
        long ttl = micros(ttlMs);
        Lease renewed = renew(in, (found, now) -> {
            // One that has expired and that no other was granted is as good as it was.
            Lease last = found.filter(one -> one.fence() == fence && one.endsAt() != 0)
                    .orElseThrow(() -> Lease.stale(in.id(), found.orElse(null), now));
            long left = Math.max(clock.left(in.org().id(), last, now), ttl);
            // Never the end before, also if the clock was set back meanwhile: a process that has
            // seen the lease sees the renewal.
            long endsAt = now + left == last.endsAt() ? now + left + 1 : now + left;
            return new Lease(in.id(), fence, endsAt, left, last.holder(), last.address());
        });
        clock.noteRenewal(in.org().id(), renewed);
        return millis(renewed.timeLeftMax());
    }

    @Override
    public final void releaseLease(SessionRef in, long fence) throws Exception {
        refuseZero(fence);
        if (end(in, fence)) {
            tell();
        }
    }

    @Override
    public final void followLeases(Org in, Optional<String> sessionId, Sender<FollowLeasesResponse> to)
            throws Exception {
        // The fence that was told of a session; 0 for none, -1 for what was not told yet.
        Map<String, Long> told = new HashMap<>();
        sessionId.ifPresent(session -> told.put(session, -1L));
        while (true) {
            long seen = changes();
            Map<Lease, Long> running = running(in, sessionId);
            Map<String, Long> now = new HashMap<>();
            running.keySet().forEach(lease -> now.put(lease.session(), lease.fence()));
            for (String session : List.copyOf(told.keySet())) {
                if (!now.containsKey(session) && told.get(session) != 0) {
                    told.put(session, 0L);
                    to.send(FollowLeasesResponse.newBuilder()
                            .setSessionId(session)
                            .build());
                }
            }
            for (Map.Entry<Lease, Long> one : running.entrySet()) {
                Lease lease = one.getKey();
                if (!Long.valueOf(lease.fence()).equals(told.put(lease.session(), lease.fence()))) {
                    to.send(FollowLeasesResponse.newBuilder()
                            .setSessionId(lease.session())
                            .setLease(told(lease, one.getValue()))
                            .build());
                }
            }
            if (sessionId.isEmpty()) {
                told.values().removeIf(fence -> fence == 0);
            }
            long end = running.values().stream().mapToLong(left -> left).min().orElse(Long.MAX_VALUE);
            await(seen, Math.min(end / 1_000 + AFTER_THE_END_MS, LOOK_MS));
        }
    }

    /** The leases that run, with what is left of each. */
    private Map<Lease, Long> running(Org in, Optional<String> sessionId) throws Exception {
        Stored found = stored(in, sessionId);
        Map<Lease, Long> running = new HashMap<>();
        for (Lease lease : found.leases()) {
            long left = clock.left(in.id(), lease, found.now());
            if (left > 0) {
                running.put(lease, left);
            }
        }
        return running;
    }

    private void tell() {
        synchronized (changed) {
            changes++;
            changed.notifyAll();
        }
    }

    private long changes() {
        synchronized (changed) {
            return changes;
        }
    }

    /** Waits until something changes here, but not for longer. */
    private void await(long seen, long limitMs) throws InterruptedException {
        long end = System.nanoTime() + limitMs * 1_000_000;
        synchronized (changed) {
            long left = limitMs;
            while (changes == seen && left > 0) {
                changed.wait(left);
                left = (end - System.nanoTime()) / 1_000_000;
            }
        }
    }

    /** The answer for a lease that was granted just now. */
    protected static com.everruns.mortise.adapter.v1.SessionLease answer(Lease granted) {
        return told(granted, granted.timeLeftMax());
    }

    private static com.everruns.mortise.adapter.v1.SessionLease told(Lease lease, long left) {
        return com.everruns.mortise.adapter.v1.SessionLease.newBuilder()
                .setSessionId(lease.session())
                .setFence(lease.fence())
                .setHolder(lease.holder())
                .setAddress(lease.address())
                .setTimeLeftMs(millis(left))
                .build();
    }

    private static long millis(long micros) {
        return Math.max(1, micros / 1_000);
    }

    private static long micros(long ttlMs) {
        if (ttlMs < TTL_MS_MIN || ttlMs > TTL_MS_MAX) {
            throw Fail.invalidField(
                    "ttl_ms", "is " + Long.toUnsignedString(ttlMs) + "; send " + TTL_MS_MIN + " to " + TTL_MS_MAX);
        }
        return ttlMs * 1_000;
    }

    private static void refuseZero(long fence) {
        if (fence == 0) {
            throw Fail.invalidField("fence", "is 0; send the fence that the lease was granted with");
        }
    }

    private static void refuseNul(String field, String text) {
        if (text.indexOf('\0') >= 0) {
            throw Fail.invalidField(field, "contains NUL; send a text without it");
        }
    }
}
