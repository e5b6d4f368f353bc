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
 * How a database reads and locks the leases of sessions. A change holds the row of its lease, which
 * a renewal does not wait for and a grant does: when a grant is answered, the changes under the
 * fence before are over.
 */
enum LeaseRows {
    POSTGRES(
            "TEXT COLLATE \"C\"",
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
            " FOR KEY SHARE",
            " FOR NO KEY UPDATE",
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
    private final String toRenew;
    private final String toGrant;

    LeaseRows(String text, String now, String toChange, String toRenew, String toGrant) {
        this.text = text;
        this.now = now;
        this.toChange = toChange;
        this.toRenew = toRenew;
        this.toGrant = toGrant;
    }

    /** What a lease is read for. */
    enum Purpose {
        LOOK,
        CHANGE,
        RENEW,
        GRANT
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

    /** Makes the row of a session that was never leased. */
    void begin(Connection transaction, long org, String session) throws SQLException {
        Sql.update(transaction, BEGIN, org, session);
    }

    Optional<Lease> find(Connection connection, long org, String session, Purpose purpose) throws SQLException {
        String lock = switch (purpose) {
            case LOOK -> "";
            case CHANGE -> toChange;
            case RENEW -> toRenew;
            case GRANT -> toGrant;
        };
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
            if (session.equals(change.fencing().unleased())) {
                // Without a row, a first grant would not wait for the change.
                begin(transaction, change.org(), session);
            }
            find(transaction, change.org(), session, Purpose.CHANGE).ifPresent(lease -> found.put(session, lease));
        }
        change.judge(found, now(transaction));
    }
}
