// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.EgressRequest;
import com.everruns.mortise.adapter.v1.SendResponse;
import com.everruns.mortise.adapter.v1.SendStreamResponse;

/**
 * What an author implements to offer {@code EgressService}.
 *
 * <p>EgressService sends HTTP requests on behalf of a host. Optional: without it,
 * the host's tools cannot send requests through the platform, and MCP servers
 * are not reached.
 *
 * <p>A server must check a request in this order, before it makes a connection:
 * - the method and the URL, else INVALID_ARGUMENT + EGRESS_INVALID_REQUEST;
 * - the network access list of the request, then the server's own policy, else
 *   PERMISSION_DENIED + EGRESS_NETWORK_ACCESS_DENIED;
 * - whether it can sign, if signing is EGRESS_SIGNING_REQUIRED, else
 *   FAILED_PRECONDITION + EGRESS_SIGNING_UNAVAILABLE.
 *
 * <p>Whatever fails after that, a timeout included, is INTERNAL +
 * EGRESS_TRANSPORT.
 *
 * <p>Every HTTP status is an answer and not an error, 4xx and 5xx included. A
 * redirect is an answer as well: the server must not follow it. If a header
 * comes more than once, the last value counts. Headers that are not UTF-8 are
 * left out.
 *
 * <p>A request is sent once: a client does not repeat the call. A request larger
 * than Limits.max_message_bytes is refused by the client.
 */
public interface Egress extends Store {

    /**
     * Send sends a request and streams the answer, which the client puts
     * together. A server may refuse an answer that is too large to hold with
     * INTERNAL + EGRESS_TRANSPORT; the reference server holds 32 MiB.
     */
    void send(Org in, EgressRequest requestValue, Sender<SendResponse> to) throws Exception;

    /**
     * SendStream sends a request and streams the answer as it arrives: the head
     * as soon as it is there, then the body without waiting for its end. The
     * caller may cancel the call at any time; the server must then stop the
     * transfer.
     */
    void sendStream(Org in, EgressRequest requestValue, Sender<SendStreamResponse> to) throws Exception;
}
