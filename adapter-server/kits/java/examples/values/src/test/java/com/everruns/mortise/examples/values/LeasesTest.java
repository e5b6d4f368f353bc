package com.everruns.mortise.examples.values;

import com.everruns.mortise.adapter.v1.KeyInfo;
import com.everruns.mortise.kit.Change;
import com.everruns.mortise.kit.MortiseAdapter;
import com.everruns.mortise.kit.NoSecrets;
import com.everruns.mortise.kit.ProcessLeases;
import com.everruns.mortise.kit.SessionRef;
import com.everruns.mortise.kittest.ContractSuite;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class LeasesTest {
    private record Place(long org, String session, String key) {}

    /** A store that knows nothing of leases. */
    private static final class InMemory implements NoSecrets {
        private final Map<Place, String> kept = new ConcurrentHashMap<>();

        private static Place place(SessionRef in, String key) {
            return new Place(in.org().id(), in.id(), key);
        }

        @Override
        public void setValue(SessionRef in, Change<Void> change, String key, String value) {
            kept.put(place(in, key), value);
        }

        @Override
        public Optional<String> getValue(SessionRef in, String key) {
            return Optional.ofNullable(kept.get(place(in, key)));
        }

        @Override
        public boolean deleteValue(SessionRef in, Change<Boolean> change, String key) {
            return kept.remove(place(in, key)) != null;
        }

        @Override
        public List<KeyInfo> listKeys(SessionRef in) {
            return List.of();
        }
    }

    /** Leases in the process keep their rules, and put their fences on a store that knows nothing of them. */
    @TestFactory
    Stream<DynamicTest> contract() throws Exception {
        MortiseAdapter adapter =
                MortiseAdapter.named("under-test", "0").offer(new InMemory()).offer(new ProcessLeases());
        return ContractSuite.of(adapter, "--only", "LSE-*");
    }
}
