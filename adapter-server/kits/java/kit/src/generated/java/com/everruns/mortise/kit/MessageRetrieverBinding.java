// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.CountMessagesRequest;
import com.everruns.mortise.adapter.v1.CountMessagesResponse;
import com.everruns.mortise.adapter.v1.GetMessageRequest;
import com.everruns.mortise.adapter.v1.GetMessageResponse;
import com.everruns.mortise.adapter.v1.LoadFilteredMessagesRequest;
import com.everruns.mortise.adapter.v1.LoadMessagePageRequest;
import com.everruns.mortise.adapter.v1.LoadMessagesRequest;
import com.everruns.mortise.adapter.v1.Message;
import com.everruns.mortise.adapter.v1.MessageRetrieverMethods;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link MessageRetriever} to the calls of {@code MessageRetrieverService}. */
final class MessageRetrieverBinding {
    private MessageRetrieverBinding() {}

    static ServerServiceDefinition bind(MessageRetriever store, Core core) {
        return ServerServiceDefinition.builder(MessageRetrieverMethods.SERVICE)
                .addMethod(core.plain(
                        MessageRetrieverMethods.GET_MESSAGE,
                        GetMessageRequest::getContext,
                        new Codec<Optional<Message>, GetMessageResponse>(
                                v -> v.map(it -> GetMessageResponse.newBuilder().setMessage(it).build()).orElse(GetMessageResponse.getDefaultInstance()),
                                a -> a.hasMessage() ? Optional.of(a.getMessage()) : Optional.empty()),
                        r -> store.getMessage(SessionRef.of(r.getContext(), r.getSessionId()), r.getMessageId())))
                .addMethod(core.streamed(
                        MessageRetrieverMethods.LOAD_MESSAGES,
                        LoadMessagesRequest::getContext,
                        (r, to) -> store.loadMessages(SessionRef.of(r.getContext(), r.getSessionId()), to)))
                .addMethod(core.streamed(
                        MessageRetrieverMethods.LOAD_FILTERED_MESSAGES,
                        LoadFilteredMessagesRequest::getContext,
                        (r, to) -> store.loadFilteredMessages(SessionRef.of(r.getContext(), r.getSessionId()), r.getFiltersList(), r.hasLimit() ? Optional.of(r.getLimit()) : Optional.empty(), r.hasOffset() ? Optional.of(r.getOffset()) : Optional.empty(), to)))
                .addMethod(core.streamed(
                        MessageRetrieverMethods.LOAD_MESSAGE_PAGE,
                        LoadMessagePageRequest::getContext,
                        (r, to) -> store.loadMessagePage(SessionRef.of(r.getContext(), r.getSessionId()), r.getOffset(), r.getLimit(), to)))
                .addMethod(core.plain(
                        MessageRetrieverMethods.COUNT_MESSAGES,
                        CountMessagesRequest::getContext,
                        new Codec<Long, CountMessagesResponse>(
                                v -> CountMessagesResponse.newBuilder().setCount(v).build(),
                                a -> a.getCount()),
                        r -> store.countMessages(SessionRef.of(r.getContext(), r.getSessionId()))))
                .build();
    }
}
