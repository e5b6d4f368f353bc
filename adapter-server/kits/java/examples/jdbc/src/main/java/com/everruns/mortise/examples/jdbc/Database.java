package com.everruns.mortise.examples.jdbc;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * The connections with PostgreSQL. They are made when they are used: the adapter starts, and says
 * that it is not ready, while PostgreSQL is away. The first one makes the tables.
 */
final class Database extends HikariDataSource {
    private static final int CONNECTIONS_MAX = 16;

    // A call must fail while its caller still tries, which is 10 s.
    private static final int CONNECT_SECONDS = 2;
    private static final int ANSWER_SECONDS = 7;
    private static final int WAIT_MS = 4_000;

    private volatile boolean hasTables;

    Database(String url) {
        super(config(url));
    }

    private static HikariConfig config(String url) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(CONNECTIONS_MAX);
        config.setConnectionTimeout(WAIT_MS);
        config.setInitializationFailTimeout(-1);
        config.addDataSourceProperty("connectTimeout", CONNECT_SECONDS);
        config.addDataSourceProperty("socketTimeout", ANSWER_SECONDS);
        config.addDataSourceProperty("tcpKeepAlive", true);
        config.addDataSourceProperty("ApplicationName", "mortise-jdbc");
        return config;
    }

    /** Reads something. */
    interface Read<T> {
        T from(Connection connection) throws Exception;
    }

    /** Reads in one statement. */
    <T> T read(Read<T> read) throws Exception {
        try (Connection connection = getConnection()) {
            return read.from(connection);
        }
    }

    /** Reads in several statements that all see one state. */
    <T> T snapshot(Read<T> read) throws Exception {
        try (Connection connection = getConnection()) {
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            connection.setReadOnly(true);
            connection.setAutoCommit(false);
            try {
                return read.from(connection);
            } finally {
                // The pool sets the rest back.
                connection.rollback();
            }
        }
    }

    /** Writes without remembering an answer: for what may happen twice. */
    void write(Write write) throws SQLException {
        try (Connection connection = getConnection()) {
            connection.setAutoCommit(false);
            write.to(connection);
            connection.commit();
        }
    }

    /** Writes something. */
    interface Write {
        void to(Connection connection) throws SQLException;
    }

    @Override
    public Connection getConnection() throws SQLException {
        Connection connection = super.getConnection();
        if (!hasTables) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(schema());
                hasTables = true;
            } catch (SQLException thrown) {
                connection.close();
                throw thrown;
            }
        }
        return connection;
    }

    private static String schema() {
        try (InputStream file = Database.class.getResourceAsStream("schema.sql")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
