package com.everruns.mortise.kit;

import io.grpc.stub.ServerCallStreamObserver;

/** An answer that is a stream, sent by a thread of its own as fast as the caller reads. */
final class OpenStream<A> implements Sender<A> {
    private final ServerCallStreamObserver<A> caller;
    private Thread worker;
    private boolean isEnded;

    OpenStream(ServerCallStreamObserver<A> caller) {
        this.caller = caller;
        caller.setOnReadyHandler(this::wake);
        caller.setOnCancelHandler(this::interrupt);
    }

    private synchronized void wake() {
        notifyAll();
    }

    /** Takes the current thread for the stream; false if the stream has ended before. */
    synchronized boolean begin() {
        worker = Thread.currentThread();
        return !isEnded;
    }

    /** Gives the thread back. */
    synchronized void leave() {
        worker = null;
        // An interruption was meant for this stream.
        Thread.interrupted();
    }

    @Override
    public synchronized void send(A message) throws InterruptedException {
        while (!isEnded && !caller.isReady()) {
            if (caller.isCancelled()) {
                break;
            }
            wait();
        }
        if (isEnded || caller.isCancelled()) {
            throw new InterruptedException("the stream has ended");
        }
        caller.onNext(message);
    }

    /** Sends a message without waiting, for answers that come one a request. */
    synchronized void sendNow(A message) {
        if (!isEnded && !caller.isCancelled()) {
            caller.onNext(message);
        }
    }

    /** Whether the caller is gone or was told of the end. */
    synchronized boolean isEnded() {
        return isEnded || caller.isCancelled();
    }

    synchronized void complete() {
        if (!isEnded) {
            isEnded = true;
            caller.onCompleted();
        }
    }

    synchronized void fail(Failure failure) {
        if (!isEnded) {
            isEnded = true;
            caller.onError(failure.status());
        }
    }

    /** Ends the stream because the adapter stops. */
    void stop() {
        fail(stopping());
        interrupt();
    }

    static Failure stopping() {
        return Fail.unavailable("the adapter is stopping; connect again");
    }

    private synchronized void interrupt() {
        isEnded = isEnded || caller.isCancelled();
        notifyAll();
        if (worker != null) {
            worker.interrupt();
        }
    }
}
