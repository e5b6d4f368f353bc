package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.ModelWithProvider;
import com.everruns.mortise.kit.LlmProviderStore;
import com.everruns.mortise.kit.Org;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** Models with their keys, and which of them is an org's default. */
record Models(Database database, Records<ModelWithProvider> models) implements LlmProviderStore {
    private static final String DEFAULT = "SELECT model FROM default_models WHERE org = ?";
    private static final String MAKE_DEFAULT =
            "INSERT INTO default_models VALUES (?, ?) ON CONFLICT (org) DO UPDATE SET model = excluded.model";

    @Override
    public Optional<ModelWithProvider> getModelWithProvider(Org in, String modelId) throws Exception {
        return database.read(connection -> models.get(connection, in.id(), modelId));
    }

    @Override
    public Optional<ModelWithProvider> getDefaultModel(Org in) throws Exception {
        return database.snapshot(connection -> defaultModel(connection, in));
    }

    Optional<ModelWithProvider> defaultModel(Connection connection, Org in) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(DEFAULT)) {
            statement.setLong(1, in.id());
            try (ResultSet found = statement.executeQuery()) {
                return found.next() ? models.get(connection, in.id(), found.getString(1)) : Optional.empty();
            }
        }
    }

    void put(Connection connection, long org, String id, ModelWithProvider model, boolean isDefault)
            throws SQLException {
        models.put(connection, org, id, model);
        if (isDefault) {
            try (PreparedStatement statement = connection.prepareStatement(MAKE_DEFAULT)) {
                statement.setLong(1, org);
                statement.setString(2, id);
                statement.executeUpdate();
            }
        }
    }
}
