package com.everruns.mortise.examples.values;

import com.everruns.mortise.adapter.v1.KeyInfo;
import com.everruns.mortise.kit.Change;
import com.everruns.mortise.kit.MortiseAdapter;
import com.everruns.mortise.kit.NoSecrets;
import com.everruns.mortise.kit.SessionRef;
import com.everruns.mortise.kit.Times;
import com.everruns.mortise.kit.sql.SqlMemory;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** Keeps the values of sessions in an SQLite file: {@code java ... Values --listen 127.0.0.1:7500}. */
public record Values(DataSource db, SqlMemory memory) implements NoSecrets {
    private static final String TABLE = """
            CREATE TABLE IF NOT EXISTS session_values (
              org INTEGER, session TEXT, key BLOB, value BLOB, created TEXT, updated TEXT,
              PRIMARY KEY (org, session, key)) WITHOUT ROWID""";
    private static final String SET = """
            INSERT INTO session_values VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET value = excluded.value, updated = excluded.updated""";
    private static final String WHERE = " FROM session_values WHERE org = ? AND session = ?";

    @Override
    public void setValue(SessionRef in, Change<Void> change, String key, String value) throws Exception {
        String now = Instant.now().toString();
        memory.run(
                change,
                tx -> statement(tx, SET, in, bytes(key), bytes(value), now, now).executeUpdate());
    }

    @Override
    public Optional<String> getValue(SessionRef in, String key) throws SQLException {
        try (Connection connection = db.getConnection();
                ResultSet found = statement(connection, "SELECT value" + WHERE + " AND key = ?", in, bytes(key))
                        .executeQuery()) {
            return found.next() ? Optional.of(text(found, 1)) : Optional.empty();
        }
    }

    @Override
    public boolean deleteValue(SessionRef in, Change<Boolean> change, String key) throws Exception {
        return memory.apply(
                change,
                tx -> statement(tx, "DELETE" + WHERE + " AND key = ?", in, bytes(key))
                                .executeUpdate()
                        > 0);
    }

    @Override
    public List<KeyInfo> listKeys(SessionRef in) throws SQLException {
        List<KeyInfo> keys = new ArrayList<>();
        try (Connection connection = db.getConnection();
                ResultSet found = statement(connection, "SELECT key, created, updated" + WHERE + " ORDER BY key", in)
                        .executeQuery()) {
            while (found.next()) {
                keys.add(KeyInfo.newBuilder()
                        .setKey(text(found, 1))
                        .setCreatedAt(Times.stamp(Instant.parse(found.getString(2))))
                        .setUpdatedAt(Times.stamp(Instant.parse(found.getString(3))))
                        .build());
            }
        }
        return keys;
    }

    /** Closed with its connection. Texts are stored as bytes: SQLite cuts a TEXT at a NUL. */
    private static PreparedStatement statement(Connection on, String sql, SessionRef in, Object... more)
            throws SQLException {
        PreparedStatement statement = on.prepareStatement(sql);
        statement.setLong(1, in.org().id());
        statement.setString(2, in.id());
        for (int i = 0; i < more.length; i++) {
            statement.setObject(3 + i, more[i]);
        }
        return statement;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(ResultSet row, int column) throws SQLException {
        return new String(row.getBytes(column), StandardCharsets.UTF_8);
    }

    /** A pool of few connections: SQLite writes one after the other, and those who wait queue here. */
    private static HikariDataSource open(String file) {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
        config.setBusyTimeout(5_000);
        SQLiteDataSource files = new SQLiteDataSource(config);
        files.setUrl("jdbc:sqlite:" + file);
        HikariConfig pool = new HikariConfig();
        pool.setDataSource(files);
        pool.setMaximumPoolSize(4);
        pool.setConnectionTimeout(5_000);
        return new HikariDataSource(pool);
    }

    public static void main(String[] arguments) throws SQLException {
        HikariDataSource db = open(System.getenv().getOrDefault("VALUES_FILE", "values.db"));
        SqlMemory memory = new SqlMemory(db, SqlMemory.Dialect.SQLITE);
        memory.migrate();
        try (Connection connection = db.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(TABLE);
        }
        MortiseAdapter.named("mortise-values", "0.1.0")
                .offer(new Values(db, memory))
                .unavailableWhen(
                        e -> e instanceof SQLiteException busy && busy.getResultCode() == SQLiteErrorCode.SQLITE_BUSY)
                .ping(() -> db.getConnection().close())
                .run(arguments);
    }
}
