// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code MessageRetrieverService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class MessageRetrieverMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            MessageRetrieverProto.getDescriptor().findServiceByName("MessageRetrieverService");

    public static final MethodDescriptor<GetMessageRequest, GetMessageResponse> GET_MESSAGE = Methods.of(
            DESCRIPTOR, "GetMessage", GetMessageRequest.getDefaultInstance(), GetMessageResponse.getDefaultInstance());

    public static final MethodDescriptor<LoadMessagesRequest, LoadMessagesResponse> LOAD_MESSAGES = Methods.of(
            DESCRIPTOR, "LoadMessages", LoadMessagesRequest.getDefaultInstance(), LoadMessagesResponse.getDefaultInstance());

    public static final MethodDescriptor<LoadFilteredMessagesRequest, LoadFilteredMessagesResponse> LOAD_FILTERED_MESSAGES = Methods.of(
            DESCRIPTOR, "LoadFilteredMessages", LoadFilteredMessagesRequest.getDefaultInstance(), LoadFilteredMessagesResponse.getDefaultInstance());

    public static final MethodDescriptor<LoadMessagePageRequest, LoadMessagePageResponse> LOAD_MESSAGE_PAGE = Methods.of(
            DESCRIPTOR, "LoadMessagePage", LoadMessagePageRequest.getDefaultInstance(), LoadMessagePageResponse.getDefaultInstance());

    public static final MethodDescriptor<CountMessagesRequest, CountMessagesResponse> COUNT_MESSAGES = Methods.of(
            DESCRIPTOR, "CountMessages", CountMessagesRequest.getDefaultInstance(), CountMessagesResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, GET_MESSAGE, LOAD_MESSAGES, LOAD_FILTERED_MESSAGES, LOAD_MESSAGE_PAGE, COUNT_MESSAGES);

    private MessageRetrieverMethods() {}
}
