// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

package com.everruns.mortise.kit;

import com.everruns.mortise.adapter.v1.ErrorReason;
import io.grpc.Status.Code;
import java.util.Map;

/**
 * The errors of the contract, to be thrown: one constructor a reason, each with its gRPC code.
 *
 * <p>The text crosses the wire and is shown to people and models: it must hold no secret.
 */
public final class Fail {
    private Fail() {}

    /**
     * The error INVALID_FIELD: a field of the request, by its path, is missing or malformed. Say what
     * is wrong and what to send.
     */
    public static Failure invalidField(String path, String problem) {
        return new Failure(ErrorReason.ERROR_REASON_INVALID_FIELD, Code.INVALID_ARGUMENT, path + ": " + problem, Map.of(), path);
    }

    /**
     * The error REQUEST_ID_REUSED.
     *
     * <p>INVALID_ARGUMENT. The request_id was used before with another method.
     * Nothing was done.
     */
    public static Failure requestIdReused(String text) {
        return new Failure(ErrorReason.ERROR_REASON_REQUEST_ID_REUSED, Code.INVALID_ARGUMENT, text, Map.of());
    }

    /**
     * The error MESSAGE_TOO_LARGE.
     *
     * <p>RESOURCE_EXHAUSTED. A message is larger than its receiver takes, or an
     * image is larger than 64 MiB. Metadata: {@code size_bytes}, {@code limit_bytes}. A gRPC
     * library that refuses a message by itself may send OUT_OF_RANGE without
     * details.
     */
    public static Failure messageTooLarge(String sizeBytes, String limitBytes, String text) {
        return new Failure(ErrorReason.ERROR_REASON_MESSAGE_TOO_LARGE, Code.RESOURCE_EXHAUSTED, text, Map.of("size_bytes", sizeBytes, "limit_bytes", limitBytes));
    }

    /**
     * The error NOT_OFFERED.
     *
     * <p>UNIMPLEMENTED. The server does not offer this service or method to this
     * org.
     */
    public static Failure notOffered(String text) {
        return new Failure(ErrorReason.ERROR_REASON_NOT_OFFERED, Code.UNIMPLEMENTED, text, Map.of());
    }

    /**
     * The error PROTOCOL_MISMATCH.
     *
     * <p>FAILED_PRECONDITION. The two sides share no protocol version. Metadata:
     * {@code client_protocol}, {@code server_protocol}.
     */
    public static Failure protocolMismatch(String clientProtocol, String serverProtocol, String text) {
        return new Failure(ErrorReason.ERROR_REASON_PROTOCOL_MISMATCH, Code.FAILED_PRECONDITION, text, Map.of("client_protocol", clientProtocol, "server_protocol", serverProtocol));
    }

    /**
     * The error UNAVAILABLE.
     *
     * <p>UNAVAILABLE. The store cannot answer now and may answer later: its database
     * is away, or the server is stopping. The caller sends the call again if its
     * effect allows it. Without RetryInfo this is the only error after which it
     * does.
     */
    public static Failure unavailable(String text) {
        return new Failure(ErrorReason.ERROR_REASON_UNAVAILABLE, Code.UNAVAILABLE, text, Map.of());
    }

    /**
     * The error DEADLINE_EXCEEDED.
     *
     * <p>DEADLINE_EXCEEDED. The answer did not come in time. A change may have
     * happened.
     */
    public static Failure deadlineExceeded(String text) {
        return new Failure(ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED, Code.DEADLINE_EXCEEDED, text, Map.of());
    }

    /**
     * The error NOT_ALLOWED.
     *
     * <p>PERMISSION_DENIED, or UNAUTHENTICATED if the caller did not prove who it
     * is. The caller may not make this call.
     */
    public static Failure notAllowed(String text) {
        return new Failure(ErrorReason.ERROR_REASON_NOT_ALLOWED, Code.PERMISSION_DENIED, text, Map.of());
    }

    /**
     * The error MALFORMED.
     *
     * <p>DATA_LOSS. A response breaks the contract. Only the receiver of a response
     * reports it.
     */
    public static Failure malformed(String text) {
        return new Failure(ErrorReason.ERROR_REASON_MALFORMED, Code.DATA_LOSS, text, Map.of());
    }

    /**
     * The error SESSION_ARCHIVED.
     *
     * <p>FAILED_PRECONDITION. The session is deleted (archived). Nothing was changed,
     * and nothing will be. The caller does not send the call again. A host cancels
     * the session's turn. Metadata: {@code id}.
     */
    public static Failure sessionArchived(String id, String text) {
        return new Failure(ErrorReason.ERROR_REASON_SESSION_ARCHIVED, Code.FAILED_PRECONDITION, text, Map.of("id", id));
    }

    /**
     * The error FENCED.
     *
     * <p>ABORTED. The session's lease has passed on to another holder, or the fence was
     * never granted, or a change without a fence is not accepted while the session is
     * leased. Nothing was changed. Sending it again does not help, so the error has
     * no RetryInfo. A host stops its turn and sends no change of it any more.
     * Metadata: {@code id}, the session. If the session is leased, a server should add
     * {@code holder} and {@code address}, as in HELD.
     */
    public static Failure fenced(String id, String text) {
        return new Failure(ErrorReason.ERROR_REASON_FENCED, Code.ABORTED, text, Map.of("id", id));
    }

    /**
     * The error HELD.
     *
     * <p>FAILED_PRECONDITION. Another holder has the session's lease. Nothing was
     * changed. The error has no RetryInfo: the caller waits with FollowLeases, or goes
     * to the holder. Metadata: {@code id}, {@code holder}, {@code address}, {@code time_left_ms}. The id is the
     * session's, the address is empty if the holder gave none, and the time left is
     * how long the lease still runs unless it is renewed, in milliseconds.
     */
    public static Failure held(String id, String holder, String address, String timeLeftMs, String text) {
        return new Failure(ErrorReason.ERROR_REASON_HELD, Code.FAILED_PRECONDITION, text, Map.of("id", id, "holder", holder, "address", address, "time_left_ms", timeLeftMs));
    }

    /**
     * The error PATCH_BASE.
     *
     * <p>FAILED_PRECONDITION. The DataPatch of an event cannot be applied: its base is
     * not there or is not what the caller took it for. Nothing was stored. The caller
     * sends the event again, with its data whole and the same request_id.
     */
    public static Failure patchBase(String text) {
        return new Failure(ErrorReason.ERROR_REASON_PATCH_BASE, Code.FAILED_PRECONDITION, text, Map.of());
    }

    /**
     * The error LLM.
     *
     * <p>INTERNAL. The language model failed. Upstream: AgentLoopError::Llm.
     */
    public static Failure llm(String text) {
        return new Failure(ErrorReason.ERROR_REASON_LLM, Code.INTERNAL, text, Map.of());
    }

    /**
     * The error LLM_REQUEST_TOO_LARGE.
     *
     * <p>RESOURCE_EXHAUSTED. The model refused the size of its input. Upstream:
     * AgentLoopError::RequestTooLarge.
     */
    public static Failure llmRequestTooLarge(String text) {
        return new Failure(ErrorReason.ERROR_REASON_LLM_REQUEST_TOO_LARGE, Code.RESOURCE_EXHAUSTED, text, Map.of());
    }

    /**
     * The error MODEL_NOT_AVAILABLE.
     *
     * <p>FAILED_PRECONDITION. There is no such model. The message is the model's id.
     * Upstream: AgentLoopError::ModelNotAvailable.
     */
    public static Failure modelNotAvailable(String text) {
        return new Failure(ErrorReason.ERROR_REASON_MODEL_NOT_AVAILABLE, Code.FAILED_PRECONDITION, text, Map.of());
    }

    /**
     * The error TOOL_EXECUTION.
     *
     * <p>INTERNAL. A tool failed. Upstream: AgentLoopError::ToolExecution.
     */
    public static Failure toolExecution(String text) {
        return new Failure(ErrorReason.ERROR_REASON_TOOL_EXECUTION, Code.INTERNAL, text, Map.of());
    }

    /**
     * The error STORE.
     *
     * <p>INTERNAL. A store refused the call or failed. The host treats a text that
     * contains "not found" as final and every other text as passing. A server
     * sets {@code outcome} to {@code not_applied} when it refused a change. Upstream:
     * AgentLoopError::MessageStore.
     */
    public static Failure store(String text) {
        return new Failure(ErrorReason.ERROR_REASON_STORE, Code.INTERNAL, text, Map.of());
    }

    /**
     * The error EVENT_EMISSION.
     *
     * <p>INTERNAL. An event could not be emitted. Upstream:
     * AgentLoopError::EventEmission.
     */
    public static Failure eventEmission(String text) {
        return new Failure(ErrorReason.ERROR_REASON_EVENT_EMISSION, Code.INTERNAL, text, Map.of());
    }

    /**
     * The error CONFIGURATION.
     *
     * <p>FAILED_PRECONDITION. Something is not configured, such as encryption.
     * Upstream: AgentLoopError::Configuration.
     */
    public static Failure configuration(String text) {
        return new Failure(ErrorReason.ERROR_REASON_CONFIGURATION, Code.FAILED_PRECONDITION, text, Map.of());
    }

    /**
     * The error MAX_ITERATIONS_REACHED.
     *
     * <p>RESOURCE_EXHAUSTED. The turn used all its reason steps. Metadata:
     * {@code max_iterations}. Upstream: AgentLoopError::MaxIterationsReached.
     */
    public static Failure maxIterationsReached(String maxIterations, String text) {
        return new Failure(ErrorReason.ERROR_REASON_MAX_ITERATIONS_REACHED, Code.RESOURCE_EXHAUSTED, text, Map.of("max_iterations", maxIterations));
    }

    /**
     * The error LOOP_CANCELLED.
     *
     * <p>ABORTED. The turn was cancelled. Upstream: AgentLoopError::Cancelled.
     */
    public static Failure loopCancelled(String text) {
        return new Failure(ErrorReason.ERROR_REASON_LOOP_CANCELLED, Code.ABORTED, text, Map.of());
    }

    /**
     * The error NO_MESSAGES.
     *
     * <p>FAILED_PRECONDITION. The session has no message to answer. Upstream:
     * AgentLoopError::NoMessages.
     */
    public static Failure noMessages(String text) {
        return new Failure(ErrorReason.ERROR_REASON_NO_MESSAGES, Code.FAILED_PRECONDITION, text, Map.of());
    }

    /**
     * The error AGENT_NOT_FOUND.
     *
     * <p>NOT_FOUND. The org has no such agent. Metadata: {@code id}. Upstream:
     * AgentLoopError::AgentNotFound.
     */
    public static Failure agentNotFound(String id, String text) {
        return new Failure(ErrorReason.ERROR_REASON_AGENT_NOT_FOUND, Code.NOT_FOUND, text, Map.of("id", id));
    }

    /**
     * The error HARNESS_NOT_FOUND.
     *
     * <p>NOT_FOUND. The org has no such harness. Metadata: {@code id}. Upstream:
     * AgentLoopError::HarnessNotFound.
     */
    public static Failure harnessNotFound(String id, String text) {
        return new Failure(ErrorReason.ERROR_REASON_HARNESS_NOT_FOUND, Code.NOT_FOUND, text, Map.of("id", id));
    }

    /**
     * The error SESSION_NOT_FOUND.
     *
     * <p>NOT_FOUND. The org has no such session. Metadata: {@code id}. Upstream:
     * AgentLoopError::SessionNotFound.
     */
    public static Failure sessionNotFound(String id, String text) {
        return new Failure(ErrorReason.ERROR_REASON_SESSION_NOT_FOUND, Code.NOT_FOUND, text, Map.of("id", id));
    }

    /**
     * The error INTERNAL.
     *
     * <p>INTERNAL. The server failed. The message is the chain of causes, joined
     * with ": ". Upstream: AgentLoopError::Internal.
     */
    public static Failure internal(String text) {
        return new Failure(ErrorReason.ERROR_REASON_INTERNAL, Code.INTERNAL, text, Map.of());
    }

    /**
     * The error DRIVER_NOT_REGISTERED.
     *
     * <p>FAILED_PRECONDITION. The host has no driver for the provider. The message
     * is the provider type. Upstream: AgentLoopError::DriverNotRegistered.
     */
    public static Failure driverNotRegistered(String text) {
        return new Failure(ErrorReason.ERROR_REASON_DRIVER_NOT_REGISTERED, Code.FAILED_PRECONDITION, text, Map.of());
    }

    /**
     * The error SQL_DATABASE_NOT_FOUND.
     *
     * <p>NOT_FOUND. The session has no such database. The message is its name alone.
     * Upstream: SessionSqlDbError::DatabaseNotFound.
     */
    public static Failure sqlDatabaseNotFound(String text) {
        return new Failure(ErrorReason.ERROR_REASON_SQL_DATABASE_NOT_FOUND, Code.NOT_FOUND, text, Map.of());
    }

    /**
     * The error SQL_DATABASE_ALREADY_EXISTS.
     *
     * <p>ALREADY_EXISTS. The session has a database of this name. The message is the
     * name alone. Upstream: SessionSqlDbError::DatabaseAlreadyExists.
     */
    public static Failure sqlDatabaseAlreadyExists(String text) {
        return new Failure(ErrorReason.ERROR_REASON_SQL_DATABASE_ALREADY_EXISTS, Code.ALREADY_EXISTS, text, Map.of());
    }

    /**
     * The error SQL_INVALID_DATABASE_NAME.
     *
     * <p>INVALID_ARGUMENT. The name is not 1 to 64 ASCII letters, digits and
     * underscores. Upstream: SessionSqlDbError::InvalidDatabaseName.
     */
    public static Failure sqlInvalidDatabaseName(String text) {
        return new Failure(ErrorReason.ERROR_REASON_SQL_INVALID_DATABASE_NAME, Code.INVALID_ARGUMENT, text, Map.of());
    }

    /**
     * The error SQL_LIMIT_EXCEEDED.
     *
     * <p>RESOURCE_EXHAUSTED. The session has too many databases, or one is too
     * large. Upstream: SessionSqlDbError::LimitExceeded.
     */
    public static Failure sqlLimitExceeded(String text) {
        return new Failure(ErrorReason.ERROR_REASON_SQL_LIMIT_EXCEEDED, Code.RESOURCE_EXHAUSTED, text, Map.of());
    }

    /**
     * The error SQL_QUERY_ERROR.
     *
     * <p>INVALID_ARGUMENT. The statement is wrong, or a constraint forbids it.
     * Upstream: SessionSqlDbError::QueryError.
     */
    public static Failure sqlQueryError(String text) {
        return new Failure(ErrorReason.ERROR_REASON_SQL_QUERY_ERROR, Code.INVALID_ARGUMENT, text, Map.of());
    }

    /**
     * The error SQL_QUERY_TIMEOUT.
     *
     * <p>ABORTED. The statement ran too long and was stopped. Metadata:
     * {@code timeout_seconds}. Upstream: SessionSqlDbError::QueryTimeout.
     */
    public static Failure sqlQueryTimeout(String timeoutSeconds, String text) {
        return new Failure(ErrorReason.ERROR_REASON_SQL_QUERY_TIMEOUT, Code.ABORTED, text, Map.of("timeout_seconds", timeoutSeconds));
    }

    /**
     * The error SQL_RESULT_TOO_LARGE.
     *
     * <p>RESOURCE_EXHAUSTED. The rows have too many bytes. Upstream:
     * SessionSqlDbError::ResultTooLarge.
     */
    public static Failure sqlResultTooLarge(String text) {
        return new Failure(ErrorReason.ERROR_REASON_SQL_RESULT_TOO_LARGE, Code.RESOURCE_EXHAUSTED, text, Map.of());
    }

    /**
     * The error SQL_AUTHORIZER_BLOCKED.
     *
     * <p>PERMISSION_DENIED. The statement does something that no statement may do,
     * such as attaching another file. Upstream:
     * SessionSqlDbError::AuthorizerBlocked.
     */
    public static Failure sqlAuthorizerBlocked(String text) {
        return new Failure(ErrorReason.ERROR_REASON_SQL_AUTHORIZER_BLOCKED, Code.PERMISSION_DENIED, text, Map.of());
    }

    /**
     * The error SQL_INTERNAL.
     *
     * <p>INTERNAL. The database failed. The host hides the text from the model.
     * Upstream: SessionSqlDbError::Internal.
     */
    public static Failure sqlInternal(String text) {
        return new Failure(ErrorReason.ERROR_REASON_SQL_INTERNAL, Code.INTERNAL, text, Map.of());
    }

    /**
     * The error EGRESS_INVALID_REQUEST.
     *
     * <p>INVALID_ARGUMENT. The method is blank, or the URL is not an http or https
     * URL. Upstream: EgressError::InvalidRequest.
     */
    public static Failure egressInvalidRequest(String text) {
        return new Failure(ErrorReason.ERROR_REASON_EGRESS_INVALID_REQUEST, Code.INVALID_ARGUMENT, text, Map.of());
    }

    /**
     * The error EGRESS_NETWORK_ACCESS_DENIED.
     *
     * <p>PERMISSION_DENIED. The network access list of the request, or the server's
     * own policy, forbids the URL. No connection was made. Metadata: {@code url}.
     * Upstream: EgressError::NetworkAccessDenied.
     */
    public static Failure egressNetworkAccessDenied(String url, String text) {
        return new Failure(ErrorReason.ERROR_REASON_EGRESS_NETWORK_ACCESS_DENIED, Code.PERMISSION_DENIED, text, Map.of("url", url));
    }

    /**
     * The error EGRESS_SIGNING_UNAVAILABLE.
     *
     * <p>FAILED_PRECONDITION. The request must be signed and the server cannot sign.
     * Upstream: EgressError::SigningUnavailable.
     */
    public static Failure egressSigningUnavailable(String text) {
        return new Failure(ErrorReason.ERROR_REASON_EGRESS_SIGNING_UNAVAILABLE, Code.FAILED_PRECONDITION, text, Map.of());
    }

    /**
     * The error EGRESS_TRANSPORT.
     *
     * <p>INTERNAL. The HTTP server could not be reached, closed the connection or
     * took too long. Upstream: EgressError::Transport.
     */
    public static Failure egressTransport(String text) {
        return new Failure(ErrorReason.ERROR_REASON_EGRESS_TRANSPORT, Code.INTERNAL, text, Map.of());
    }
}
