package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.Feature;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.ProviderCredentials;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.kit.MortiseAdapter;
import com.everruns.mortise.kit.sql.SqlLeases;
import com.everruns.mortise.kit.sql.SqlMemory;
import java.sql.Connection;
import java.sql.SQLNonTransientConnectionException;

/** All that this adapter is. */
final class Adapter {
    static final String NAME = "mortise-jdbc";
    static final String VERSION = "0.1.0";

    private static final int PING_SECONDS = 1;

    private final Database database;
    private final SqlMemory memory;
    private final Records<Harness> harnesses;
    private final Records<Agent> agents;
    private final Records<Session> sessions;
    private final Records<ProviderCredentials> credentials;
    private final Models models;

    Adapter(Database database, Seal seal) {
        this.database = database;
        memory = new SqlMemory(database, SqlMemory.Dialect.POSTGRES);
        harnesses = Records.harnesses(seal);
        agents = Records.agents(seal);
        sessions = Records.sessions(seal);
        credentials = Records.credentials(seal);
        models = new Models(database, Records.models(seal));
    }

    /** With leases it grants those of sessions and checks fences. */
    MortiseAdapter offers(boolean hasLeases, boolean hasTestSeed) {
        Feature[] fenced = hasLeases ? new Feature[] {Feature.FEATURE_FENCED} : new Feature[0];
        Feature[] host = hasLeases
                ? new Feature[] {Feature.FEATURE_TURN_SNAPSHOT, Feature.FEATURE_FENCED}
                : new Feature[] {Feature.FEATURE_TURN_SNAPSHOT};
        Harnesses harnessStore = new Harnesses(database, harnesses);
        Agents agentStore = new Agents(database, agents);
        Sessions sessionStore = new Sessions(database, sessions, memory);
        MortiseAdapter adapter = MortiseAdapter.named(NAME, VERSION)
                .offer(harnessStore)
                .offer(agentStore)
                .offer(sessionStore, fenced)
                .offer(models)
                .offer(new Credentials(database, credentials))
                .offer(new Host(database, harnessStore, agentStore, sessionStore, models), host)
                .ping(this::ping);
        if (hasLeases) {
            adapter.offer(new SqlLeases(memory, sessionStore::mustExist));
        }
        return hasTestSeed ? adapter.offer(new Seed(database, this)) : adapter;
    }

    private void ping() throws Exception {
        try (Connection connection = database.getConnection()) {
            if (!connection.isValid(PING_SECONDS)) {
                throw new SQLNonTransientConnectionException("the connection is broken");
            }
        }
    }

    Records<Harness> harnesses() {
        return harnesses;
    }

    Records<Agent> agents() {
        return agents;
    }

    Records<Session> sessions() {
        return sessions;
    }

    Records<ProviderCredentials> credentials() {
        return credentials;
    }

    Models models() {
        return models;
    }
}
