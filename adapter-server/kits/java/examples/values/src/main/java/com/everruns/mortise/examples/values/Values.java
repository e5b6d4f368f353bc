package com.everruns.mortise.examples.values;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.everruns.mortise.adapter.v1.KeyInfo;
import com.everruns.mortise.kit.Change;
import com.everruns.mortise.kit.NoSecrets;
import com.everruns.mortise.kit.SessionRef;
import com.everruns.mortise.kit.Times;
import com.everruns.mortise.kit.sql.Sql;
import com.everruns.mortise.kit.sql.SqlMemory;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;

/** Keeps the values of sessions in an SQLite file. Texts are kept as bytes: SQLite cuts a TEXT at a NUL. */
public record Values(DataSource db, SqlMemory memory) implements NoSecrets {
    private static final String TABLE = """
            CREATE TABLE IF NOT EXISTS session_values (
              org INTEGER, session TEXT, key BLOB, value BLOB, created TEXT, updated TEXT,
              PRIMARY KEY (org, session, key)) WITHOUT ROWID""";
    private static final String SET = """
            INSERT INTO session_values VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET value = excluded.value, updated = excluded.updated""";
    private static final String GET = "SELECT value FROM session_values WHERE org = ? AND session = ? AND key = ?";
    private static final String DELETE = "DELETE FROM session_values WHERE org = ? AND session = ? AND key = ?";
    private static final String LIST =
            "SELECT key, created, updated FROM session_values WHERE org = ? AND session = ? ORDER BY key";

    @Override
    public void setValue(SessionRef in, Change<Void> change, String key, String value) throws Exception {
        String now = Instant.now().toString();
        memory.run(
                change,
                tx -> Sql.update(
                        tx, SET, in.org().id(), in.id(), key.getBytes(UTF_8), value.getBytes(UTF_8), now, now));
    }

    @Override
    public Optional<String> getValue(SessionRef in, String key) throws Exception {
        return Sql.first(
                db, GET, row -> new String(row.getBytes(1), UTF_8), in.org().id(), in.id(), key.getBytes(UTF_8));
    }

    @Override
    public boolean deleteValue(SessionRef in, Change<Boolean> change, String key) throws Exception {
        return memory.apply(change, tx -> Sql.update(tx, DELETE, in.org().id(), in.id(), key.getBytes(UTF_8)) > 0);
    }

    @Override
    public List<KeyInfo> listKeys(SessionRef in) throws Exception {
        return Sql.list(db, LIST, Values::info, in.org().id(), in.id());
    }

    private static KeyInfo info(ResultSet row) throws SQLException {
        return KeyInfo.newBuilder()
                .setKey(new String(row.getBytes(1), UTF_8))
                .setCreatedAt(Times.stamp(Instant.parse(row.getString(2))))
                .setUpdatedAt(Times.stamp(Instant.parse(row.getString(3))))
                .build();
    }

    /** Makes the table, if it is not there. */
    void migrate() throws SQLException {
        try (Connection connection = db.getConnection()) {
            Sql.update(connection, TABLE);
        }
        memory.migrate();
    }
}
