package com.everruns.mortise.kit.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.everruns.mortise.kit.Failure;
import com.everruns.mortise.kit.TestChange;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteDataSource;

class SqlMemoryTest {
    private static int count(SQLiteDataSource database, String table) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            return statement.executeQuery("SELECT count(*) FROM " + table).getInt(1);
        }
    }

    private static boolean insert(Connection transaction) throws SQLException {
        try (Statement statement = transaction.createStatement()) {
            return statement.executeUpdate("INSERT INTO done VALUES (1)") == 1;
        }
    }

    /** A change and its answer are there together or not at all, and another process sees them. */
    @Test
    void changeAndAnswerAreOneTransaction(@TempDir Path folder) throws Exception {
        SQLiteDataSource database = new SQLiteDataSource();
        database.setUrl("jdbc:sqlite:" + folder.resolve("test.db"));
        SqlMemory memory = new SqlMemory(database, SqlMemory.Dialect.SQLITE);
        memory.migrate();
        memory.migrate();
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE done (n INTEGER)");
        }
        SQLException broken = new SQLException("broken");
        assertThrows(
                SQLException.class,
                () -> memory.apply(TestChange.of("r"), transaction -> {
                    insert(transaction);
                    throw broken;
                }));
        assertEquals(0, count(database, "done"));
        assertEquals(0, count(database, "mortise_answers"));
        assertEquals(true, memory.apply(TestChange.of("r"), SqlMemoryTest::insert));
        SqlMemory other = new SqlMemory(database, SqlMemory.Dialect.SQLITE);
        assertEquals(true, other.apply(TestChange.of("r"), transaction -> {
            throw new AssertionError("the change happens again");
        }));
        assertEquals(1, count(database, "done"));
        for (int i = 0; i < 2; i++) {
            memory.run(TestChange.nothing("nothing"), SqlMemoryTest::insert);
        }
        assertEquals(2, count(database, "done"));
        assertEquals(
                "REQUEST_ID_REUSED",
                assertThrows(Failure.class, () -> memory.apply(TestChange.of("nothing"), SqlMemoryTest::insert))
                        .name());
    }

    private static void insertAnswer(SQLiteDataSource database, String id, long expires) throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("INSERT INTO mortise_answers (org, request_id, method, expires_at) VALUES (1, '"
                    + id + "', 'm', " + expires + ")");
        }
    }

    /** The memory deletes old answers with the first change and then once an hour; others stay. */
    @Test
    void oldAnswersAreDeletedHourly(@TempDir Path folder) throws Exception {
        SQLiteDataSource database = new SQLiteDataSource();
        database.setUrl("jdbc:sqlite:" + folder.resolve("test.db"));
        AtomicLong now = new AtomicLong(-5);
        SqlMemory memory = new SqlMemory(database, SqlMemory.Dialect.SQLITE, new Hourly(Runnable::run, now::get));
        memory.migrate();
        insertAnswer(database, "old", 1);
        insertAnswer(database, "recent", Instant.now().getEpochSecond() + 1000);
        memory.run(TestChange.nothing("first"), transaction -> {});
        assertEquals(2, count(database, "mortise_answers"));
        insertAnswer(database, "old", 1);
        now.addAndGet(TimeUnit.HOURS.toNanos(1) - 1);
        memory.run(TestChange.nothing("second"), transaction -> {});
        assertEquals(4, count(database, "mortise_answers"));
        now.incrementAndGet();
        memory.run(TestChange.nothing("third"), transaction -> {});
        assertEquals(4, count(database, "mortise_answers"));
        assertEquals(0, memory.forget());
        insertAnswer(database, "old", 1);
        assertEquals(1, memory.forget());
    }
}
