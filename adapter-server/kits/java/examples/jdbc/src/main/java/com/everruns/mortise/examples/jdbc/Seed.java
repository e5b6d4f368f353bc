package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.Budget;
import com.everruns.mortise.adapter.v1.Connection;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.LedgerAccount;
import com.everruns.mortise.adapter.v1.LedgerPolicy;
import com.everruns.mortise.adapter.v1.ModelWithProvider;
import com.everruns.mortise.adapter.v1.ProviderCredentials;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.kit.Fail;
import com.everruns.mortise.kit.Failure;
import com.everruns.mortise.kit.Org;
import com.everruns.mortise.kit.TestSeed;
import java.sql.SQLException;
import java.util.Optional;

/** Lets the contract suite store records; what this adapter does not serve is refused. */
record Seed(Database database, Adapter adapter) implements TestSeed {
    @Override
    public void putHarness(Org in, Harness harness) throws SQLException {
        database.write(to -> adapter.harnesses().put(to, in.id(), harness.getId(), harness));
    }

    @Override
    public void putAgent(Org in, Agent agent) throws SQLException {
        database.write(to -> adapter.agents().put(to, in.id(), agent.getId(), agent));
    }

    @Override
    public void putSession(Org in, Session session) throws SQLException {
        Session own = session.toBuilder().setOrganizationId(in.publicId()).build();
        database.write(to -> adapter.sessions().put(to, in.id(), own.getId(), own));
    }

    @Override
    public void putProviderCredential(Org in, String providerType, ProviderCredentials credentials)
            throws SQLException {
        if (providerType.indexOf('\0') >= 0) {
            throw Fail.invalidField("provider_type", "contains NUL; send a text without it");
        }
        database.write(to -> adapter.credentials().put(to, in.id(), providerType, credentials));
    }

    @Override
    public void putModel(Org in, String modelId, ModelWithProvider model, boolean isDefault) throws SQLException {
        database.write(to -> adapter.models().put(to, in.id(), modelId, model, isDefault));
    }

    private static Failure notServed() {
        return Fail.notOffered("this adapter does not serve what the call is about");
    }

    @Override
    public void putConnection(Org in, Connection connection) {
        throw notServed();
    }

    @Override
    public void putPaymentPolicy(Org in, LedgerPolicy policy, Optional<LedgerAccount> account) {
        throw notServed();
    }

    @Override
    public void putBudget(Org in, Budget budget) {
        throw notServed();
    }

    @Override
    public void putRateLimit(Org in, int maxCalls, int windowSeconds) {
        throw notServed();
    }
}
