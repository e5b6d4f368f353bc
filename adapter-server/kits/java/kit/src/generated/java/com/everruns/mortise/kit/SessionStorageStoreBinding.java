// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.DeleteSecretRequest;
import com.everruns.mortise.adapter.v1.DeleteSecretResponse;
import com.everruns.mortise.adapter.v1.DeleteValueRequest;
import com.everruns.mortise.adapter.v1.DeleteValueResponse;
import com.everruns.mortise.adapter.v1.GetSecretRequest;
import com.everruns.mortise.adapter.v1.GetSecretResponse;
import com.everruns.mortise.adapter.v1.GetValueRequest;
import com.everruns.mortise.adapter.v1.GetValueResponse;
import com.everruns.mortise.adapter.v1.KeyInfo;
import com.everruns.mortise.adapter.v1.ListKeysRequest;
import com.everruns.mortise.adapter.v1.ListKeysResponse;
import com.everruns.mortise.adapter.v1.ListSecretsRequest;
import com.everruns.mortise.adapter.v1.ListSecretsResponse;
import com.everruns.mortise.adapter.v1.SecretInfo;
import com.everruns.mortise.adapter.v1.SessionStorageStoreMethods;
import com.everruns.mortise.adapter.v1.SetSecretRequest;
import com.everruns.mortise.adapter.v1.SetSecretResponse;
import com.everruns.mortise.adapter.v1.SetValueRequest;
import com.everruns.mortise.adapter.v1.SetValueResponse;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.Optional;

/** Binds a {@link SessionStorageStore} to the calls of {@code SessionStorageStoreService}. */
final class SessionStorageStoreBinding {
    private SessionStorageStoreBinding() {}

    static ServerServiceDefinition bind(SessionStorageStore store, Core core) {
        return ServerServiceDefinition.builder(SessionStorageStoreMethods.SERVICE)
                .addMethod(core.keyed(
                        SessionStorageStoreMethods.SET_VALUE,
                        SetValueRequest::getContext,
                        new Codec<Void, SetValueResponse>(
                                v -> SetValueResponse.getDefaultInstance(),
                                a -> null),
                        (r, c) -> {
                            store.setValue(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getKey(), r.getValue());
                            return null;
                        }))
                .addMethod(core.plain(
                        SessionStorageStoreMethods.GET_VALUE,
                        GetValueRequest::getContext,
                        new Codec<Optional<String>, GetValueResponse>(
                                v -> v.map(it -> GetValueResponse.newBuilder().setValue(it).build()).orElse(GetValueResponse.getDefaultInstance()),
                                a -> a.hasValue() ? Optional.of(a.getValue()) : Optional.empty()),
                        r -> store.getValue(SessionRef.of(r.getContext(), r.getSessionId()), r.getKey())))
                .addMethod(core.keyed(
                        SessionStorageStoreMethods.DELETE_VALUE,
                        DeleteValueRequest::getContext,
                        new Codec<Boolean, DeleteValueResponse>(
                                v -> DeleteValueResponse.newBuilder().setDeleted(v).build(),
                                a -> a.getDeleted()),
                        (r, c) -> store.deleteValue(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getKey())))
                .addMethod(core.plain(
                        SessionStorageStoreMethods.LIST_KEYS,
                        ListKeysRequest::getContext,
                        new Codec<List<KeyInfo>, ListKeysResponse>(
                                v -> ListKeysResponse.newBuilder().addAllKeys(v).build(),
                                a -> a.getKeysList()),
                        r -> store.listKeys(SessionRef.of(r.getContext(), r.getSessionId()))))
                .addMethod(core.keyed(
                        SessionStorageStoreMethods.SET_SECRET,
                        SetSecretRequest::getContext,
                        new Codec<Void, SetSecretResponse>(
                                v -> SetSecretResponse.getDefaultInstance(),
                                a -> null),
                        (r, c) -> {
                            store.setSecret(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getName(), r.getValue());
                            return null;
                        }))
                .addMethod(core.plain(
                        SessionStorageStoreMethods.GET_SECRET,
                        GetSecretRequest::getContext,
                        new Codec<Optional<String>, GetSecretResponse>(
                                v -> v.map(it -> GetSecretResponse.newBuilder().setValue(it).build()).orElse(GetSecretResponse.getDefaultInstance()),
                                a -> a.hasValue() ? Optional.of(a.getValue()) : Optional.empty()),
                        r -> store.getSecret(SessionRef.of(r.getContext(), r.getSessionId()), r.getName())))
                .addMethod(core.keyed(
                        SessionStorageStoreMethods.DELETE_SECRET,
                        DeleteSecretRequest::getContext,
                        new Codec<Boolean, DeleteSecretResponse>(
                                v -> DeleteSecretResponse.newBuilder().setDeleted(v).build(),
                                a -> a.getDeleted()),
                        (r, c) -> store.deleteSecret(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getName())))
                .addMethod(core.plain(
                        SessionStorageStoreMethods.LIST_SECRETS,
                        ListSecretsRequest::getContext,
                        new Codec<List<SecretInfo>, ListSecretsResponse>(
                                v -> ListSecretsResponse.newBuilder().addAllSecrets(v).build(),
                                a -> a.getSecretsList()),
                        r -> store.listSecrets(SessionRef.of(r.getContext(), r.getSessionId()))))
                .build();
    }
}
