package com.everruns.mortise.kit;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/** Lets one change of a key pass at a time. */
final class Turns {
    private final Map<AnswerMemory.Key, Turn> held = new ConcurrentHashMap<>();

    private static final class Turn {
        private final Semaphore free = new Semaphore(1);
        private int holders;
    }

    /** Waits for the key; closing gives it back. */
    Leave take(AnswerMemory.Key key) throws InterruptedException {
        Turn turn = held.compute(key, (none, found) -> {
            Turn one = found == null ? new Turn() : found;
            one.holders++;
            return one;
        });
        try {
            turn.free.acquire();
        } catch (InterruptedException interrupted) {
            leave(key);
            throw interrupted;
        }
        return () -> {
            turn.free.release();
            leave(key);
        };
    }

    private void leave(AnswerMemory.Key key) {
        held.computeIfPresent(key, (none, turn) -> --turn.holders == 0 ? null : turn);
    }

    interface Leave extends AutoCloseable {
        @Override
        void close();
    }
}
