// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.FollowTurnRequestsResponse;

/**
 * What an author implements to offer {@code TurnQueueService}.
 *
 * <p>TurnQueueService hands turn requests to hosts. Optional: without it, messages
 * that PlatformStoreService stores and schedules that fire start no turn.
 *
 * <p>The server stores a turn request in the transaction that stores its message;
 * the same transaction sets the session's status to ACTIVE. The request waits,
 * across restarts of server and hosts, until a host takes it, and is then gone.
 * One host takes it, however many follow.
 */
public interface TurnQueue extends Store {

    /**
     * FollowTurnRequests streams the waiting turn requests of the org, oldest
     * first, and then every further one, until the caller ends the call. The
     * stream may contain a request that another host takes first, so a host must
     * take a request before it runs the turn.
     */
    void followTurnRequests(Org in, Sender<FollowTurnRequestsResponse> to) throws Exception;

    /**
     * TakeTurnRequest takes a turn request. Of several callers exactly one gets
     * {@code taken}, and that one must run the turn. Taking a request that does not
     * exist returns false; that is not an error.
     */
    boolean takeTurnRequest(SessionRef in, Change<Boolean> change, String inputMessageId) throws Exception;
}
