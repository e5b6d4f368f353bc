package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.Agent;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.KnownMessages;
import com.everruns.mortise.adapter.v1.LoadTurnContextResponse;
import com.everruns.mortise.adapter.v1.ModelWithProvider;
import com.everruns.mortise.adapter.v1.Session;
import com.everruns.mortise.adapter.v1.SessionStatus;
import com.everruns.mortise.adapter.v1.TurnContextPart;
import com.everruns.mortise.kit.Change;
import com.everruns.mortise.kit.Org;
import com.everruns.mortise.kit.RuntimeHost;
import com.everruns.mortise.kit.Sender;
import com.everruns.mortise.kit.SessionRef;
import com.everruns.mortise.kit.TurnReads;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a turn loads, in one transaction. */
record Host(Database database, Harnesses harnesses, Agents agents, Sessions sessions, Models models)
        implements RuntimeHost {

    @Override
    public Optional<Agent> getAgent(Org in, String agentId) throws Exception {
        return agents.getAgent(in, agentId);
    }

    @Override
    public Optional<Harness> getHarness(Org in, String harnessId) throws Exception {
        return database.read(connection -> harnesses.harnesses().get(connection, in.id(), harnessId));
    }

    @Override
    public Session setSessionStatus(SessionRef in, Change<Session> change, SessionStatus status) throws Exception {
        return sessions.setStatus(in, change, status);
    }

    /** The messages are read before they are sent: a caller that reads slowly holds no connection. */
    @Override
    public void loadTurnContext(
            SessionRef in,
            List<TurnContextPart> parts,
            Optional<KnownMessages> known,
            Sender<LoadTurnContextResponse> to)
            throws Exception {
        List<LoadTurnContextResponse> read = new ArrayList<>();
        database.snapshot(connection -> {
            new Reads(connection).send(in, parts, known, read::add);
            return null;
        });
        for (LoadTurnContextResponse message : read) {
            to.send(message);
        }
    }

    private final class Reads implements TurnReads {
        private final Connection connection;

        Reads(Connection connection) {
            this.connection = connection;
        }

        @Override
        public Optional<Session> session(SessionRef in) throws SQLException {
            return sessions.sessions().get(connection, in.org().id(), in.id());
        }

        @Override
        public Optional<Agent> agent(Org in, String agentId) throws SQLException {
            return agents.agents().get(connection, in.id(), agentId);
        }

        @Override
        public List<Harness> harnessChain(Org in, String harnessId) throws SQLException {
            return harnesses.chain(connection, in, harnessId);
        }

        @Override
        public Optional<ModelWithProvider> defaultModel(Org in) throws SQLException {
            return models.defaultModel(connection, in);
        }
    }
}
