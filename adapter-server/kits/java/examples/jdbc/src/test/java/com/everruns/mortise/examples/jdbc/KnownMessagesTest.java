package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.Budget;
import com.everruns.mortise.adapter.v1.Connection;
import com.everruns.mortise.adapter.v1.EmitResponse;
import com.everruns.mortise.adapter.v1.Feature;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.KnownMessages;
import com.everruns.mortise.adapter.v1.LedgerAccount;
import com.everruns.mortise.adapter.v1.LedgerPolicy;
import com.everruns.mortise.adapter.v1.LoadTurnContextResponse;
import com.everruns.mortise.adapter.v1.Message;
import com.everruns.mortise.adapter.v1.MessageChunk;
import com.everruns.mortise.adapter.v1.MessageRole;
import com.everruns.mortise.adapter.v1.ModelWithProvider;
import com.everruns.mortise.adapter.v1.NewEvent;
import com.everruns.mortise.adapter.v1.ProviderCredentials;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.adapter.v1.SessionStatus;
import com.everruns.mortise.adapter.v1.TurnContextPart;
import com.everruns.mortise.kit.Change;
import com.everruns.mortise.kit.EventEmitter;
import com.everruns.mortise.kit.MortiseAdapter;
import com.everruns.mortise.kit.Org;
import com.everruns.mortise.kit.RuntimeHost;
import com.everruns.mortise.kit.Sender;
import com.everruns.mortise.kit.SessionRef;
import com.everruns.mortise.kit.TestSeed;
import com.everruns.mortise.kit.TurnReads;
import com.everruns.mortise.kittest.ContractSuite;
import com.google.protobuf.Timestamp;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class KnownMessagesTest {
    private record Place(long org, String session) {}

    /** Keeps sessions, and the ids of their messages, in the process. */
    private static final class InMemory implements RuntimeHost, EventEmitter, TurnReads, TestSeed {
        private static final Pattern MESSAGE = Pattern.compile("message_[0-9a-f]{32}");

        /** Few, so that what a caller has ends in the middle of one. */
        private static final int CHUNK = 5;

        private final Map<Place, Session> sessions = new ConcurrentHashMap<>();
        private final Map<Place, List<String>> messages = new ConcurrentHashMap<>();

        private List<String> ids(long org, String session) {
            return messages.computeIfAbsent(new Place(org, session), none -> new CopyOnWriteArrayList<>());
        }

        @Override
        public void putSession(Org in, Session session) {
            sessions.put(new Place(in.id(), session.getId()), session);
        }

        @Override
        public EmitResponse emit(Org in, Change<EmitResponse> change, NewEvent event, String proposedEventId) {
            Matcher message = MESSAGE.matcher(event.getDataJson());
            List<String> ids = ids(in.id(), event.getSessionId());
            if (message.find()) {
                ids.add(message.group());
            }
            return EmitResponse.newBuilder()
                    .setEventId(proposedEventId)
                    .setSequence(ids.size())
                    .build();
        }

        @Override
        public void loadTurnContext(
                SessionRef in,
                List<TurnContextPart> parts,
                Optional<KnownMessages> known,
                Sender<LoadTurnContextResponse> to)
                throws Exception {
            send(in, parts, known, to);
        }

        @Override
        public void messages(SessionRef in, Sender<MessageChunk> to) throws Exception {
            List<String> ids = ids(in.org().id(), in.id());
            for (int from = 0; from < ids.size(); from += CHUNK) {
                MessageChunk.Builder chunk = MessageChunk.newBuilder();
                for (String id : ids.subList(from, Math.min(from + CHUNK, ids.size()))) {
                    chunk.addMessages(Message.newBuilder()
                            .setId(id)
                            .setRole(MessageRole.MESSAGE_ROLE_USER)
                            .setCreatedAt(Timestamp.getDefaultInstance()));
                }
                to.send(chunk.build());
            }
        }

        @Override
        public Optional<Session> session(SessionRef in) {
            return Optional.ofNullable(sessions.get(new Place(in.org().id(), in.id())));
        }

        @Override
        public Optional<Agent> agent(Org in, String agentId) {
            return Optional.empty();
        }

        @Override
        public List<Harness> harnessChain(Org in, String harnessId) {
            return List.of();
        }

        @Override
        public Optional<ModelWithProvider> defaultModel(Org in) {
            return Optional.empty();
        }

        @Override
        public Optional<Agent> getAgent(Org in, String agentId) {
            return Optional.empty();
        }

        @Override
        public Optional<Harness> getHarness(Org in, String harnessId) {
            return Optional.empty();
        }

        @Override
        public Session setSessionStatus(SessionRef in, Change<Session> change, SessionStatus status) {
            return session(in).orElseThrow();
        }

        @Override
        public void putHarness(Org in, Harness harness) {}

        @Override
        public void putAgent(Org in, Agent agent) {}

        @Override
        public void putProviderCredential(Org in, String providerType, ProviderCredentials credentials) {}

        @Override
        public void putConnection(Org in, Connection connection) {}

        @Override
        public void putPaymentPolicy(Org in, LedgerPolicy policy, Optional<LedgerAccount> account) {}

        @Override
        public void putModel(Org in, String modelId, ModelWithProvider model, boolean isDefault) {}

        @Override
        public void putBudget(Org in, Budget budget) {}

        @Override
        public void putRateLimit(Org in, int maxCalls, int windowSeconds) {}
    }

    /** A snapshot over single reads leaves out the messages that the caller has, and no others. */
    @TestFactory
    Stream<DynamicTest> contract() throws Exception {
        MortiseAdapter adapter = MortiseAdapter.named("under-test", "0")
                .offer(new InMemory(), Feature.FEATURE_TURN_SNAPSHOT, Feature.FEATURE_SNAPSHOT_SINCE);
        return ContractSuite.of(adapter, "--only", "CTX-15", "--only", "CTX-16");
    }
}
