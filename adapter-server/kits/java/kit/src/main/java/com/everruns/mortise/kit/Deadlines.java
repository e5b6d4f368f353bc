package com.everruns.mortise.kit;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Ends attempts whose time is over. A timer for each would wake the clock's thread with each call;
 * this one looks at all of them when the first that it knows of is due.
 */
final class Deadlines {
    private final Set<Attempt> running = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService clock;
    private ScheduledFuture<?> look;

    /** When the next look is due by System.nanoTime; null if none is. */
    private volatile Long due;

    Deadlines(ScheduledExecutorService clock) {
        this.clock = clock;
    }

    /** Takes an attempt, which ends at its time unless it is forgotten before. */
    void add(Attempt attempt) {
        running.add(attempt);
        Long planned = due;
        if (planned == null || planned - attempt.endsAt() > 0) {
            plan(attempt.endsAt());
        }
    }

    void forget(Attempt attempt) {
        running.remove(attempt);
    }

    private synchronized void plan(long at) {
        if (due != null && due - at <= 0) {
            return;
        }
        if (look != null) {
            look.cancel(false);
        }
        due = at;
        look = clock.schedule(this::look, Math.max(0, at - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    private void look() {
        // An attempt that comes from here on plans its own look.
        synchronized (this) {
            due = null;
            look = null;
        }
        List<Attempt> over = new ArrayList<>();
        Attempt next = null;
        long now = System.nanoTime();
        for (Attempt one : running) {
            if (one.endsAt() - now <= 0) {
                over.add(one);
            } else if (next == null || one.endsAt() - next.endsAt() < 0) {
                next = one;
            }
        }
        if (next != null) {
            plan(next.endsAt());
        }
        for (Attempt one : over) {
            running.remove(one);
            one.expire();
        }
    }
}
