// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.MachinePaymentRequest;
import com.everruns.mortise.adapter.v1.MachinePaymentResponse;
import java.util.Optional;

/**
 * What an author implements to offer {@code PaymentAuthorityService}.
 *
 * <p>PaymentAuthorityService pays for what capabilities buy. Optional: without it,
 * capabilities cannot pay.
 *
 * <p>The server chooses the account, enforces the policy, pays and keeps the
 * receipt. A model never sees an account or a means of payment; capabilities
 * send fixed requests of their own.
 */
public interface PaymentAuthority extends Store {

    /**
     * ExecuteMachinePayment pays for an HTTP request, sends it, and returns what
     * was bought.
     *
     * <p>It spends money, so a server must pay at most once per request_id: it
     * records that it is about to pay before it pays. If it does not know whether
     * it has paid (it crashed in between, its bank did not answer), it must
     * answer UNAVAILABLE with outcome {@code unknown}. The same call with the same
     * request_id then finds out or gets the same error; it never pays again. A
     * server that keeps such an attempt must find out by itself as well, so that
     * the amount does not stay reserved for ever.
     *
     * <p>INTERNAL + TOOL_EXECUTION with outcome {@code not_applied}: nothing was paid,
     * because no policy exists for the session, its agent or the org, or because
     * the request exceeds the policy or the account's balance; the text names the
     * limit. NOT_FOUND + SESSION_NOT_FOUND: the org has no such session.
     * FAILED_PRECONDITION + CONFIGURATION: receipts cannot be encrypted, so
     * nothing is paid. INVALID_ARGUMENT + INVALID_FIELD: an id, an amount, the
     * method or a JSON value is malformed.
     */
    MachinePaymentResponse executeMachinePayment(SessionRef in, Change<MachinePaymentResponse> change, Optional<String> agentId, MachinePaymentRequest payment) throws Exception;
}
