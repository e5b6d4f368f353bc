// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.GetDefaultModelRequest;
import com.everruns.mortise.adapter.v1.GetDefaultModelResponse;
import com.everruns.mortise.adapter.v1.GetModelWithProviderRequest;
import com.everruns.mortise.adapter.v1.GetModelWithProviderResponse;
import com.everruns.mortise.adapter.v1.LlmProviderStoreMethods;
import com.everruns.mortise.adapter.v1.ModelWithProvider;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link LlmProviderStore} to the calls of {@code LlmProviderStoreService}. */
final class LlmProviderStoreBinding {
    private LlmProviderStoreBinding() {}

    static ServerServiceDefinition bind(LlmProviderStore store, Core core) {
        return ServerServiceDefinition.builder(LlmProviderStoreMethods.SERVICE)
                .addMethod(core.plain(
                        LlmProviderStoreMethods.GET_MODEL_WITH_PROVIDER,
                        GetModelWithProviderRequest::getContext,
                        new Codec<Optional<ModelWithProvider>, GetModelWithProviderResponse>(
                                v -> v.map(it -> GetModelWithProviderResponse.newBuilder().setModel(it).build()).orElse(GetModelWithProviderResponse.getDefaultInstance()),
                                a -> a.hasModel() ? Optional.of(a.getModel()) : Optional.empty()),
                        r -> store.getModelWithProvider(Org.of(r.getContext()), r.getModelId())))
                .addMethod(core.plain(
                        LlmProviderStoreMethods.GET_DEFAULT_MODEL,
                        GetDefaultModelRequest::getContext,
                        new Codec<Optional<ModelWithProvider>, GetDefaultModelResponse>(
                                v -> v.map(it -> GetDefaultModelResponse.newBuilder().setModel(it).build()).orElse(GetDefaultModelResponse.getDefaultInstance()),
                                a -> a.hasModel() ? Optional.of(a.getModel()) : Optional.empty()),
                        r -> store.getDefaultModel(Org.of(r.getContext()))))
                .build();
    }
}
