package com.everruns.mortise.kit.sql;

import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

/** Does something when it is asked to at first, and then once an hour. */
final class Hourly {
    private static final long EVERY = TimeUnit.HOURS.toNanos(1);

    private final Executor executor;
    private final LongSupplier nanoTime;
    private final AtomicReference<Long> last = new AtomicReference<>();

    Hourly(Executor executor, LongSupplier nanoTime) {
        this.executor = executor;
        this.nanoTime = nanoTime;
    }

    /** One whose work is done by a thread that does not hold up the end of the program. */
    static Hourly inBackground(String name) {
        Executor threads = work -> {
            Thread thread = new Thread(work, name);
            thread.setDaemon(true);
            thread.start();
        };
        return new Hourly(threads, System::nanoTime);
    }

    void run(Runnable work) {
        long now = nanoTime.getAsLong();
        Long before = last.get();
        boolean isDue = before == null || now - before >= EVERY;
        if (isDue && last.compareAndSet(before, now)) {
            executor.execute(work);
        }
    }
}
