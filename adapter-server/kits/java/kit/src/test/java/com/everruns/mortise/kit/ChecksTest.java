package com.everruns.mortise.kit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.everruns.mortise.adapter.v1.AgentStoreMethods;
import com.everruns.mortise.adapter.v1.CallContext;
import com.everruns.mortise.adapter.v1.CreateImageRequest;
import com.everruns.mortise.adapter.v1.EmitRequest;
import com.everruns.mortise.adapter.v1.EventContext;
import com.everruns.mortise.adapter.v1.EventEmitterMethods;
import com.everruns.mortise.adapter.v1.GetAgentRequest;
import com.everruns.mortise.adapter.v1.ImageArtifactStoreMethods;
import com.everruns.mortise.adapter.v1.LeasedResourceStoreMethods;
import com.everruns.mortise.adapter.v1.NewEvent;
import com.everruns.mortise.adapter.v1.RuntimeHostMethods;
import com.everruns.mortise.adapter.v1.SessionStatus;
import com.everruns.mortise.adapter.v1.SessionStorageStoreMethods;
import com.everruns.mortise.adapter.v1.SetSessionStatusRequest;
import com.everruns.mortise.adapter.v1.SetValueRequest;
import com.everruns.mortise.adapter.v1.UpsertResourceRequest;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ChecksTest {
    private static final MethodRules<SetValueRequest> SET =
            MethodRules.of(SessionStorageStoreMethods.SET_VALUE, SetValueRequest::getContext);
    private static final MethodRules<EmitRequest> EMIT =
            MethodRules.of(EventEmitterMethods.EMIT, EmitRequest::getContext);
    private static final MethodRules<UpsertResourceRequest> LEASE =
            MethodRules.of(LeasedResourceStoreMethods.UPSERT_RESOURCE, UpsertResourceRequest::getContext);

    /** The path that a check names; empty if it lets pass. */
    private static String flaw(Runnable check) {
        try {
            check.run();
            return "";
        } catch (Failure failure) {
            return failure.getMessage().substring(0, failure.getMessage().indexOf(": "));
        }
    }

    private static void assertSet(String path, Consumer<SetValueRequest.Builder> edit) {
        SetValueRequest.Builder request = Fixture.setting("r", "k", "v").toBuilder();
        edit.accept(request);
        assertEquals(path, flaw(() -> SET.check(request.build())));
    }

    private static void assertEmit(String path, Consumer<NewEvent.Builder> edit) {
        NewEvent.Builder event = NewEvent.newBuilder()
                .setType("a")
                .setTs(Timestamp.newBuilder().setSeconds(1))
                .setSessionId(Fixture.SESSION)
                .setContext(EventContext.getDefaultInstance())
                .setDataJson("{}");
        edit.accept(event);
        EmitRequest request = EmitRequest.newBuilder()
                .setContext(Fixture.context("r"))
                .setEvent(event)
                .build();
        assertEquals(path, flaw(() -> EMIT.check(request)));
    }

    private static void assertLease(String path, Consumer<UpsertResourceRequest.Builder> edit) {
        UpsertResourceRequest.Builder request = UpsertResourceRequest.newBuilder()
                .setContext(Fixture.context("r"))
                .setSessionId(Fixture.SESSION)
                .setMetadataJson("{}");
        edit.accept(request);
        assertEquals(path, flaw(() -> LEASE.check(request.build())));
    }

    /** Each field that breaks an option of the contract is refused by its path, and others are not. */
    @Test
    void fields() {
        assertSet("", r -> {});
        assertSet("context", r -> r.clearContext());
        assertSet("context.org_id", r -> r.setContext(CallContext.newBuilder().setRequestId("r")));
        assertSet("context.request_id", r -> r.setContext(Fixture.context("")));
        assertSet("context.request_id", r -> r.setContext(Fixture.context("x".repeat(65))));
        assertSet("context.request_id", r -> r.setContext(Fixture.context("a\0b")));
        assertSet("context.turn_id", r -> r.getContextBuilder().setTurnId("t"));
        assertSet("session_id", r -> r.clearSessionId());
        assertSet("session_id", r -> r.setSessionId(Fixture.SESSION.toUpperCase(Locale.ROOT)));
        assertSet("session_id", r -> r.setSessionId(Fixture.SESSION + "\n"));
        assertLease("", r -> r.setOwnerUserId("01234567-89AB-cdef-0123-456789abcdef"));
        assertLease("owner_user_id", r -> r.setOwnerUserId(""));
        assertLease("owner_user_id", r -> r.setOwnerUserId("0123456789abcdef0123456789abcdef"));
        assertLease("metadata_json", r -> r.clearMetadataJson());
        assertLease("metadata_json", r -> r.setMetadataJson("{} {}"));
        assertEmit("", e -> {});
        assertEmit("event.type", e -> e.clearType());
        assertEmit("event.ts", e -> e.clearTs());
        assertEmit("event.ts", e -> e.setTs(Timestamp.newBuilder().setSeconds(1L << 60)));
        assertEmit("event.context", e -> e.clearContext());
        assertEmit("event.context.exec_id", e -> e.getContextBuilder().setExecId(""));
        assertEmit("event.metadata_json", e -> e.setMetadataJson(""));
    }

    /** What the contract demands of some calls alone is demanded there alone. */
    @Test
    void conditions() {
        MethodRules<GetAgentRequest> read = MethodRules.of(AgentStoreMethods.GET_AGENT, GetAgentRequest::getContext);
        assertEquals(
                "",
                flaw(() -> read.check(GetAgentRequest.newBuilder()
                        .setContext(Fixture.context(""))
                        .setAgentId("agent_00000000000000000000000000000001")
                        .build())));
        MethodRules<CreateImageRequest> upload =
                MethodRules.of(ImageArtifactStoreMethods.CREATE_IMAGE, CreateImageRequest::getContext);
        CreateImageRequest chunk =
                CreateImageRequest.newBuilder().setChunk(ByteString.EMPTY).build();
        assertEquals("context", flaw(() -> upload.check(chunk)));
        assertEquals("", flaw(() -> upload.checkNext(chunk)));
        assertEquals("part", flaw(() -> upload.checkNext(CreateImageRequest.getDefaultInstance())));
        MethodRules<SetSessionStatusRequest> status =
                MethodRules.of(RuntimeHostMethods.SET_SESSION_STATUS, SetSessionStatusRequest::getContext);
        SetSessionStatusRequest.Builder set = SetSessionStatusRequest.newBuilder()
                .setContext(Fixture.context("r"))
                .setSessionId(Fixture.SESSION);
        assertEquals("status", flaw(() -> status.check(set.build())));
        assertEquals("status", flaw(() -> status.check(set.setStatusValue(99).build())));
        assertEquals(
                "",
                flaw(() -> status.check(
                        set.setStatus(SessionStatus.SESSION_STATUS_IDLE).build())));
    }

    /** The grammar of open values is kept to the digit, as context.proto states it. */
    @Test
    void openValues() {
        List<String> good = List.of(
                "null",
                "{}",
                "1.0",
                "-0.0",
                "1e4",
                "18446744073709551615",
                "-9223372036854775808",
                "0.1",
                "1.7976931348623157e308",
                "123456789012345.6",
                "\"\\u0000\"",
                "\"\\ud83d\\ude00\"",
                "{\"a\":1,\"a\":2}",
                "[".repeat(100) + "]".repeat(100),
                "\"\\\\ud800\"",
                "0e5",
                "0.30000000000000004");
        List<String> bad = List.of(
                "",
                "{",
                "nan",
                "18446744073709551616",
                "-9223372036854775809",
                "1e309",
                "1e-400",
                "0.1234567890123456789",
                "\"\\ud800\"",
                "\"\\udc00\\ud800\"",
                "{\"\\ud800x\":1}",
                "[".repeat(101) + "]".repeat(101),
                "[".repeat(5000),
                "0." + "0".repeat(400),
                "4.5e-324",
                "9007199254740993.0",
                "1 2",
                "01",
                "9".repeat(5000));
        good.forEach(text -> assertTrue(OpenValues.isOpenValue(text), text));
        bad.forEach(text -> assertFalse(OpenValues.isOpenValue(text), text));
    }

    /** A log never holds what is secret, and the message that is shown stays as it was. */
    @Test
    void redaction() {
        SetValueRequest request = Fixture.setting("r", "shown", "hidden");
        String shown = Redaction.shown(request);
        assertTrue(shown.contains("shown") && !shown.contains("hidden"), shown);
        assertEquals("hidden", request.getValue());
        assertEquals("near [redacted]!", Redaction.scrubbed("near hidden!", request));
    }
}
