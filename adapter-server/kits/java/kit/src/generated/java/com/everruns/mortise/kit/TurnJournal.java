// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ClaimToolCallRequest;
import com.everruns.mortise.adapter.v1.ClaimToolCallResponse;
import com.everruns.mortise.adapter.v1.GetTurnResponse;
import com.everruns.mortise.adapter.v1.ListToolCallsResponse;
import com.everruns.mortise.adapter.v1.ListTurnsResponse;
import com.everruns.mortise.adapter.v1.SettleToolCallRequest;
import com.google.protobuf.ByteString;
import java.util.Optional;

/**
 * What an author implements to offer {@code TurnJournalService}.
 *
 * <p>TurnJournalService keeps unfinished turns and the results of tool calls.
 * Optional: without it, a host keeps its turns itself, and no other host can take
 * them over.
 */
public interface TurnJournal extends Store {

    /**
     * PutTurn stores the record of a turn, over the record that it had. The record
     * must be durable when the server answers. A session may have several turns.
     */
    void putTurn(SessionRef in, Change<Void> change, String turnId, ByteString record) throws Exception;

    /**
     * GetTurn returns a turn with its record. A turn that does not exist is absent.
     */
    GetTurnResponse getTurn(SessionRef in, String turnId) throws Exception;

    /**
     * RemoveTurn removes a turn that has ended, with its record and all of its tool
     * calls. Removing a turn that does not exist returns false; its tool calls are
     * removed all the same.
     */
    boolean removeTurn(SessionRef in, Change<Boolean> change, String turnId) throws Exception;

    /**
     * ListTurns streams the unfinished turns of the org or of a session, those that
     * were stored first first, without their records.
     */
    void listTurns(Org in, Optional<String> sessionId, boolean unleasedOnly, Sender<ListTurnsResponse> to) throws Exception;

    /**
     * ClaimToolCall claims a tool call before the tool runs, so that it runs once.
     * Of several callers at the same time exactly one makes the claim.
     *
     * <p>The answer says what to do:
     * - {@code claimed}: the caller made the claim. It runs the tool, and then settles
     *   the call with the claim_token of the answer.
     * - Otherwise {@code call} is what is stored, and the caller made no claim. SETTLED
     *   and INTERRUPTED: the tool has run; the caller uses the result. RUNNING
     *   under the caller's own fence: the holder of the lease runs it already.
     *   RUNNING under a lower fence: the call is in doubt. The host that claimed it
     *   was lost before it settled the call, and whether the tool ran is not known.
     *   A caller does not run it again unless the tool may run twice.
     *
     * <p>{@code retake} claims a RUNNING call again, for a tool that may run twice. The former
     * claim_token is then void. Without {@code retake}, a RUNNING call is never claimed
     * again; a call that was settled never is.
     *
     * <p>The server compares no fingerprints. If {@code call.args_fingerprint} differs from
     * the caller's, the call has other arguments than the one that is stored, and
     * the caller must not use the result.
     */
    ClaimToolCallResponse claimToolCall(SessionRef in, Change<ClaimToolCallResponse> change, ClaimToolCallRequest request) throws Exception;

    /**
     * SettleToolCall stores the result of a tool call. It must be durable when the
     * server answers. A claim_token that is not the one of the running claim, and a
     * call that is settled already, change nothing and return false.
     */
    boolean settleToolCall(SessionRef in, Change<Boolean> change, SettleToolCallRequest request) throws Exception;

    /**
     * ListToolCalls streams the tool calls of a turn, those that were claimed first
     * first, or the one that is named. A call that does not exist is absent.
     */
    void listToolCalls(SessionRef in, String turnId, Optional<String> toolCallId, Sender<ListToolCallsResponse> to) throws Exception;
}
