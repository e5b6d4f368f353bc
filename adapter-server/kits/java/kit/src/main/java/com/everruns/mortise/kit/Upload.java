package com.everruns.mortise.kit;

import com.google.protobuf.Message;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/**
 * A request that comes in several messages: the first begins the call, and the author's method
 * iterates over the rest, one message at a time.
 */
final class Upload<Q extends Message, A> implements StreamObserver<Q>, Iterator<Q> {
    private static final Object END = new Object();

    private final MethodRules<Q> rules;
    private final ServerCallStreamObserver<A> caller;
    private final Consumer<Q> begin;
    private final BlockingQueue<Object> arrived = new LinkedBlockingQueue<>();
    private boolean hasBegun;
    private Object peeked;

    Upload(MethodRules<Q> rules, ServerCallStreamObserver<A> caller, Consumer<Q> begin) {
        this.rules = rules;
        this.caller = caller;
        this.begin = begin;
        caller.disableAutoRequest();
        caller.setOnCancelHandler(() -> arrived.add(new InterruptedException("the caller is gone")));
        caller.request(1);
    }

    @Override
    public void onNext(Q message) {
        if (hasBegun) {
            arrived.add(message);
            return;
        }
        hasBegun = true;
        begin.accept(message);
        caller.request(1);
    }

    @Override
    public void onError(Throwable gone) {
        arrived.add(gone);
    }

    @Override
    public void onCompleted() {
        if (hasBegun) {
            arrived.add(END);
        } else if (!Context.current().isCancelled()) {
            caller.onError(
                    Fail.invalidField("context", "is missing, because the stream is empty; send one message at least")
                            .status());
        }
    }

    @Override
    public boolean hasNext() {
        if (peeked == null) {
            try {
                peeked = arrived.take();
            } catch (InterruptedException interrupted) {
                peeked = interrupted;
            }
        }
        if (peeked instanceof Throwable gone) {
            throw Fail.unavailable("the upload was cut off: "
                    + (gone instanceof InterruptedException ? "no more came in time" : "the caller is gone"));
        }
        return peeked != END;
    }

    @Override
    @SuppressWarnings("unchecked")
    public Q next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the upload has ended");
        }
        Q message = (Q) peeked;
        peeked = null;
        rules.checkNext(message);
        caller.request(1);
        return message;
    }
}
