// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.FollowEventsResponse;
import com.everruns.mortise.adapter.v1.ReadEventsResponse;

/**
 * What an author implements to offer {@code EventLogService}.
 *
 * <p>EventLogService returns what EventEmitterService stored. Optional: without
 * it, a host runs turns, but its callers cannot read or follow events.
 */
public interface EventLog extends Store {

    /**
     * ReadEvents streams the stored events of a session that come after a
     * sequence number, in order, and ends. An event must be readable as soon as
     * its emit is answered. Ephemeral events are not among them. A session that
     * does not exist in the org has no events; that is not an error.
     */
    void readEvents(SessionRef in, long afterSequence, long limit, Sender<ReadEventsResponse> to) throws Exception;

    /**
     * FollowEvents streams the stored events of a session that come after a
     * sequence number, in order, and then every further event when it is stored,
     * with ephemeral events between them, until the caller ends the call. No
     * stored event may be lost or sent twice, also if the follower reads slowly
     * or if the events do not exist yet. Ephemeral events may be lost. A slow or
     * absent follower must not hold up emits. A server that stops ends the
     * stream; the client then follows again from the last number that it has
     * seen.
     */
    void followEvents(SessionRef in, long afterSequence, Sender<FollowEventsResponse> to) throws Exception;
}
