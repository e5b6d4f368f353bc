// Code generated from the contract by adapter-server/kits/generate. DO NOT EDIT.

import { status } from "@grpc/grpc-js";
import { AdapterError } from "./error.js";
import { ErrorReason } from "./messages.gen.js";

/**
 * The error REQUEST_ID_REUSED.
 *
 * INVALID_ARGUMENT. The request_id was used before with another method.
 * Nothing was done.
 */
export function requestIdReused(text: string): AdapterError {
  return new AdapterError(ErrorReason.REQUEST_ID_REUSED, status.INVALID_ARGUMENT, text, { });
}

/**
 * The error MESSAGE_TOO_LARGE.
 *
 * RESOURCE_EXHAUSTED. A message is larger than its receiver takes, or an
 * image is larger than 64 MiB. Metadata: `size_bytes`, `limit_bytes`. A gRPC
 * library that refuses a message by itself may send OUT_OF_RANGE without
 * details.
 */
export function messageTooLarge(sizeBytes: string, limitBytes: string, text: string): AdapterError {
  return new AdapterError(ErrorReason.MESSAGE_TOO_LARGE, status.RESOURCE_EXHAUSTED, text, { size_bytes: sizeBytes, limit_bytes: limitBytes, });
}

/**
 * The error NOT_OFFERED.
 *
 * UNIMPLEMENTED. The server does not offer this service or method to this
 * org.
 */
export function notOffered(text: string): AdapterError {
  return new AdapterError(ErrorReason.NOT_OFFERED, status.UNIMPLEMENTED, text, { });
}

/**
 * The error PROTOCOL_MISMATCH.
 *
 * FAILED_PRECONDITION. The two sides share no protocol version. Metadata:
 * `client_protocol`, `server_protocol`.
 */
export function protocolMismatch(clientProtocol: string, serverProtocol: string, text: string): AdapterError {
  return new AdapterError(ErrorReason.PROTOCOL_MISMATCH, status.FAILED_PRECONDITION, text, { client_protocol: clientProtocol, server_protocol: serverProtocol, });
}

/**
 * The error UNAVAILABLE.
 *
 * UNAVAILABLE. The store cannot answer now and may answer later: its database
 * is away, or the server is stopping. The caller sends the call again if its
 * effect allows it. Without RetryInfo this is the only error after which it
 * does.
 */
export function unavailable(text: string): AdapterError {
  return new AdapterError(ErrorReason.UNAVAILABLE, status.UNAVAILABLE, text, { });
}

/**
 * The error DEADLINE_EXCEEDED.
 *
 * DEADLINE_EXCEEDED. The answer did not come in time. A change may have
 * happened.
 */
export function deadlineExceeded(text: string): AdapterError {
  return new AdapterError(ErrorReason.DEADLINE_EXCEEDED, status.DEADLINE_EXCEEDED, text, { });
}

/**
 * The error NOT_ALLOWED.
 *
 * PERMISSION_DENIED, or UNAUTHENTICATED if the caller did not prove who it
 * is. The caller may not make this call.
 */
export function notAllowed(text: string): AdapterError {
  return new AdapterError(ErrorReason.NOT_ALLOWED, status.PERMISSION_DENIED, text, { });
}

/**
 * The error MALFORMED.
 *
 * DATA_LOSS. A response breaks the contract. Only the receiver of a response
 * reports it.
 */
export function malformed(text: string): AdapterError {
  return new AdapterError(ErrorReason.MALFORMED, status.DATA_LOSS, text, { });
}

/**
 * The error SESSION_ARCHIVED.
 *
 * FAILED_PRECONDITION. The session is deleted (archived). Nothing was changed,
 * and nothing will be. The caller does not send the call again. A host cancels
 * the session's turn. Metadata: `id`.
 */
export function sessionArchived(id: string, text: string): AdapterError {
  return new AdapterError(ErrorReason.SESSION_ARCHIVED, status.FAILED_PRECONDITION, text, { id: id, });
}

/**
 * The error FENCED.
 *
 * ABORTED. The session's lease has passed on to another holder, or the fence was
 * never granted, or a change without a fence is not accepted while the session is
 * leased. Nothing was changed. Sending it again does not help, so the error has
 * no RetryInfo. A host stops its turn and sends no change of it any more.
 * Metadata: `id`, the session. If the session is leased, a server should add
 * `holder` and `address`, as in HELD.
 */
export function fenced(id: string, text: string): AdapterError {
  return new AdapterError(ErrorReason.FENCED, status.ABORTED, text, { id: id, });
}

/**
 * The error HELD.
 *
 * FAILED_PRECONDITION. Another holder has the session's lease. Nothing was
 * changed. The error has no RetryInfo: the caller waits with FollowLeases, or goes
 * to the holder. Metadata: `id`, `holder`, `address`, `time_left_ms`. The id is the
 * session's, the address is empty if the holder gave none, and the time left is
 * how long the lease still runs unless it is renewed, in milliseconds.
 */
export function held(id: string, holder: string, address: string, timeLeftMs: string, text: string): AdapterError {
  return new AdapterError(ErrorReason.HELD, status.FAILED_PRECONDITION, text, { id: id, holder: holder, address: address, time_left_ms: timeLeftMs, });
}

/**
 * The error PATCH_BASE.
 *
 * FAILED_PRECONDITION. The DataPatch of an event cannot be applied: its base is
 * not there or is not what the caller took it for. Nothing was stored. The caller
 * sends the event again, with its data whole and the same request_id.
 */
export function patchBase(text: string): AdapterError {
  return new AdapterError(ErrorReason.PATCH_BASE, status.FAILED_PRECONDITION, text, { });
}

/**
 * The error LLM.
 *
 * INTERNAL. The language model failed. Upstream: AgentLoopError::Llm.
 */
export function llm(text: string): AdapterError {
  return new AdapterError(ErrorReason.LLM, status.INTERNAL, text, { });
}

/**
 * The error LLM_REQUEST_TOO_LARGE.
 *
 * RESOURCE_EXHAUSTED. The model refused the size of its input. Upstream:
 * AgentLoopError::RequestTooLarge.
 */
export function llmRequestTooLarge(text: string): AdapterError {
  return new AdapterError(ErrorReason.LLM_REQUEST_TOO_LARGE, status.RESOURCE_EXHAUSTED, text, { });
}

/**
 * The error MODEL_NOT_AVAILABLE.
 *
 * FAILED_PRECONDITION. There is no such model. The message is the model's id.
 * Upstream: AgentLoopError::ModelNotAvailable.
 */
export function modelNotAvailable(text: string): AdapterError {
  return new AdapterError(ErrorReason.MODEL_NOT_AVAILABLE, status.FAILED_PRECONDITION, text, { });
}

/**
 * The error TOOL_EXECUTION.
 *
 * INTERNAL. A tool failed. Upstream: AgentLoopError::ToolExecution.
 */
export function toolExecution(text: string): AdapterError {
  return new AdapterError(ErrorReason.TOOL_EXECUTION, status.INTERNAL, text, { });
}

/**
 * The error STORE.
 *
 * INTERNAL. A store refused the call or failed. The host treats a text that
 * contains "not found" as final and every other text as passing. A server
 * sets `outcome` to `not_applied` when it refused a change. Upstream:
 * AgentLoopError::MessageStore.
 */
export function store(text: string): AdapterError {
  return new AdapterError(ErrorReason.STORE, status.INTERNAL, text, { });
}

/**
 * The error EVENT_EMISSION.
 *
 * INTERNAL. An event could not be emitted. Upstream:
 * AgentLoopError::EventEmission.
 */
export function eventEmission(text: string): AdapterError {
  return new AdapterError(ErrorReason.EVENT_EMISSION, status.INTERNAL, text, { });
}

/**
 * The error CONFIGURATION.
 *
 * FAILED_PRECONDITION. Something is not configured, such as encryption.
 * Upstream: AgentLoopError::Configuration.
 */
export function configuration(text: string): AdapterError {
  return new AdapterError(ErrorReason.CONFIGURATION, status.FAILED_PRECONDITION, text, { });
}

/**
 * The error MAX_ITERATIONS_REACHED.
 *
 * RESOURCE_EXHAUSTED. The turn used all its reason steps. Metadata:
 * `max_iterations`. Upstream: AgentLoopError::MaxIterationsReached.
 */
export function maxIterationsReached(maxIterations: string, text: string): AdapterError {
  return new AdapterError(ErrorReason.MAX_ITERATIONS_REACHED, status.RESOURCE_EXHAUSTED, text, { max_iterations: maxIterations, });
}

/**
 * The error LOOP_CANCELLED.
 *
 * ABORTED. The turn was cancelled. Upstream: AgentLoopError::Cancelled.
 */
export function loopCancelled(text: string): AdapterError {
  return new AdapterError(ErrorReason.LOOP_CANCELLED, status.ABORTED, text, { });
}

/**
 * The error NO_MESSAGES.
 *
 * FAILED_PRECONDITION. The session has no message to answer. Upstream:
 * AgentLoopError::NoMessages.
 */
export function noMessages(text: string): AdapterError {
  return new AdapterError(ErrorReason.NO_MESSAGES, status.FAILED_PRECONDITION, text, { });
}

/**
 * The error AGENT_NOT_FOUND.
 *
 * NOT_FOUND. The org has no such agent. Metadata: `id`. Upstream:
 * AgentLoopError::AgentNotFound.
 */
export function agentNotFound(id: string, text: string): AdapterError {
  return new AdapterError(ErrorReason.AGENT_NOT_FOUND, status.NOT_FOUND, text, { id: id, });
}

/**
 * The error HARNESS_NOT_FOUND.
 *
 * NOT_FOUND. The org has no such harness. Metadata: `id`. Upstream:
 * AgentLoopError::HarnessNotFound.
 */
export function harnessNotFound(id: string, text: string): AdapterError {
  return new AdapterError(ErrorReason.HARNESS_NOT_FOUND, status.NOT_FOUND, text, { id: id, });
}

/**
 * The error SESSION_NOT_FOUND.
 *
 * NOT_FOUND. The org has no such session. Metadata: `id`. Upstream:
 * AgentLoopError::SessionNotFound.
 */
export function sessionNotFound(id: string, text: string): AdapterError {
  return new AdapterError(ErrorReason.SESSION_NOT_FOUND, status.NOT_FOUND, text, { id: id, });
}

/**
 * The error INTERNAL.
 *
 * INTERNAL. The server failed. The message is the chain of causes, joined
 * with ": ". Upstream: AgentLoopError::Internal.
 */
export function internal(text: string): AdapterError {
  return new AdapterError(ErrorReason.INTERNAL, status.INTERNAL, text, { });
}

/**
 * The error DRIVER_NOT_REGISTERED.
 *
 * FAILED_PRECONDITION. The host has no driver for the provider. The message
 * is the provider type. Upstream: AgentLoopError::DriverNotRegistered.
 */
export function driverNotRegistered(text: string): AdapterError {
  return new AdapterError(ErrorReason.DRIVER_NOT_REGISTERED, status.FAILED_PRECONDITION, text, { });
}

/**
 * The error SQL_DATABASE_NOT_FOUND.
 *
 * NOT_FOUND. The session has no such database. The message is its name alone.
 * Upstream: SessionSqlDbError::DatabaseNotFound.
 */
export function sqlDatabaseNotFound(text: string): AdapterError {
  return new AdapterError(ErrorReason.SQL_DATABASE_NOT_FOUND, status.NOT_FOUND, text, { });
}

/**
 * The error SQL_DATABASE_ALREADY_EXISTS.
 *
 * ALREADY_EXISTS. The session has a database of this name. The message is the
 * name alone. Upstream: SessionSqlDbError::DatabaseAlreadyExists.
 */
export function sqlDatabaseAlreadyExists(text: string): AdapterError {
  return new AdapterError(ErrorReason.SQL_DATABASE_ALREADY_EXISTS, status.ALREADY_EXISTS, text, { });
}

/**
 * The error SQL_INVALID_DATABASE_NAME.
 *
 * INVALID_ARGUMENT. The name is not 1 to 64 ASCII letters, digits and
 * underscores. Upstream: SessionSqlDbError::InvalidDatabaseName.
 */
export function sqlInvalidDatabaseName(text: string): AdapterError {
  return new AdapterError(ErrorReason.SQL_INVALID_DATABASE_NAME, status.INVALID_ARGUMENT, text, { });
}

/**
 * The error SQL_LIMIT_EXCEEDED.
 *
 * RESOURCE_EXHAUSTED. The session has too many databases, or one is too
 * large. Upstream: SessionSqlDbError::LimitExceeded.
 */
export function sqlLimitExceeded(text: string): AdapterError {
  return new AdapterError(ErrorReason.SQL_LIMIT_EXCEEDED, status.RESOURCE_EXHAUSTED, text, { });
}

/**
 * The error SQL_QUERY_ERROR.
 *
 * INVALID_ARGUMENT. The statement is wrong, or a constraint forbids it.
 * Upstream: SessionSqlDbError::QueryError.
 */
export function sqlQueryError(text: string): AdapterError {
  return new AdapterError(ErrorReason.SQL_QUERY_ERROR, status.INVALID_ARGUMENT, text, { });
}

/**
 * The error SQL_QUERY_TIMEOUT.
 *
 * ABORTED. The statement ran too long and was stopped. Metadata:
 * `timeout_seconds`. Upstream: SessionSqlDbError::QueryTimeout.
 */
export function sqlQueryTimeout(timeoutSeconds: string, text: string): AdapterError {
  return new AdapterError(ErrorReason.SQL_QUERY_TIMEOUT, status.ABORTED, text, { timeout_seconds: timeoutSeconds, });
}

/**
 * The error SQL_RESULT_TOO_LARGE.
 *
 * RESOURCE_EXHAUSTED. The rows have too many bytes. Upstream:
 * SessionSqlDbError::ResultTooLarge.
 */
export function sqlResultTooLarge(text: string): AdapterError {
  return new AdapterError(ErrorReason.SQL_RESULT_TOO_LARGE, status.RESOURCE_EXHAUSTED, text, { });
}

/**
 * The error SQL_AUTHORIZER_BLOCKED.
 *
 * PERMISSION_DENIED. The statement does something that no statement may do,
 * such as attaching another file. Upstream:
 * SessionSqlDbError::AuthorizerBlocked.
 */
export function sqlAuthorizerBlocked(text: string): AdapterError {
  return new AdapterError(ErrorReason.SQL_AUTHORIZER_BLOCKED, status.PERMISSION_DENIED, text, { });
}

/**
 * The error SQL_INTERNAL.
 *
 * INTERNAL. The database failed. The host hides the text from the model.
 * Upstream: SessionSqlDbError::Internal.
 */
export function sqlInternal(text: string): AdapterError {
  return new AdapterError(ErrorReason.SQL_INTERNAL, status.INTERNAL, text, { });
}

/**
 * The error EGRESS_INVALID_REQUEST.
 *
 * INVALID_ARGUMENT. The method is blank, or the URL is not an http or https
 * URL. Upstream: EgressError::InvalidRequest.
 */
export function egressInvalidRequest(text: string): AdapterError {
  return new AdapterError(ErrorReason.EGRESS_INVALID_REQUEST, status.INVALID_ARGUMENT, text, { });
}

/**
 * The error EGRESS_NETWORK_ACCESS_DENIED.
 *
 * PERMISSION_DENIED. The network access list of the request, or the server's
 * own policy, forbids the URL. No connection was made. Metadata: `url`.
 * Upstream: EgressError::NetworkAccessDenied.
 */
export function egressNetworkAccessDenied(url: string, text: string): AdapterError {
  return new AdapterError(ErrorReason.EGRESS_NETWORK_ACCESS_DENIED, status.PERMISSION_DENIED, text, { url: url, });
}

/**
 * The error EGRESS_SIGNING_UNAVAILABLE.
 *
 * FAILED_PRECONDITION. The request must be signed and the server cannot sign.
 * Upstream: EgressError::SigningUnavailable.
 */
export function egressSigningUnavailable(text: string): AdapterError {
  return new AdapterError(ErrorReason.EGRESS_SIGNING_UNAVAILABLE, status.FAILED_PRECONDITION, text, { });
}

/**
 * The error EGRESS_TRANSPORT.
 *
 * INTERNAL. The HTTP server could not be reached, closed the connection or
 * took too long. Upstream: EgressError::Transport.
 */
export function egressTransport(text: string): AdapterError {
  return new AdapterError(ErrorReason.EGRESS_TRANSPORT, status.INTERNAL, text, { });
}
