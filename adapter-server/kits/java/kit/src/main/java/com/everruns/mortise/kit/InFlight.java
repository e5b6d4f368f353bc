package com.everruns.mortise.kit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Set;

/** The calls that are being served: the adapter finishes them before it ends. */
final class InFlight {
    private final Set<OpenStream<?>> streams = new HashSet<>();
    private int calls;
    private boolean isStopping;

    synchronized void begin() {
        calls++;
    }

    synchronized void end() {
        calls--;
        notifyAll();
    }

    /** Takes a stream, unless the adapter stops. */
    synchronized boolean add(OpenStream<?> stream) {
        if (!isStopping) {
            streams.add(stream);
        }
        return !isStopping;
    }

    synchronized void remove(OpenStream<?> stream) {
        streams.remove(stream);
    }

    synchronized boolean isBusy() {
        return calls > 0;
    }

    /** Ends the open streams, and takes no new ones. */
    void stop() {
        ArrayList<OpenStream<?>> open;
        synchronized (this) {
            isStopping = true;
            open = new ArrayList<>(streams);
        }
        open.forEach(OpenStream::stop);
    }

    /** Waits until nothing is served; false if something still is after the time. */
    synchronized boolean awaitNone(Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (calls > 0) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }
}
