package com.everruns.mortise.kit.sql;

import com.everruns.mortise.adapter.v1.FollowLeasesResponse;
import com.everruns.mortise.kit.Change;
import com.everruns.mortise.kit.Fail;
import com.everruns.mortise.kit.Lease;
import com.everruns.mortise.kit.LeaseClock;
import com.everruns.mortise.kit.Org;
import com.everruns.mortise.kit.Sender;
import com.everruns.mortise.kit.SessionLease;
import com.everruns.mortise.kit.SessionRef;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * SessionLeaseService in a table of an SQL database. Offer it beside the stores that keep what
 * belongs to sessions in the same database, and offer these with FEATURE_FENCED: {@link SqlMemory}
 * then looks at the lease in the transaction of each change. A row of the table stays: fences of a
 * session rise for ever.
 */
public final class SqlLeases implements SessionLease {
    private static final String TABLE = """
            CREATE TABLE IF NOT EXISTS mortise_leases (
              org BIGINT NOT NULL, session %1$s NOT NULL, fence BIGINT NOT NULL, ends_at BIGINT NOT NULL,
              time_left_max BIGINT NOT NULL, holder %1$s NOT NULL, address %1$s NOT NULL,
              PRIMARY KEY (org, session))""";
    private static final String GRANT = "UPDATE mortise_leases SET fence = ?, ends_at = ?, time_left_max = ?,"
            + " holder = ?, address = ? WHERE org = ? AND session = ?";
    private static final String RENEW =
            "UPDATE mortise_leases SET ends_at = ?, time_left_max = ? WHERE org = ? AND session = ?";
    private static final String RELEASE =
            "UPDATE mortise_leases SET ends_at = 0 WHERE org = ? AND session = ? AND fence = ? AND ends_at <> 0";
    private static final String RUNNING = LeaseRows.SELECT + "WHERE org = ? AND ends_at > ? ORDER BY session";

    private static final long TTL_MS_MIN = 1_000;
    private static final long TTL_MS_MAX = 600_000;

    /** How long what another process does may stay unseen. */
    private static final long LOOK_MS = 1_000;

    /** How soon after its end a lease is looked at. */
    private static final long AFTER_THE_END_MS = 5;

    private final SqlMemory memory;
    private final Exists exists;
    private final LeaseClock clock = new LeaseClock();
    private final Object changed = new Object();
    private long changes;

    /** Throws SESSION_NOT_FOUND or SESSION_ARCHIVED if a session cannot be leased. */
    public interface Exists {
        void check(Connection transaction, SessionRef in) throws SQLException;
    }

    /** Leases beside the answers of a memory, of an adapter that keeps no sessions. */
    public SqlLeases(SqlMemory memory) {
        this(memory, (transaction, in) -> {});
    }

    /** Leases of an adapter that keeps sessions. */
    public SqlLeases(SqlMemory memory, Exists exists) {
        memory.rows().require();
        this.memory = memory;
        this.exists = exists;
    }

    /** Makes the table, if it is not there. */
    public void migrate() throws SQLException {
        try (Connection connection = memory.database().getConnection()) {
            Sql.update(connection, TABLE.formatted(memory.rows().text()));
        }
    }

    @Override
    public com.everruns.mortise.adapter.v1.SessionLease acquireLease(
            SessionRef in,
            Change<com.everruns.mortise.adapter.v1.SessionLease> change,
            String holder,
            String address,
            long ttlMs)
            throws Exception {
        refuseNul("holder", holder);
        refuseNul("address", address);
        long ttl = micros(ttlMs);
        Lease granted = new Lease(in.id(), 0, 0, ttl, holder, address);
        com.everruns.mortise.adapter.v1.SessionLease lease =
                memory.apply(change, transaction -> grant(transaction, in, granted));
        tell();
        return lease;
    }

    private com.everruns.mortise.adapter.v1.SessionLease grant(Connection transaction, SessionRef in, Lease wanted)
            throws SQLException {
        LeaseRows rows = memory.rows();
        long org = in.org().id();
        // Nothing is gained by waiting for the changes of another's lease.
        refuseIfHeld(org, rows.find(transaction, org, in.id(), LeaseRows.Purpose.LOOK), wanted, rows.now(transaction));
        exists.check(transaction, in);
        rows.begin(transaction, org, in.id());
        Optional<Lease> last = rows.find(transaction, org, in.id(), LeaseRows.Purpose.REPLACE);
        long now = rows.now(transaction);
        refuseIfHeld(org, last, wanted, now);
        // From the clock: a storage that was restored from a backup does not know the last fence.
        long fence = Math.max(last.map(Lease::fence).orElse(0L) + 1, now);
        long ttl = wanted.timeLeftMax();
        Lease lease = new Lease(in.id(), fence, now + ttl, ttl, wanted.holder(), wanted.address());
        Sql.update(transaction, GRANT, fence, lease.endsAt(), ttl, lease.holder(), lease.address(), org, in.id());
        // Noted now, so that it ends by the monotonic clock as well.
        clock.left(org, lease, now);
        return told(lease, ttl);
    }

    private void refuseIfHeld(long org, Optional<Lease> found, Lease wanted, long now) {
        if (found.isEmpty() || found.get().holder().equals(wanted.holder())) {
            return;
        }
        Lease last = found.get();
        long left = clock.left(org, last, now);
        if (left > 0) {
            throw Fail.held(
                    last.session(),
                    last.holder(),
                    last.address(),
                    Long.toString(millis(left)),
                    last.session() + " is leased by " + last.holder());
        }
    }

    @Override
    public long renewLease(SessionRef in, long fence, long ttlMs) throws Exception {
        refuseZero(fence);
        long ttl = micros(ttlMs);
        LeaseRows rows = memory.rows();
        long org = in.org().id();
        return millis(memory.transaction(transaction -> {
            Optional<Lease> found = rows.find(transaction, org, in.id(), LeaseRows.Purpose.REPLACE);
            long now = rows.now(transaction);
            // One that has expired and that no other was granted is as good as it was.
            Lease last = found.filter(one -> one.fence() == fence && one.endsAt() != 0)
                    .orElseThrow(() -> Lease.stale(in.id(), found.orElse(null), now));
            long left = Math.max(clock.left(org, last, now), ttl);
            Sql.update(transaction, RENEW, Math.max(now + left, last.endsAt()), left, org, in.id());
            return left;
        }));
    }

    @Override
    public void releaseLease(SessionRef in, long fence) throws Exception {
        refuseZero(fence);
        long org = in.org().id();
        if (memory.transaction(transaction -> Sql.update(transaction, RELEASE, org, in.id(), fence)) > 0) {
            tell();
        }
    }

    @Override
    public void followLeases(Org in, Optional<String> sessionId, Sender<FollowLeasesResponse> to) throws Exception {
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
    private Map<Lease, Long> running(Org in, Optional<String> sessionId) throws SQLException {
        LeaseRows rows = memory.rows();
        List<Lease> found = new ArrayList<>();
        long now;
        try (Connection connection = memory.database().getConnection()) {
            now = rows.now(connection);
            if (sessionId.isPresent()) {
                rows.find(connection, in.id(), sessionId.get(), LeaseRows.Purpose.LOOK)
                        .ifPresent(found::add);
            } else {
                found.addAll(Sql.list(connection, RUNNING, LeaseRows::lease, in.id(), now));
            }
        }
        Map<Lease, Long> running = new HashMap<>();
        for (Lease lease : found) {
            long left = clock.left(in.id(), lease, now);
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
