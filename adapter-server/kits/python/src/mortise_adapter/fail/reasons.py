# Generated from the contract by adapter-server/kits/generate. Do not edit.
"""One function per reason of an error."""

import grpc

from mortise_adapter.fail.failure import Failure
from mortise_adapter.v1.errors_pb2 import ErrorReason


def request_id_reused(text: str) -> Failure:
    """INVALID_ARGUMENT. The request_id was used before with another method.
    Nothing was done.
    """
    return Failure(
        ErrorReason.ERROR_REASON_REQUEST_ID_REUSED,
        grpc.StatusCode.INVALID_ARGUMENT,
        text,
        {},
    )


def message_too_large(text: str, *, size_bytes: str, limit_bytes: str) -> Failure:
    """RESOURCE_EXHAUSTED. A message is larger than its receiver takes, or an
    image is larger than 64 MiB. Metadata: `size_bytes`, `limit_bytes`. A gRPC
    library that refuses a message by itself may send OUT_OF_RANGE without
    details.
    """
    return Failure(
        ErrorReason.ERROR_REASON_MESSAGE_TOO_LARGE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        text,
        {"size_bytes": size_bytes, "limit_bytes": limit_bytes},
    )


def not_offered(text: str) -> Failure:
    """UNIMPLEMENTED. The server does not offer this service or method to this
    org.
    """
    return Failure(
        ErrorReason.ERROR_REASON_NOT_OFFERED,
        grpc.StatusCode.UNIMPLEMENTED,
        text,
        {},
    )


def protocol_mismatch(text: str, *, client_protocol: str, server_protocol: str) -> Failure:
    """FAILED_PRECONDITION. The two sides share no protocol version. Metadata:
    `client_protocol`, `server_protocol`.
    """
    return Failure(
        ErrorReason.ERROR_REASON_PROTOCOL_MISMATCH,
        grpc.StatusCode.FAILED_PRECONDITION,
        text,
        {"client_protocol": client_protocol, "server_protocol": server_protocol},
    )


def unavailable(text: str) -> Failure:
    """UNAVAILABLE. The store cannot answer now and may answer later: its database
    is away, or the server is stopping. The caller sends the call again if its
    effect allows it. Without RetryInfo this is the only error after which it
    does.
    """
    return Failure(
        ErrorReason.ERROR_REASON_UNAVAILABLE,
        grpc.StatusCode.UNAVAILABLE,
        text,
        {},
    )


def deadline_exceeded(text: str) -> Failure:
    """DEADLINE_EXCEEDED. The answer did not come in time. A change may have
    happened.
    """
    return Failure(
        ErrorReason.ERROR_REASON_DEADLINE_EXCEEDED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        text,
        {},
    )


def not_allowed(text: str) -> Failure:
    """PERMISSION_DENIED, or UNAUTHENTICATED if the caller did not prove who it
    is. The caller may not make this call.
    """
    return Failure(
        ErrorReason.ERROR_REASON_NOT_ALLOWED,
        grpc.StatusCode.PERMISSION_DENIED,
        text,
        {},
    )


def malformed(text: str) -> Failure:
    """DATA_LOSS. A response breaks the contract. Only the receiver of a response
    reports it.
    """
    return Failure(
        ErrorReason.ERROR_REASON_MALFORMED,
        grpc.StatusCode.DATA_LOSS,
        text,
        {},
    )


def session_archived(text: str, *, id: str) -> Failure:
    """FAILED_PRECONDITION. The session is deleted (archived). Nothing was changed,
    and nothing will be. The caller does not send the call again. A host cancels
    the session's turn. Metadata: `id`.
    """
    return Failure(
        ErrorReason.ERROR_REASON_SESSION_ARCHIVED,
        grpc.StatusCode.FAILED_PRECONDITION,
        text,
        {"id": id},
    )


def fenced(text: str, *, id: str) -> Failure:
    """ABORTED. The session's lease has passed on to another holder, or the fence was
    never granted, or a change without a fence is not accepted while the session is
    leased. Nothing was changed. Sending it again does not help, so the error has
    no RetryInfo. A host stops its turn and sends no change of it any more.
    Metadata: `id`, the session. If the session is leased, a server should add
    `holder` and `address`, as in HELD.
    """
    return Failure(
        ErrorReason.ERROR_REASON_FENCED,
        grpc.StatusCode.ABORTED,
        text,
        {"id": id},
    )


def held(text: str, *, id: str, holder: str, address: str, time_left_ms: str) -> Failure:
    """FAILED_PRECONDITION. Another holder has the session's lease. Nothing was
    changed. The error has no RetryInfo: the caller waits with FollowLeases, or goes
    to the holder. Metadata: `id`, `holder`, `address`, `time_left_ms`. The id is the
    session's, the address is empty if the holder gave none, and the time left is
    how long the lease still runs unless it is renewed, in milliseconds.
    """
    return Failure(
        ErrorReason.ERROR_REASON_HELD,
        grpc.StatusCode.FAILED_PRECONDITION,
        text,
        {"id": id, "holder": holder, "address": address, "time_left_ms": time_left_ms},
    )


def patch_base(text: str) -> Failure:
    """FAILED_PRECONDITION. The DataPatch of an event cannot be applied: its base is
    not there or is not what the caller took it for. Nothing was stored. The caller
    sends the event again, with its data whole and the same request_id.
    """
    return Failure(
        ErrorReason.ERROR_REASON_PATCH_BASE,
        grpc.StatusCode.FAILED_PRECONDITION,
        text,
        {},
    )


def llm(text: str) -> Failure:
    """INTERNAL. The language model failed. Upstream: AgentLoopError::Llm."""
    return Failure(
        ErrorReason.ERROR_REASON_LLM,
        grpc.StatusCode.INTERNAL,
        text,
        {},
    )


def llm_request_too_large(text: str) -> Failure:
    """RESOURCE_EXHAUSTED. The model refused the size of its input. Upstream:
    AgentLoopError::RequestTooLarge.
    """
    return Failure(
        ErrorReason.ERROR_REASON_LLM_REQUEST_TOO_LARGE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        text,
        {},
    )


def model_not_available(text: str) -> Failure:
    """FAILED_PRECONDITION. There is no such model. The message is the model's id.
    Upstream: AgentLoopError::ModelNotAvailable.
    """
    return Failure(
        ErrorReason.ERROR_REASON_MODEL_NOT_AVAILABLE,
        grpc.StatusCode.FAILED_PRECONDITION,
        text,
        {},
    )


def tool_execution(text: str) -> Failure:
    """INTERNAL. A tool failed. Upstream: AgentLoopError::ToolExecution."""
    return Failure(
        ErrorReason.ERROR_REASON_TOOL_EXECUTION,
        grpc.StatusCode.INTERNAL,
        text,
        {},
    )


def store(text: str) -> Failure:
    """INTERNAL. A store refused the call or failed. The host treats a text that
    contains "not found" as final and every other text as passing. A server
    sets `outcome` to `not_applied` when it refused a change. Upstream:
    AgentLoopError::MessageStore.
    """
    return Failure(
        ErrorReason.ERROR_REASON_STORE,
        grpc.StatusCode.INTERNAL,
        text,
        {},
    )


def event_emission(text: str) -> Failure:
    """INTERNAL. An event could not be emitted. Upstream:
    AgentLoopError::EventEmission.
    """
    return Failure(
        ErrorReason.ERROR_REASON_EVENT_EMISSION,
        grpc.StatusCode.INTERNAL,
        text,
        {},
    )


def configuration(text: str) -> Failure:
    """FAILED_PRECONDITION. Something is not configured, such as encryption.
    Upstream: AgentLoopError::Configuration.
    """
    return Failure(
        ErrorReason.ERROR_REASON_CONFIGURATION,
        grpc.StatusCode.FAILED_PRECONDITION,
        text,
        {},
    )


def max_iterations_reached(text: str, *, max_iterations: str) -> Failure:
    """RESOURCE_EXHAUSTED. The turn used all its reason steps. Metadata:
    `max_iterations`. Upstream: AgentLoopError::MaxIterationsReached.
    """
    return Failure(
        ErrorReason.ERROR_REASON_MAX_ITERATIONS_REACHED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        text,
        {"max_iterations": max_iterations},
    )


def loop_cancelled(text: str) -> Failure:
    """ABORTED. The turn was cancelled. Upstream: AgentLoopError::Cancelled."""
    return Failure(
        ErrorReason.ERROR_REASON_LOOP_CANCELLED,
        grpc.StatusCode.ABORTED,
        text,
        {},
    )


def no_messages(text: str) -> Failure:
    """FAILED_PRECONDITION. The session has no message to answer. Upstream:
    AgentLoopError::NoMessages.
    """
    return Failure(
        ErrorReason.ERROR_REASON_NO_MESSAGES,
        grpc.StatusCode.FAILED_PRECONDITION,
        text,
        {},
    )


def agent_not_found(text: str, *, id: str) -> Failure:
    """NOT_FOUND. The org has no such agent. Metadata: `id`. Upstream:
    AgentLoopError::AgentNotFound.
    """
    return Failure(
        ErrorReason.ERROR_REASON_AGENT_NOT_FOUND,
        grpc.StatusCode.NOT_FOUND,
        text,
        {"id": id},
    )


def harness_not_found(text: str, *, id: str) -> Failure:
    """NOT_FOUND. The org has no such harness. Metadata: `id`. Upstream:
    AgentLoopError::HarnessNotFound.
    """
    return Failure(
        ErrorReason.ERROR_REASON_HARNESS_NOT_FOUND,
        grpc.StatusCode.NOT_FOUND,
        text,
        {"id": id},
    )


def session_not_found(text: str, *, id: str) -> Failure:
    """NOT_FOUND. The org has no such session. Metadata: `id`. Upstream:
    AgentLoopError::SessionNotFound.
    """
    return Failure(
        ErrorReason.ERROR_REASON_SESSION_NOT_FOUND,
        grpc.StatusCode.NOT_FOUND,
        text,
        {"id": id},
    )


def internal(text: str) -> Failure:
    """INTERNAL. The server failed. The message is the chain of causes, joined
    with ": ". Upstream: AgentLoopError::Internal.
    """
    return Failure(
        ErrorReason.ERROR_REASON_INTERNAL,
        grpc.StatusCode.INTERNAL,
        text,
        {},
    )


def driver_not_registered(text: str) -> Failure:
    """FAILED_PRECONDITION. The host has no driver for the provider. The message
    is the provider type. Upstream: AgentLoopError::DriverNotRegistered.
    """
    return Failure(
        ErrorReason.ERROR_REASON_DRIVER_NOT_REGISTERED,
        grpc.StatusCode.FAILED_PRECONDITION,
        text,
        {},
    )


def sql_database_not_found(text: str) -> Failure:
    """NOT_FOUND. The session has no such database. The message is its name alone.
    Upstream: SessionSqlDbError::DatabaseNotFound.
    """
    return Failure(
        ErrorReason.ERROR_REASON_SQL_DATABASE_NOT_FOUND,
        grpc.StatusCode.NOT_FOUND,
        text,
        {},
    )


def sql_database_already_exists(text: str) -> Failure:
    """ALREADY_EXISTS. The session has a database of this name. The message is the
    name alone. Upstream: SessionSqlDbError::DatabaseAlreadyExists.
    """
    return Failure(
        ErrorReason.ERROR_REASON_SQL_DATABASE_ALREADY_EXISTS,
        grpc.StatusCode.ALREADY_EXISTS,
        text,
        {},
    )


def sql_invalid_database_name(text: str) -> Failure:
    """INVALID_ARGUMENT. The name is not 1 to 64 ASCII letters, digits and
    underscores. Upstream: SessionSqlDbError::InvalidDatabaseName.
    """
    return Failure(
        ErrorReason.ERROR_REASON_SQL_INVALID_DATABASE_NAME,
        grpc.StatusCode.INVALID_ARGUMENT,
        text,
        {},
    )


def sql_limit_exceeded(text: str) -> Failure:
    """RESOURCE_EXHAUSTED. The session has too many databases, or one is too
    large. Upstream: SessionSqlDbError::LimitExceeded.
    """
    return Failure(
        ErrorReason.ERROR_REASON_SQL_LIMIT_EXCEEDED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        text,
        {},
    )


def sql_query_error(text: str) -> Failure:
    """INVALID_ARGUMENT. The statement is wrong, or a constraint forbids it.
    Upstream: SessionSqlDbError::QueryError.
    """
    return Failure(
        ErrorReason.ERROR_REASON_SQL_QUERY_ERROR,
        grpc.StatusCode.INVALID_ARGUMENT,
        text,
        {},
    )


def sql_query_timeout(text: str, *, timeout_seconds: str) -> Failure:
    """ABORTED. The statement ran too long and was stopped. Metadata:
    `timeout_seconds`. Upstream: SessionSqlDbError::QueryTimeout.
    """
    return Failure(
        ErrorReason.ERROR_REASON_SQL_QUERY_TIMEOUT,
        grpc.StatusCode.ABORTED,
        text,
        {"timeout_seconds": timeout_seconds},
    )


def sql_result_too_large(text: str) -> Failure:
    """RESOURCE_EXHAUSTED. The rows have too many bytes. Upstream:
    SessionSqlDbError::ResultTooLarge.
    """
    return Failure(
        ErrorReason.ERROR_REASON_SQL_RESULT_TOO_LARGE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        text,
        {},
    )


def sql_authorizer_blocked(text: str) -> Failure:
    """PERMISSION_DENIED. The statement does something that no statement may do,
    such as attaching another file. Upstream:
    SessionSqlDbError::AuthorizerBlocked.
    """
    return Failure(
        ErrorReason.ERROR_REASON_SQL_AUTHORIZER_BLOCKED,
        grpc.StatusCode.PERMISSION_DENIED,
        text,
        {},
    )


def sql_internal(text: str) -> Failure:
    """INTERNAL. The database failed. The host hides the text from the model.
    Upstream: SessionSqlDbError::Internal.
    """
    return Failure(
        ErrorReason.ERROR_REASON_SQL_INTERNAL,
        grpc.StatusCode.INTERNAL,
        text,
        {},
    )


def egress_invalid_request(text: str) -> Failure:
    """INVALID_ARGUMENT. The method is blank, or the URL is not an http or https
    URL. Upstream: EgressError::InvalidRequest.
    """
    return Failure(
        ErrorReason.ERROR_REASON_EGRESS_INVALID_REQUEST,
        grpc.StatusCode.INVALID_ARGUMENT,
        text,
        {},
    )


def egress_network_access_denied(text: str, *, url: str) -> Failure:
    """PERMISSION_DENIED. The network access list of the request, or the server's
    own policy, forbids the URL. No connection was made. Metadata: `url`.
    Upstream: EgressError::NetworkAccessDenied.
    """
    return Failure(
        ErrorReason.ERROR_REASON_EGRESS_NETWORK_ACCESS_DENIED,
        grpc.StatusCode.PERMISSION_DENIED,
        text,
        {"url": url},
    )


def egress_signing_unavailable(text: str) -> Failure:
    """FAILED_PRECONDITION. The request must be signed and the server cannot sign.
    Upstream: EgressError::SigningUnavailable.
    """
    return Failure(
        ErrorReason.ERROR_REASON_EGRESS_SIGNING_UNAVAILABLE,
        grpc.StatusCode.FAILED_PRECONDITION,
        text,
        {},
    )


def egress_transport(text: str) -> Failure:
    """INTERNAL. The HTTP server could not be reached, closed the connection or
    took too long. Upstream: EgressError::Transport.
    """
    return Failure(
        ErrorReason.ERROR_REASON_EGRESS_TRANSPORT,
        grpc.StatusCode.INTERNAL,
        text,
        {},
    )


__all__ = [
    "request_id_reused",
    "message_too_large",
    "not_offered",
    "protocol_mismatch",
    "unavailable",
    "deadline_exceeded",
    "not_allowed",
    "malformed",
    "session_archived",
    "fenced",
    "held",
    "patch_base",
    "llm",
    "llm_request_too_large",
    "model_not_available",
    "tool_execution",
    "store",
    "event_emission",
    "configuration",
    "max_iterations_reached",
    "loop_cancelled",
    "no_messages",
    "agent_not_found",
    "harness_not_found",
    "session_not_found",
    "internal",
    "driver_not_registered",
    "sql_database_not_found",
    "sql_database_already_exists",
    "sql_invalid_database_name",
    "sql_limit_exceeded",
    "sql_query_error",
    "sql_query_timeout",
    "sql_result_too_large",
    "sql_authorizer_blocked",
    "sql_internal",
    "egress_invalid_request",
    "egress_network_access_denied",
    "egress_signing_unavailable",
    "egress_transport",
]
