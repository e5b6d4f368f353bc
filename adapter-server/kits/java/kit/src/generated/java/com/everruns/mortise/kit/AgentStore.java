// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.Agent;
import java.util.Optional;

/**
 * What an author implements to offer {@code AgentStoreService}.
 *
 * <p>AgentStoreService returns agents. Required: a host runs no turn without it.
 */
public interface AgentStore extends Store {

    /**
     * GetAgent returns the agent with a public id.
     *
     * <p>An agent that does not exist in the org is absent, not an error. An
     * archived agent must be returned with its status. A deleted agent may be
     * returned with its status or be absent. The host checks the status before
     * every phase and ends the turn if the agent is not active, so an answer must
     * show every change that was made before the call.
     */
    Optional<Agent> getAgent(Org in, String agentId) throws Exception;
}
