package com.everruns.mortise.kit;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.atomic.AtomicBoolean;

/** The one answer to a call: what comes first, the store's answer or the end of its time, is sent. */
final class Answer<A> {
    private final StreamObserver<A> caller;
    private final AtomicBoolean isGiven = new AtomicBoolean();

    private final boolean asStatus;

    Answer(StreamObserver<A> caller) {
        this(caller, true);
    }

    private Answer(StreamObserver<A> caller, boolean asStatus) {
        this.caller = caller;
        this.asStatus = asStatus;
    }

    /** An answer to the kit itself, whose error stays a {@link Failure}. */
    static <A> Answer<A> within(StreamObserver<A> kit) {
        return new Answer<>(kit, false);
    }

    void send(A answer) {
        if (isGiven.compareAndSet(false, true)) {
            caller.onNext(answer);
            caller.onCompleted();
        }
    }

    void fail(Failure failure) {
        if (isGiven.compareAndSet(false, true)) {
            caller.onError(asStatus ? failure.status() : failure);
        }
    }
}
