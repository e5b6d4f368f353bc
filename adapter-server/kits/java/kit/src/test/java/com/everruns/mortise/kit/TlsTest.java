package com.everruns.mortise.kit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.everruns.mortise.adapter.v1.SessionStorageStoreMethods;
import io.grpc.CallOptions;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsTest {
    /** Makes a self-signed certificate and its key: NAME.pem and NAME.key. */
    private static void certificate(Path folder, String name) throws IOException, InterruptedException {
        Process made = new ProcessBuilder(List.of(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:P-256",
                        "-nodes",
                        "-days",
                        "2",
                        "-subj",
                        "/CN=" + name,
                        "-addext",
                        "subjectAltName=IP:127.0.0.1",
                        "-keyout",
                        folder.resolve(name + ".key").toString(),
                        "-out",
                        folder.resolve(name + ".pem").toString()))
                .redirectErrorStream(true)
                .start();
        String told = new String(made.getInputStream().readAllBytes());
        assertEquals(0, made.waitFor(), told);
    }

    private static Status.Code set(String target, ChannelCredentials credentials) {
        ManagedChannel channel = Grpc.newChannelBuilder(target, credentials).build();
        try {
            ClientCalls.blockingUnaryCall(
                    channel, SessionStorageStoreMethods.SET_VALUE, CallOptions.DEFAULT, Fixture.setting("r", "k", "v"));
            return Status.Code.OK;
        } catch (StatusRuntimeException refusal) {
            return refusal.getStatus().getCode();
        } finally {
            channel.shutdownNow();
        }
    }

    private static ChannelCredentials trusting(Path folder, String server) throws IOException {
        return TlsChannelCredentials.newBuilder()
                .trustManager(folder.resolve(server + ".pem").toFile())
                .build();
    }

    /** Callers need a certificate of the CA, health needs none, and replaced files take effect. */
    @Test
    void certificates(@TempDir Path folder) throws Exception {
        for (String name : List.of("server", "next", "caller")) {
            certificate(folder, name);
        }
        ServeOptions options = new ServeOptions()
                .listen("127.0.0.1:0")
                .tls(folder.resolve("server.pem"), folder.resolve("server.key"))
                .tlsClientCa(folder.resolve("caller.pem"));
        try (Serving serving = Fixture.adapter(new Fixture.Values()).serve(options)) {
            String target = serving.endpoint().substring("http://".length());
            ChannelCredentials known = TlsChannelCredentials.newBuilder()
                    .trustManager(folder.resolve("server.pem").toFile())
                    .keyManager(
                            folder.resolve("caller.pem").toFile(),
                            folder.resolve("caller.key").toFile())
                    .build();
            assertEquals(Status.Code.OK, set(target, known));
            assertEquals(Status.Code.UNAUTHENTICATED, set(target, trusting(folder, "server")));
            ManagedChannel channel =
                    Grpc.newChannelBuilder(target, trusting(folder, "server")).build();
            assertEquals(
                    ServingStatus.SERVING,
                    HealthGrpc.newBlockingStub(channel)
                            .check(HealthCheckRequest.getDefaultInstance())
                            .getStatus());
            channel.shutdownNow();
            replace(folder, "pem");
            replace(folder, "key");
            long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
            ChannelCredentials next = trusting(folder, "next");
            while (set(target, next) != Status.Code.UNAUTHENTICATED && System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            assertEquals(Status.Code.UNAUTHENTICATED, set(target, next), "the new certificate is not served");
        }
    }

    private static void replace(Path folder, String kind) throws IOException {
        Path to = folder.resolve("server." + kind);
        Files.copy(folder.resolve("next." + kind), to, StandardCopyOption.REPLACE_EXISTING);
        // The new file may be as old as the one before.
        Files.setLastModifiedTime(to, FileTime.from(Instant.now().plusSeconds(5)));
    }

    /** An adapter without its key or its files does not start, and says what is missing. */
    @Test
    void halfOfTls(@TempDir Path folder) {
        ServeOptions options = new ServeOptions().tls(folder.resolve("none.pem"), null);
        IOException fault = assertThrows(
                IOException.class, () -> Fixture.adapter(new Fixture.Values()).serve(options));
        assertEquals("TLS needs a certificate and its key; give --tls-cert and --tls-key", fault.getMessage());
        Path none = folder.resolve("none.pem");
        fault = assertThrows(
                IOException.class,
                () -> Fixture.adapter(new Fixture.Values()).serve(new ServeOptions().tls(none, none)));
        assertEquals("the file " + none + " is missing", fault.getMessage());
    }
}
