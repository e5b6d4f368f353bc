package com.everruns.mortise.kit;

/** Takes the messages of an answer that is a stream. */
public interface Sender<A> {
    /**
     * Sends a message, and waits while the caller reads slowly.
     *
     * @throws InterruptedException if the caller is gone or the adapter stops; let it pass
     */
    void send(A message) throws InterruptedException;
}
