package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.KnownMessages;
import com.everruns.mortise.adapter.v1.LoadTurnContextResponse;
import com.everruns.mortise.adapter.v1.MessageChunk;
import com.everruns.mortise.adapter.v1.ModelWithProvider;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.adapter.v1.TurnContextPart;
import com.everruns.mortise.adapter.v1.TurnSnapshot;
import java.util.List;
import java.util.Optional;

/**
 * Serves {@link RuntimeHost#loadTurnContext} over single reads, with FEATURE_TURN_SNAPSHOT: the
 * parts that are asked for and no others; and with FEATURE_SNAPSHOT_SINCE: without the messages that
 * the caller has. Let all reads see one state of the store, such as that of one transaction. The
 * tools of MCP servers are left out, and hosts list them.
 */
public interface TurnReads {
    /** The session, if it exists. */
    Optional<Session> session(SessionRef in) throws Exception;

    /** An agent, if it exists. */
    Optional<Agent> agent(Org in, String agentId) throws Exception;

    /** The chain of a harness, root first. */
    List<Harness> harnessChain(Org in, String harnessId) throws Exception;

    /** The org's default model, if it has one. */
    Optional<ModelWithProvider> defaultModel(Org in) throws Exception;

    /** Sends the session's messages, oldest first. A store that keeps none sends none. */
    default void messages(SessionRef in, Sender<MessageChunk> to) throws Exception {}

    /** Sends what a phase of a turn reads. */
    default void send(
            SessionRef in,
            List<TurnContextPart> asked,
            Optional<KnownMessages> known,
            Sender<LoadTurnContextResponse> to)
            throws Exception {
        List<TurnContextPart> parts = asked.isEmpty()
                ? List.of(TurnContextPart.TURN_CONTEXT_PART_MESSAGES, TurnContextPart.TURN_CONTEXT_PART_MODEL)
                : asked;
        if (parts.contains(TurnContextPart.TURN_CONTEXT_PART_UNSPECIFIED)) {
            throw Fail.invalidField("parts", "holds 0; send values of TurnContextPart other than 0");
        }
        if (known.isPresent() && known.get().getCount() == 0) {
            throw Fail.invalidField("known_messages.count", "is 0; leave known_messages out where no message is known");
        }
        Session session = session(in)
                .orElseThrow(() -> Fail.sessionNotFound(in.id(), "there is no session " + in.id() + " in the org"));
        TurnSnapshot.Builder snapshot = TurnSnapshot.newBuilder().setSession(session);
        if (session.hasAgentId()) {
            agent(in.org(), session.getAgentId()).ifPresent(snapshot::setAgent);
        }
        if (parts.contains(TurnContextPart.TURN_CONTEXT_PART_MODEL)) {
            defaultModel(in.org()).ifPresent(snapshot::setModel);
        }
        if (parts.contains(TurnContextPart.TURN_CONTEXT_PART_HARNESS_CHAIN)) {
            snapshot.addAllHarnessChain(harnessChain(in.org(), session.getHarnessId()));
        }
        if (parts.contains(TurnContextPart.TURN_CONTEXT_PART_MESSAGES)) {
            UnknownMessages history = new UnknownMessages(snapshot, known, to);
            messages(in, history);
            history.end();
        } else {
            to.send(LoadTurnContextResponse.newBuilder().setSnapshot(snapshot).build());
        }
    }
}
