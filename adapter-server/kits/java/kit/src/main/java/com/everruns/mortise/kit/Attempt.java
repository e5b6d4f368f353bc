package com.everruns.mortise.kit;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The time that a store may take for a call: a store that hangs is one that cannot answer now, and
 * the caller must hear it in time to send the call again. When the time is over, the caller is
 * answered and the thread is interrupted.
 */
final class Attempt implements AutoCloseable {
    private final Thread worker = Thread.currentThread();
    private final Runnable late;
    private Future<?> timer;
    private boolean isOver;
    private boolean isLate;

    private Attempt(Runnable late) {
        this.late = late;
    }

    static Attempt begin(ScheduledExecutorService clock, Duration limit, Runnable late) {
        Attempt attempt = new Attempt(late);
        attempt.timer = clock.schedule(attempt::expire, limit.toNanos(), TimeUnit.NANOSECONDS);
        return attempt;
    }

    private void expire() {
        synchronized (this) {
            if (isOver) {
                return;
            }
            isLate = true;
        }
        late.run();
        synchronized (this) {
            if (!isOver) {
                worker.interrupt();
            }
        }
    }

    /** Whether the caller was told that the store is too slow. */
    synchronized boolean isLate() {
        return isLate;
    }

    @Override
    public void close() {
        synchronized (this) {
            isOver = true;
        }
        timer.cancel(false);
        if (isLate()) {
            // The thread serves other calls next.
            Thread.interrupted();
        }
    }
}
