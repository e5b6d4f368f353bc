// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CountActiveRequest;
import com.everruns.mortise.adapter.v1.CountActiveResponse;
import com.everruns.mortise.adapter.v1.CreateMemoryRequest;
import com.everruns.mortise.adapter.v1.CreateMemoryResponse;
import com.everruns.mortise.adapter.v1.ForgetRequest;
import com.everruns.mortise.adapter.v1.ForgetResponse;
import com.everruns.mortise.adapter.v1.GetMemoryStoreRequest;
import com.everruns.mortise.adapter.v1.GetMemoryStoreResponse;
import com.everruns.mortise.adapter.v1.GetOrCreateDefaultStoreRequest;
import com.everruns.mortise.adapter.v1.GetOrCreateDefaultStoreResponse;
import com.everruns.mortise.adapter.v1.Memory;
import com.everruns.mortise.adapter.v1.MemoryStoreMethods;
import com.everruns.mortise.adapter.v1.RecallRequest;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link MemoryStore} to the calls of {@code MemoryStoreService}. */
final class MemoryStoreBinding {
    private MemoryStoreBinding() {}

    static ServerServiceDefinition bind(MemoryStore store, Core core) {
        return ServerServiceDefinition.builder(MemoryStoreMethods.SERVICE)
                .addMethod(core.keyed(
                        MemoryStoreMethods.GET_OR_CREATE_DEFAULT_STORE,
                        GetOrCreateDefaultStoreRequest::getContext,
                        new Codec<com.everruns.mortise.adapter.v1.MemoryStore, GetOrCreateDefaultStoreResponse>(
                                v -> GetOrCreateDefaultStoreResponse.newBuilder().setStore(v).build(),
                                a -> a.getStore()),
                        (r, c) -> store.getOrCreateDefaultStore(Org.of(r.getContext()), c, r.getOrgId())))
                .addMethod(core.plain(
                        MemoryStoreMethods.GET_MEMORY_STORE,
                        GetMemoryStoreRequest::getContext,
                        new Codec<Optional<com.everruns.mortise.adapter.v1.MemoryStore>, GetMemoryStoreResponse>(
                                v -> v.map(it -> GetMemoryStoreResponse.newBuilder().setStore(it).build()).orElse(GetMemoryStoreResponse.getDefaultInstance()),
                                a -> a.hasStore() ? Optional.of(a.getStore()) : Optional.empty()),
                        r -> store.getMemoryStore(Org.of(r.getContext()), r.getStoreId())))
                .addMethod(core.keyed(
                        MemoryStoreMethods.CREATE_MEMORY,
                        CreateMemoryRequest::getContext,
                        new Codec<Memory, CreateMemoryResponse>(
                                v -> CreateMemoryResponse.newBuilder().setMemory(v).build(),
                                a -> a.getMemory()),
                        (r, c) -> store.createMemory(Org.of(r.getContext()), c, r)))
                .addMethod(core.streamed(
                        MemoryStoreMethods.RECALL,
                        RecallRequest::getContext,
                        (r, to) -> store.recall(Org.of(r.getContext()), r, to)))
                .addMethod(core.keyed(
                        MemoryStoreMethods.FORGET,
                        ForgetRequest::getContext,
                        new Codec<Boolean, ForgetResponse>(
                                v -> ForgetResponse.newBuilder().setForgotten(v).build(),
                                a -> a.getForgotten()),
                        (r, c) -> store.forget(Org.of(r.getContext()), c, r.getStoreId(), r.getMemoryId())))
                .addMethod(core.plain(
                        MemoryStoreMethods.COUNT_ACTIVE,
                        CountActiveRequest::getContext,
                        new Codec<Long, CountActiveResponse>(
                                v -> CountActiveResponse.newBuilder().setCount(v).build(),
                                a -> a.getCount()),
                        r -> store.countActive(Org.of(r.getContext()), r.getStoreId())))
                .build();
    }
}
