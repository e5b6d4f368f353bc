package com.everruns.mortise.kit;

import com.everruns.mortise.kit.AnswerMemory.Key;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.util.Map;

/**
 * A change that a caller may send several times under one {@code request_id}, and that must happen
 * once.
 *
 * <p>{@link com.everruns.mortise.kit.sql.SqlMemory} takes it and stores the answer in the
 * transaction of the change, so that neither exists without the other. If an author leaves it
 * alone, the adapter's {@link AnswerMemory} remembers the answer, after the change.
 *
 * @param <T> what the author's method answers
 */
public final class Change<T> {
    private final Key key;
    private final MethodDescriptor<?, ?> method;
    private final Codec<T, ? extends Message> codec;
    private final Fencing fencing;
    private volatile boolean kept;
    private volatile boolean judged;

    <A extends Message> Change(Key key, MethodDescriptor<?, A> method, Codec<T, A> codec, Fencing fencing) {
        this.key = key;
        this.method = method;
        this.codec = codec;
        this.fencing = fencing;
    }

    /** The tenant; request ids of two orgs are two. */
    public long org() {
        return key.org();
    }

    /** What the caller created for this change. */
    public String requestId() {
        return key.requestId();
    }

    /** The full name of the method. */
    public String method() {
        return method.getFullMethodName();
    }

    /**
     * What leases decide of the change. Nothing, unless its store is offered with FEATURE_FENCED.
     */
    public Fencing fencing() {
        return fencing;
    }

    /**
     * Looks at the leases of the sessions that {@link #fencing} names, read in the transaction of the
     * change and locked until its end, at a time of the storage in microseconds. {@link
     * com.everruns.mortise.kit.sql.SqlMemory} does it.
     *
     * @throws Failure FENCED unless they admit the change
     */
    public void judge(Map<String, Lease> leases, long now) {
        judged = true;
        fencing.judge(leases, now);
    }

    /**
     * What to store under org and request id, beside the method, in the transaction of the change.
     * The kit then does not remember the answer itself.
     */
    public byte[] answer(T value) {
        byte[] answer = wrap(codec, value, method).toByteArray();
        kept = true;
        return answer;
    }

    /**
     * The answer of a change that has happened, from what was stored under its id.
     *
     * @throws Failure if the id belongs to another method
     */
    public T again(String before, byte[] answer) {
        kept = true;
        // What was applied is answered as it was, whatever its fence.
        judged = true;
        if (!before.equals(method())) {
            throw Fail.requestIdReused("context.request_id: was used with " + before + " before " + method()
                    + "; send a fresh UUID with every change");
        }
        return parsed(codec, answer);
    }

    boolean isKept() {
        return kept;
    }

    /** Whether leases decided what they have to. */
    boolean isJudged() {
        return judged || fencing.isNothing();
    }

    @SuppressWarnings("unchecked")
    private <A> T parsed(Codec<T, A> with, byte[] answer) {
        return with.unwrap().apply((A) method.parseResponse(new ByteArrayInputStream(answer)));
    }

    /** The answer for what an author's method returned; null is for methods that return nothing. */
    static <T, A> A wrap(Codec<T, A> codec, T value, MethodDescriptor<?, ?> method) {
        A answer = null;
        try {
            answer = codec.wrap().apply(value);
        } catch (NullPointerException thrown) {
            if (value != null) {
                throw thrown;
            }
        }
        if (answer == null) {
            throw new IllegalStateException(
                    method.getFullMethodName() + " returned null; return Optional.empty() for what is absent");
        }
        return answer;
    }
}
