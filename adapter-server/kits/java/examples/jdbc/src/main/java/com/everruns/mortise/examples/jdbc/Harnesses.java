package com.everruns.mortise.examples.jdbc;

import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.kit.HarnessStore;
import com.everruns.mortise.kit.Org;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Harnesses with their ancestors. */
record Harnesses(Database database, Records<Harness> harnesses) implements HarnessStore {
    private static final int CHAIN_MAX = 64;

    @Override
    public List<Harness> getHarnessChain(Org in, String harnessId) throws Exception {
        return database.snapshot(connection -> chain(connection, in, harnessId));
    }

    /** The root first. A cycle of parents is cut where it would repeat. */
    List<Harness> chain(Connection connection, Org in, String harnessId) throws SQLException {
        LinkedList<Harness> chain = new LinkedList<>();
        Set<String> seen = new HashSet<>();
        String next = harnessId;
        while (!next.isEmpty() && seen.add(next) && chain.size() < CHAIN_MAX) {
            Optional<Harness> found = harnesses.get(connection, in.id(), next);
            found.ifPresent(chain::addFirst);
            next = found.map(Harness::getParentHarnessId).orElse("");
        }
        return chain;
    }
}
