package com.everruns.mortise.kit.sql;

import com.everruns.mortise.adapter.v1.SessionLease;
import com.everruns.mortise.kit.Change;
import com.everruns.mortise.kit.Lease;
import com.everruns.mortise.kit.Org;
import com.everruns.mortise.kit.SessionRef;
import com.everruns.mortise.kit.StoredLeases;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * SessionLeaseService in a table of an SQL database. Offer it beside the stores that keep what
 * belongs to sessions in the same database, and offer these with FEATURE_FENCED: {@link SqlMemory}
 * then looks at the lease in the transaction of each change. A row of the table stays: fences of a
 * session rise for ever.
 */
public final class SqlLeases extends StoredLeases {
    private static final String TABLE = """
            CREATE TABLE IF NOT EXISTS mortise_leases (
              org BIGINT NOT NULL, session %1$s NOT NULL, fence BIGINT NOT NULL, ends_at BIGINT NOT NULL,
              time_left_max BIGINT NOT NULL, holder %1$s NOT NULL, address %1$s NOT NULL,
              PRIMARY KEY (org, session))""";
    private static final String GRANT = "UPDATE mortise_leases SET fence = ?, ends_at = ?, time_left_max = ?,"
            + " holder = ?, address = ? WHERE org = ? AND session = ?";
    private static final String RENEW =
            "UPDATE mortise_leases SET ends_at = ?, time_left_max = ? WHERE org = ? AND session = ?";
    private static final String RELEASE =
            "UPDATE mortise_leases SET ends_at = 0 WHERE org = ? AND session = ? AND fence = ? AND ends_at <> 0";
    private static final String RUNNING = LeaseRows.SELECT + "WHERE org = ? AND ends_at > ? ORDER BY session";

    private final SqlMemory memory;
    private final Exists exists;

    /** Throws SESSION_NOT_FOUND or SESSION_ARCHIVED if a session cannot be leased. */
    public interface Exists {
        void check(Connection transaction, SessionRef in) throws SQLException;
    }

    /** Leases beside the answers of a memory, of an adapter that keeps no sessions. */
    public SqlLeases(SqlMemory memory) {
        this(memory, (transaction, in) -> {});
    }

    /** Leases of an adapter that keeps sessions. */
    public SqlLeases(SqlMemory memory, Exists exists) {
        memory.rows().require();
        this.memory = memory;
        this.exists = exists;
    }

    /** Makes the table, if it is not there. */
    public void migrate() throws SQLException {
        try (Connection connection = memory.database().getConnection()) {
            Sql.update(connection, TABLE.formatted(memory.rows().text()));
        }
    }

    @Override
    protected SessionLease grant(SessionRef in, Change<SessionLease> change, Lease wanted) throws Exception {
        LeaseRows rows = memory.rows();
        long org = in.org().id();
        return memory.apply(change, transaction -> {
            // Nothing is gained by waiting for the changes of another's lease.
            refuseIfHeld(in, find(transaction, in, LeaseRows.Purpose.LOOK), wanted, rows.now(transaction));
            exists.check(transaction, in);
            rows.begin(transaction, org, in.id());
            Optional<Lease> last = find(transaction, in, LeaseRows.Purpose.REPLACE);
            Lease lease = next(in, last, wanted, rows.now(transaction));
            Sql.update(
                    transaction,
                    GRANT,
                    lease.fence(),
                    lease.endsAt(),
                    lease.timeLeftMax(),
                    lease.holder(),
                    lease.address(),
                    org,
                    in.id());
            return answer(lease);
        });
    }

    private Optional<Lease> find(Connection connection, SessionRef in, LeaseRows.Purpose purpose) throws SQLException {
        return memory.rows().find(connection, in.org().id(), in.id(), purpose);
    }

    @Override
    protected Lease renew(SessionRef in, Renewal renewal) throws Exception {
        return memory.transaction(transaction -> {
            Optional<Lease> last = find(transaction, in, LeaseRows.Purpose.REPLACE);
            Lease renewed = renewal.of(last, memory.rows().now(transaction));
            Sql.update(
                    transaction,
                    RENEW,
                    renewed.endsAt(),
                    renewed.timeLeftMax(),
                    in.org().id(),
                    in.id());
            return renewed;
        });
    }

    @Override
    protected boolean end(SessionRef in, long fence) throws Exception {
        return memory.transaction(
                transaction -> Sql.update(transaction, RELEASE, in.org().id(), in.id(), fence) > 0);
    }

    @Override
    protected Stored stored(Org in, Optional<String> sessionId) throws Exception {
        LeaseRows rows = memory.rows();
        try (Connection connection = memory.database().getConnection()) {
            long now = rows.now(connection);
            if (sessionId.isEmpty()) {
                return new Stored(Sql.list(connection, RUNNING, LeaseRows::lease, in.id(), now), now);
            }
            Optional<Lease> found = rows.find(connection, in.id(), sessionId.get(), LeaseRows.Purpose.LOOK);
            return new Stored(found.stream().toList(), now);
        }
    }
}
