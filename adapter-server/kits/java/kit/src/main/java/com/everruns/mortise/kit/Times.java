package com.everruns.mortise.kit;

import com.google.protobuf.Timestamp;
import java.time.Instant;

/** Times of the contract and of Java. */
public final class Times {
    private Times() {}

    /** The time of a timestamp. */
    public static Instant instant(Timestamp stamp) {
        return Instant.ofEpochSecond(stamp.getSeconds(), stamp.getNanos());
    }

    /** The timestamp of a time. */
    public static Timestamp stamp(Instant time) {
        return Timestamp.newBuilder()
                .setSeconds(time.getEpochSecond())
                .setNanos(time.getNano())
                .build();
    }
}
