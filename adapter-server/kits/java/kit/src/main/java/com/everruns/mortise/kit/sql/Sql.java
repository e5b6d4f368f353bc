package com.everruns.mortise.kit.sql;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;

/** Statements of JDBC with their parameters, a line each. */
public final class Sql {
    private Sql() {}

    /** Makes something of a row. */
    public interface Row<T> {
        T of(ResultSet row) throws SQLException;
    }

    /** Changes rows, and says how many. */
    public static int update(Connection connection, String sql, Object... parameters) throws SQLException {
        try (PreparedStatement statement = prepared(connection, sql, parameters)) {
            return statement.executeUpdate();
        }
    }

    /** All rows of a query, each made something of. */
    public static <T> List<T> list(Connection connection, String sql, Row<T> each, Object... parameters)
            throws SQLException {
        List<T> all = new ArrayList<>();
        try (PreparedStatement statement = prepared(connection, sql, parameters);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                all.add(each.of(rows));
            }
        }
        return all;
    }

    /** Like {@link #list}, with a connection of its own. */
    public static <T> List<T> list(DataSource database, String sql, Row<T> each, Object... parameters)
            throws SQLException {
        try (Connection connection = database.getConnection()) {
            return list(connection, sql, each, parameters);
        }
    }

    /** The first row of a query, if there is one. */
    public static <T> Optional<T> first(Connection connection, String sql, Row<T> each, Object... parameters)
            throws SQLException {
        return first(list(connection, sql, each, parameters));
    }

    /** Like {@link #first}, with a connection of its own. */
    public static <T> Optional<T> first(DataSource database, String sql, Row<T> each, Object... parameters)
            throws SQLException {
        return first(list(database, sql, each, parameters));
    }

    /** A row that was made null counts as none. */
    private static <T> Optional<T> first(List<T> all) {
        return all.isEmpty() ? Optional.empty() : Optional.ofNullable(all.get(0));
    }

    private static PreparedStatement prepared(Connection connection, String sql, Object... parameters)
            throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
        return statement;
    }
}
