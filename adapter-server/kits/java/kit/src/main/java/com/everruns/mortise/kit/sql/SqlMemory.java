package com.everruns.mortise.kit.sql;

import com.everruns.mortise.kit.AnswerMemory;
import com.everruns.mortise.kit.AnswerMemory.Remembered;
import com.everruns.mortise.kit.Change;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;

/**
 * Makes a change in an SQL database once under its {@code request_id}: the answer is a row that is
 * written in the transaction of the change.
 */
public final class SqlMemory {
    private static final System.Logger LOG = System.getLogger("mortise.adapter");
    private static final String TABLE = """
            CREATE TABLE IF NOT EXISTS mortise_answers (
              org BIGINT NOT NULL, request_id %s NOT NULL, method VARCHAR(200) NOT NULL,
              answer %s, expires_at BIGINT NOT NULL, PRIMARY KEY (org, request_id)%s)""";
    private static final String FIND = "SELECT method, answer FROM mortise_answers WHERE org = ? AND request_id = ?";
    private static final String KEEP = "UPDATE mortise_answers SET answer = ? WHERE org = ? AND request_id = ?";
    private static final String FORGET = "DELETE FROM mortise_answers WHERE expires_at < ?";
    private static final String INDEX =
            "CREATE INDEX IF NOT EXISTS mortise_answers_expiry ON mortise_answers (expires_at)";
    private static final String VALUES =
            " INTO mortise_answers (org, request_id, method, expires_at) VALUES (?, ?, ?, ?)";

    /** The longest pause before a transaction that lost against another begins again. */
    private static final int PAUSE_MS_MAX = 50;

    private final DataSource database;
    private final Dialect dialect;
    private final Hourly forgetting;

    /** How a database writes what differs between them. A request_id is compared by its bytes. */
    public enum Dialect {
        POSTGRES("TEXT COLLATE \"C\"", "BYTEA", "", "INSERT" + VALUES + " ON CONFLICT DO NOTHING", LeaseRows.POSTGRES),
        SQLITE("TEXT", "BLOB", "", "INSERT" + VALUES + " ON CONFLICT DO NOTHING", LeaseRows.SQLITE),
        MYSQL(
                "VARBINARY(64)",
                "LONGBLOB",
                ", INDEX mortise_answers_expiry (expires_at)",
                "INSERT IGNORE" + VALUES,
                LeaseRows.NONE);

        private final String create;
        private final boolean hasIndexApart;
        private final String insert;
        private final LeaseRows leases;

        /** {@code within} is the index as a part of the table, where no index can be made if it is not there. */
        Dialect(String id, String bytes, String within, String insert, LeaseRows leases) {
            this.leases = leases;
            this.create = TABLE.formatted(id, bytes, within);
            this.hasIndexApart = within.isEmpty();
            this.insert = insert;
        }
    }

    /** Changes something in a transaction, and answers. */
    public interface Work<T> {
        T in(Connection transaction) throws SQLException;
    }

    /** Changes something in a transaction. */
    public interface Effect {
        void in(Connection transaction) throws SQLException;
    }

    /** A memory in a database. {@link #migrate} makes its table. */
    public SqlMemory(DataSource database, Dialect dialect) {
        this(database, dialect, Hourly.inBackground("mortise-forget"));
    }

    SqlMemory(DataSource database, Dialect dialect, Hourly forgetting) {
        this.database = database;
        this.dialect = dialect;
        this.forgetting = forgetting;
    }

    DataSource database() {
        return database;
    }

    LeaseRows rows() {
        return dialect.leases;
    }

    /** Makes the table of answers and its index, if they are not there. */
    public void migrate() throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(dialect.create);
            if (dialect.hasIndexApart) {
                statement.execute(INDEX);
            }
        }
    }

    /**
     * Deletes answers that are older than they must be kept, and says how many. A memory does it by itself after the
     * first change and then every hour in which there is one: a program need not.
     */
    public int forget() throws SQLException {
        try (Connection connection = database.getConnection()) {
            return Sql.update(connection, FORGET, Instant.now().getEpochSecond());
        }
    }

    /**
     * Makes a change in a transaction that also holds its answer and, where the store is offered with
     * FEATURE_FENCED, looks at the lease of the session. The row of the answer is written first: the
     * same change over another connection waits for it. The work is done again where the database
     * could not order two transactions; it must do nothing else. Answers that are older than they must
     * be kept are deleted beside the calls, every hour.
     */
    public <T> T apply(Change<T> change, Work<T> work) throws SQLException, InterruptedException {
        T value = transaction(connection ->
                isNew(connection, change) ? changed(connection, change, work) : again(connection, change));
        forgetting.run(this::forgetOld);
        return value;
    }

    private void forgetOld() {
        try {
            forget();
        } catch (SQLException thrown) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "old answers are not deleted; it is tried again in an hour: cause=" + thrown.getMessage());
        }
    }

    /** Looks at the fence of a change that stores nothing here. */
    public void admit(Change<?> change) throws SQLException, InterruptedException {
        transaction(connection -> {
            dialect.leases.admit(connection, change);
            return null;
        });
    }

    /** Makes a change that may happen again in one transaction. */
    <T> T transaction(Work<T> work) throws SQLException, InterruptedException {
        for (int pause = 1; ; pause = Math.min(2 * pause, PAUSE_MS_MAX)) {
            try {
                return once(work);
            } catch (SQLException thrown) {
                if (!isConflict(thrown)) {
                    throw thrown;
                }
            }
            Thread.sleep(ThreadLocalRandom.current().nextInt(pause) + 1L);
        }
    }

    /** Like {@link #apply}, for a change that answers nothing. */
    public void run(Change<Void> change, Effect effect) throws SQLException, InterruptedException {
        apply(change, transaction -> {
            effect.in(transaction);
            return null;
        });
    }

    private <T> T once(Work<T> work) throws SQLException {
        try (Connection transaction = database.getConnection()) {
            begin(transaction);
            try {
                T value = work.in(transaction);
                commit(transaction);
                return value;
            } catch (Throwable thrown) {
                rollBack(transaction, thrown);
                throw thrown;
            }
        }
    }

    /**
     * SQLite is told in its own words. Its driver begins the next transaction while it commits one: where that finds
     * the file locked, the connection is without a transaction from then on and does not know it. And SQLite rolls
     * back by itself, such as on a full disk.
     */
    private void begin(Connection connection) throws SQLException {
        if (dialect == Dialect.SQLITE) {
            execute(connection, "BEGIN IMMEDIATE");
        } else {
            connection.setAutoCommit(false);
        }
    }

    private void commit(Connection transaction) throws SQLException {
        if (dialect == Dialect.SQLITE) {
            execute(transaction, "COMMIT");
        } else {
            transaction.commit();
        }
    }

    private void rollBack(Connection transaction, Throwable thrown) {
        try {
            if (dialect == Dialect.SQLITE) {
                execute(transaction, "ROLLBACK");
            } else {
                transaction.rollback();
            }
        } catch (SQLException also) {
            thrown.addSuppressed(also);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private boolean isNew(Connection transaction, Change<?> change) throws SQLException {
        long expires = Instant.now().plus(AnswerMemory.TIME).getEpochSecond();
        return 1 == Sql.update(transaction, dialect.insert, change.org(), change.requestId(), change.method(), expires);
    }

    private <T> T changed(Connection transaction, Change<T> change, Work<T> work) throws SQLException {
        dialect.leases.admit(transaction, change);
        T value = work.in(transaction);
        Sql.update(transaction, KEEP, change.answer(value), change.org(), change.requestId());
        return value;
    }

    private static <T> T again(Connection transaction, Change<T> change) throws SQLException {
        Remembered before = Sql.first(
                        transaction,
                        FIND,
                        found -> new Remembered(found.getString(1), found.getBytes(2)),
                        change.org(),
                        change.requestId())
                .orElseThrow(() -> new SQLException("the answer was deleted while its change was sent again", "40001"));
        return change.again(before.method(), before.answer());
    }

    /** Whether two transactions could not be ordered, so that one must begin again. */
    private static boolean isConflict(SQLException thrown) {
        return "40001".equals(thrown.getSQLState()) || "40P01".equals(thrown.getSQLState());
    }
}
