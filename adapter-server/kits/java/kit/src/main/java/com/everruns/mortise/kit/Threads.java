package com.everruns.mortise.kit;

import io.grpc.Context;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads of an adapter. Calls share a pool, so that a store that hangs holds a limited number
 * of threads; each stream has a thread of its own; the handshake and health have theirs, so that
 * they answer whatever the store does.
 */
final class Threads implements AutoCloseable {
    /** How long an idle thread is kept. */
    private static final long IDLE_SECONDS = 60;

    /** Whether the kernel tells of sockets without being asked for each: Linux. */
    static final boolean HAS_EPOLL = Epoll.isAvailable();

    private final ForkJoinPool calls;
    private final ExecutorService streams = Executors.newCachedThreadPool(named("mortise-stream"));
    private final ExecutorService own = Executors.newFixedThreadPool(2, named("mortise-own"));
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(
            0, named("mortise-net"), HAS_EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    private final ExecutorService pings = Executors.newSingleThreadExecutor(named("mortise-ping"));
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(1, named("mortise-clock"));
    private final Deadlines deadlines = new Deadlines(clock);

    Threads(int callsMax) {
        // This pool wakes the thread that has worked last, whose stack and caches are warm.
        AtomicInteger number = new AtomicInteger();
        calls = new ForkJoinPool(
                callsMax,
                pool -> {
                    ForkJoinWorkerThread thread = ForkJoinPool.defaultForkJoinWorkerThreadFactory.newThread(pool);
                    thread.setName("mortise-call-" + number.incrementAndGet());
                    return thread;
                },
                null,
                true,
                0,
                callsMax,
                0,
                pool -> true,
                IDLE_SECONDS,
                TimeUnit.SECONDS);
        clock.setRemoveOnCancelPolicy(true);
    }

    private static ThreadFactory named(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    ExecutorService calls() {
        return calls;
    }

    ExecutorService own() {
        return own;
    }

    EventLoopGroup loops() {
        return loops;
    }

    ExecutorService pings() {
        return pings;
    }

    ScheduledThreadPoolExecutor clock() {
        return clock;
    }

    Deadlines deadlines() {
        return deadlines;
    }

    /** Runs a task in the context of the current call, on a thread of its own. */
    void stream(Runnable task) {
        streams.execute(Context.current().wrap(task));
    }

    @Override
    public void close() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        calls.shutdownNow();
        streams.shutdownNow();
        own.shutdownNow();
        pings.shutdownNow();
        clock.shutdownNow();
    }
}
