// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ChatCompletionRequest;
import com.everruns.mortise.adapter.v1.ChatCompletionResponse;
import com.everruns.mortise.adapter.v1.ChatCompletionStreamRequest;
import com.everruns.mortise.adapter.v1.UtilityLlmMethods;
import io.grpc.ServerServiceDefinition;

/** Binds a {@link UtilityLlm} to the calls of {@code UtilityLlmService}. */
final class UtilityLlmBinding {
    private UtilityLlmBinding() {}

    static ServerServiceDefinition bind(UtilityLlm store, Core core) {
        return ServerServiceDefinition.builder(UtilityLlmMethods.SERVICE)
                .addMethod(core.plain(
                        UtilityLlmMethods.CHAT_COMPLETION,
                        ChatCompletionRequest::getContext,
                        new Codec<ChatCompletionResponse, ChatCompletionResponse>(
                                v -> v,
                                a -> a),
                        r -> store.chatCompletion(Org.of(r.getContext()), r.getRequest())))
                .addMethod(core.streamed(
                        UtilityLlmMethods.CHAT_COMPLETION_STREAM,
                        ChatCompletionStreamRequest::getContext,
                        (r, to) -> store.chatCompletionStream(Org.of(r.getContext()), r.getRequest(), to)))
                .build();
    }
}
