package com.everruns.mortise.kit;

import java.time.Duration;
import java.util.Optional;

/**
 * Remembers answers after a change, for stores that cannot do it in the transaction of the change.
 * If the process dies between the two, a change that is sent again happens again.
 */
public interface AnswerMemory {
    /** How long answers are remembered, as the contract demands. */
    Duration TIME = Duration.ofHours(24);

    /** What was remembered under a key. */
    Optional<Remembered> recall(Key key) throws Exception;

    /** Remembers an answer for {@link #TIME}. */
    void remember(Key key, Remembered answer) throws Exception;

    /** Names a change. Request ids of two orgs are two. */
    record Key(long org, String requestId) {}

    /** The full name of a method, and its answer as protobuf bytes. */
    record Remembered(String method, byte[] answer) {}
}
