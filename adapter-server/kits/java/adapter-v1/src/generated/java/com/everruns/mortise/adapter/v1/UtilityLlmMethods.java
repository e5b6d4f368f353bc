// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code UtilityLlmService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class UtilityLlmMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            UtilityLlmProto.getDescriptor().findServiceByName("UtilityLlmService");

    public static final MethodDescriptor<ChatCompletionRequest, ChatCompletionResponse> CHAT_COMPLETION = Methods.of(
            DESCRIPTOR, "ChatCompletion", ChatCompletionRequest.getDefaultInstance(), ChatCompletionResponse.getDefaultInstance());

    public static final MethodDescriptor<ChatCompletionStreamRequest, ChatCompletionStreamResponse> CHAT_COMPLETION_STREAM = Methods.of(
            DESCRIPTOR, "ChatCompletionStream", ChatCompletionStreamRequest.getDefaultInstance(), ChatCompletionStreamResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, CHAT_COMPLETION, CHAT_COMPLETION_STREAM);

    private UtilityLlmMethods() {}
}
