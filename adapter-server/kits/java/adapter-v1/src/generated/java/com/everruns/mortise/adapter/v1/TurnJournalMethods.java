// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.adapter.v1;

import com.google.protobuf.Descriptors;
import io.grpc.MethodDescriptor;
import io.grpc.ServiceDescriptor;

/** The methods of {@code TurnJournalService}, for servers and for {@code io.grpc.stub.ClientCalls}. */
public final class TurnJournalMethods {
    private static final Descriptors.ServiceDescriptor DESCRIPTOR =
            TurnJournalProto.getDescriptor().findServiceByName("TurnJournalService");

    public static final MethodDescriptor<PutTurnRequest, PutTurnResponse> PUT_TURN = Methods.of(
            DESCRIPTOR, "PutTurn", PutTurnRequest.getDefaultInstance(), PutTurnResponse.getDefaultInstance());

    public static final MethodDescriptor<GetTurnRequest, GetTurnResponse> GET_TURN = Methods.of(
            DESCRIPTOR, "GetTurn", GetTurnRequest.getDefaultInstance(), GetTurnResponse.getDefaultInstance());

    public static final MethodDescriptor<RemoveTurnRequest, RemoveTurnResponse> REMOVE_TURN = Methods.of(
            DESCRIPTOR, "RemoveTurn", RemoveTurnRequest.getDefaultInstance(), RemoveTurnResponse.getDefaultInstance());

    public static final MethodDescriptor<ListTurnsRequest, ListTurnsResponse> LIST_TURNS = Methods.of(
            DESCRIPTOR, "ListTurns", ListTurnsRequest.getDefaultInstance(), ListTurnsResponse.getDefaultInstance());

    public static final MethodDescriptor<ClaimToolCallRequest, ClaimToolCallResponse> CLAIM_TOOL_CALL = Methods.of(
            DESCRIPTOR, "ClaimToolCall", ClaimToolCallRequest.getDefaultInstance(), ClaimToolCallResponse.getDefaultInstance());

    public static final MethodDescriptor<SettleToolCallRequest, SettleToolCallResponse> SETTLE_TOOL_CALL = Methods.of(
            DESCRIPTOR, "SettleToolCall", SettleToolCallRequest.getDefaultInstance(), SettleToolCallResponse.getDefaultInstance());

    public static final MethodDescriptor<ListToolCallsRequest, ListToolCallsResponse> LIST_TOOL_CALLS = Methods.of(
            DESCRIPTOR, "ListToolCalls", ListToolCallsRequest.getDefaultInstance(), ListToolCallsResponse.getDefaultInstance());

    public static final ServiceDescriptor SERVICE = Methods.service(
            DESCRIPTOR, PUT_TURN, GET_TURN, REMOVE_TURN, LIST_TURNS, CLAIM_TOOL_CALL, SETTLE_TOOL_CALL, LIST_TOOL_CALLS);

    private TurnJournalMethods() {}
}
