// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.Budget;
import com.everruns.mortise.adapter.v1.Connection;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.LedgerAccount;
import com.everruns.mortise.adapter.v1.LedgerPolicy;
import com.everruns.mortise.adapter.v1.ModelWithProvider;
import com.everruns.mortise.adapter.v1.ProviderCredentials;
import com.everruns.mortise.adapter.v1.Session;
import java.util.Optional;

/**
 * What an author implements to offer {@code TestSeedService}.
 *
 * <p>TestSeedService stores whole records under the ids that the caller chooses,
 * in the org of the call. A record that exists under the id is replaced as a
 * whole. Optional: offer it only if the server was told to at its start,
 * because it lets every caller write every record of the org.
 */
public interface TestSeed extends Store {

    /**
     * PutHarness stores a harness.
     */
    void putHarness(Org in, Harness harness) throws Exception;

    /**
     * PutAgent stores an agent.
     */
    void putAgent(Org in, Agent agent) throws Exception;

    /**
     * PutSession stores a session. Its organization_id becomes that of the org of
     * the call. If the session is new, the initial files of its harness, of its
     * agent and of itself are placed in its workspace.
     */
    void putSession(Org in, Session session) throws Exception;

    /**
     * PutProviderCredential stores the org's credentials for a type of provider
     * and replaces the existing ones.
     */
    void putProviderCredential(Org in, String providerType, ProviderCredentials credentials) throws Exception;

    /**
     * PutConnection stores a user's connection with a provider and replaces the
     * existing one.
     */
    void putConnection(Org in, Connection connection) throws Exception;

    /**
     * PutPaymentPolicy stores a payment policy, and the account that it pays from
     * with its balance.
     */
    void putPaymentPolicy(Org in, LedgerPolicy policy, Optional<LedgerAccount> account) throws Exception;

    /**
     * PutModel stores a model, and makes it the org's default if is_default is
     * set.
     */
    void putModel(Org in, String modelId, ModelWithProvider model, boolean isDefault) throws Exception;

    /**
     * PutBudget stores a budget.
     */
    void putBudget(Org in, Budget budget) throws Exception;

    /**
     * PutRateLimit stores the org's limit on outbound tool calls.
     */
    void putRateLimit(Org in, int maxCalls, int windowSeconds) throws Exception;
}
