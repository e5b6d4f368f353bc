package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.ModelWithProvider;
import com.everruns.mortise.kit.LlmProviderStore;
import com.everruns.mortise.kit.Org;
import com.everruns.mortise.kit.sql.Sql;
import java.sql.Connection;
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
        Optional<String> id = Sql.first(connection, DEFAULT, found -> found.getString(1), in.id());
        return id.isPresent() ? models.get(connection, in.id(), id.get()) : Optional.empty();
    }

    void put(Connection connection, long org, String id, ModelWithProvider model, boolean isDefault)
            throws SQLException {
        models.put(connection, org, id, model);
        if (isDefault) {
            Sql.update(connection, MAKE_DEFAULT, org, id);
        }
    }
}
