package com.everruns.mortise.kit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.everruns.mortise.adapter.v1.AcquireLeaseRequest;
import com.everruns.mortise.adapter.v1.CallContext;
import com.everruns.mortise.adapter.v1.SessionLeaseMethods;
import com.everruns.mortise.adapter.v1.SessionStorageStoreMethods;
import com.everruns.mortise.adapter.v1.SetValueRequest;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LeasesTest {
    private final AtomicInteger requests = new AtomicInteger();

    /** Counts the changes that have ended. */
    private static final class Counting extends Fixture.Values {
        private final AtomicInteger ended = new AtomicInteger();

        @Override
        public void setValue(SessionRef in, Change<Void> change, String key, String value) {
            // Time for a grant to come in between.
            Thread.yield();
            ended.incrementAndGet();
        }
    }

    private CallContext context(long fence) {
        return Fixture.context("r" + requests.incrementAndGet()).toBuilder()
                .setSessionId(fence == 0 ? "" : Fixture.SESSION)
                .setFence(fence)
                .build();
    }

    private long acquire(Fixture served) {
        AcquireLeaseRequest request = AcquireLeaseRequest.newBuilder()
                .setContext(context(0))
                .setSessionId(Fixture.SESSION)
                .setHolder("one")
                .setTtlMs(60_000)
                .build();
        return served.call(SessionLeaseMethods.ACQUIRE_LEASE, request)
                .getLease()
                .getFence();
    }

    /** Changes under a fence until it is refused. */
    private void write(Fixture served, long fence) {
        while (true) {
            SetValueRequest request = Fixture.setting("", "k", "v").toBuilder()
                    .setContext(context(fence))
                    .build();
            try {
                served.call(SessionStorageStoreMethods.SET_VALUE, request);
            } catch (StatusRuntimeException refusal) {
                assertEquals("FENCED", Fixture.reason(refusal));
                return;
            }
        }
    }

    /** A change that is under way when its lease passes on is over when the grant is answered. */
    @Test
    void grantsWaitForChanges() throws Exception {
        Counting store = new Counting();
        ExecutorService writers = Executors.newFixedThreadPool(8);
        try (Fixture served = new Fixture(Fixture.adapter(store).offer(new ProcessLeases()))) {
            long fence = acquire(served);
            for (int round = 0; round < 5; round++) {
                int before = store.ended.get();
                long under = fence;
                List<Future<?>> running = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    running.add(writers.submit(() -> write(served, under)));
                }
                while (store.ended.get() == before) {
                    Thread.onSpinWait();
                }
                fence = acquire(served);
                int at = store.ended.get();
                for (Future<?> one : running) {
                    one.get();
                }
                assertEquals(at, store.ended.get());
                assertTrue(fence > under);
            }
        } finally {
            writers.shutdownNow();
        }
    }
}
