package com.everruns.mortise.kit;

import io.grpc.ServerServiceDefinition;
import java.util.Set;
import java.util.function.BiFunction;

/** How the kit serves one service of the contract. */
record Binding<S extends Store>(
        String service, Class<S> store, Set<String> features, BiFunction<S, Core, ServerServiceDefinition> bind) {
    ServerServiceDefinition bind(Store offered, Core core) {
        return bind.apply(store.cast(offered), core);
    }
}
