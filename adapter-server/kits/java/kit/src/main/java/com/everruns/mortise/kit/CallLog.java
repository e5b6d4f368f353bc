package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CallContext;
import com.everruns.mortise.adapter.v1.ErrorReason;
import com.google.protobuf.Message;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Writes one line per failed call, without what requests hold, and says how callers hear of it. */
final class CallLog {
    private final Logger log;
    private final Refusals refusals;
    private final Runnable troubled;
    private final Set<String> warned = ConcurrentHashMap.newKeySet();

    /**
     * @param troubled is told when the store could not answer
     */
    CallLog(Logger log, Refusals refusals, Runnable troubled) {
        this.log = log;
        this.refusals = refusals;
        this.troubled = troubled;
    }

    /** The error of the contract for what an author's method threw. */
    Failure ended(String method, Message request, CallContext call, long began, Throwable thrown) {
        Failure failure = refusals.of(thrown);
        boolean isCallerGone = io.grpc.Context.current().isCancelled();
        Level level = Level.INFO;
        if (failure.reason() == ErrorReason.ERROR_REASON_UNAVAILABLE) {
            level = isCallerGone ? Level.DEBUG : Level.WARNING;
            if (!isCallerGone) {
                troubled.run();
            }
        } else if (failure.reason() == ErrorReason.ERROR_REASON_INTERNAL) {
            level = Level.ERROR;
        }
        if (log.isLoggable(level)) {
            log.log(level, line(method, request, call, began, failure, thrown));
        }
        return failure;
    }

    private static String line(
            String method, Message request, CallContext call, long began, Failure failure, Throwable thrown) {
        StringBuilder line = new StringBuilder("a call failed: method=").append(method);
        line.append(" reason=").append(failure.name());
        line.append(" org=").append(call.getOrgId());
        line.append(" session=").append(quoted(call.getSessionId()));
        line.append(" turn=").append(quoted(call.getTurnId()));
        line.append(" took_ms=")
                .append(Duration.ofNanos(System.nanoTime() - began).toMillis());
        line.append(" text=").append(quoted(Redaction.scrubbed(failure.shortText(), request)));
        SpanContext span = Span.fromContext(Tracing.current()).getSpanContext();
        if (span.isValid()) {
            line.append(" trace_id=")
                    .append(span.getTraceId())
                    .append(" span_id=")
                    .append(span.getSpanId());
        }
        if (failure != thrown) {
            line.append(" cause=").append(quoted(Redaction.scrubbed(cause(failure, thrown), request)));
        }
        return line.toString();
    }

    /** A fault needs its stack; of a store that is away the messages are enough. */
    private static String cause(Failure failure, Throwable thrown) {
        StringWriter out = new StringWriter();
        if (failure.reason() == ErrorReason.ERROR_REASON_INTERNAL) {
            thrown.printStackTrace(new PrintWriter(out, true));
            return out.toString();
        }
        for (Throwable one = thrown; one != null; one = one.getCause()) {
            out.append(out.getBuffer().isEmpty() ? "" : ": ").append(String.valueOf(one));
        }
        return out.toString();
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char letter = text.charAt(i);
            String escaped = Map.of('\n', "\\n", '\r', "\\r", '\t', "\\t", '"', "\\\"", '\\', "\\\\")
                    .getOrDefault(letter, Character.isISOControl(letter) ? "?" : String.valueOf(letter));
            out.append(escaped);
        }
        return out.append('"').toString();
    }

    /** Warns once a method that its answers are lost with the process. */
    void remembered(String method, AnswerMemory memory) {
        if (memory instanceof ProcessMemory && warned.add(method)) {
            log.log(
                    Level.WARNING,
                    "answers are remembered in this process alone; after a restart, a change that is sent again"
                            + " happens again: method=" + method
                            + " remedy=\"use SqlMemory in the method, or MortiseAdapter.remember\"");
        }
    }

    /** Says once of a method that its store does not check fences as it says. */
    void tookNoNotice(String method) {
        if (warned.add(method + " fence")) {
            log.log(
                    Level.ERROR,
                    "a change was made without a look at its fence, which its store says it checks: method=" + method
                            + " remedy=\"make it with SqlMemory.apply, or call SqlMemory.admit\"");
        }
    }

    /** Says what is not about a call. */
    void say(Level level, String line, Throwable cause) {
        log.log(level, cause == null ? line : line + ": cause=" + quoted(String.valueOf(cause)));
    }
}
