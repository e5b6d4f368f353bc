package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.ModelWithProvider;
import com.everruns.mortise.adapter.v1.ProviderCredentials;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.kit.sql.Sql;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/** A table of sealed records, each under its org and id. */
record Records<M extends Message>(String table, Parser<M> parser, Seal seal) {

    static Records<Harness> harnesses(Seal seal) {
        return new Records<>("harnesses", Harness.parser(), seal);
    }

    static Records<Agent> agents(Seal seal) {
        return new Records<>("agents", Agent.parser(), seal);
    }

    static Records<Session> sessions(Seal seal) {
        return new Records<>("sessions", Session.parser(), seal);
    }

    static Records<ModelWithProvider> models(Seal seal) {
        return new Records<>("models", ModelWithProvider.parser(), seal);
    }

    static Records<ProviderCredentials> credentials(Seal seal) {
        return new Records<>("provider_credentials", ProviderCredentials.parser(), seal);
    }

    Optional<M> get(Connection connection, long org, String id) throws SQLException {
        return select(connection, "", org, id);
    }

    /** Reads a record that is about to change: others who change it wait. */
    Optional<M> lock(Connection connection, long org, String id) throws SQLException {
        return select(connection, " FOR UPDATE", org, id);
    }

    private Optional<M> select(Connection connection, String how, long org, String id) throws SQLException {
        if (id.indexOf('\0') >= 0) {
            // PostgreSQL keeps no such text, so there is no such record.
            return Optional.empty();
        }
        String sql = "SELECT record FROM " + table + " WHERE org = ? AND id = ?" + how;
        return Sql.first(connection, sql, found -> opened(found.getBytes(1), org, id), org, id);
    }

    private M opened(byte[] sealed, long org, String id) {
        try {
            return parser.parseFrom(seal.open(place(org, id), sealed));
        } catch (InvalidProtocolBufferException damaged) {
            throw new IllegalStateException("a record is damaged: " + place(org, id), damaged);
        }
    }

    void put(Connection connection, long org, String id, M record) throws SQLException {
        String sql = "INSERT INTO " + table + " VALUES (?, ?, ?)"
                + " ON CONFLICT (org, id) DO UPDATE SET record = excluded.record";
        Sql.update(connection, sql, org, id, seal.seal(place(org, id), record.toByteArray()));
    }

    private String place(long org, String id) {
        return table + " " + org + " " + id;
    }
}
