package com.everruns.mortise.kit;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks the store whether it can answer, every second and at once after trouble; health follows. */
final class StoreWatch implements AutoCloseable {
    private static final long EVERY_MS = 1000;
    private static final long LIMIT_MS = 2000;

    private final MortiseAdapter.Ping ping;
    private final List<String> services;
    private final HealthStatusManager health;
    private final CallLog log;
    private final Threads threads;
    private final Semaphore ask = new Semaphore(0);
    private final Thread thread = new Thread(this::watch, "mortise-watch");

    private Future<?> asked;
    private volatile String outage = "";
    private boolean isStopped;

    /**
     * @param ping null if the store is not asked
     */
    StoreWatch(
            MortiseAdapter.Ping ping, List<String> services, HealthStatusManager health, CallLog log, Threads threads) {
        this.ping = ping;
        this.services = services;
        this.health = health;
        this.log = log;
        this.threads = threads;
        thread.setDaemon(true);
    }

    /** Asks once before anything is served, and then goes on asking. */
    void start() {
        look();
        if (ping != null) {
            thread.start();
        }
    }

    /** Why changes cannot be made now; empty if they can. */
    String outage() {
        return outage;
    }

    /** Has the store asked without waiting for the next second. */
    void askNow() {
        ask.release();
    }

    private void watch() {
        try {
            while (true) {
                if (ask.tryAcquire(EVERY_MS, TimeUnit.MILLISECONDS)) {
                    ask.drainPermits();
                }
                look();
            }
        } catch (InterruptedException stopped) {
            // The adapter stops.
        }
    }

    private void look() {
        Exception trouble = null;
        try {
            if (ping != null) {
                pinged();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return;
        } catch (ExecutionException thrown) {
            trouble = new IllegalStateException(String.valueOf(thrown.getCause()));
        } catch (TimeoutException late) {
            trouble = new TimeoutException("ping did not return within " + LIMIT_MS + " ms");
        }
        tell(trouble);
    }

    /** Calls the author's ping. One that hangs is waited for, and not called again meanwhile. */
    private void pinged() throws InterruptedException, ExecutionException, TimeoutException {
        if (asked == null || asked.isDone()) {
            Callable<Void> task = () -> {
                ping.ping();
                return null;
            };
            asked = threads.pings().submit(task);
        }
        asked.get(LIMIT_MS, TimeUnit.MILLISECONDS);
    }

    private synchronized void tell(Exception trouble) {
        if (isStopped) {
            return;
        }
        String now = trouble == null ? "" : "the adapter's store does not answer";
        if (!now.equals(outage)) {
            Level level = trouble == null ? Level.INFO : Level.ERROR;
            log.say(level, trouble == null ? "the store answers again" : "the store does not answer", trouble);
        }
        outage = now;
        ServingStatus status = trouble == null ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
        services.forEach(service -> health.setStatus(service, status));
        health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
    }

    /** Says NOT_SERVING for good. */
    @Override
    public void close() {
        synchronized (this) {
            isStopped = true;
            health.enterTerminalState();
        }
        thread.interrupt();
    }
}
