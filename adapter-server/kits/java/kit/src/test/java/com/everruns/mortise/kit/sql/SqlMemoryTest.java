package com.everruns.mortise.kit.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.everruns.mortise.kit.Failure;
import com.everruns.mortise.kit.TestChange;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
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
        assertEquals(0, memory.forget());
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE mortise_answers SET expires_at = 1");
        }
        assertEquals(2, memory.forget());
    }
}
