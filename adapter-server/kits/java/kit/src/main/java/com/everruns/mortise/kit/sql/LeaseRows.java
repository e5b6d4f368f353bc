package com.everruns.mortise.kit.sql;

import com.everruns.mortise.kit.Change;
import com.everruns.mortise.kit.Lease;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How a database reads and locks the leases of sessions. A change shares the lock of its session,
 * and a grant has it alone: when a grant is answered, the changes under the fence before are over.
 * Locks of rows would not do: those who share one do not queue behind a grant that waits, which
 * could wait for ever.
 */
enum LeaseRows {
    POSTGRES(
            "TEXT COLLATE \"C\"",
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
            "SELECT pg_advisory_xact_lock_shared(hashtextextended(?, ?))",
            "SELECT pg_advisory_xact_lock(hashtextextended(?, ?))",
            " FOR UPDATE"),
    /** One writer at a time: nothing is locked. */
    SQLITE("TEXT", "", "", "", ""),
    /** Leases are not kept there. */
    NONE("", "", "", "", "");

    static final String SELECT = "SELECT session, fence, ends_at, time_left_max, holder, address FROM mortise_leases ";
    private static final String BEGIN = "INSERT INTO mortise_leases"
            + " (org, session, fence, ends_at, time_left_max, holder, address)"
            + " VALUES (?, ?, 0, 0, 0, '', '') ON CONFLICT (org, session) DO NOTHING";

    private final String text;
    private final String now;
    private final String toChange;
    private final String toGrant;
    private final String alone;

    LeaseRows(String text, String now, String toChange, String toGrant, String alone) {
        this.text = text;
        this.now = now;
        this.toChange = toChange;
        this.toGrant = toGrant;
        this.alone = alone;
    }

    /** What a lease is read for. */
    enum Purpose {
        LOOK,
        REPLACE
    }

    void require() {
        if (this == NONE) {
            throw new IllegalArgumentException("leases are kept in PostgreSQL and SQLite; this dialect has none");
        }
    }

    /** The type of a text that is compared by its bytes. */
    String text() {
        return text;
    }

    /** The present time of the database in microseconds. */
    long now(Connection connection) throws SQLException {
        if (now.isEmpty()) {
            return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
        }
        return Sql.first(connection, now, row -> row.getLong(1))
                .orElseThrow(() -> new SQLException("the database tells no time"));
    }

    /** Waits for the changes of a session, and makes the row of one that was never leased. */
    void begin(Connection transaction, long org, String session) throws SQLException {
        lock(transaction, toGrant, org, session);
        Sql.update(transaction, BEGIN, org, session);
    }

    private static void lock(Connection transaction, String how, long org, String session) throws SQLException {
        if (!how.isEmpty()) {
            Sql.list(transaction, how, row -> true, session, org);
        }
    }

    Optional<Lease> find(Connection connection, long org, String session, Purpose purpose) throws SQLException {
        String lock = purpose == Purpose.LOOK ? "" : alone;
        return Sql.first(connection, SELECT + "WHERE org = ? AND session = ?" + lock, LeaseRows::lease, org, session);
    }

    static Lease lease(ResultSet row) throws SQLException {
        return new Lease(
                row.getString(1), row.getLong(2), row.getLong(3), row.getLong(4), row.getString(5), row.getString(6));
    }

    /** Throws FENCED unless the leases admit a change. They stay as they are until its end. */
    void admit(Connection transaction, Change<?> change) throws SQLException {
        if (change.fencing().isNothing()) {
            return;
        }
        require();
        Map<String, Lease> found = new HashMap<>();
        for (String session : change.fencing().sessions()) {
            lock(transaction, toChange, change.org(), session);
            find(transaction, change.org(), session, Purpose.LOOK).ifPresent(lease -> found.put(session, lease));
        }
        change.judge(found, now(transaction));
    }
}
