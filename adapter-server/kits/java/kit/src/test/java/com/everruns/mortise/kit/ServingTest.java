package com.everruns.mortise.kit;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.everruns.mortise.adapter.v1.DescribeRequest;
import com.everruns.mortise.adapter.v1.SessionStorageStoreMethods;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServingTest {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private static void setWith(Fixture served, String name, String value) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
        ClientCalls.blockingUnaryCall(
                ClientInterceptors.intercept(served.channel(), MetadataUtils.newAttachHeadersInterceptor(headers)),
                SessionStorageStoreMethods.SET_VALUE,
                CallOptions.DEFAULT,
                Fixture.setting("r", "k", "the secret"));
    }

    /** Callers need a token of the file; a replaced file takes effect; health needs none. */
    @Test
    void tokens(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("tokens");
        Files.writeString(file, "first\n");
        ServeOptions options = new ServeOptions().tokenFile(file);
        try (Fixture served = new Fixture(Fixture.adapter(new Fixture.Values()), options)) {
            StatusRuntimeException refusal =
                    assertThrows(StatusRuntimeException.class, () -> served.set("r", "k", "v"));
            assertEquals(Status.Code.UNAUTHENTICATED, refusal.getStatus().getCode());
            assertEquals("NOT_ALLOWED", Fixture.reason(refusal));
            assertThrows(StatusRuntimeException.class, () -> setWith(served, "authorization", "Bearer second"));
            assertDoesNotThrow(() -> setWith(served, "authorization", "bearer first"));
            assertEquals(ServingStatus.SERVING, health(served));
            Files.writeString(file, "second and longer\n");
            awaitTrue(() -> accepts(served, "Bearer second and longer"));
            assertFalse(accepts(served, "Bearer first"));
        }
    }

    private static boolean accepts(Fixture served, String authorization) {
        try {
            setWith(served, AUTHORIZATION.name(), authorization);
            return true;
        } catch (StatusRuntimeException refused) {
            return false;
        }
    }

    /** Asks until it is so: what is awaited is read from a file, and nothing tells when. */
    private static void awaitTrue(BooleanSupplier isSo) {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (!isSo.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "it did not happen within a minute");
            Thread.onSpinWait();
        }
    }

    private static ServingStatus health(Fixture served) {
        return HealthGrpc.newBlockingStub(served.channel())
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus();
    }

    /** Health and the handshake follow the store's ping, both ways, without a restart. */
    @Test
    void healthFollowsPing() throws Exception {
        AtomicBoolean isAway = new AtomicBoolean();
        MortiseAdapter adapter = Fixture.adapter(new Fixture.Values()).ping(() -> {
            if (isAway.get()) {
                throw new IllegalStateException("away");
            }
        });
        try (Fixture served = new Fixture(adapter)) {
            Iterator<HealthCheckResponse> told = HealthGrpc.newBlockingStub(served.channel())
                    .withDeadlineAfter(1, TimeUnit.MINUTES)
                    .watch(HealthCheckRequest.newBuilder()
                            .setService("mortise.adapter.v1.SessionStorageStoreService")
                            .build());
            assertEquals(ServingStatus.SERVING, told.next().getStatus());
            isAway.set(true);
            assertEquals(ServingStatus.NOT_SERVING, told.next().getStatus());
            assertEquals(
                    "the adapter's store does not answer",
                    served.call(Handshake.DESCRIBE, DescribeRequest.getDefaultInstance())
                            .getOutage());
            isAway.set(false);
            assertEquals(ServingStatus.SERVING, told.next().getStatus());
        }
    }

    /** An adapter that stops finishes the calls that it has, also while its health is watched. */
    @Test
    void drain() throws Exception {
        CountDownLatch arrived = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Fixture.Values store = new Fixture.Values() {
            @Override
            public void setValue(SessionRef in, Change<Void> change, String key, String value) throws Exception {
                arrived.countDown();
                go.await();
                super.setValue(in, change, key, value);
            }
        };
        try (Fixture served = new Fixture(Fixture.adapter(store))) {
            Iterator<HealthCheckResponse> watched =
                    HealthGrpc.newBlockingStub(served.channel()).watch(HealthCheckRequest.getDefaultInstance());
            assertEquals(ServingStatus.SERVING, watched.next().getStatus());
            CompletableFuture<Void> call = CompletableFuture.runAsync(() -> served.set("r", "k", "v"));
            assertTrue(arrived.await(1, TimeUnit.MINUTES));
            CompletableFuture<Void> stopped = CompletableFuture.runAsync(served.serving()::close);
            assertEquals(ServingStatus.NOT_SERVING, watched.next().getStatus());
            assertFalse(stopped.isDone());
            go.countDown();
            call.get(1, TimeUnit.MINUTES);
            stopped.get(1, TimeUnit.MINUTES);
            assertEquals(1, store.changes.get());
        }
    }

    /** A unix socket serves callers of every authority, and the file of a dead one is taken over. */
    @Test
    void unixSocket(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("a.sock");
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(file))
                .close();
        EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try (Serving serving = Fixture.adapter(new Fixture.Values()).serve(new ServeOptions().listen("unix:" + file))) {
            assertEquals("unix:" + file, serving.endpoint());
            ManagedChannel channel = NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(file))
                    .channelType(NioDomainSocketChannel.class, UnixDomainSocketAddress.class)
                    .eventLoopGroup(loop)
                    .overrideAuthority(file.toString().replace("/", "%2F"))
                    .usePlaintext()
                    .build();
            ClientCalls.blockingUnaryCall(
                    channel, SessionStorageStoreMethods.SET_VALUE, CallOptions.DEFAULT, Fixture.setting("r", "k", "v"));
            channel.shutdownNow();
        } finally {
            loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }

    /** The line of a failed call has its trace, and holds no secret, also if an exception quotes it. */
    @Test
    void logs() throws Exception {
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public synchronized void publish(LogRecord line) {
                lines.add(line.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("mortise.adapter");
        logger.addHandler(handler);
        Fixture.Values store = new Fixture.Values() {
            @Override
            public void setValue(SessionRef in, Change<Void> change, String key, String value) {
                throw new IllegalArgumentException("cannot store " + value);
            }
        };
        try (Fixture served = new Fixture(Fixture.adapter(store))) {
            assertThrows(
                    StatusRuntimeException.class,
                    () -> setWith(served, "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        } finally {
            logger.removeHandler(handler);
        }
        String line = lines.stream()
                .filter(one -> one.startsWith("a call failed"))
                .findFirst()
                .orElseThrow();
        assertTrue(line.contains("trace_id=0af7651916cd43dd8448eb211c80319c"), line);
        assertTrue(line.contains("cannot store [redacted]"), line);
        assertFalse(line.contains("the secret"), line);
    }
}
