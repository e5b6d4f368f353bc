package com.everruns.mortise.examples.jdbc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.everruns.mortise.adapter.v1.CallContext;
import com.everruns.mortise.adapter.v1.GetSessionRequest;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.adapter.v1.SessionMutatorMethods;
import com.everruns.mortise.adapter.v1.SessionStoreMethods;
import com.everruns.mortise.adapter.v1.UpdateSessionTitleRequest;
import com.everruns.mortise.kit.ServeOptions;
import com.everruns.mortise.kit.Serving;
import com.everruns.mortise.kittest.Postgres;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutageTest {
    private static final long ORG = (1L << 60) + 1;
    private static final String SESSION = "session_00000000000000000000000000000001";

    /** How long callers go on trying. */
    private static final Duration TRYING = Duration.ofSeconds(10);

    private static Session title(ManagedChannel channel, String requestId, String title) {
        UpdateSessionTitleRequest request = UpdateSessionTitleRequest.newBuilder()
                .setContext(CallContext.newBuilder().setOrgId(ORG).setRequestId(requestId))
                .setSessionId(SESSION)
                .setTitle(title)
                .build();
        return ClientCalls.blockingUnaryCall(
                        channel, SessionMutatorMethods.UPDATE_SESSION_TITLE, CallOptions.DEFAULT, request)
                .getSession();
    }

    private static void await(Iterator<HealthCheckResponse> health, ServingStatus wanted) {
        while (health.next().getStatus() != wanted) {
            // The stream ends with its deadline.
        }
    }

    /**
     * While PostgreSQL is away, changes are UNAVAILABLE in time and health says so; when it is back,
     * all goes on without a restart, and a change that was sent before is not made again.
     */
    @Test
    void outage(@TempDir Path folder) throws Exception {
        Path key = Files.writeString(folder.resolve("key"), "k".repeat(32));
        try (Postgres postgres = Postgres.start();
                Database database = new Database(postgres.url())) {
            Adapter adapter = new Adapter(database, new Seal(List.of(key)));
            Session session = Session.newBuilder().setId(SESSION).build();
            database.write(to -> adapter.sessions().put(to, ORG, SESSION, session));
            try (Serving serving = adapter.offers(false, false).serve(new ServeOptions().listen("127.0.0.1:0"))) {
                ManagedChannel channel = NettyChannelBuilder.forTarget(
                                serving.endpoint().substring("http://".length()))
                        .usePlaintext()
                        .build();
                Iterator<HealthCheckResponse> health = HealthGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(5, TimeUnit.MINUTES)
                        .watch(HealthCheckRequest.newBuilder()
                                .setService("mortise.adapter.v1.SessionMutatorService")
                                .build());
                Session before = title(channel, "before", "kept");
                postgres.takeAway();
                long began = System.nanoTime();
                StatusRuntimeException refusal =
                        assertThrows(StatusRuntimeException.class, () -> title(channel, "during", "later"));
                assertEquals(Status.Code.UNAVAILABLE, refusal.getStatus().getCode());
                assertTrue(System.nanoTime() - began < TRYING.toNanos(), "the refusal came too late");
                await(health, ServingStatus.NOT_SERVING);
                postgres.giveBack();
                await(health, ServingStatus.SERVING);
                assertEquals(before, title(channel, "before", "sent again"));
                assertEquals("kept", stored(channel).getTitle());
                assertEquals("later", title(channel, "during", "later").getTitle());
                channel.shutdownNow();
            }
        }
    }

    private static Session stored(ManagedChannel channel) {
        return ClientCalls.blockingUnaryCall(
                        channel,
                        SessionStoreMethods.GET_SESSION,
                        CallOptions.DEFAULT,
                        GetSessionRequest.newBuilder()
                                .setContext(CallContext.newBuilder().setOrgId(ORG))
                                .setSessionId(SESSION)
                                .build())
                .getSession();
    }
}
