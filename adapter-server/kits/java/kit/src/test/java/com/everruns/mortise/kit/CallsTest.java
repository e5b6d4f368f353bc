package com.everruns.mortise.kit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.everruns.mortise.adapter.v1.AgentStoreMethods;
import com.everruns.mortise.adapter.v1.DeleteValueRequest;
import com.everruns.mortise.adapter.v1.DescribeRequest;
import com.everruns.mortise.adapter.v1.Feature;
import com.everruns.mortise.adapter.v1.GetAgentRequest;
import com.everruns.mortise.adapter.v1.GetValueRequest;
import com.everruns.mortise.adapter.v1.SessionStorageStoreMethods;
import com.google.rpc.BadRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.FileNotFoundException;
import java.net.ConnectException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CallsTest {
    private static StatusRuntimeException refused(Runnable call) {
        return assertThrows(StatusRuntimeException.class, call::run);
    }

    /** A service that is not offered is UNIMPLEMENTED, and never an empty success. */
    @Test
    void unknownMethod() throws Exception {
        try (Fixture served = new Fixture(Fixture.adapter(new Fixture.Values()))) {
            StatusRuntimeException refusal =
                    refused(() -> served.call(AgentStoreMethods.GET_AGENT, GetAgentRequest.getDefaultInstance()));
            assertEquals(Status.Code.UNIMPLEMENTED, refusal.getStatus().getCode());
        }
    }

    /** A missing field is refused by its path, with what is wrong and what to send. */
    @Test
    void missingField() throws Exception {
        try (Fixture served = new Fixture(Fixture.adapter(new Fixture.Values()))) {
            StatusRuntimeException refusal = refused(() -> served.call(
                    SessionStorageStoreMethods.SET_VALUE,
                    Fixture.setting("r", "k", "v").toBuilder()
                            .setSessionId("s\n1")
                            .build()));
            assertEquals(Status.Code.INVALID_ARGUMENT, refusal.getStatus().getCode());
            assertEquals("INVALID_FIELD", Fixture.reason(refusal));
            assertEquals(
                    "session_id: is \"s\\u000a1\"; send `session_` and 32 lower-case hex digits",
                    refusal.getStatus().getDescription());
            BadRequest detail = Fixture.detail(refusal, BadRequest.class).orElseThrow();
            assertEquals("session_id", detail.getFieldViolations(0).getField());
        }
    }

    /** A change happens once under its request_id, also if it comes several times at once. */
    @Test
    void changesHappenOnce() throws Exception {
        Fixture.Values store = new Fixture.Values();
        ExecutorService callers = Executors.newFixedThreadPool(16);
        try (Fixture served = new Fixture(Fixture.adapter(store))) {
            List<Callable<Object>> calls = IntStream.range(0, 16)
                    .mapToObj(i -> Executors.callable(() -> served.set("once", "k", "value " + i)))
                    .toList();
            for (Future<Object> call : callers.invokeAll(calls)) {
                call.get();
            }
            assertEquals(1, store.changes.get());
            StatusRuntimeException refusal = refused(() -> served.call(
                    SessionStorageStoreMethods.DELETE_VALUE,
                    DeleteValueRequest.newBuilder()
                            .setContext(Fixture.context("once"))
                            .setSessionId(Fixture.SESSION)
                            .setKey("k")
                            .build()));
            assertEquals("REQUEST_ID_REUSED", Fixture.reason(refusal));
            assertEquals(1, store.values.size());
        } finally {
            callers.shutdown();
        }
    }

    /** No exception leaks its class or text; those that say that the store is away are UNAVAILABLE. */
    @Test
    void exceptions() throws Exception {
        record Case(String reason, Status.Code code, Supplier<Throwable> thrown) {}
        Map<String, Case> cases = Map.of(
                "fault", new Case("INTERNAL", Status.Code.INTERNAL, () -> new IllegalStateException("hidden text")),
                "error", new Case("INTERNAL", Status.Code.INTERNAL, () -> new StackOverflowError("hidden text")),
                "declared", new Case("UNAVAILABLE", Status.Code.UNAVAILABLE, () -> new FileNotFoundException("x")),
                "cause",
                        new Case(
                                "UNAVAILABLE",
                                Status.Code.UNAVAILABLE,
                                () -> new RuntimeException(new ConnectException("refused"))),
                "state", new Case("UNAVAILABLE", Status.Code.UNAVAILABLE, () -> new SQLException("x", "57P01")),
                "sql", new Case("INTERNAL", Status.Code.INTERNAL, () -> new SQLException("hidden text", "42601")),
                "own",
                        new Case(
                                "STORE",
                                Status.Code.INTERNAL,
                                () -> Fail.store("too long").notApplied()));
        Fixture.Values store = new Fixture.Values() {
            @Override
            public Optional<String> getValue(SessionRef in, String key) throws Exception {
                Throwable thrown = cases.get(key).thrown().get();
                if (thrown instanceof Error error) {
                    throw error;
                }
                throw (Exception) thrown;
            }
        };
        try (Fixture served = new Fixture(Fixture.adapter(store).unavailableOn(FileNotFoundException.class))) {
            cases.forEach((key, one) -> {
                StatusRuntimeException refusal = refused(() -> served.call(
                        SessionStorageStoreMethods.GET_VALUE,
                        GetValueRequest.newBuilder()
                                .setContext(Fixture.context(""))
                                .setSessionId(Fixture.SESSION)
                                .setKey(key)
                                .build()));
                assertEquals(one.code(), refusal.getStatus().getCode(), key);
                assertEquals(one.reason(), Fixture.reason(refusal), key);
                for (String leak : List.of("Exception", "Error:", "hidden", "java.")) {
                    assertFalse(refusal.getMessage().contains(leak), refusal.getMessage());
                }
            });
        }
    }

    /** A method that returns null where something must be is INTERNAL, and its caller gets an answer. */
    @Test
    void nullResult() throws Exception {
        Fixture.Values store = new Fixture.Values() {
            @Override
            public Optional<String> getValue(SessionRef in, String key) {
                return null;
            }
        };
        try (Fixture served = new Fixture(Fixture.adapter(store))) {
            StatusRuntimeException refusal = refused(() -> served.call(
                    SessionStorageStoreMethods.GET_VALUE,
                    GetValueRequest.newBuilder()
                            .setContext(Fixture.context(""))
                            .setSessionId(Fixture.SESSION)
                            .build()));
            assertEquals("INTERNAL", Fixture.reason(refusal));
        }
    }

    /** A store that hangs is UNAVAILABLE in time, its thread is interrupted, and the handshake answers. */
    @Test
    void slowStore() throws Exception {
        CountDownLatch interrupted = new CountDownLatch(1);
        Fixture.Values store = new Fixture.Values() {
            @Override
            public void setValue(SessionRef in, Change<Void> change, String key, String value) throws Exception {
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException expected) {
                    interrupted.countDown();
                    throw expected;
                }
            }
        };
        MortiseAdapter adapter =
                Fixture.adapter(store).callTime(Duration.ofMillis(300)).maxCalls(1);
        try (Fixture served = new Fixture(adapter)) {
            StatusRuntimeException refusal = refused(() -> served.set("slow", "k", "v"));
            assertEquals("UNAVAILABLE", Fixture.reason(refusal));
            assertTrue(interrupted.await(1, TimeUnit.MINUTES));
            served.call(Handshake.DESCRIBE, DescribeRequest.getDefaultInstance());
        }
    }

    /** An adapter that lacks something does not start, and says what it lacks. */
    @Test
    void refusesToStart() {
        Fixture.Values store = new Fixture.Values();
        Map<String, MortiseAdapter> wrong = Map.of(
                "nothing is offered", MortiseAdapter.named("a", "1"),
                "name or version is empty", MortiseAdapter.named("", "1").offer(store),
                "is offered twice", Fixture.adapter(store).offer(new Fixture.Values()),
                "implements no interface", Fixture.adapter(store).offer(new Store() {}),
                "no service of the offered store has FEATURE_TURN_SNAPSHOT",
                        MortiseAdapter.named("a", "1").offer(store, Feature.FEATURE_TURN_SNAPSHOT));
        wrong.forEach((text, adapter) -> {
            IllegalStateException fault =
                    assertThrows(IllegalStateException.class, () -> adapter.serve(new ServeOptions()));
            assertTrue(fault.getMessage().contains(text), fault.getMessage());
        });
    }
}
