package com.everruns.mortise.kit;

import java.io.EOFException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/** Says which error of the contract an exception of an author's method is. */
final class Refusals {
    private static final List<Class<? extends Throwable>> UNAVAILABLE = List.of(
            SocketException.class,
            SocketTimeoutException.class,
            UnknownHostException.class,
            NoRouteToHostException.class,
            EOFException.class,
            ClosedChannelException.class,
            TimeoutException.class,
            InterruptedException.class,
            SQLTransientConnectionException.class,
            SQLNonTransientConnectionException.class,
            SQLRecoverableException.class,
            SQLTimeoutException.class);

    /**
     * States of SQL that say the same: no connection, no room, stopping, cancelled for its time,
     * no lock in time, read only.
     */
    private static final List<String> STATES = List.of("08", "53", "57", "55P03", "25006");

    private final List<Predicate<Throwable>> declared = new ArrayList<>();

    /** Declares exceptions that mean that the store cannot answer now. */
    void add(Predicate<Throwable> says) {
        declared.add(says);
    }

    Failure of(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = next(cause)) {
            if (cause instanceof Failure failure) {
                return failure;
            }
            if (isUnavailable(cause)) {
                return Fail.unavailable(
                        cause instanceof InterruptedException
                                ? "the store did not answer in time"
                                : "the store cannot answer now");
            }
        }
        return Fail.internal("the adapter failed; its log has the cause");
    }

    private static Throwable next(Throwable cause) {
        return cause.getCause() == cause ? null : cause.getCause();
    }

    private boolean isUnavailable(Throwable cause) {
        return UNAVAILABLE.stream().anyMatch(known -> known.isInstance(cause))
                || cause instanceof SQLException sql && hasUnavailableState(sql)
                || declared.stream().anyMatch(says -> says.test(cause));
    }

    private static boolean hasUnavailableState(SQLException sql) {
        String state = sql.getSQLState();
        return state != null && STATES.stream().anyMatch(state::startsWith);
    }
}
