package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ErrorReason;
import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** An error of the contract. {@link Fail} makes it. docs/errors.md says what callers do with each. */
public final class Failure extends RuntimeException {
    /** The domain of every reason. */
    public static final String DOMAIN = "mortise.adapter.v1";

    /** How much of a text crosses the wire: it travels in headers. */
    static final int TEXT_BYTES_MAX = 2 * 1024;

    private static final long serialVersionUID = 1L;
    private static final String PREFIX = "ERROR_REASON_";

    private final ErrorReason reason;
    private final Status.Code code;
    private final Map<String, String> metadata;
    private final String field;
    private Duration retry = Duration.ZERO;

    Failure(ErrorReason reason, Status.Code code, String text, Map<String, String> metadata) {
        this(reason, code, text, metadata, "");
    }

    Failure(ErrorReason reason, Status.Code code, String text, Map<String, String> metadata, String field) {
        // Without a stack: it is an answer, not a fault.
        super(text, null, false, false);
        this.reason = reason;
        this.code = code;
        this.metadata = new HashMap<>(metadata);
        this.field = field;
    }

    /** NOT_ALLOWED for a caller that did not prove who it is. */
    static Failure unauthenticated(String text) {
        return new Failure(ErrorReason.ERROR_REASON_NOT_ALLOWED, Status.Code.UNAUTHENTICATED, text, Map.of());
    }

    /** States that the change did not happen, where the code alone leaves it open. */
    public Failure notApplied() {
        metadata.put("outcome", "not_applied");
        return this;
    }

    /** States that the change happened although the call failed. */
    public Failure applied() {
        metadata.put("outcome", "applied");
        return this;
    }

    /** Adds a dynamic part. */
    Failure with(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    /** States after which time the caller may send the call again. */
    public Failure retryAfter(Duration wait) {
        retry = wait;
        return this;
    }

    /** The reason. */
    public ErrorReason reason() {
        return reason;
    }

    /** The gRPC code. */
    public Status.Code code() {
        return code;
    }

    /** The dynamic parts. */
    public Map<String, String> metadata() {
        return Map.copyOf(metadata);
    }

    /** The reason as it travels, such as SESSION_NOT_FOUND. */
    public String name() {
        return reason.name().substring(PREFIX.length());
    }

    /** The text as it may travel. */
    public String shortText() {
        byte[] bytes = getMessage().getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= TEXT_BYTES_MAX) {
            return getMessage();
        }
        String suffix = " ... (cut, " + bytes.length + " bytes in all)";
        int end = TEXT_BYTES_MAX - suffix.length();
        while (end > 0 && (bytes[end] & 0xC0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8) + suffix;
    }

    /** The error on the wire. */
    StatusRuntimeException status() {
        com.google.rpc.Status.Builder status = com.google.rpc.Status.newBuilder()
                .setCode(code.value())
                .setMessage(shortText())
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setReason(name())
                        .setDomain(DOMAIN)
                        .putAllMetadata(metadata)
                        .build()));
        if (!field.isEmpty()) {
            status.addDetails(Any.pack(BadRequest.newBuilder()
                    .addFieldViolations(BadRequest.FieldViolation.newBuilder()
                            .setField(field)
                            .setDescription(shortText()))
                    .build()));
        }
        if (retry.compareTo(Duration.ZERO) > 0) {
            status.addDetails(Any.pack(RetryInfo.newBuilder()
                    .setRetryDelay(com.google.protobuf.Duration.newBuilder()
                            .setSeconds(retry.getSeconds())
                            .setNanos(retry.getNano()))
                    .build()));
        }
        return StatusProto.toStatusRuntimeException(status.build());
    }

    /** The trailers that carry the details. */
    Metadata trailers() {
        return status().getTrailers();
    }
}
