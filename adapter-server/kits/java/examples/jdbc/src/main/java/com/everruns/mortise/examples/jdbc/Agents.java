package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.kit.AgentStore;
import com.everruns.mortise.kit.Org;
import java.util.Optional;

/** Agents. */
record Agents(Database database, Records<Agent> agents) implements AgentStore {
    @Override
    public Optional<Agent> getAgent(Org in, String agentId) throws Exception {
        return database.read(connection -> agents.get(connection, in.id(), agentId));
    }
}
