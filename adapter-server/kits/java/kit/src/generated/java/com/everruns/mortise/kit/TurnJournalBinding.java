// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ClaimToolCallRequest;
import com.everruns.mortise.adapter.v1.ClaimToolCallResponse;
import com.everruns.mortise.adapter.v1.GetTurnRequest;
import com.everruns.mortise.adapter.v1.GetTurnResponse;
import com.everruns.mortise.adapter.v1.ListToolCallsRequest;
import com.everruns.mortise.adapter.v1.ListTurnsRequest;
import com.everruns.mortise.adapter.v1.PutTurnRequest;
import com.everruns.mortise.adapter.v1.PutTurnResponse;
import com.everruns.mortise.adapter.v1.RemoveTurnRequest;
import com.everruns.mortise.adapter.v1.RemoveTurnResponse;
import com.everruns.mortise.adapter.v1.SettleToolCallRequest;
import com.everruns.mortise.adapter.v1.SettleToolCallResponse;
import com.everruns.mortise.adapter.v1.TurnJournalMethods;
import io.grpc.ServerServiceDefinition;
import java.util.Optional;

/** Binds a {@link TurnJournal} to the calls of {@code TurnJournalService}. */
final class TurnJournalBinding {
    private TurnJournalBinding() {}

    static ServerServiceDefinition bind(TurnJournal store, Core core) {
        return ServerServiceDefinition.builder(TurnJournalMethods.SERVICE)
                .addMethod(core.keyed(
                        TurnJournalMethods.PUT_TURN,
                        PutTurnRequest::getContext,
                        new Codec<Void, PutTurnResponse>(
                                v -> PutTurnResponse.getDefaultInstance(),
                                a -> null),
                        (r, c) -> {
                            store.putTurn(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getTurnId(), r.getRecord());
                            return null;
                        }))
                .addMethod(core.plain(
                        TurnJournalMethods.GET_TURN,
                        GetTurnRequest::getContext,
                        new Codec<GetTurnResponse, GetTurnResponse>(
                                v -> v,
                                a -> a),
                        r -> store.getTurn(SessionRef.of(r.getContext(), r.getSessionId()), r.getTurnId())))
                .addMethod(core.keyed(
                        TurnJournalMethods.REMOVE_TURN,
                        RemoveTurnRequest::getContext,
                        new Codec<Boolean, RemoveTurnResponse>(
                                v -> RemoveTurnResponse.newBuilder().setRemoved(v).build(),
                                a -> a.getRemoved()),
                        (r, c) -> store.removeTurn(SessionRef.of(r.getContext(), r.getSessionId()), c, r.getTurnId())))
                .addMethod(core.streamed(
                        TurnJournalMethods.LIST_TURNS,
                        ListTurnsRequest::getContext,
                        (r, to) -> store.listTurns(Org.of(r.getContext()), r.hasSessionId() ? Optional.of(r.getSessionId()) : Optional.empty(), r.getUnleasedOnly(), to)))
                .addMethod(core.keyed(
                        TurnJournalMethods.CLAIM_TOOL_CALL,
                        ClaimToolCallRequest::getContext,
                        new Codec<ClaimToolCallResponse, ClaimToolCallResponse>(
                                v -> v,
                                a -> a),
                        (r, c) -> store.claimToolCall(SessionRef.of(r.getContext(), r.getSessionId()), c, r)))
                .addMethod(core.keyed(
                        TurnJournalMethods.SETTLE_TOOL_CALL,
                        SettleToolCallRequest::getContext,
                        new Codec<Boolean, SettleToolCallResponse>(
                                v -> SettleToolCallResponse.newBuilder().setSettled(v).build(),
                                a -> a.getSettled()),
                        (r, c) -> store.settleToolCall(SessionRef.of(r.getContext(), r.getSessionId()), c, r)))
                .addMethod(core.streamed(
                        TurnJournalMethods.LIST_TOOL_CALLS,
                        ListToolCallsRequest::getContext,
                        (r, to) -> store.listToolCalls(SessionRef.of(r.getContext(), r.getSessionId()), r.getTurnId(), r.hasToolCallId() ? Optional.of(r.getToolCallId()) : Optional.empty(), to)))
                .build();
    }
}
