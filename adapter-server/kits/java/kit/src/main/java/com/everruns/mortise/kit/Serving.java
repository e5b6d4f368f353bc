package com.everruns.mortise.kit;

import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.ServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** An adapter that serves. Closing stops it as SIGTERM does, and waits. */
public final class Serving implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("mortise.adapter");

    /** How long callers may take to notice that the adapter stops. */
    private static final Duration NOTICE = Duration.ofMillis(250);

    private final Duration drain;
    private final InFlight inFlight = new InFlight();
    private final HealthStatusManager health = new HealthStatusManager();
    private final Threads threads;
    private final CallLog log;
    private final Tracing tracing;
    private final StoreWatch watch;
    private final Server server;
    private boolean isClosed;

    static Serving start(MortiseAdapter adapter, ServeOptions options) throws IOException {
        return new Serving(adapter, options);
    }

    private Serving(MortiseAdapter adapter, ServeOptions options) throws IOException {
        drain = options.drain;
        threads = new Threads(adapter.callsMax());
        AtomicReference<StoreWatch> watching = new AtomicReference<>();
        log = new CallLog(LOG, adapter.refusals(), () -> watching.get().askNow());
        watch = new StoreWatch(adapter.ping(), adapter.services(), health, log, threads);
        watching.set(watch);
        tracing = Tracing.of(options.otlp, adapter.name(), adapter.version());
        Core core = new Core(adapter.memory(), threads, adapter.callTime(), log, inFlight, adapter.fences());
        try {
            server = server(adapter, options, core);
            watch.start();
            server.start();
        } catch (IOException | RuntimeException fault) {
            watch.close();
            threads.close();
            throw fault;
        }
        log.say(
                Level.INFO,
                "serving: address=" + endpoint() + " services="
                        + (adapter.services().size() - 1),
                null);
    }

    private Server server(MortiseAdapter adapter, ServeOptions options, Core core) throws IOException {
        Consumer<Exception> warn = unreadable ->
                log.say(Level.ERROR, "a file cannot be read again; its previous content stays in use", unreadable);
        TokenFile tokens = options.tokenFile == null ? null : new TokenFile(options.tokenFile, warn);
        ServerCredentials credentials = Tls.credentials(options, threads.clock(), warn);
        NettyServerBuilder builder = Address.server(options.listen, credentials, threads.loops())
                .callExecutor(new ByService())
                .executor(threads.calls())
                .maxInboundMessageSize(adapter.messageBytesMax())
                // Hosts ping while a call is under way and nothing comes. Where that is too often, the
                // connection is closed, and every call on it fails, just when the store is slow.
                .permitKeepAliveTime(0, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addService(Handshake.bind(() -> adapter.describe(watch.outage())))
                .addService(health.getHealthService())
                .addService(ProtoReflectionServiceV1.newInstance())
                // The last one is asked first.
                .intercept(new Guard(tokens, options.tlsClientCa != null))
                .intercept(tracing);
        adapter.bind(core).forEach(builder::addService);
        return builder.build();
    }

    /** Keeps the handshake and health away from the threads that stores hold. */
    private final class ByService implements ServerCallExecutorSupplier {
        @Override
        public <Q, A> Executor getExecutor(ServerCall<Q, A> call, Metadata headers) {
            String service = call.getMethodDescriptor().getServiceName();
            boolean isStore =
                    service != null && service.startsWith(Failure.DOMAIN) && !service.equals(Handshake.SERVICE);
            return isStore ? threads.calls() : threads.own();
        }
    }

    /** The address as callers write it: {@code unix:PATH} or {@code http://HOST:PORT}. */
    public String endpoint() {
        return Address.shown(server.getListenSockets().get(0));
    }

    /** Waits until the adapter has stopped. */
    public void awaitEnd() throws InterruptedException {
        server.awaitTermination();
    }

    /** How long calls may go on. */
    Duration drain() {
        return drain;
    }

    /** Takes no new calls, ends open streams, finishes the calls that it has, and returns. */
    @Override
    public void close() {
        stop();
    }

    /** Like {@link #close}; false if calls were cut off. */
    boolean stop() {
        synchronized (this) {
            if (isClosed) {
                return true;
            }
            isClosed = true;
        }
        log.say(Level.INFO, "stopping: drain_s=" + drain.toSeconds(), null);
        watch.close();
        server.shutdown();
        inFlight.stop();
        boolean hasEnded = false;
        try {
            hasEnded = ended();
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
        if (!hasEnded) {
            log.say(Level.WARNING, "calls were cut off: they did not end in time", null);
        }
        server.shutdownNow();
        threads.close();
        tracing.close();
        return hasEnded;
    }

    /** Waits for the calls; those who watch health are not waited for. */
    private boolean ended() throws InterruptedException {
        long end = System.nanoTime() + drain.toNanos();
        do {
            if (!inFlight.awaitNone(Duration.ofNanos(Math.max(0, end - System.nanoTime())))) {
                return false;
            }
        } while (!server.awaitTermination(NOTICE.toMillis(), TimeUnit.MILLISECONDS) && inFlight.isBusy());
        return true;
    }
}
