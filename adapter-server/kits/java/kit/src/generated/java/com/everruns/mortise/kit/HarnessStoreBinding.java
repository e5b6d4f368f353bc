// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.GetHarnessChainRequest;
import com.everruns.mortise.adapter.v1.GetHarnessChainResponse;
import com.everruns.mortise.adapter.v1.Harness;
import com.everruns.mortise.adapter.v1.HarnessStoreMethods;
import io.grpc.ServerServiceDefinition;
import java.util.List;

/** Binds a {@link HarnessStore} to the calls of {@code HarnessStoreService}. */
final class HarnessStoreBinding {
    private HarnessStoreBinding() {}

    static ServerServiceDefinition bind(HarnessStore store, Core core) {
        return ServerServiceDefinition.builder(HarnessStoreMethods.SERVICE)
                .addMethod(core.plain(
                        HarnessStoreMethods.GET_HARNESS_CHAIN,
                        GetHarnessChainRequest::getContext,
                        new Codec<List<Harness>, GetHarnessChainResponse>(
                                v -> GetHarnessChainResponse.newBuilder().addAllHarnesses(v).build(),
                                a -> a.getHarnessesList()),
                        r -> store.getHarnessChain(Org.of(r.getContext()), r.getHarnessId())))
                .build();
    }
}
