// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code EgressService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class EgressMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            EgressProto.getDescriptor().findServiceByName("EgressService");

    public static final MethodDescriptor<SendRequest, SendResponse> SEND = Methods.of(
            DESCRIPTOR, "Send", SendRequest.getDefaultInstance(), SendResponse.getDefaultInstance());

    public static final MethodDescriptor<SendStreamRequest, SendStreamResponse> SEND_STREAM = Methods.of(
            DESCRIPTOR, "SendStream", SendStreamRequest.getDefaultInstance(), SendStreamResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, SEND, SEND_STREAM);

    private EgressMethods() {}
}
