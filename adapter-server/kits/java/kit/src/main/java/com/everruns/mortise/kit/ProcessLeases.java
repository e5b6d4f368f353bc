package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.SessionLease;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Leases in this process alone: for tests, and for an adapter that is alone with what it keeps.
 * Offer it beside the stores: the kit then compares the fence of each change itself, and every store
 * that can be fenced says so. After a restart no fence of before is known, and each is refused.
 */
public final class ProcessLeases extends StoredLeases {
    private final Exists exists;
    private final Map<Place, Held> all = new HashMap<>();

    private record Place(long org, String session) {}

    /**
     * The last lease of a session. A grant waits for the changes of the session, and they for it: when
     * it is answered, the changes under the fence before are over.
     */
    private static final class Held {
        private Optional<Lease> lease = Optional.empty();
        private int changes;
        private boolean isGranting;
    }

    /** Throws SESSION_NOT_FOUND or SESSION_ARCHIVED if a session cannot be leased. */
    public interface Exists {
        void check(SessionRef in) throws Exception;
    }

    /** Leases of an adapter that keeps no sessions. */
    public ProcessLeases() {
        this(in -> {});
    }

    /** Leases of an adapter that keeps sessions. */
    public ProcessLeases(Exists exists) {
        this.exists = exists;
    }

    private Held of(long org, String session) {
        return all.computeIfAbsent(new Place(org, session), none -> new Held());
    }

    private void await(BooleanSupplier isSo) throws InterruptedException {
        while (!isSo.getAsBoolean()) {
            wait();
        }
    }

    private static long now() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    /** Makes a change that the leases admit. They stay as they are until its end. */
    <T> T admit(Change<?> change, Attempted<T> make) throws Exception {
        List<Held> held = hold(change);
        try {
            return make.run();
        } finally {
            leave(held);
        }
    }

    /** What is done under a lease. */
    interface Attempted<T> {
        T run() throws Exception;
    }

    private synchronized List<Held> hold(Change<?> change) throws InterruptedException {
        List<Held> held = new ArrayList<>();
        change.fencing().sessions().forEach(session -> held.add(of(change.org(), session)));
        await(() -> held.stream().noneMatch(one -> one.isGranting));
        Map<String, Lease> leases = new HashMap<>();
        held.forEach(one -> one.lease.ifPresent(lease -> leases.put(lease.session(), lease)));
        change.judge(leases, now());
        held.forEach(one -> one.changes++);
        return held;
    }

    private synchronized void leave(List<Held> held) {
        held.forEach(one -> one.changes--);
        notifyAll();
    }

    @Override
    protected SessionLease grant(SessionRef in, Change<SessionLease> change, Lease wanted) throws Exception {
        synchronized (this) {
            // Nothing is gained by waiting for the changes of another's lease.
            refuseIfHeld(in, of(in.org().id(), in.id()).lease, wanted, now());
        }
        exists.check(in);
        return granted(in, wanted);
    }

    private synchronized SessionLease granted(SessionRef in, Lease wanted) throws InterruptedException {
        Held one = of(in.org().id(), in.id());
        await(() -> !one.isGranting);
        one.isGranting = true;
        try {
            await(() -> one.changes == 0);
            Lease lease = next(in, one.lease, wanted, now());
            one.lease = Optional.of(lease);
            return answer(lease);
        } finally {
            one.isGranting = false;
            notifyAll();
        }
    }

    @Override
    protected synchronized Lease renew(SessionRef in, Renewal renewal) {
        Held one = of(in.org().id(), in.id());
        Lease renewed = renewal.of(one.lease, now());
        one.lease = Optional.of(renewed);
        return renewed;
    }

    @Override
    protected synchronized boolean end(SessionRef in, long fence) {
        Held one = of(in.org().id(), in.id());
        Optional<Lease> running = one.lease.filter(lease -> lease.fence() == fence && lease.endsAt() != 0);
        running.ifPresent(last -> one.lease =
                Optional.of(new Lease(in.id(), fence, 0, last.timeLeftMax(), last.holder(), last.address())));
        return running.isPresent();
    }

    @Override
    protected synchronized Stored stored(Org in, Optional<String> sessionId) {
        List<Lease> found = new ArrayList<>();
        all.forEach((place, one) -> {
            if (place.org() == in.id() && sessionId.map(place.session()::equals).orElse(true)) {
                one.lease.ifPresent(found::add);
            }
        });
        return new Stored(found, now());
    }
}
