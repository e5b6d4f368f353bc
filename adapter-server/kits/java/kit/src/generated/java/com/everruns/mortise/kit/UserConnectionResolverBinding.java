// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.GetConnectionMetadataRequest;
import com.everruns.mortise.adapter.v1.GetConnectionMetadataResponse;
import com.everruns.mortise.adapter.v1.GetConnectionTokenForUserRequest;
import com.everruns.mortise.adapter.v1.GetConnectionTokenForUserResponse;
import com.everruns.mortise.adapter.v1.GetConnectionTokenRequest;
import com.everruns.mortise.adapter.v1.GetConnectionTokenResponse;
import com.everruns.mortise.adapter.v1.GetConnectionUserRequest;
import com.everruns.mortise.adapter.v1.GetConnectionUserResponse;
import com.everruns.mortise.adapter.v1.UserConnectionResolverMethods;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link UserConnectionResolver} to the calls of {@code UserConnectionResolverService}. */
final class UserConnectionResolverBinding {
    private UserConnectionResolverBinding() {}

    static ServerServiceDefinition bind(UserConnectionResolver store, Core core) {
        return ServerServiceDefinition.builder(UserConnectionResolverMethods.SERVICE)
                .addMethod(core.plain(
                        UserConnectionResolverMethods.GET_CONNECTION_TOKEN,
                        GetConnectionTokenRequest::getContext,
                        new Codec<Optional<String>, GetConnectionTokenResponse>(
                                v -> v.map(it -> GetConnectionTokenResponse.newBuilder().setToken(it).build()).orElse(GetConnectionTokenResponse.getDefaultInstance()),
                                a -> a.hasToken() ? Optional.of(a.getToken()) : Optional.empty()),
                        r -> store.getConnectionToken(SessionRef.of(r.getContext(), r.getSessionId()), r.getProvider())))
                .addMethod(core.plain(
                        UserConnectionResolverMethods.GET_CONNECTION_USER,
                        GetConnectionUserRequest::getContext,
                        new Codec<Optional<String>, GetConnectionUserResponse>(
                                v -> v.map(it -> GetConnectionUserResponse.newBuilder().setUserId(it).build()).orElse(GetConnectionUserResponse.getDefaultInstance()),
                                a -> a.hasUserId() ? Optional.of(a.getUserId()) : Optional.empty()),
                        r -> store.getConnectionUser(SessionRef.of(r.getContext(), r.getSessionId()), r.getProvider())))
                .addMethod(core.plain(
                        UserConnectionResolverMethods.GET_CONNECTION_TOKEN_FOR_USER,
                        GetConnectionTokenForUserRequest::getContext,
                        new Codec<Optional<String>, GetConnectionTokenForUserResponse>(
                                v -> v.map(it -> GetConnectionTokenForUserResponse.newBuilder().setToken(it).build()).orElse(GetConnectionTokenForUserResponse.getDefaultInstance()),
                                a -> a.hasToken() ? Optional.of(a.getToken()) : Optional.empty()),
                        r -> store.getConnectionTokenForUser(Org.of(r.getContext()), r.getUserId(), r.getProvider())))
                .addMethod(core.plain(
                        UserConnectionResolverMethods.GET_CONNECTION_METADATA,
                        GetConnectionMetadataRequest::getContext,
                        new Codec<Optional<String>, GetConnectionMetadataResponse>(
                                v -> v.map(it -> GetConnectionMetadataResponse.newBuilder().setMetadataJson(it).build()).orElse(GetConnectionMetadataResponse.getDefaultInstance()),
                                a -> a.hasMetadataJson() ? Optional.of(a.getMetadataJson()) : Optional.empty()),
                        r -> store.getConnectionMetadata(SessionRef.of(r.getContext(), r.getSessionId()), r.getProvider())))
                .build();
    }
}
