// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code UserConnectionResolverService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class UserConnectionResolverMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            UserConnectionResolverProto.getDescriptor().findServiceByName("UserConnectionResolverService");

    public static final MethodDescriptor<GetConnectionTokenRequest, GetConnectionTokenResponse> GET_CONNECTION_TOKEN = Methods.of(
            DESCRIPTOR, "GetConnectionToken", GetConnectionTokenRequest.getDefaultInstance(), GetConnectionTokenResponse.getDefaultInstance());

    public static final MethodDescriptor<GetConnectionUserRequest, GetConnectionUserResponse> GET_CONNECTION_USER = Methods.of(
            DESCRIPTOR, "GetConnectionUser", GetConnectionUserRequest.getDefaultInstance(), GetConnectionUserResponse.getDefaultInstance());

    public static final MethodDescriptor<GetConnectionTokenForUserRequest, GetConnectionTokenForUserResponse> GET_CONNECTION_TOKEN_FOR_USER = Methods.of(
            DESCRIPTOR, "GetConnectionTokenForUser", GetConnectionTokenForUserRequest.getDefaultInstance(), GetConnectionTokenForUserResponse.getDefaultInstance());

    public static final MethodDescriptor<GetConnectionMetadataRequest, GetConnectionMetadataResponse> GET_CONNECTION_METADATA = Methods.of(
            DESCRIPTOR, "GetConnectionMetadata", GetConnectionMetadataRequest.getDefaultInstance(), GetConnectionMetadataResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, GET_CONNECTION_TOKEN, GET_CONNECTION_USER, GET_CONNECTION_TOKEN_FOR_USER, GET_CONNECTION_METADATA);

    private UserConnectionResolverMethods() {}
}
