// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code EventEmitterService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class EventEmitterMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            EventEmitterProto.getDescriptor().findServiceByName("EventEmitterService");

    public static final MethodDescriptor<EmitRequest, EmitResponse> EMIT = Methods.of(
            DESCRIPTOR, "Emit", EmitRequest.getDefaultInstance(), EmitResponse.getDefaultInstance());

    public static final MethodDescriptor<EmitStreamRequest, EmitStreamResponse> EMIT_STREAM = Methods.of(
            DESCRIPTOR, "EmitStream", EmitStreamRequest.getDefaultInstance(), EmitStreamResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, EMIT, EMIT_STREAM);

    private EventEmitterMethods() {}
}
