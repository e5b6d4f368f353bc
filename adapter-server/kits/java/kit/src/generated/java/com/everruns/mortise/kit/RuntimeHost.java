// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.LoadTurnContextResponse;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.adapter.v1.SessionStatus;
import com.everruns.mortise.adapter.v1.TurnContextPart;
import java.util.List;
import java.util.Optional;

/**
 * What an author implements to offer {@code RuntimeHostService}.
 *
 * <p>RuntimeHostService loads what a turn needs and sets the status of its
 * session. Required: a host runs no turn without it.
 */
public interface RuntimeHost extends Store {

    /**
     * GetAgent returns the same agent as AgentStoreService.GetAgent.
     */
    Optional<Agent> getAgent(Org in, String agentId) throws Exception;

    /**
     * GetHarness returns one harness: the last element of what
     * HarnessStoreService.GetHarnessChain returns. It is absent if the chain is
     * empty.
     */
    Optional<Harness> getHarness(Org in, String harnessId) throws Exception;

    /**
     * SetSessionStatus sets the status of a session and returns the session.
     * Setting the status that the session has succeeds. updated_at moves on.
     * started_at is set with the first ACTIVE and then stays. A status change
     * must not undo a change of another field that happens at the same time.
     *
     * <p>INTERNAL + STORE with a text that contains "not found": the session does
     * not exist in the org. INVALID_ARGUMENT + INVALID_FIELD: the status is
     * unspecified or unknown.
     */
    Session setSessionStatus(SessionRef in, Change<Session> change, SessionStatus status) throws Exception;

    /**
     * LoadTurnContext returns what a phase of a turn reads, as a consistent
     * snapshot: the session, its agent, its messages, the default model and the
     * tools of its MCP servers.
     *
     * <p>The first message of the stream is the snapshot; the session's messages
     * follow in further ones, oldest first. A server with FEATURE_TURN_SNAPSHOT
     * must send the parts that the request names and no others. A server without
     * it may ignore the parts and send messages, model and MCP tools.
     *
     * <p>NOT_FOUND + SESSION_NOT_FOUND: the session does not exist in the org.
     *
     * <p>An MCP server that cannot be reached must not fail the call: its tools are
     * left out. A server need not list MCP tools at all: if it sends none of an
     * MCP server, the host asks that MCP server itself, see McpService.
     */
    void loadTurnContext(SessionRef in, List<TurnContextPart> parts, Sender<LoadTurnContextResponse> to) throws Exception;
}
