package com.everruns.mortise.kit;

import java.time.Duration;

/**
 * The time that a store may take for a call: a store that hangs is one that cannot answer now, and
 * the caller must hear it in time to send the call again. When the time is over, the caller is
 * answered and the thread is interrupted.
 */
final class Attempt implements AutoCloseable {
    private final Thread worker = Thread.currentThread();
    private final Deadlines deadlines;
    private final long endsAt;
    private final Runnable late;
    private boolean isOver;
    private boolean isLate;

    private Attempt(Deadlines deadlines, long endsAt, Runnable late) {
        this.deadlines = deadlines;
        this.endsAt = endsAt;
        this.late = late;
    }

    static Attempt begin(Deadlines deadlines, Duration limit, Runnable late) {
        Attempt attempt = new Attempt(deadlines, System.nanoTime() + limit.toNanos(), late);
        deadlines.add(attempt);
        return attempt;
    }

    /** When its time is over, by System.nanoTime. */
    long endsAt() {
        return endsAt;
    }

    void expire() {
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
        deadlines.forget(this);
        synchronized (this) {
            isOver = true;
        }
        if (isLate()) {
            // The thread serves other calls next.
            Thread.interrupted();
        }
    }
}
